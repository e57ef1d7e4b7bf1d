"""The byte-level BPE tokenizer, trained on the tasks' own text."""

import json
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, processors, trainers

from .settings import Settings
from .tasks import problems
from .tasks.words import single_token_words

BOS, EOS, PAD = "<|bos|>", "<|eos|>", "<|pad|>"
BOS_ID, EOS_ID, PAD_ID = 0, 1, 2
_SINGLE_TOKEN_NUMBERS = range(100)
_REPEATS = 200

# Qwen2's pattern, but with up to three digits a token: single digits made arithmetic too long to learn here.
_PATTERN = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}|"
    r" ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)


def train_tokenizer(settings: Settings) -> Tokenizer:
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([
        pre_tokenizers.Split(Regex(_PATTERN), "isolated"),
        pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
    ])
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=settings.tokenizer.vocabulary_size,
        special_tokens=[BOS, EOS, PAD],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(_corpus(settings), trainer)
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"{BOS} $A", pair=f"{BOS} $A {BOS} $B", special_tokens=[(BOS, BOS_ID)]
    )
    _require_single_tokens(tokenizer)
    return tokenizer


def look_up_token_ids(tokenizer: Tokenizer) -> list[int]:
    """The tokens that problems ask to be looked up and copied: words behind a space, and numbers."""
    texts = [" " + word for word in single_token_words()] + [str(number) for number in range(2, 60)]
    return sorted({tokenizer.encode(text, add_special_tokens=False).ids[0] for text in texts})


def save_tokenizer(tokenizer: Tokenizer, folder: Path, context_length: int) -> None:
    """tokenizer.json and the two small files by which `transformers` knows its special tokens."""
    tokenizer.save(str(folder / "tokenizer.json"))
    special = {"bos_token": BOS, "eos_token": EOS, "pad_token": PAD}
    configuration = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "model_max_length": context_length,
        "clean_up_tokenization_spaces": False,
        "padding_side": "left",
    } | special
    for name, content in [("tokenizer_config.json", configuration), ("special_tokens_map.json", special)]:
        (folder / name).write_text(json.dumps(content, indent=2) + "\n")


def _corpus(settings: Settings) -> Iterator[str]:
    for task, share in settings.tokenizer.mixture.items():
        count = round(settings.tokenizer.documents * share)
        for problem in islice(problems(task, "train", settings.seed), count):
            yield problem.prompt + problem.careful
    words = "".join(" " + word for word in single_token_words())
    numbers = " ".join(map(str, _SINGLE_TOKEN_NUMBERS))
    for _ in range(_REPEATS):
        yield words
        yield numbers


def _require_single_tokens(tokenizer: Tokenizer) -> None:
    texts = [" " + word for word in single_token_words()] + [str(number) for number in _SINGLE_TOKEN_NUMBERS]
    split = [text for text in texts if len(tokenizer.encode(text, add_special_tokens=False).ids) > 1]
    if split:
        raise ValueError(f"not one token each: {split}; raise tokenizer.vocabulary_size in the settings file")
