"""What must be on disk to go on as if nothing had happened."""

import pickle
from pathlib import Path

import torch
from torch import nn

from videogigagan.errors import CheckpointError
from videogigagan.train.average import MovingAverage

_DAMAGE = (pickle.UnpicklingError, EOFError, KeyError, RuntimeError, TypeError, ValueError)
"""What reading anything but a state of this run ends in."""


class RunState:
    """Generator, average, optimiser and step, saved as one file and replaced atomically."""

    def __init__(
        self, generator: nn.Module, average: MovingAverage, optimizer: torch.optim.Optimizer
    ) -> None:
        self.generator = generator
        self.average = average
        self.optimizer = optimizer
        self.step = 0

    def save(self, path: Path) -> None:
        """Write beside `path`, then rename: `path` is always whole."""
        part = path.with_suffix(".partial")
        torch.save(
            {
                "step": self.step,
                "generator": self.generator.state_dict(),
                "average": self.average.module.state_dict(),
                "optimizer": self.optimizer.state_dict(),
            },
            part,
        )
        part.replace(path)

    def load(self, path: Path) -> None:
        """Go back to a saved state, strictly."""
        try:
            saved = torch.load(path, map_location="cpu", weights_only=True)
            self.generator.load_state_dict(saved["generator"])
            self.average.module.load_state_dict(saved["average"])
            self.optimizer.load_state_dict(saved["optimizer"])
            self.step = saved["step"]
        except _DAMAGE as error:
            reason = (str(error).splitlines() or [type(error).__name__])[0]
            raise CheckpointError(
                f"{path}: is not a state of this run ({reason}). "
                f"Remove it, or name another run."
            ) from error
