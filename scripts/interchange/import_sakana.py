"""Turns a checkpoint of the method's reference implementation (SakanaAI/self-adaptive-llms) into a t2 expert file.

Examples:
  scripts/import_sakana --checkpoint policy_params.pt --model /models/Meta-Llama-3-8B-Instruct \\
      --task gsm8k --output experts/llama-3-8b/math.safetensors
  scripts/import_sakana --checkpoint learnable_params_latest.pt --model DIR --output math.safetensors

Both kinds of checkpoints are read: policy_params*.pt, a state dictionary with one vector p per mlp matrix in the model's own
order, and learnable_params*.pt, a dictionary from the matrices' names to p. There a matrix is W' = kappa U diag(sigma m) V^T
with m = max_mult sigmoid(p) and kappa = sum(sigma) / sum(sigma m), so z = kappa m, with sigma computed from the base model.
max_mult, a constant, cancels.

A checkpoint does not name its base model: one of another model of the same shape cannot be told from a right one.
"""

import argparse
import errno
import json
import os
import pathlib
import pickle
import re
import subprocess
import sys

import torch
from expert_file import write_expert
from input_error import InputError
from safetensors import SafetensorError, safe_open

PROJECTIONS = ("gate_proj", "up_proj", "down_proj")
LIST_KEY = re.compile(r"learnable_params_module_list\.(\d+)")


def describe_model(t2: pathlib.Path, model: pathlib.Path) -> dict:
    """What `t2 inspect` says of the base model: its digest and its shape."""
    run = subprocess.run([t2, "inspect", "--model", model, "--json"], capture_output=True, text=True, check=False)
    if run.returncode != 0:
        sys.stderr.write(run.stderr)
        sys.exit(run.returncode)
    return json.loads(run.stdout)


def load_checkpoint(path: pathlib.Path) -> dict[str, torch.Tensor]:
    """The tensors of a checkpoint; nothing in it is executed."""
    if not path.is_file():
        raise InputError(path, "no such file", "Give a policy_params*.pt or learnable_params*.pt.", os.EX_NOINPUT)
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except (pickle.UnpicklingError, RuntimeError, EOFError, ValueError, KeyError) as error:
        raise InputError(path, f"PyTorch cannot read it safely ({str(error).splitlines()[0] if str(error) else 'empty'})",
                         "Give a file that torch.save wrote from a dictionary of tensors.") from error
    if not isinstance(content, dict) or not content or not all(
            isinstance(k, str) and isinstance(v, torch.Tensor) for k, v in content.items()):
        raise InputError(path, "not a dictionary from names to tensors", "Give a policy_params*.pt or learnable_params*.pt.")
    return {name: values.detach() for name, values in content.items()}


def by_matrix(path: pathlib.Path, content: dict[str, torch.Tensor], names: list[str]) -> dict[str, torch.Tensor]:
    """p of every mlp matrix, in the order of `names`."""
    indices = [LIST_KEY.fullmatch(key) for key in content]
    if all(indices):
        if sorted(int(match[1]) for match in indices) != list(range(len(names))):
            raise InputError(path, f"holds {len(content)} vectors, the model has {len(names)} mlp matrices",
                             "Is it of another base model?")
        return {name: content[f"learnable_params_module_list.{index}"] for index, name in enumerate(names)}
    unknown = [key for key in content if key not in names]
    if unknown:
        raise InputError(
            path, f"holds '{unknown[0]}' ({len(unknown)} of {len(content)} names are not those of the model's mlp matrices)",
            "Give a checkpoint of one expert for this model. A weighted combination holds coefficients: import its experts, "
            "then t2 experts mix.")
    missing = [name for name in names if name not in content]
    if missing:
        raise InputError(path, f"has no '{missing[0]}' ({len(missing)} of {len(names)} mlp matrices are missing)",
                         "Is it of another base model?")
    return {name: content[name] for name in names}


def check_values(place: pathlib.Path, name: str, values: torch.Tensor, shape: list[int]) -> None:
    if list(values.shape) != shape:
        raise InputError(place, f"'{name}' has shape {list(values.shape)}, this model needs {shape}",
                         "Is it of another base model?")
    if not values.is_floating_point() or not torch.isfinite(values).all():
        raise InputError(place, f"'{name}' holds values that are no finite numbers", "Use an earlier checkpoint.")


