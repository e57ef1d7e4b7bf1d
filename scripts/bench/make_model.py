"""Writes a Llama of random weights and about 110 M parameters: speed does not depend on what the weights say.

Usage: python make_model.py FOLDER
"""

import json
import pathlib
import sys

import torch
from transformers import LlamaConfig, LlamaForCausalLM

folder = pathlib.Path(sys.argv[1])
torch.manual_seed(0)
config = LlamaConfig(vocab_size=32000, hidden_size=768, intermediate_size=2048, num_hidden_layers=12, num_attention_heads=12,
                     num_key_value_heads=12, head_dim=64, max_position_embeddings=512, tie_word_embeddings=True,
                     bos_token_id=0, eos_token_id=1, pad_token_id=2)
model = LlamaForCausalLM(config)
model.save_pretrained(folder)
# The engine wants a tokenizer beside every model; none is used here.
(folder / "tokenizer.json").write_text(json.dumps(dict(
    version="1.0", added_tokens=[], normalizer=None, post_processor=None, decoder=dict(type="ByteLevel"),
    pre_tokenizer=dict(type="ByteLevel", add_prefix_space=False, trim_offsets=True, use_regex=True),
    model=dict(type="BPE", vocab={"<|bos|>": 0, "<|eos|>": 1, "<|pad|>": 2}, merges=[]))))
print(f"{folder}: {sum(p.numel() for p in model.parameters()) / 1e6:.1f} M parameters")
