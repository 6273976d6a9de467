"""What can be measured: a name becomes a function from small clips to large ones."""

from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import torch
from jaxtyping import Float
from torch import Tensor

from videogigagan.errors import CheckpointError
from videogigagan.evaluate.peers.basicvsr import BasicVSR
from videogigagan.model.warm_start import unwrapped
from videogigagan.ops.layout import channels_last
from videogigagan.ops.resize import bicubic_upsample
from videogigagan.upscale.upscaler import VideoUpscaler

System: TypeAlias = Callable[[Tensor], Tensor]
"""(t, 3, h, w) to (t, 3, 4h, 4w), RGB in [0, 1]; one shot at a time."""


def build_system(name: str) -> System:
    """Construct a system by name.

    Args:
        name: `bicubic`; `basicvsr=FILE` with a released checkpoint; or weights for
            `VideoUpscaler`, by name or file.
    """
    if name == "bicubic":
        return _bicubic
    if name.startswith("basicvsr="):
        return _basicvsr(Path(name.removeprefix("basicvsr=")))
    return VideoUpscaler.from_pretrained(name).upscale_tensor


def _bicubic(clip: Float[Tensor, "t 3 h w"]) -> Float[Tensor, "t 3 H W"]:
    return bicubic_upsample(clip, 4)


def _basicvsr(path: Path) -> System:
    if not path.is_file():
        raise CheckpointError(
            f"{path}: no such file. Get BasicVSR's weights with `make basicvsr`."
        )
    network = BasicVSR().eval()
    content = torch.load(path, map_location="cpu", weights_only=True)
    try:
        network.load_released(unwrapped(content))
    except RuntimeError as error:
        raise CheckpointError(
            f"{path}: does not hold BasicVSR. Get it with `make basicvsr`."
        ) from error
    network = channels_last(network)

    def upscale(clip: Float[Tensor, "t 3 h w"]) -> Float[Tensor, "t 3 H W"]:
        with torch.inference_mode():
            return network(clip[None])[0]

    return upscale
