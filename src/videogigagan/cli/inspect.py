"""`videogigagan inspect`: what a weights file holds."""

import json
from dataclasses import asdict, dataclass
from typing import Annotated

import tyro

from videogigagan.model.checkpoint import find_weights, read_weights
from videogigagan.model.detail import PREFIX


@dataclass(frozen=True, kw_only=True, slots=True)
class Inspect:
    """Show what a weights file says about itself, and its size."""

    file: Annotated[str, tyro.conf.Positional]
    """Weights file, or the name of weights in the package."""

    def run(self) -> None:
        """Print notes, the range of detail, parameter counts and configuration."""
        path = find_weights(self.file)
        header, tensors = read_weights(path)
        print(f"{path.name}: a {header.kind}, {path.stat().st_size / 2**20:.1f} MiB")
        for name, note in header.about.items():
            print(f"{name}: {note}")
        counts: dict[str, int] = {}
        differing = 0
        for key, tensor in tensors.items():
            if key.startswith(PREFIX):
                differing += tensor.numel()
                continue
            part = key.split(".")[0]
            counts[part] = counts.get(part, 0) + tensor.numel()
        if header.less_detail:
            print(f"range of --detail: 0 to 1; {differing:,} parameters are others at 0")
        types = ", ".join(
            sorted({str(tensor.dtype).removeprefix("torch.") for tensor in tensors.values()})
        )
        print(f"parameters: {sum(counts.values()):,} ({types})")
        for part, count in counts.items():
            print(f"  {part}: {count:,}")
        print("configuration:")
        print(json.dumps(asdict(header.config), indent=2))
