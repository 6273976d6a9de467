"""`videogigagan import`: weights of other projects into our format."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro

from videogigagan.cli.outputs import check_new
from videogigagan.model.checkpoint import Header, read_pickle, save_weights
from videogigagan.model.generator import build_propagation
from videogigagan.model.warm_start import load_released, released_config


@dataclass(frozen=True, kw_only=True, slots=True)
class Convert:
    """Convert BasicVSR or BasicVSR++ weights (BasicSR's or MMagic's) to a propagation file.

    The file is read without running code that may hide in it.
    """

    file: Annotated[Path, tyro.conf.Positional]
    """Pickled PyTorch checkpoint (.pth, .pt)."""
    output: Annotated[Path, tyro.conf.arg(aliases=("-o",))]
    """Weights file to write (.safetensors)."""
    overwrite: Annotated[bool, tyro.conf.arg(aliases=("-y",))] = False
    """Replace an output that exists."""

    def run(self) -> None:
        """Read, rename, check, write."""
        check_new(self.output, overwrite=self.overwrite)
        content = read_pickle(self.file)
        config = released_config(content, name=str(self.file))
        network = build_propagation(config)
        load_released(network, content, name=str(self.file))
        about = {"name": self.file.stem, "source": f"converted from {self.file.name}"}
        save_weights(self.output, network, Header(config=config, about=about))
        print(
            f"{self.output}: {config.form} propagation, "
            f"{config.channels} channels, {config.blocks} blocks"
        )
