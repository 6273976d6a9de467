"""What tells how like the truth a result is, by published weights that learn nothing."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from torch import nn

from videogigagan.errors import ConfigError
from videogigagan.frozen.efficientnet import EfficientNetLite, load_efficientnet
from videogigagan.frozen.lpips import LPIPS, load_lpips
from videogigagan.train.config import TrainConfig


@dataclass(frozen=True, kw_only=True, slots=True)
class Likeness:
    """The perceptual distances that a run learns by; None for one that weighs nothing."""

    lpips: LPIPS | None = None
    """LPIPS, on the trunk of the run."""
    features: EfficientNetLite | None = None
    """The second opinion."""

    def networks(self) -> Iterator[nn.Module]:
        """Those that are there."""
        yield from (network for network in (self.lpips, self.features) if network is not None)


def untrained_likeness(config: TrainConfig) -> Likeness:
    """Networks of the right shape, for those who only want to know what they cost."""
    return Likeness(
        lpips=LPIPS(config.trunk).eval() if config.losses.lpips else None,
        features=EfficientNetLite() if config.losses.features else None,
    )


def load_likeness(config: TrainConfig, judges: Path | None) -> Likeness:
    """Read the distances that a run learns by.

    Args:
        config: The run.
        judges: Folder of `lpips_<trunk>.pth` and `efficientnet_lite0.pth`.

    Raises:
        ConfigError: It needs one, and no folder is named.
        CheckpointError: A file is missing, damaged, or holds something else.
    """
    trunk, losses = config.trunk, config.losses
    if judges is None:
        if losses.lpips or losses.features:
            name = "LPIPS" if losses.lpips else "the distance of features"
            raise ConfigError(
                f"training: {name} needs published weights. Name their folder, or set "
                f"losses.{'lpips' if losses.lpips else 'features'} to 0."
            )
        return Likeness()
    return Likeness(
        lpips=load_lpips(judges / f"lpips_{trunk}.pth", trunk) if losses.lpips else None,
        features=(
            load_efficientnet(judges / "efficientnet_lite0.pth") if losses.features else None
        ),
    )
