"""llama.cpp as PyPI's wheel xllamacpp holds it, on the work that `t2-bench serve` times; see peer_engine.py.

The wheel is compiled for every x86-64 processor with AVX2. A batch is one call of Server.handle_completions inside this process, without
HTTP, with a slot of the server and a cache of its own (kv_unified false) for each prompt, N threads, micro-batches of 512 tokens, and
temperature as the only sampler; the end-of-sequence token is ruled out and prompts are not kept.
"""

import math

import peer_engine
import xllamacpp

MICRO_BATCH = 512


class ServerEngine:
    def __init__(self, file: str, threads: int):
        features = peer_engine.features(xllamacpp.get_system_info())
        self.version = f"llama.cpp of xllamacpp {xllamacpp.__version__} ({features})"
        self.file, self.threads = file, threads
        self.server = None
        self.sizes = (0, 0)

    def prepare(self, sequences: int, length: int) -> None:
        """Starts a server for so many sequences of that length, unless it is there."""
        if self.sizes[0] == sequences and self.sizes[1] >= length:
            return
        self.server = None
        parameters = xllamacpp.CommonParams()
        parameters.model.path = self.file
        parameters.n_parallel, parameters.kv_unified = sequences, False
        parameters.n_ctx = sequences * math.ceil(length / 256) * 256
        parameters.n_batch, parameters.n_ubatch = 2048, MICRO_BATCH
        parameters.cpuparams.n_threads = parameters.cpuparams_batch.n_threads = self.threads
        parameters.cache_prompt, parameters.cache_ram_mib, parameters.warmup, parameters.verbosity = False, 0, False, -1
        self.server = xllamacpp.Server(parameters)
        self.sizes = (sequences, length)

    def complete(self, prompts: list[list[int]], new: int, **options) -> dict:
        answer = self.server.handle_completions({
            "prompt": prompts if len(prompts) > 1 else prompts[0], "max_tokens": new, "ignore_eos": True, "cache_prompt": False,
            "samplers": ["temperature"]} | options)
        if "choices" not in answer:
            raise RuntimeError(f"xllamacpp refuses a request: {answer}")
        return answer

    def sample(self, prompts: list[list[int]], new: int) -> int:
        # Each choice that ends by its length has all its tokens; the usage is that of one of them.
        choices = self.complete(prompts, new, temperature=1)["choices"]
        return new * sum(choice["finish_reason"] == "length" for choice in choices)

    def greedy(self, prompt: list[int], new: int) -> tuple[list[int], list[float]]:
        self.prepare(1, len(prompt) + new)
        content = self.complete([prompt], new, temperature=0, logprobs=1)["choices"][0]["logprobs"]["content"]
        return [entry["id"] for entry in content], [entry["logprob"] for entry in content]


def main() -> None:
    arguments = peer_engine.arguments_of(__doc__)
    peer_engine.serve(ServerEngine(arguments.model, arguments.threads), arguments.vocabulary)


if __name__ == "__main__":
    main()
