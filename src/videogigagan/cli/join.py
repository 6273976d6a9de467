"""`videogigagan join`: two checkpoints become one file whose detail can be chosen."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro

from videogigagan.cli.outputs import check_new
from videogigagan.model.join import join_weights


@dataclass(frozen=True, kw_only=True, slots=True)
class Join:
    """Join a regression and what an adversary made of it into one file for `--detail`.

    The file is in half precision; what is equal in both is stored once.
    """

    detailed: Annotated[Path, tyro.conf.Positional]
    """Weights of detail 1: after training with the adversary."""
    regression: Annotated[Path, tyro.conf.Positional]
    """Weights of detail 0, of the same architecture: before it."""
    output: Annotated[Path, tyro.conf.arg(aliases=("-o",))]
    """Weights file to write (.safetensors)."""
    overwrite: Annotated[bool, tyro.conf.arg(aliases=("-y",))] = False
    """Replace an output that exists."""

    def run(self) -> None:
        """Read both, check, write."""
        check_new(self.output, overwrite=self.overwrite)
        header = join_weights(self.detailed, self.regression, self.output)
        print(
            f"{self.output}: {self.output.stat().st_size / 2**20:.1f} MiB, "
            f"{header.about['detail']}; {len(header.less_detail)} tensors differ"
        )
