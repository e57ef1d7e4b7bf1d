"""Proves scripts/import_sakana on checkpoints made in the reference implementation's formats.

Usage: python check_import.py --t2 PROGRAM

Each kind of checkpoint is made on a tiny random model, imported, and held against an independent computation: the adapted weights
are composed as the method's reference does, U diag(sigma m) V^T times the ratio of nuclear norms, and give both z, as
diag(U^T W' V) / sigma, and the log-probabilities of transformers, beside which t2 runs the imported file. Then each way in which
a checkpoint can be wrong must be refused with its reason.
"""

import argparse
import json
import pathlib
import shutil
import subprocess
import sys
import unittest

import import_sakana
import torch
from import_case import ImportCase
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from scoring import SEED, load, scores_of_t2, scores_of_transformers, sequences

ROOT = pathlib.Path(__file__).resolve().parents[2]
FIXTURES = ROOT / "Tests/T2TestSupport/Fixtures"
T2 = pathlib.Path("t2")


class VectorPolicy(torch.nn.Module):
    """A policy whose state dictionary is a list of vectors, under the name that the reference gives it."""

    def __init__(self, vectors: list[torch.Tensor]):
        super().__init__()
        self.learnable_params_module_list = torch.nn.ParameterList(torch.nn.Parameter(vector) for vector in vectors)


def mlp_names(network) -> list[str]:
    """In the order of the model's own state dictionary, which is the order of a policy's vectors."""
    return [name for name in network.state_dict() if "mlp" in name]


def make_parameters(network, spread: float = 0.7) -> dict[str, torch.Tensor]:
    """p as after training: bfloat16, away from its start of 0.1."""
    generator = torch.Generator().manual_seed(SEED)
    return {name: (0.1 + spread * torch.randn(min(network.get_parameter(name).shape), generator=generator)).to(torch.bfloat16)
            for name in mlp_names(network)}


def composed(network, parameters: dict[str, torch.Tensor], max_mult: float, rounded: bool) -> dict[str, torch.Tensor]:
    """W' of every mlp matrix, Float64."""
    weights = {}
    for name, p in parameters.items():
        u, sigma, vt = torch.linalg.svd(network.get_parameter(name).detach().double(), full_matrices=False)
        m = (torch.sigmoid(p).double() if rounded else torch.sigmoid(p.double())) * max_mult
        weights[name] = u @ torch.diag(sigma * m) @ vt * (sigma.sum() / (sigma * m).sum())
    return weights


