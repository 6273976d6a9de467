"""Clips as frames, and frames as clips."""

from typing import TypeVar

import torch
from einops import rearrange
from jaxtyping import Float
from torch import Tensor, nn

AnyModule = TypeVar("AnyModule", bound=nn.Module)


def frames_of(clip: Float[Tensor, "b t c h w"]) -> Float[Tensor, "n c h w"]:
    """Line up the frames of all clips, n = b·t."""
    return rearrange(clip, "b t c h w -> (b t) c h w")


def clips_of(frames: Float[Tensor, "n c h w"], batch: int) -> Float[Tensor, "b t c h w"]:
    """Undo `frames_of`."""
    return rearrange(frames, "(b t) c h w -> b t c h w", b=batch)


def learns_channels_last(device: torch.device) -> bool:
    """Whether kernels should lie channels-last where they learn.

    Not on a CPU without AVX-512: gradients of kernels take up to four times as long there, and
    a step half as long again.
    """
    return device.type != "cpu" or torch.backends.cpu.get_cpu_capability() == "AVX512"


def channels_last(module: AnyModule) -> AnyModule:
    """Lay kernels out channels-last, in place: convolutions on a CPU gain half again by it."""
    for parameter in module.parameters():
        if parameter.ndim == 4:
            parameter.data = parameter.data.contiguous(memory_format=torch.channels_last)
    return module