def singular_values(model: pathlib.Path, shapes: dict[str, list[int]]):
    """Yields name and sigma of each weight, descending, Float64."""
    index = model / "model.safetensors.index.json"
    files = json.loads(index.read_text())["weight_map"] if index.exists() else {}
    for name, shape in shapes.items():
        path = model / files.get(name, "model.safetensors")
        with safe_open(path, framework="pt") as file:
            weight = file.get_tensor(name)
        check_values(path, name, weight, shape)
        yield name, torch.linalg.svdvals(weight.to(torch.float64))


def scale(p: torch.Tensor, sigma: torch.Tensor, mask: str) -> torch.Tensor:
    """z = kappa m, Float64. The reference rounds sigmoid(p) to bfloat16, in steps of 1/256 above 1/2."""
    m = torch.sigmoid(p).to(torch.bfloat16).to(torch.float64) if mask == "bfloat16" else torch.sigmoid(p.to(torch.float64))
    return m * sigma.sum() / (sigma * m).sum()


def import_checkpoint(options: argparse.Namespace) -> None:
    if not options.output.absolute().parent.is_dir():
        raise InputError(options.output, f"cannot be written: there is no folder '{options.output.parent}'",
                         "Create it first, or choose another path.", os.EX_CANTCREAT)
    content = load_checkpoint(options.checkpoint)
    model = describe_model(options.t2, options.model)
    hidden, intermediate = model["hidden_size"], model["intermediate_size"]
    shapes = {f"model.layers.{layer}.mlp.{projection}.weight":
              [hidden, intermediate] if projection == "down_proj" else [intermediate, hidden]
              for layer in range(model["layers"]) for projection in PROJECTIONS}
    vectors = by_matrix(options.checkpoint, content, list(shapes))
    for name, p in vectors.items():
        check_values(options.checkpoint, name, p, [min(hidden, intermediate)])
    z = {}
    for name, sigma in singular_values(options.model, shapes):
        z[name] = scale(vectors[name], sigma, options.mask)
        if not torch.isfinite(z[name].to(torch.float32)).all():
            raise InputError(options.checkpoint, f"'{name}' masks every singular value", "Use an earlier checkpoint.")
        if sys.stderr.isatty():
            print(f"\rimporting: {len(z)} of {len(shapes)} matrices", end="" if len(z) < len(shapes) else "\n", file=sys.stderr,
                  flush=True)
    write_expert(options.output, z, model["digest"], options.task, "sigmoid", {
        "imported-from": options.checkpoint.name, "mask": options.mask})
    values = torch.cat(list(z.values()))
    print(f"wrote {options.output}: {len(values):,} values in {len(z)} matrices, z from {values.min():.4f} to {values.max():.4f}")


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        prog="scripts/import_sakana", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--t2", type=pathlib.Path, required=True, help=argparse.SUPPRESS)
    parser.add_argument("--checkpoint", type=pathlib.Path, required=True, help="policy_params*.pt or learnable_params*.pt")
    parser.add_argument("--model", type=pathlib.Path, required=True, help="the base model: a Hugging Face folder")
    parser.add_argument("--output", type=pathlib.Path, required=True, help="expert file to write")
    parser.add_argument("--task", default="imported", help="what the expert was trained on (default: imported)")
    parser.add_argument("--mask", choices=("bfloat16", "float32"), default="bfloat16",
                        help="sigmoid(p) rounded to bfloat16, as the reference multiplies with it, or not (default: bfloat16)")
    try:
        import_checkpoint(parser.parse_args(arguments))
    except InputError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(error.status)
    except SafetensorError as error:
        print(f"error: {error}. Check the base model: t2 inspect --model DIR.", file=sys.stderr)
        sys.exit(os.EX_DATAERR)
    except OSError as error:
        print(f"error: {error.filename}: {error.strerror}. Check the path and the disk.", file=sys.stderr)
        sys.exit(os.EX_NOINPUT if error.errno == errno.ENOENT else os.EX_IOERR)


if __name__ == "__main__":
    main()
