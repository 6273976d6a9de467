"""What published networks that never learn say of results: how like the truth they are."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import torch
from jaxtyping import Float
from torch import Tensor, nn

from videogigagan.errors import ConfigError
from videogigagan.frozen.efficientnet import EfficientNetLite, load_efficientnet
from videogigagan.frozen.lpips import LPIPS, load_lpips
from videogigagan.train.config import TrainConfig


@dataclass(frozen=True, kw_only=True, slots=True)
class Seen:
    """Features of results and of truths; each is looked at once, for losses and adversary."""

    result: tuple[Tensor, ...]
    """Unit features of the results, with their gradient."""
    truth: tuple[Tensor, ...]
    """Unit features of the truths."""

    def detached(self) -> "Seen":
        """The same for those who teach the results nothing."""
        return Seen(result=tuple(each.detach() for each in self.result), truth=self.truth)


@dataclass(frozen=True, kw_only=True, slots=True)
class Likeness:
    """The published networks of a run; None for one that nothing asks."""

    lpips: LPIPS | None = None
    """LPIPS, on the trunk of the run."""
    features: EfficientNetLite | None = None
    """The second opinion; also what the discriminator may be shown."""

    def networks(self) -> Iterator[nn.Module]:
        """Those that are there."""
        yield from (network for network in (self.lpips, self.features) if network is not None)

    def seen(
        self, result: Float[Tensor, "n 3 h w"], truth: Float[Tensor, "n 3 h w"]
    ) -> Seen | None:
        """Look at both with the second network, if it is there."""
        if self.features is None:
            return None
        with torch.no_grad():
            of_truth = tuple(self.features.describe(truth))
        return Seen(result=tuple(self.features.describe(result)), truth=of_truth)

    def distance(self, seen: Seen) -> Float[Tensor, ""]:
        """How far results are from truths by the second network, on average."""
        assert self.features is not None
        return self.features.compare(seen.result, seen.truth).mean()


def untrained_likeness(config: TrainConfig) -> Likeness:
    """Networks of the right shape, for those who only want to know what they cost."""
    return Likeness(
        lpips=LPIPS(config.trunk).eval() if config.losses.lpips else None,
        features=EfficientNetLite() if _asks_features(config) else None,
    )


def load_likeness(config: TrainConfig, judges: Path | None) -> Likeness:
    """Read the networks that a run asks.

    Args:
        config: The run.
        judges: Folder of `lpips_<trunk>.pth` and `efficientnet_lite0.pth`.

    Raises:
        ConfigError: It needs one, and no folder is named.
        CheckpointError: A file is missing, damaged, or holds something else.
    """
    trunk, lpips, features = config.trunk, config.losses.lpips > 0, _asks_features(config)
    if judges is None:
        if lpips or features:
            name = "LPIPS needs" if lpips else "features need"
            setting = "losses.lpips" if lpips else "losses.features (and discriminator.seen)"
            raise ConfigError(
                f"training: {name} published weights. Name their folder, or set {setting} to "
                "nothing."
            )
        return Likeness()
    return Likeness(
        lpips=load_lpips(judges / f"lpips_{trunk}.pth", trunk) if lpips else None,
        features=load_efficientnet(judges / "efficientnet_lite0.pth") if features else None,
    )


def _asks_features(config: TrainConfig) -> bool:
    judge = config.discriminator
    return config.losses.features > 0 or (judge is not None and len(judge.seen) > 0)
