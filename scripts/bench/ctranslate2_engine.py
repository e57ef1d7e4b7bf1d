"""CTranslate2 with one model on the work that `t2-bench serve` times; see peer_engine.py.

One generator with one worker of all threads (inter_threads 1, intra_threads N) computes each batch in one call of generate_batch, with
the end-of-sequence token ruled out. Type of the weights: that of the converted folder.
"""

import ctranslate2
import peer_engine


class CTranslate2Engine:
    def __init__(self, folder: str, threads: int):
        self.version = f"CTranslate2 {ctranslate2.__version__}"
        self.generator = ctranslate2.Generator(folder, device="cpu", inter_threads=1, intra_threads=threads)
        with open(f"{folder}/vocabulary.json") as file:
            self.tokens = peer_engine.json.load(file)

    def prepare(self, sequences: int, length: int) -> None:
        pass

    def generate(self, prompts: list[list[int]], new: int, **options):
        return self.generator.generate_batch(
            [[self.tokens[token] for token in prompt] for prompt in prompts], max_batch_size=0, beam_size=1, min_length=new,
            max_length=new, include_prompt_in_result=False, **options)

    def sample(self, prompts: list[list[int]], new: int) -> int:
        results = self.generate(prompts, new, sampling_topk=0, sampling_temperature=1)
        return sum(len(result.sequences_ids[0]) for result in results)

    def greedy(self, prompt: list[int], new: int) -> tuple[list[int], list[float]]:
        found = self.generate([prompt], new, sampling_topk=1)[0].sequences_ids[0]
        scores = self.generator.score_batch([[self.tokens[token] for token in prompt + found]])[0].log_probs
        return found, scores[-len(found):]


def main() -> None:
    arguments = peer_engine.arguments_of(__doc__)
    peer_engine.serve(CTranslate2Engine(arguments.model, arguments.threads), arguments.vocabulary)


if __name__ == "__main__":
    main()
