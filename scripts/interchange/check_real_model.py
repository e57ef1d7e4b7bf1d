"""Compares t2 with transformers on a real chat model: ids of chat prompts and of texts, and log-probabilities.

Usage: python check_real_model.py --t2 PROGRAM [--model DIR]

DIR is a model folder (default: models/smollm2-135m, which `scripts/models smollm2-135m` makes). Prints the figures, and fails if one
id differs, or if t2's log-probabilities of a text differ from those of transformers in float64 by more than 1e-4 and by more than
twice what transformers in float32 differs from them: float32 alone loses more than 1e-4 in a few texts of real models.
"""

import argparse
import pathlib
import sys

import torch
from check_tokenizers import tokenize
from scoring import load, scores_of_t2, scores_of_transformers
from transformers import AutoTokenizer

ROOT = pathlib.Path(__file__).resolve().parents[2]
TOLERANCE = 1e-4
LONGEST = 150
QUESTIONS = [
    "What is the capital of France?", "Add 1234 and 56789, then write 3.14159 as a fraction.",
    "  Two spaces before,\n\nan empty line, \ttab.",
    "Übersetze ‘naïve façade’ ins Griechische: Ελλάδα, Россия, 日本語, 한국어, 👩‍💻!", "def f(x):\n    return x**2  # don't",
]
ANSWER = "The answer is 42, because 6 × 7 = 42."


def conversations() -> list[list[dict]]:
    """Each question alone, after a system message, and as the second turn of a user."""
    def turn(role: str, content: str) -> dict:
        return {"role": role, "content": content}
    result = []
    for question in QUESTIONS:
        asked = turn("user", question)
        result += [[asked], [turn("system", "Answer in one sentence."), asked],
                   [turn("user", "Hi!"), turn("assistant", ANSWER), asked]]
    return result


def paragraphs(name: str) -> list[str]:
    return [text for text in (ROOT / name).read_text().split("\n\n") if text]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--t2", type=pathlib.Path, required=True)
    parser.add_argument("--model", type=pathlib.Path, default=ROOT / "models/smollm2-135m")
    options = parser.parse_args()
    t2, model = options.t2.resolve(), options.model
    if not (model / "config.json").is_file():
        sys.exit(f"check_real_model: there is no model in {model}. Fetch it: scripts/models smollm2-135m {model}")
    tokenizer = AutoTokenizer.from_pretrained(model)

    def chat(messages: list[dict]) -> list[int]:
        return tokenizer.apply_chat_template(messages, add_generation_prompt=True, return_dict=False)
    prompts = [chat(messages) for messages in conversations()]
    lines = [{"messages": messages, "add_generation_prompt": True} for messages in conversations()]
    chat_differences = sum(line["ids"] != ids for line, ids in zip(tokenize(t2, model, lines, "--chat"), prompts, strict=True))
    # English with tables, code and numbers.
    texts = [tokenizer(text, add_special_tokens=False)["input_ids"] for text in paragraphs("README.md")]
    found = tokenize(t2, model, [{"text": text} for text in paragraphs("README.md")])
    text_differences = sum(line["ids"] != ids for line, ids in zip(found, texts, strict=True))
    print(f"{model}: {len(prompts)} chat prompts with {sum(map(len, prompts))} tokens, {chat_differences} differ; "
          f"{len(texts)} texts with {sum(map(len, texts))} tokens, {text_differences} differ", flush=True)
    answer = tokenizer(ANSWER, add_special_tokens=False)["input_ids"]
    prose = [tokenizer(text, add_special_tokens=False)["input_ids"] for text in paragraphs("LICENSE")[:20]]
    ids = [prompt + answer for prompt in prompts] + [text[:LONGEST] for text in prose if len(text) > 1]
    single, double = (scores_of_transformers(load(model, dtype=dtype), ids) for dtype in (torch.float32, torch.float64))
    lengths = [len(text) - 1 for text in ids]
    ours, theirs = ((scores - double).abs().split(lengths) for scores in (scores_of_t2(t2, model, ids), single))
    wrong = [text for text, (our, their) in enumerate(zip(ours, theirs, strict=True)) if not our.max() <= max(TOLERANCE, 2 * their.max())]
    for name, errors in (("t2", ours), ("transformers in float32", theirs)):
        joined = torch.cat(errors)
        print(f"log-probabilities of {len(joined)} tokens in {len(ids)} texts, differences from float64: {name} {joined.mean().item():.1e} "
              f"in the mean, {joined.max().item():.1e} at the largest", flush=True)
    if chat_differences or text_differences or wrong:
        sys.exit(f"check_real_model: t2 and transformers differ{f', in their log-probabilities of {ids[wrong[0]]}' if wrong else ''}")


if __name__ == "__main__":
    main()
