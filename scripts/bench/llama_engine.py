"""llama.cpp with one model on the work that `t2-bench serve` times, by llama-cpp-python's low-level interface; see peer_engine.py.

That package is compiled where it is installed, for the processor that it finds there. Each batch is a batch of llama_decode with a
sequence to a row, in a context of its own that is made beforehand: a cache apart for each sequence (kv_unified false), N threads, and
prompts read in micro-batches of 512 tokens. Tokens are drawn by numpy, which is faster than llama.cpp's samplers; nothing is turned
into text.
"""

import ctypes
import importlib.metadata
import math

import llama_cpp as llama
import numpy as np
import peer_engine

MICRO_BATCH = 512
BLOCK = 256


class LlamaEngine:
    def __init__(self, file: str, threads: int):
        features = peer_engine.features(llama.llama_print_system_info().decode())
        self.version = f"llama.cpp of llama-cpp-python {importlib.metadata.version('llama-cpp-python')} ({features})"
        self.threads = threads
        self.silent = llama.llama_log_callback(lambda level, text, user: None)
        llama.llama_log_set(self.silent, ctypes.c_void_p(0))
        llama.llama_backend_init()
        self.model = llama.llama_model_load_from_file(file.encode(), llama.llama_model_default_params())
        self.vocabulary = llama.llama_vocab_n_tokens(llama.llama_model_get_vocab(self.model))
        self.context = None
        self.sizes = (0, 0)
        self.random = np.random.default_rng(peer_engine.SEED)

    def prepare(self, sequences: int, length: int) -> None:
        """Makes a context for so many sequences of that length, unless it is there, and empties it."""
        if self.sizes[0] != sequences or self.sizes[1] < length:
            if self.context:
                llama.llama_free(self.context)
                llama.llama_batch_free(self.batch)
            options = llama.llama_context_default_params()
            # Each sequence has its own cache of n_ctx / n_seq_max cells.
            options.n_ctx, options.n_seq_max, options.kv_unified = sequences * math.ceil(length / 256) * 256, sequences, False
            options.n_batch = options.n_ubatch = max(MICRO_BATCH, sequences)
            options.n_threads = options.n_threads_batch = self.threads
            options.no_perf = True
            self.context = llama.llama_init_from_model(self.model, options)
            self.limit = options.n_batch
            self.batch = llama.llama_batch_init(self.limit, 0, 1)
            self.sizes = (sequences, length)
        llama.llama_memory_clear(llama.llama_get_memory(self.context), True)

    def decode(self, entries: list[tuple[int, int, int, bool]]) -> None:
        """Computes tokens, each with its position, its sequence and whether its logits are needed."""
        self.batch.n_tokens = len(entries)
        for index, (token, position, sequence, is_output) in enumerate(entries):
            self.batch.token[index] = token
            self.batch.pos[index] = position
            self.batch.n_seq_id[index] = 1
            self.batch.seq_id[index][0] = sequence
            self.batch.logits[index] = is_output
        if llama.llama_decode(self.context, self.batch) != 0:
            raise RuntimeError("llama_decode failed: too little memory for its cache?")

    def draw(self, count: int) -> list[int]:
        """Draws a token from each of the first rows of logits, at temperature 1 from the whole vocabulary."""
        logits = np.ctypeslib.as_array(llama.llama_get_logits(self.context), (count, self.vocabulary))
        weights = np.exp(logits - logits.max(1, keepdims=True))
        # A block of tokens is drawn first, then a token of it: sums over all tokens would take longer.
        starts = np.arange(0, self.vocabulary, BLOCK)
        tokens = []
        for row, sums in zip(weights, np.add.reduceat(weights, starts, axis=1).astype(np.float64).cumsum(1)):
            target = self.random.random() * sums[-1]
            block = int(sums.searchsorted(target))
            inner = row[starts[block]:starts[block] + BLOCK].cumsum(dtype=np.float64)
            rest = target - (sums[block - 1] if block else 0)
            tokens.append(int(starts[block]) + min(int(inner.searchsorted(rest)), len(inner) - 1))
        return tokens

    def sample(self, prompts: list[list[int]], new: int) -> int:
        tokens = []
        entries = [(token, position, sequence, position == len(prompt) - 1)
                   for sequence, prompt in enumerate(prompts) for position, token in enumerate(prompt)]
        for first in range(0, len(entries), self.limit):
            part = entries[first:first + self.limit]
            self.decode(part)
            if ended := sum(is_output for _, _, _, is_output in part):
                tokens += self.draw(ended)
        for step in range(1, new):
            self.decode([(token, len(prompt) + step - 1, sequence, True)
                         for sequence, (token, prompt) in enumerate(zip(tokens, prompts))])
            tokens = self.draw(len(prompts))
        return len(tokens) * new

    def greedy(self, prompt: list[int], new: int) -> tuple[list[int], list[float]]:
        self.prepare(1, len(prompt) + new)
        tokens, values = [], []
        entries = [(token, position, 0, position == len(prompt) - 1) for position, token in enumerate(prompt)]
        for step in range(new):
            self.decode(entries)
            logits = np.ctypeslib.as_array(llama.llama_get_logits_ith(self.context, -1), (self.vocabulary,)).astype(np.float64)
            tokens.append(int(logits.argmax()))
            values.append(float(-np.log(np.exp(logits - logits.max()).sum())))
            entries = [(tokens[-1], len(prompt) + step, 0, True)]
        return tokens, values


def main() -> None:
    arguments = peer_engine.arguments_of(__doc__)
    peer_engine.serve(LlamaEngine(arguments.model, arguments.threads), arguments.vocabulary)


if __name__ == "__main__":
    main()
