"""The temporal module (Sec. 3.2; D18 to D20)."""

import pytest
import torch
from torch.profiler import profile
from torch.testing import assert_close

from videogigagan.model.temporal import TemporalModule


def trained(depth: int = 1) -> TemporalModule:
    """A module that does something."""
    torch.manual_seed(0)
    module = TemporalModule(8, depth)
    for parameter in module.parameters():
        parameter.data += 0.2 * torch.randn_like(parameter)
    return module


@pytest.mark.parametrize("depth", [1, 2])
@pytest.mark.parametrize("tied", [True, False])
def test_fresh_module_is_the_identity(depth: int, tied: bool) -> None:
    x = torch.randn(2, 5, 8, 4, 6)
    assert_close(TemporalModule(8, depth, tied=tied)(x), x)


def idle(module: TemporalModule, x: torch.Tensor) -> set[str]:
    module.zero_grad()
    (module(x) - 1).square().sum().backward()
    return {name for name, p in module.named_parameters() if p.grad is None or not p.grad.any()}


def test_after_one_step_everything_learns() -> None:
    """At first the convolution and the output projection; had all been zero, nothing would."""
    torch.manual_seed(0)
    module, x = TemporalModule(8, depth=2), torch.randn(1, 4, 8, 3, 3)
    waiting = idle(module, x)
    assert waiting
    assert not any("convolution" in name or "output" in name for name in waiting)
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.sub_(0.01 * parameter.grad)
    assert idle(module, x) == set()


def test_pixels_do_not_see_their_neighbours() -> None:
    module, x = trained(), torch.randn(2, 5, 8, 4, 6)
    pixel = module(x[..., 1:2, 2:3])
    assert_close(module(x)[..., 1:2, 2:3], pixel, atol=1e-5, rtol=1e-5)


def test_frames_see_each_other() -> None:
    module, x = trained(), torch.randn(1, 6, 8, 2, 2)
    changed = x.clone()
    changed[:, 0] += 1
    assert (module(changed) - module(x)).abs().amax(dim=(0, 2, 3, 4)).min() > 0


def test_order_of_frames_matters() -> None:
    module, x = trained(), torch.randn(1, 6, 8, 2, 2)
    assert (module(x.flip(1)).flip(1) - module(x)).abs().max() > 0.01


def test_clips_of_a_batch_do_not_mix() -> None:
    module, x = trained(), torch.randn(3, 4, 8, 2, 2)
    assert_close(module(x)[1:2], module(x[1:2]), atol=1e-5, rtol=1e-5)


def test_depth_counts_pairs() -> None:
    one, two = (sum(p.numel() for p in TemporalModule(8, d).parameters()) for d in (1, 2))
    assert two == 2 * one


@pytest.mark.parametrize("learning", [True, False])
def test_weights_are_not_copied_for_each_pixel(*, learning: bool) -> None:
    """In bf16, where PyTorch does so for linear layers that are shown a view."""
    module, x = TemporalModule(64).requires_grad_(learning), torch.randn(1, 4, 64, 16, 16)
    with profile(profile_memory=True) as seen, torch.autocast("cpu", torch.bfloat16):
        module(x)
    largest = max(event.self_cpu_memory_usage for event in seen.events())
    assert largest < 2 * x.nbytes
