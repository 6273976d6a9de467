"""Resizing that matches the field's reference, MATLAB's `imresize`."""

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor


def bicubic_downsample(x: Float[Tensor, "*n c H W"], factor: int) -> Float[Tensor, "*n c h w"]:
    """Shrink by an integer factor as MATLAB `imresize(x, 1/factor, 'bicubic')` does.

    The kernel (a = -0.5) is widened by the factor against aliasing, and the border is
    symmetric: the edge pixel is repeated. PyTorch's antialiased kernel is the same one but
    renormalises at the border, hence the padding. H and W must be multiples of `factor`.
    """
    flat = x.reshape(-1, *x.shape[-3:])
    reach = 2 * factor  # two taps of the widened kernel to each side, in input pixels
    padded = symmetric_pad(flat, reach)
    h, w = x.shape[-2] // factor, x.shape[-1] // factor
    size = (h + 4, w + 4)
    small = F.interpolate(
        padded, size=size, mode="bicubic", antialias=True, align_corners=False
    )
    return small[..., 2:-2, 2:-2].reshape(*x.shape[:-2], h, w)


def bicubic_upsample(x: Float[Tensor, "n c h w"], factor: int) -> Float[Tensor, "n c H W"]:
    """Enlarge by an integer factor with the plain bicubic kernel (a = -0.75)."""
    return F.interpolate(x, scale_factor=factor, mode="bicubic", align_corners=False)


def bilinear_upsample(x: Float[Tensor, "n c h w"], factor: int = 2) -> Float[Tensor, "n c H W"]:
    """Enlarge by an integer factor, bilinearly; no checkerboard whatever follows."""
    return F.interpolate(x, scale_factor=factor, mode="bilinear", align_corners=False)


def resize(x: Float[Tensor, "*n c h w"], size: tuple[int, int]) -> Float[Tensor, "*n c H W"]:
    """Bring pictures to any size, (H, W), by Keys' bicubic kernel (a = -0.5).

    The kernel is widened against aliasing along an axis that shrinks. Values may leave the
    range of x slightly. A size that x has already changes nothing.
    """
    if x.shape[-2:] == size:
        return x
    flat = x.reshape(-1, *x.shape[-3:])
    made = F.interpolate(flat, size=size, mode="bicubic", antialias=True, align_corners=False)
    return made.reshape(*x.shape[:-2], *size)


def symmetric_pad(x: Float[Tensor, "n c h w"], margin: int) -> Float[Tensor, "n c H W"]:
    """Mirror the picture at its border, the edge pixel included (MATLAB's 'symmetric')."""
    rows = _mirrored(x.shape[-2], margin, x.device)
    columns = _mirrored(x.shape[-1], margin, x.device)
    return x[..., rows[:, None], columns]


def pad_to_multiple(
    x: Float[Tensor, "n c h w"], multiple: int, minimum: int
) -> Float[Tensor, "n c H W"]:
    """Extend right and bottom by reflection to a multiple of `multiple` and at least `minimum`.

    A side too short to be reflected that far is reflected back and forth.
    """
    h, w = x.shape[-2:]
    rows = _reflected(h, rounded_up(h, multiple, minimum), x.device)
    columns = _reflected(w, rounded_up(w, multiple, minimum), x.device)
    if len(rows) == h and len(columns) == w:
        return x
    return x[..., rows[:, None], columns]


def rounded_up(size: int, multiple: int, minimum: int) -> int:
    """The next multiple, of at least `minimum`."""
    return -(-max(size, minimum) // multiple) * multiple


def _mirrored(size: int, margin: int, device: torch.device) -> Tensor:
    index = torch.arange(-margin, size + margin, device=device) % (2 * size)
    return torch.where(index < size, index, 2 * size - 1 - index)


def _reflected(size: int, target: int, device: torch.device) -> Tensor:
    period = max(2 * (size - 1), 1)
    index = torch.arange(target, device=device) % period
    return torch.where(index < size, index, period - index)
