"""Muon (Jordan et al. 2024) moves kernels as matrices, all their directions alike.

PyTorch's own knows matrices alone, so it is shown kernels as such: a row for each output
channel, and of a bank one matrix for each kernel.
"""

from collections.abc import Sequence

import torch
from einops import rearrange
from torch import Tensor, nn

_COLOURS = 3


def is_kernel(parameter: Tensor) -> bool:
    """Whether a weight convolves, and makes more than colours.

    A layer that makes colours has three rows; to move all their directions alike would move
    hues as far as light.
    """
    return parameter.ndim >= 4 and parameter.shape[-4] > _COLOURS


class KernelMuon:
    """Muon on some kernels, with Nesterov's momentum and without decay of weights.

    The root mean square of a step is about 0.2 of its rate, which is near that of Adam's steps.
    """

    def __init__(self, kernels: Sequence[nn.Parameter], *, share: float = 1.0) -> None:
        """Show them to PyTorch's own; `share` is their rate as a multiple of that of a step."""
        self._share = share
        self._matrices = {
            kernel: [nn.Parameter(matrix) for matrix in _matrices(kernel.detach(), kernel)]
            for kernel in kernels
        }
        every = [matrix for matrices in self._matrices.values() for matrix in matrices]
        self._muon = torch.optim.Muon(every, weight_decay=0.0, adjust_lr_fn="match_rms_adamw")

    def __contains__(self, parameter: nn.Parameter) -> bool:
        """Whether it moves this one."""
        return parameter in self._matrices

    def step(self, rate: float) -> None:
        """Move every kernel that has a gradient."""
        for group in self._muon.param_groups:
            group["lr"] = self._share * rate
        for kernel, matrices in self._matrices.items():
            gradient = kernel.grad
            shown = [] if gradient is None else _matrices(gradient, kernel)
            for index, matrix in enumerate(matrices):
                matrix.grad = shown[index] if shown else None
        self._muon.step()

    def forget(self) -> None:
        """Be as before the first step."""
        self._muon.state.clear()

    def moments(self, kernel: nn.Parameter) -> dict[str, Tensor]:
        """What it remembers of a kernel, in its shape; nothing before its first step."""
        remembered = [self._muon.state[matrix] for matrix in self._matrices[kernel]]
        if not all(remembered):
            return {}
        buffers = [state["momentum_buffer"] for state in remembered]
        _, _, y, x = kernel.shape[-4:]
        axes = "o (y x i) -> o i y x" if _lies_last(kernel) else "o (i y x) -> o i y x"
        kernels = [rearrange(buffer, axes, y=y, x=x) for buffer in buffers]
        return {"momentum": torch.stack(kernels) if kernel.ndim > 4 else kernels[0]}

    def restore(self, kernel: nn.Parameter, moments: dict[str, Tensor]) -> None:
        """Go back to what `moments` returned."""
        remembered = _matrices(moments["momentum"], kernel)
        for matrix, buffer in zip(self._matrices[kernel], remembered, strict=True):
            self._muon.state[matrix] = {"momentum_buffer": buffer.clone()}


def _matrices(tensor: Tensor, kernel: Tensor) -> list[Tensor]:
    """A kernel's values, or others of its shape, with columns in the order of its memory."""
    axes = "o i y x -> o (y x i)" if _lies_last(kernel) else "o i y x -> o (i y x)"
    return [rearrange(each, axes) for each in (tensor if tensor.ndim > 4 else [tensor])]


def _lies_last(kernel: Tensor) -> bool:
    """Whether it lies channels-last in memory; any third way, its matrices would be copies."""
    last = not kernel.is_contiguous()
    assert not last or kernel.is_contiguous(memory_format=torch.channels_last)
    return last
