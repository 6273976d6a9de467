"""Published classifiers whose features perceptual distances compare, in our own code.

AlexNet, SqueezeNet 1.1 and VGG16, up to their last useful layer. Layers are numbered as in
torchvision's `features.…`.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Literal

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

Trunk = Literal["alex", "squeeze", "vgg"]

_PREFIX = "features."


class Features(nn.Sequential):
    """Layers, some of which are tapped."""

    def __init__(
        self, layers: list[nn.Module], taps: tuple[int, ...], widths: tuple[int, ...]
    ) -> None:
        super().__init__(*layers)
        self.taps = taps
        self.widths = widths

    def maps(self, x: Float[Tensor, "n 3 h w"]) -> Iterator[Float[Tensor, "n _ _ _"]]:
        """The tapped maps, one by one: at full size there is not room for many."""
        for index, layer in enumerate(self):
            x = layer(x)
            if index in self.taps:
                yield x


class Fire(nn.Module):
    """SqueezeNet's block: squeeze to few channels, expand by 1x1 and 3x3 side by side."""

    def __init__(self, wide: int, narrow: int, half: int) -> None:
        super().__init__()
        self.squeeze = nn.Conv2d(wide, narrow, 1)
        self.expand1x1 = nn.Conv2d(narrow, half, 1)
        self.expand3x3 = nn.Conv2d(narrow, half, 3, padding=1)

    def forward(self, x: Float[Tensor, "n i h w"]) -> Float[Tensor, "n o h w"]:
        """Squeeze, then expand."""
        x = F.relu(self.squeeze(x))
        return torch.cat((F.relu(self.expand1x1(x)), F.relu(self.expand3x3(x))), dim=1)


def alex() -> Features:
    """AlexNet, tapped after each of its five activations."""
    layers = [
        nn.Conv2d(3, 64, 11, stride=4, padding=2), nn.ReLU(), nn.MaxPool2d(3, 2),
        nn.Conv2d(64, 192, 5, padding=2), nn.ReLU(), nn.MaxPool2d(3, 2),
        nn.Conv2d(192, 384, 3, padding=1), nn.ReLU(),
        nn.Conv2d(384, 256, 3, padding=1), nn.ReLU(),
        nn.Conv2d(256, 256, 3, padding=1), nn.ReLU(),
    ]  # fmt: skip
    return Features(layers, (1, 4, 7, 9, 11), (64, 192, 384, 256, 256))


def squeeze() -> Features:
    """SqueezeNet 1.1, tapped seven times."""
    layers = [
        nn.Conv2d(3, 64, 3, stride=2), nn.ReLU(), nn.MaxPool2d(3, 2, ceil_mode=True),
        Fire(64, 16, 64), Fire(128, 16, 64), nn.MaxPool2d(3, 2, ceil_mode=True),
        Fire(128, 32, 128), Fire(256, 32, 128), nn.MaxPool2d(3, 2, ceil_mode=True),
        Fire(256, 48, 192), Fire(384, 48, 192), Fire(384, 64, 256), Fire(512, 64, 256),
    ]  # fmt: skip
    return Features(layers, (1, 4, 7, 9, 10, 11, 12), (64, 128, 256, 384, 384, 512, 512))


def vgg(pool: Callable[[int], nn.Module] = lambda _: nn.MaxPool2d(2)) -> Features:
    """VGG16, tapped at the end of its five stages; `pool` makes what halves n channels."""
    layers: list[nn.Module] = []
    taps = []
    wide, widths = 3, (64, 128, 256, 512, 512)
    for width, depth in zip(widths, (2, 2, 3, 3, 3), strict=True):
        if layers:
            layers.append(pool(wide))
        for _ in range(depth):
            layers += [nn.Conv2d(wide, width, 3, padding=1), nn.ReLU(inplace=True)]
            wide = width
        taps.append(len(layers) - 1)
    return Features(layers, tuple(taps), widths)


def features_of(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """A trunk's weights out of a larger state dict, under the trunk's own names."""
    return {
        key.removeprefix(_PREFIX): tensor
        for key, tensor in state.items()
        if key.startswith(_PREFIX)
    }
