"""What PyTorch and transformers do with the same weights and the same work that `t2-bench serve` times.

Reads one request a line on standard input, `{"measure": "sampling"|"gradient"|"ragged"|"grouped"|"search", "batch": 64}`, and answers each with
`{"seconds": …}`, so that the caller can alternate between the engines on one machine; sampling may hold "prompt" and "new", which
replace the options. See scripts/bench_against_torch and scripts/bench_against_peers.

The gradient step forms the weights of all matrices, as the method's reference implementation does. With --factored it computes
U(σ ⊙ z ⊙ Vᵀx) instead, which is faster for a large model and few tokens, and U, σ and V are random numbers: their values do not change
the time, and decompositions of a large model take long.
"""

import argparse
import functools
import json
import sys
import time

import torch
from torch.func import functional_call
from torch.nn import functional
from transformers import LlamaForCausalLM

PROJECTIONS = ("self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj", "self_attn.o_proj",
               "mlp.gate_proj", "mlp.up_proj", "mlp.down_proj")


class Engine:
    def __init__(self, folder: str, prompt: int, new: int, dtype: torch.dtype, factored: bool, kl_coefficient: float = 0.1):
        self.dtype, self.factored = dtype, factored
        self.model = LlamaForCausalLM.from_pretrained(folder, dtype=dtype).eval()
        self.prompt, self.new, self.kl_coefficient = prompt, new, kl_coefficient
        self.names = [f"model.layers.{layer}.{projection}.weight"
                      for layer in range(self.model.config.num_hidden_layers) for projection in PROJECTIONS]
        self.factors = {}
        for name in self.names:
            weight = self.model.get_parameter(name).detach()
            if factored:
                rank = min(weight.shape)
                self.factors[name] = (torch.randn(weight.shape[0], rank, dtype=dtype) / rank ** 0.5, torch.full((rank,), 0.02),
                                      torch.randn(rank, weight.shape[1], dtype=dtype))
            else:
                self.factors[name] = tuple(part.float() for part in torch.linalg.svd(weight.double(), full_matrices=False))
        for parameter in self.model.parameters():
            parameter.requires_grad_(False)
        generator = torch.Generator().manual_seed(0)
        self.z = {n: (1 + 0.05 * torch.randn(self.factors[n][1].shape, generator=generator)).requires_grad_() for n in self.names}

    def tokens(self, batch: int, length: int) -> torch.Tensor:
        return torch.randint(3, self.model.config.vocab_size, (batch, length), generator=torch.Generator().manual_seed(1))

    @torch.no_grad()
    def sampling(self, batch: int, prompt: int | None = None, new: int | None = None) -> None:
        prompt, new = prompt or self.prompt, new or self.new
        ids = self.tokens(batch, prompt)
        out = self.model.generate(ids, attention_mask=torch.ones_like(ids), do_sample=True, temperature=1.0, top_k=0,
                                  max_new_tokens=new, min_new_tokens=new, pad_token_id=2)
        assert out.shape[1] == prompt + new

    @torch.no_grad()
    def search(self, batch: int, shots: int = 10) -> None:
        """An iteration of few-shot search as the reference does it: every candidate's weights are formed anew, then it answers."""
        original = {name: self.model.get_parameter(name).clone() for name in self.names}
        ids = self.tokens(shots, self.prompt)
        generator = torch.Generator().manual_seed(4)
        for _ in range(batch):
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
        log_policy = torch.log_softmax(self.policy(ids[:, :-1], longest).float(), -1)
        policy_loss = -(log_policy.gather(2, targets) * counts).sum() / batch
        kl = (log_policy.exp() * (log_policy - reference) * counts).sum() / batch
        loss = policy_loss + self.kl_coefficient * kl
        for leaf in self.z.values():
            leaf.grad = None
        loss.backward()

    def policy(self, ids: torch.Tensor, kept: int) -> torch.Tensor:
        """Logits of the last places of each row."""
        if not self.factored:
            weights = {}
            for name in self.names:
                u, s, vt = self.factors[name]
                weights[name] = ((u * (s * self.z[name])) @ vt).to(self.dtype)
            return functional_call(self.model, weights, (ids,), dict(logits_to_keep=kept)).logits
        modules = [self.model.get_submodule(name.removesuffix(".weight")) for name in self.names]
        for name, module in zip(self.names, modules):
            module.forward = functools.partial(self.product, name)
        logits = self.model(ids, logits_to_keep=kept).logits
        for module in modules:
            del module.forward
        return logits

    def product(self, name: str, x: torch.Tensor) -> torch.Tensor:
        u, s, vt = self.factors[name]
        return functional.linear(functional.linear(x, vt) * (s * self.z[name]).to(self.dtype), u)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--model", required=True)
    parser.add_argument("--threads", type=int, required=True)
    parser.add_argument("--dtype", default="float32", choices=("float32", "bfloat16"))
    parser.add_argument("--factored", action="store_true")
    parser.add_argument("--prompt", type=int, default=32)
    parser.add_argument("--new", type=int, default=48)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    engine = Engine(arguments.model, arguments.prompt, arguments.new, getattr(torch, arguments.dtype), arguments.factored)
    print(json.dumps(dict(ready=True, torch=torch.__version__, version=f"PyTorch {torch.__version__}")), flush=True)
    for line in sys.stdin:
        request = json.loads(line)
        measure = getattr(engine, request.pop("measure"))
        start = time.perf_counter()
        measure(**request)
        print(json.dumps(dict(seconds=time.perf_counter() - start)), flush=True)


if __name__ == "__main__":
    main()
