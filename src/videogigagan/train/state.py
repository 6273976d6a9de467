"""What must be on disk to go on as if nothing had happened."""

import os
import pickle
from contextlib import suppress
from pathlib import Path
from typing import Any

import torch
from torch import nn

from videogigagan.errors import CheckpointError
from videogigagan.train.average import MovingAverage
from videogigagan.train.config import TrainConfig
from videogigagan.train.devices import Devices, collected, fill
from videogigagan.train.optimiser import (
    Optimiser,
    discriminator_optimiser,
    generator_optimiser,
)
from videogigagan.train.start import Networks

FORMAT = "videogigagan-run/1"
_DAMAGE = (
    AttributeError, EOFError, LookupError, OSError, RuntimeError, TypeError, ValueError,
    pickle.UnpicklingError,
)  # fmt: skip
"""What reading anything but a state of this run ends in."""


class RunState:
    """Networks, average, moments and step, saved as one file and replaced atomically.

    The file holds whole tensors by name: it does not know how many devices wrote it, and any
    number can go on from it.
    """

    def __init__(self, networks: Networks, config: TrainConfig) -> None:
        self.networks = networks
        self.average = MovingAverage(networks.generator, config.average)
        self.generator_optimiser = generator_optimiser(networks.generator, config)
        self.discriminator_optimiser = (
            None
            if networks.discriminator is None
            else discriminator_optimiser(networks.discriminator, config)
        )
        self.step = 0

    @property
    def optimisers(self) -> dict[str, Optimiser]:
        """Those that there are, by the network they move."""
        both = {
            "generator": self.generator_optimiser,
            "discriminator": self.discriminator_optimiser,
        }
        return {name: optimiser for name, optimiser in both.items() if optimiser is not None}

    @property
    def trained(self) -> dict[str, nn.Module]:
        """The networks that there are, by name."""
        both = {
            "generator": self.networks.generator,
            "discriminator": self.networks.discriminator,
        }
        return {name: network for name, network in both.items() if network is not None}

    def save(self, path: Path, devices: Devices) -> None:
        """Gather on every device, write on the first; `path` is always whole.

        Raises:
            CheckpointError: It cannot be written.
        """
        keep = devices.is_main
        content = {
            "format": FORMAT,
            "step": self.step,
            "average": self.average.gathered(keep=keep),
            "networks": {
                name: collected(dict(network.named_parameters()), keep=keep)
                for name, network in self.trained.items()
            },
            "moments": {
                name: optimiser.moments(keep=keep)
                for name, optimiser in self.optimisers.items()
            },
        }
        if keep:
            _write(content, path)

    def load(self, path: Path) -> None:
        """Go back to a saved state, strictly.

        Raises:
            CheckpointError: It cannot be read, or is another run's.
        """
        try:
            saved = torch.load(path, map_location="cpu", weights_only=True)
            if saved["format"] != FORMAT:
                raise KeyError(f"format '{saved['format']}'")
            self._restore(saved)
        except _DAMAGE as error:
            reason = (str(error).splitlines() or [type(error).__name__])[0]
            raise CheckpointError(
                f"{path}: is not a state of this run ({reason}). "
                f"Remove it, or name another run."
            ) from error

    def _restore(self, saved: dict[str, Any]) -> None:
        for name, network in self.trained.items():
            fill(dict(network.named_parameters()), saved["networks"][name])
        self.average.restore(saved["average"])
        for name, optimiser in self.optimisers.items():
            optimiser.restore(saved["moments"][name])
        self.step = saved["step"]


def _write(content: dict[str, Any], path: Path) -> None:
    """Write beside `path`, flush to the disk, then rename."""
    part = path.with_suffix(".partial")
    try:
        with part.open("wb") as file:
            torch.save(content, file)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except OSError as error:
        raise CheckpointError(
            f"{path}: cannot be written ({error.strerror}). Free the disk; what was saved "
            f"before is whole, and the same command goes on from it."
        ) from error
    finally:  # a second Ctrl-C leaves nothing half-written either
        with suppress(OSError):
            part.unlink()