class ImportTests(ImportCase):
    output_name = "expert.safetensors"

    def run_import(self, checkpoint: pathlib.Path, model: pathlib.Path, *arguments: str) -> tuple[int, str]:
        places = {"--t2": T2, "--checkpoint": checkpoint, "--model": model, "--output": self.output}
        return self.outcome(import_sakana.main, [*(part for place in places.items() for part in place), *arguments])

    def matrices(self, expert: pathlib.Path) -> list[str]:
        """As t2 reads them."""
        shown = subprocess.run([T2, "experts", "show", expert, "--json"], capture_output=True, check=True)
        return [matrix["name"] for matrix in json.loads(shown.stdout)["matrices"]]

    def save(self, content: object, name: str = "policy_params.pt") -> pathlib.Path:
        path = self.folder / name
        torch.save(content, path)
        return path

    def check_imported(self, model: pathlib.Path, parameters: dict[str, torch.Tensor], max_mult: float = 1, rounded: bool = True):
        network = load(model, dtype=torch.float32)
        weights = composed(network, parameters, max_mult, rounded)
        with safe_open(self.output, framework="pt") as file:
            self.assertEqual(set(file.keys()), set(weights))
            self.assertEqual(file.metadata()["parameterisation"], "sigmoid")
            for name, weight in weights.items():
                u, sigma, vt = torch.linalg.svd(network.get_parameter(name).detach().double(), full_matrices=False)
                expected = torch.diagonal(u.T @ weight @ vt.T) / sigma
                self.assertLess((file.get_tensor(name) - expected).abs().max().item(), 2e-6)
        self.assertEqual(self.matrices(self.output), mlp_names(network))
        ids = sequences(network.config.vocab_size, network.config.max_position_embeddings)
        base = scores_of_transformers(network, ids)
        for name, weight in weights.items():
            network.get_parameter(name).data.copy_(weight)
        theirs = scores_of_transformers(network, ids)
        difference = (scores_of_t2(T2, model, ids, self.output) - theirs).abs().max().item()
        self.assertLess(difference, 1e-4)
        self.assertGreater((theirs - base).abs().max().item(), 1e-2)
        print(f"{model.name}: {sum(map(len, parameters.values()))} values, largest difference of a log-probability {difference:.2e}")

    def test_state_dictionary_of_a_policy(self):
        for name in ("grouped-tied", "multihead-untied"):
            model = FIXTURES / name
            parameters = make_parameters(load(model, dtype=torch.float32))
            path = self.save(VectorPolicy(list(parameters.values())).state_dict())
            self.assertEqual(self.run_import(path, model, "--task", "gsm8k"), (0, ""))
            self.check_imported(model, parameters)

    def test_dictionary_of_named_parameters(self):
        model = FIXTURES / "grouped-tied"
        parameters = make_parameters(load(model, dtype=torch.float32))
        path = self.save({name: torch.nn.Parameter(p) for name, p in parameters.items()}, "learnable_params_latest.pt")
        self.assertEqual(self.run_import(path, model), (0, ""))
        self.check_imported(model, parameters, max_mult=2.5)

    def test_unrounded_mask(self):
        model = FIXTURES / "grouped-tied"
        parameters = make_parameters(load(model, dtype=torch.float32))
        path = self.save(parameters)
        self.assertEqual(self.run_import(path, model, "--mask", "float32"), (0, ""))
        self.check_imported(model, parameters, rounded=False)

    def test_bundled_model_in_the_order_of_its_experts(self):
        """Experts are mixed only if their matrices stand in one order."""
        model = ROOT / "experts/tiny/base"
        parameters = make_parameters(load(model, dtype=torch.float32), spread=0.3)
        path = self.save(VectorPolicy(list(parameters.values())).state_dict())
        self.assertEqual(self.run_import(path, model), (0, ""))
        self.check_imported(model, parameters)
        trained = self.matrices(ROOT / "experts/tiny/math.safetensors")
        self.assertEqual(self.matrices(self.output), [name for name in trained if "mlp" in name])

    def assert_refused(self, path: pathlib.Path, *reasons: str, status: int = 65, arguments: tuple[str, ...] = ()):
        found, errors = self.run_import(path, FIXTURES / "grouped-tied", *arguments)
        self.assertEqual(found, status, errors)
        for reason in ("error: ", *reasons):
            self.assertIn(reason, errors)
        self.assertFalse(self.output.exists())

    def test_wrong_checkpoints(self):
        parameters = make_parameters(load(FIXTURES / "grouped-tied", dtype=torch.float32))
        other = make_parameters(load(ROOT / "experts/tiny/base", dtype=torch.float32))
        listed = VectorPolicy(list(parameters.values())).state_dict()
        gate = "model.layers.0.mlp.gate_proj.weight"
        self.assert_refused(self.save(VectorPolicy(list(other.values())).state_dict()), "holds 12 vectors", "6 mlp matrices")
        self.assert_refused(self.save(other), "model.layers.2.mlp.gate_proj.weight", "not those of the model")
        self.assert_refused(self.save({k: v for k, v in parameters.items() if k != gate}), f"has no '{gate}'")
        self.assert_refused(self.save({k: v for k, v in listed.items() if not k.endswith(".3")}), "holds 5 vectors")
        self.assert_refused(self.save(parameters | {gate: torch.zeros(31)}), gate, "shape [31]", "needs [32]")
        self.assert_refused(self.save(parameters | {gate: torch.zeros(32, 1)}), "shape [32, 1]")
        self.assert_refused(self.save(parameters | {gate: torch.full((32,), float("nan"))}), gate, "no finite numbers")
        self.assert_refused(self.save(parameters | {gate: torch.full((32,), -1e4)}), gate, "masks every singular value")
        self.assert_refused(self.save(parameters | {"weights.0": torch.zeros(3)}), "'weights.0'", "t2 experts mix")
        self.assert_refused(self.save([torch.zeros(3)]), "not a dictionary")
        self.assert_refused(self.save({}), "not a dictionary")
        self.assert_refused(self.save({"policy": torch.nn.Linear(2, 2)}), "cannot read it safely")

    def test_wrong_files_and_options(self):
        text = self.folder / "text.pt"
        text.write_text("no checkpoint")
        self.assert_refused(text, "cannot read it safely")
        text.write_text("")
        self.assert_refused(text, "cannot read it safely")
        self.assert_refused(self.folder / "none.pt", "no such file", status=66)
        good = self.save(make_parameters(load(FIXTURES / "grouped-tied", dtype=torch.float32)))
        nowhere = str(self.folder / "none" / "expert.safetensors")
        self.assert_refused(good, "there is no folder", status=73, arguments=("--output", nowhere))
        damaged = self.folder / "damaged"
        shutil.copytree(FIXTURES / "grouped-tied", damaged)
        weights = load_file(damaged / "model.safetensors")
        weights["model.layers.1.mlp.up_proj.weight"][0, 0] = float("nan")
        save_file(weights, damaged / "model.safetensors", {"format": "pt"})
        self.assert_refused(good, "layers.1.mlp.up_proj", "no finite numbers", arguments=("--model", str(damaged)))
        self.assert_refused(good, "no such folder", status=66, arguments=("--model", str(self.folder / "none")))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--t2", type=pathlib.Path, required=True)
    options, rest = parser.parse_known_args()
    T2 = options.t2.resolve()
    unittest.main(argv=[sys.argv[0], *rest])
