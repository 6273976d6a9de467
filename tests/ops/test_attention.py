"""Attention by distance (D4, D5)."""

import pytest
import torch
from torch.testing import assert_close

from videogigagan.ops.attention import (
    L2Attention,
    RMSNorm,
    SpatialAttention,
    TemporalAttention,
    l2_attention,
)


def test_fused_attention_equals_the_formula() -> None:
    query, key, value = (torch.randn(2, 3, length, 8) for length in (5, 7, 7))
    distances = (query[..., :, None, :] - key[..., None, :, :]).square().sum(dim=-1)
    expected = (-distances * 8**-0.5).softmax(dim=-1) @ value
    assert_close(l2_attention(query, key, value), expected, atol=1e-5, rtol=1e-5)


def test_a_token_attends_most_to_itself_when_tied() -> None:
    """No distance is shorter than none: what dot products do not promise."""
    query = 3 * torch.randn(1, 1, 6, 6)
    shares = l2_attention(query, query, torch.eye(6)[None, None])
    assert torch.equal(shares.argmax(dim=-1)[0, 0], torch.arange(6))


@pytest.mark.parametrize(("channels", "heads"), [(8, 1), (64, 1), (128, 2), (512, 8)])
def test_heads_are_64_wide(channels: int, heads: int) -> None:
    assert L2Attention(channels).heads == heads


def test_tying_saves_the_key() -> None:
    names = {name for name, _ in L2Attention(8).named_parameters()}
    loose = {name for name, _ in L2Attention(8, tied=False).named_parameters()}
    assert loose - names == {"key.weight"}


def test_order_of_tokens_does_not_matter() -> None:
    attention, x, order = L2Attention(128), torch.randn(2, 5, 128), torch.randperm(5)
    assert_close(attention(x[:, order]), attention(x)[:, order], atol=1e-5, rtol=1e-5)


def test_spatial_attention_never_looks_at_other_frames() -> None:
    attention, x = SpatialAttention(8), torch.randn(3, 8, 4, 5)
    assert_close(attention(x)[1:2], attention(x[1:2]), atol=1e-5, rtol=1e-5)


def test_fresh_temporal_attention_is_the_identity() -> None:
    x = torch.randn(4, 3, 8)
    assert_close(TemporalAttention(8)(x), x)


def test_norm_ignores_scale() -> None:
    norm, x = RMSNorm(8), torch.randn(4, 8)
    assert_close(norm(x), norm(100 * x), atol=1e-4, rtol=1e-4)
    assert_close(norm(x).square().mean(dim=-1), torch.ones(4), atol=1e-4, rtol=0)
