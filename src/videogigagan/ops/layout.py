"""Clips as frames, and frames as clips."""

from typing import TypeVar

import torch
from einops import rearrange
from jaxtyping import Float
from torch import Tensor, nn

AnyModule = TypeVar("AnyModule", bound=nn.Module)

_LARGE = 96  # pixels


def frames_of(clip: Float[Tensor, "b t c h w"]) -> Float[Tensor, "n c h w"]:
    """Line up the frames of all clips, n = b·t."""
    return rearrange(clip, "b t c h w -> (b t) c h w")


def clips_of(frames: Float[Tensor, "n c h w"], batch: int) -> Float[Tensor, "b t c h w"]:
    """Undo `frames_of`."""
    return rearrange(frames, "(b t) c h w -> b t c h w", b=batch)


def learns_channels_last(device: torch.device, side: int) -> bool:
    """Whether kernels should lie channels-last where they learn from pictures of this side.

    Not for large pictures on a CPU without AVX-512: of 192x192, gradients of kernels take four
    times as long there; of one frame of 48x48, both layouts are as fast.
    """
    slow = device.type == "cpu" and torch.backends.cpu.get_cpu_capability() != "AVX512"
    return not slow or side < _LARGE


def channels_last(module: AnyModule) -> AnyModule:
    """Lay kernels out channels-last, in place: convolutions on a CPU gain half again by it."""
    for parameter in module.parameters():
        if parameter.ndim == 4:
            parameter.data = parameter.data.contiguous(memory_format=torch.channels_last)
    return module
