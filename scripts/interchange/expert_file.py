"""t2's expert files: safetensors, one float32 vector per adapted weight under its Hugging Face name."""

import json
import os
import pathlib
import struct

import torch

FORMAT = "t2-expert/1"


def write_expert(path: pathlib.Path, z: dict[str, torch.Tensor], base_model_digest: str, task: str, parameterisation: str,
                 measures: dict[str, str]) -> None:
    """Writes the vectors in their order, layer by layer, which is the order of t2's own files and must be that of all
    experts that are mixed (the safetensors library would sort them by name). The file appears whole or not at all."""
    metadata = {"format": FORMAT, "base-model-digest": base_model_digest, "task": task, "parameterisation": parameterisation,
                "step": "0", "seed": "0"} | {f"measure.{name}": value for name, value in measures.items()}
    header: dict = {"__metadata__": metadata}
    data = b""
    for name, values in z.items():
        content = values.to(torch.float32).numpy().astype("<f4").tobytes()
        header[name] = {"dtype": "F32", "shape": list(values.shape), "data_offsets": [len(data), len(data) + len(content)]}
        data += content
    text = json.dumps(header, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    text += b" " * (-len(text) % 8)
    temporary = path.with_name(f"{path.name}.tmp-{os.getpid()}")
    try:
        with temporary.open("wb") as file:
            file.write(struct.pack("<Q", len(text)) + text + data)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
