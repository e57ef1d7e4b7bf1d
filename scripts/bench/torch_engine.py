"""What PyTorch and transformers do with the same weights and the same work that `t2-bench serve` times.

Reads one request a line on standard input, `{"measure": "sampling"|"gradient"|"ragged"|"grouped"|"search", "batch": 64}`, and answers each with
`{"seconds": …}`, so that the caller can alternate between the engines on one machine. See scripts/bench_against_torch.
"""

import argparse
import json
import sys
import time

import torch
from torch.func import functional_call
from transformers import LlamaForCausalLM

PROJECTIONS = ("self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj", "self_attn.o_proj",
               "mlp.gate_proj", "mlp.up_proj", "mlp.down_proj")


class Engine:
    def __init__(self, folder: str, prompt: int, new: int, dtype: torch.dtype, kl_coefficient: float = 0.1):
        self.dtype = dtype
        self.model = LlamaForCausalLM.from_pretrained(folder, dtype=dtype).eval()
        self.prompt, self.new, self.kl_coefficient = prompt, new, kl_coefficient
        self.names = [f"model.layers.{layer}.{projection}.weight"
                      for layer in range(self.model.config.num_hidden_layers) for projection in PROJECTIONS]
        self.factors = {}
        for name in self.names:
            u, s, vt = torch.linalg.svd(self.model.get_parameter(name).detach().double(), full_matrices=False)
            self.factors[name] = (u.float(), s.float(), vt.float())
        for parameter in self.model.parameters():
            parameter.requires_grad_(False)
        generator = torch.Generator().manual_seed(0)
        self.z = {n: (1 + 0.05 * torch.randn(self.factors[n][1].shape, generator=generator)).requires_grad_() for n in self.names}

    def tokens(self, batch: int, length: int) -> torch.Tensor:
        return torch.randint(3, self.model.config.vocab_size, (batch, length), generator=torch.Generator().manual_seed(1))

    @torch.no_grad()
    def sampling(self, batch: int) -> None:
        ids = self.tokens(batch, self.prompt)
        out = self.model.generate(ids, attention_mask=torch.ones_like(ids), do_sample=True, temperature=1.0, top_k=0,
                                  max_new_tokens=self.new, min_new_tokens=self.new, pad_token_id=2)
        assert out.shape[1] == self.prompt + self.new

    @torch.no_grad()
    def search(self, candidates: int, shots: int = 10) -> None:
        """An iteration of few-shot search as the reference does it: every candidate's weights are formed anew, then it answers."""
        original = {name: self.model.get_parameter(name).clone() for name in self.names}
        ids = self.tokens(shots, self.prompt)
        generator = torch.Generator().manual_seed(4)
        for _ in range(candidates):
            for name in self.names:
                u, s, vt = self.factors[name]
                z = 1 + 0.05 * torch.randn(s.shape, generator=generator)
                self.model.get_parameter(name).copy_(((u * (s * z)) @ vt).to(self.dtype))
            out = self.model.generate(ids, attention_mask=torch.ones_like(ids), do_sample=False, max_new_tokens=self.new,
                                      min_new_tokens=self.new, pad_token_id=2)
            assert out.shape[1] == self.prompt + self.new
        for name in self.names:
            self.model.get_parameter(name).copy_(original[name])

    def gradient(self, batch: int) -> None:
        self.differentiate(batch, torch.full((batch,), self.new))

    def ragged(self, batch: int) -> None:
        """Completions of different lengths, as `BenchEngine.raggedLength` has them, padded to the longest."""
        shortest = max(1, self.new // 6)
        self.differentiate(batch, shortest + torch.arange(batch) * 17 % (self.new - shortest + 1))

    def grouped(self, batch: int) -> None:
        """Groups of eight with one prompt: transformers reads it once for each, so the work is that of `ragged`."""
        self.ragged(batch)

    def differentiate(self, batch: int, lengths: torch.Tensor) -> None:
        """Reference forward, policy forward, backward to z; logits for the completion's places only."""
        longest = int(lengths.max())
        ids = self.tokens(batch, self.prompt + longest)
        targets = ids[:, self.prompt:, None]
        # Padding stands on the right: causal attention keeps it from the tokens that count, so no mask is needed.
        counts = (torch.arange(longest) < lengths[:, None]).float()[:, :, None]
        with torch.no_grad():
            reference = torch.log_softmax(self.model(ids[:, :-1], logits_to_keep=longest).logits.float(), -1)
        weights = {}
        for name in self.names:
            u, s, vt = self.factors[name]
            weights[name] = ((u * (s * self.z[name])) @ vt).to(self.dtype)
        logits = functional_call(self.model, weights, (ids[:, :-1],), dict(logits_to_keep=longest)).logits
        log_policy = torch.log_softmax(logits.float(), -1)
        policy_loss = -(log_policy.gather(2, targets) * counts).sum() / batch
        kl = (log_policy.exp() * (log_policy - reference) * counts).sum() / batch
        loss = policy_loss + self.kl_coefficient * kl
        for leaf in self.z.values():
            leaf.grad = None
        loss.backward()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--model", required=True)
    parser.add_argument("--threads", type=int, required=True)
    parser.add_argument("--dtype", default="float32", choices=("float32", "bfloat16"))
    parser.add_argument("--prompt", type=int, default=32)
    parser.add_argument("--new", type=int, default=48)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    engine = Engine(arguments.model, arguments.prompt, arguments.new, getattr(torch, arguments.dtype))
    print(json.dumps(dict(ready=True, torch=torch.__version__)), flush=True)
    for line in sys.stdin:
        request = json.loads(line)
        start = time.perf_counter()
        getattr(engine, request["measure"])(request["batch"])
        print(json.dumps(dict(seconds=time.perf_counter() - start)), flush=True)


if __name__ == "__main__":
    main()
