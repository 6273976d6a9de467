"""The mapping network (Sec. 3.1)."""

import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.testing import assert_close

from videogigagan.model.mapping import MappingNetwork


def test_size_is_that_of_the_table() -> None:
    with torch.device("meta"):
        assert sum(p.numel() for p in MappingNetwork().parameters()) == 1_050_624


@given(scale=st.floats(0.1, 100))
def test_length_of_z_does_not_matter(scale: float) -> None:
    torch.manual_seed(0)
    network, z = MappingNetwork(8, 6, 2), torch.randn(3, 8)
    assert_close(network(scale * z), network(z), atol=1e-4, rtol=1e-4)


def test_styles_do_not_shrink() -> None:
    """Equalised gains keep the variance through all layers."""
    torch.manual_seed(0)
    style = MappingNetwork(256, 256, 4)(torch.randn(64, 256))
    assert 0.7 < style.square().mean().item() < 1.4


def test_rows_do_not_mix() -> None:
    network, z = MappingNetwork(8, 6, 2), torch.randn(3, 8)
    assert_close(network(z)[1:2], network(z[1:2]))
