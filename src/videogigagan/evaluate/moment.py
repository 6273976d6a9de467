"""A frame of a result beside the truth: what a metric is a function of."""

from dataclasses import dataclass

import torch

from videogigagan.evaluate.fidelity import check_alike
from videogigagan.evaluate.view import View
from videogigagan.frozen.lpips import Trunk


@dataclass(frozen=True, kw_only=True, slots=True)
class Moment:
    """One frame of a clip; where the truth itself is the result, both are the same object.

    Raises:
        DataError: The frames differ in size.
    """

    result: View
    """Frame of a system, with the one before."""
    truth: View
    """The frame that it should be, with the one before; the same object for all systems."""
    border: int = 0
    """Pixels at each side that PSNR and SSIM leave out, as some protocols do."""

    def __post_init__(self) -> None:
        check_alike(self.result.picture, self.truth.picture)

    def lpips(self, trunk: Trunk) -> float:
        """Perceptual distance between result and truth."""
        network = self.truth.judges.lpips[trunk]
        with torch.inference_mode():
            features = self.result.features(trunk), self.truth.features(trunk)
            return network.compare(*features).item()
