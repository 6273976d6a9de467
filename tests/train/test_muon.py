"""Kernels that move as matrices."""

import pytest
import torch
from torch import Tensor, nn

from videogigagan.train.muon import KernelMuon, is_kernel


def kernel(*shape: int, seed: int = 0, last: bool = False) -> nn.Parameter:
    """Noise, and its gradient: other noise."""
    draws = torch.Generator().manual_seed(seed)
    values, gradient = torch.randn(2, *shape, generator=draws)
    layout = torch.channels_last if last else torch.contiguous_format
    made = nn.Parameter(values.contiguous(memory_format=layout))
    made.grad = gradient
    return made


def moved(parameter: nn.Parameter, *, steps: int = 1) -> Tensor:
    """Where a few steps lead."""
    muon = KernelMuon([parameter])
    for _ in range(steps):
        muon.step(0.1)
    return parameter.detach()


@pytest.mark.parametrize("shape", [(6, 4, 3, 3), (40, 4, 3, 1), (8, 8, 1, 1)])
def test_all_directions_move_alike_and_about_as_far_as_under_adam(
    shape: tuple[int, ...],
) -> None:
    parameter = kernel(*shape)
    with torch.no_grad():
        assert parameter.grad is not None
        parameter.grad[0] *= 100  # one direction that would outweigh the others
    before = parameter.detach().clone()
    step = (moved(parameter) - before).flatten(1)
    far = 0.1 * 0.2 * max(step.shape) ** 0.5
    singular = torch.linalg.svdvals(step) / far
    assert singular.min() > 0.4
    assert singular.max() < 1.4
    assert step.square().mean().sqrt().item() < 0.1 * 0.3


def test_it_descends() -> None:
    parameter = kernel(6, 4, 3, 3)
    before, gradient = parameter.detach().clone(), parameter.grad
    assert gradient is not None
    assert ((moved(parameter) - before) * gradient).sum() < 0


def test_how_a_kernel_lies_in_memory_is_of_no_matter() -> None:
    one, other = kernel(6, 4, 3, 3), kernel(6, 4, 3, 3, last=True)
    torch.testing.assert_close(moved(one, steps=3), moved(other, steps=3), atol=1e-3, rtol=0)


def test_each_kernel_of_a_bank_moves_as_if_it_were_alone() -> None:
    bank = kernel(2, 6, 4, 3, 3)
    alone = []
    for index in range(2):
        assert bank.grad is not None
        single = nn.Parameter(bank.detach()[index].clone())
        single.grad = bank.grad[index]
        alone.append(moved(single, steps=2))
    assert torch.equal(moved(bank, steps=2), torch.stack(alone))


def test_what_has_no_gradient_stays() -> None:
    parameter = kernel(6, 4, 3, 3)
    muon = KernelMuon([parameter])
    muon.step(0.1)
    before = parameter.detach().clone()
    parameter.grad = None
    muon.step(0.1)
    assert torch.equal(parameter, before)


@pytest.mark.parametrize("shape", [(6, 4, 3, 3), (2, 6, 4, 3, 3)])
@pytest.mark.parametrize("last", [False, True])
def test_moments_have_the_kernels_shape_and_come_back(
    shape: tuple[int, ...], *, last: bool
) -> None:
    one, other = (kernel(*shape, last=last and len(shape) == 4) for _ in range(2))
    source, target = KernelMuon([one]), KernelMuon([other])
    assert source.moments(one) == {}
    source.step(0.1)
    moments = source.moments(one)
    assert moments["momentum"].shape == one.shape
    assert one.grad is not None
    torch.testing.assert_close(moments["momentum"], 0.05 * one.grad)
    with torch.no_grad():
        other.copy_(one)
    target.restore(other, moments)
    for muon in (source, target):
        muon.step(0.1)
    assert torch.equal(one, other)
    target.forget()
    assert target.moments(other) == {}


def test_what_makes_colours_and_what_does_not_convolve_is_no_kernel() -> None:
    assert is_kernel(torch.zeros(4, 3, 1, 1))
    assert is_kernel(torch.zeros(2, 64, 64, 3, 3))
    for shape in [(3, 64, 3, 3), (64, 64), (64,), ()]:
        assert not is_kernel(torch.zeros(shape))
