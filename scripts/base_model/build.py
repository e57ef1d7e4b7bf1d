"""Makes a base model from a settings file: tokenizer, data, the training phases, model card."""

import argparse
import os
from pathlib import Path

import torch
from tokenizers import Tokenizer
from transformers import LlamaForCausalLM

from .evaluate import evaluate
from .model import new_model, save_model
from .model_card import write_model_card
from .pretrain import train_phase
from .settings import Settings, load_settings
from .tokenizer import save_tokenizer, train_tokenizer
from .write_data import write_data


def main() -> None:
    arguments = _arguments()
    settings = load_settings(arguments.settings, arguments.seed)
    torch.set_num_threads(arguments.threads)
    base = arguments.output / "base"
    data = arguments.output / (settings.data if isinstance(settings.data, str) else "data")
    base.mkdir(parents=True, exist_ok=True)
    arguments.work.mkdir(parents=True, exist_ok=True)

    tokenizer = train_tokenizer(settings)
    save_tokenizer(tokenizer, base, settings.model.max_position_embeddings)
    _report(f"tokenizer of {tokenizer.get_vocab_size()} entries: {base}")
    if not isinstance(settings.data, str):
        write_data(settings, data)
    _report(f"problems: {data}")
    save_model(pretrain(settings, tokenizer, arguments.work), base, settings.dtype)
    _report(f"model: {base}")
    write_model_card(settings, arguments.output, tokenizer.get_vocab_size(), data, evaluate(base, data))
    _report(f"model card: {base / 'README.md'}")


def pretrain(settings: Settings, tokenizer: Tokenizer, work: Path) -> LlamaForCausalLM:
    """Runs the phases that `work` does not hold the result of yet."""
    model = new_model(settings.model, tokenizer.get_vocab_size(), settings.seed)
    for index, phase in enumerate(settings.phases):
        stem = f"{index + 1}-{phase.name}-{settings.fingerprint(index + 1)}"
        finished, state = work / f"{stem}.pt", work / f"{stem}.state"
        if finished.exists():
            _report(f"[{phase.name}] finished before: {finished}")
            model.load_state_dict(torch.load(finished))
            continue
        train_phase(model, tokenizer, phase, settings.copy_pages, settings.seed, state)
        torch.save(model.state_dict(), finished)
        state.unlink(missing_ok=True)
    return model


def _report(message: str) -> None:
    print(message, flush=True)


def _arguments() -> argparse.Namespace:
    here = Path(__file__).parent
    parser = argparse.ArgumentParser(prog="make", description=__doc__)
    parser.add_argument("--settings", type=Path, default=here / "tiny.yaml", help="settings file (default: tiny.yaml)")
    parser.add_argument("--seed", type=int, help="stands in for the settings file's seed")
    parser.add_argument("--output", type=Path, default=Path("experts/tiny"), help="folder that gets base/ and data/")
    parser.add_argument("--work", type=Path, default=Path("runs/base_model"), help="folder for the state of a run")
    parser.add_argument("--threads", type=int, default=os.cpu_count(), help="CPU threads (default: all)")
    return parser.parse_args()


if __name__ == "__main__":
    main()
