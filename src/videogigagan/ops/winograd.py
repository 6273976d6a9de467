"""3x3 convolution with a quarter of the multiplications (Winograd 1980; Lavin and Gray 2016).

A polynomial of degree 5 is known by its values at 5 points and its leading coefficient, and a
product by the products of the factors' values. Convolution is the transpose of that: 6 pixels
and 3 weights, turned into 6 values each, give 4 results by 6 products instead of 12. In two
dimensions, tiles of 6x6 pixels give 4x4 results by 36 products instead of 144.

It pays where channels are many: the values cost time for each channel of input and output, the
products for each pair of channels.
"""

import torch
import torch.nn.functional as F
from einops import rearrange
from jaxtyping import Float
from torch import Tensor

_TAPS, _TILE = 3, 4
_SPAN = _TILE + _TAPS - 1
_POINTS = (0, 2 / 3, -2 / 3, 3 / 2, -3 / 2)  # the usual 0, 1, -1, 2, -2 lose twice the digits


class WinogradConvolution:
    """A 3x3 convolution of the same size, outside 0, its kernel turned into values beforehand.

    Equal to `F.conv2d(x, kernel, padding=1)` up to rounding, about twice that of the latter.

    Args:
        kernel: The weights; later changes of them have no effect.
    """

    def __init__(self, kernel: Float[Tensor, "o i 3 3"]) -> None:
        exact = kernel.detach().double()
        values = torch.einsum("pk,oik->pio", _square(_values(_TAPS)), exact.flatten(2).cpu())
        self._kernel = values.to(kernel)
        self._pixels = _square(torch.linalg.inv(_values(_SPAN)).T).to(kernel)
        self._results = _square(_values(_TILE).T).to(kernel)

    def __call__(self, x: Float[Tensor, "n i h w"]) -> Float[Tensor, "n o h w"]:
        """Convolve; the result is in memory with its channels last."""
        n, i, h, w = x.shape
        rows, columns = -(-h // _TILE), -(-w // _TILE)
        padded = F.pad(x, (1, _TILE * columns - w + 1, 1, _TILE * rows - h + 1))
        tiles = padded.unfold(2, _SPAN, _TILE).unfold(3, _SPAN, _TILE)
        pixels = rearrange(tiles, "n i y x v u -> (v u) (n y x i)")
        values = rearrange(self._pixels @ pixels, "k (p i) -> k p i", i=i)
        products = rearrange(values @ self._kernel, "k p o -> k (p o)")
        results = rearrange(
            self._results @ products,
            "(v u) (n y x o) -> n (y v) (x u) o",
            v=_TILE,
            n=n,
            y=rows,
            x=columns,
        )
        return rearrange(results[:, :h, :w], "n h w o -> n o h w")


def _values(length: int) -> Float[Tensor, "6 length"]:
    """Coefficients to the polynomial's values at the points, and its leading coefficient."""
    points = torch.tensor(_POINTS, dtype=torch.float64)
    leading = torch.zeros(1, length, dtype=torch.float64)
    leading[0, -1] = 1
    return torch.cat((points[:, None] ** torch.arange(length), leading))


def _square(matrix: Float[Tensor, "a b"]) -> Float[Tensor, "a*a b*b"]:
    """The same along rows and columns of a square, flattened."""
    return torch.kron(matrix.contiguous(), matrix.contiguous())
