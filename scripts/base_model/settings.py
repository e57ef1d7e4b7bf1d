"""The settings file of a base model: its shape, its seed, and what it is trained on."""

import dataclasses
import hashlib
import json
from dataclasses import dataclass, field
from pathlib import Path

import yaml


@dataclass(frozen=True)
class TokenizerSettings:
    vocabulary_size: int
    documents: int
    mixture: dict[str, float]


@dataclass(frozen=True)
class ModelShape:
    hidden_size: int
    intermediate_size: int
    num_hidden_layers: int
    num_attention_heads: int
    num_key_value_heads: int
    head_dim: int
    max_position_embeddings: int


@dataclass(frozen=True)
class CopyPages:
    rows: int
    length: int


@dataclass(frozen=True)
class Phase:
    """One stage of the pretraining curriculum."""

    name: str
    tokens: int
    copy_share: float
    muon_rate: float
    adamw_rate: float
    warmup_steps: int
    hold: float
    mixture: dict[str, float] = field(default_factory=dict)
    careless: bool = False
    batch_documents: int = 0
    prompt_weight: float = 0.0


@dataclass(frozen=True)
class SplitSizes:
    train: int
    valid: int
    test: int


@dataclass(frozen=True)
class Settings:
    name: str
    seed: int
    tokenizer: TokenizerSettings
    model: ModelShape
    copy_pages: CopyPages
    phases: tuple[Phase, ...]
    data: dict[str, SplitSizes] | str
    """Sizes of the data files to write, or the folder, from the output folder, of another model's files to use."""
    hard_shares: dict[str, float]
    """By task: the share of its problems in the data files that come from its hard generator."""
    dtype: str = "float32"
    """In which the weights are saved; they are trained in float32."""

    def fingerprint(self, phase_count: int) -> str:
        """Identifies all that the state after the first `phase_count` phases depends on."""
        values = dataclasses.asdict(self)
        values["phases"] = values["phases"][:phase_count]
        del values["data"], values["hard_shares"], values["dtype"]
        return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()[:16]


def load_settings(path: Path, seed: int | None = None) -> Settings:
    """Reads a settings file; `seed` stands in for the file's own."""
    raw = yaml.safe_load(path.read_text())
    data = raw["data"]
    return Settings(
        name=raw["name"],
        seed=raw["seed"] if seed is None else seed,
        tokenizer=TokenizerSettings(**raw["tokenizer"]),
        model=ModelShape(**raw["model"]),
        copy_pages=CopyPages(**raw["copy_pages"]),
        phases=tuple(Phase(**phase) for phase in raw["phases"]),
        data=data if isinstance(data, str) else {group: SplitSizes(**sizes) for group, sizes in data.items()},
        hard_shares=raw.get("hard_shares", {}),
        dtype=raw.get("dtype", "float32"),
    )
