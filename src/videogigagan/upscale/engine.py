"""A generator with one style on its device, which does as much at once as memory allows."""

import logging
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from typing import TypeVar

import torch
from jaxtyping import Float
from torch import Tensor

from videogigagan.errors import VideoGigaGANError
from videogigagan.model.course import Span
from videogigagan.model.generator import Generator
from videogigagan.model.propagation import Past
from videogigagan.ops.layout import channels_last
from videogigagan.ops.memory import in_less_memory
from videogigagan.ops.residual import blocks_in_bf16
from videogigagan.ops.style import Region
from videogigagan.shapes import Features
from videogigagan.upscale.tiles import OVERLAP, SMALLEST, Tile, tiles

logger = logging.getLogger(__name__)

T = TypeVar("T")

_FEWEST = 2  # frames that propagation needs to mean anything


class Engine:
    """Propagates over windows and renders chunks.

    Where memory runs out, fewer frames are done at once, then smaller tiles; what has failed
    once is not tried again.

    Args:
        generator: Baked here to the style of `seed`.
        device: What computes.
        bf16: Compute in bfloat16, but for flow and for what propagation carries along.
        seed: Chooses the style.
        together: Frames that are rendered at once.
    """

    def __init__(
        self,
        generator: Generator,
        *,
        device: torch.device,
        bf16: bool,
        seed: int,
        together: int,
    ) -> None:
        self.device = device
        self.bf16 = bf16
        self.together = together
        self.tile = 0
        """Most pixels of the source to a side of what is worked on at once; 0: whole frames."""
        with torch.inference_mode():
            style = generator.style(seed)
            self.generator = channels_last(generator.bake(style)).to(device)
            if bf16:
                blocks_in_bf16(self.generator)
            self.style = replace(style, vector=style.vector.to(device))

    def propagate(
        self, clip: Float[Tensor, "t 3 h w"], past: Past | None, *, keep: int, onward: int
    ) -> tuple[Float[Tensor, "1 k f h w"], Past | None]:
        """Propagate over a window, as `Generator.propagate_window` does; features in float16.

        Raises:
            VideoGigaGANError: Memory is not enough for the smallest tile.
        """
        height, width = clip.shape[-2:]

        def work() -> tuple[Tensor, Past | None]:
            parts = tiles(height, width, self.tile)
            if len(parts) == 1:
                return self._propagated(clip, past, keep, onward)
            return self._propagated_in_tiles(clip, past, keep, onward, parts)

        return self._in_smaller_tiles(work, height, width)

    def pictures(self, features: Features) -> Float[Tensor, "t 3 H W"]:
        """Render a chunk; float32 on the CPU, nominally in [0, 1].

        Raises:
            VideoGigaGANError: Memory is not enough for the smallest tile of one frame.
        """
        height, width = features.shape[-2:]

        def work() -> Tensor:
            parts = tiles(height, width, self.tile)
            if len(parts) == 1:
                return self._rendered(features, None)
            scale = self.generator.config.scale
            whole = torch.zeros(features.shape[1], 3, scale * height, scale * width)
            for tile in parts:
                rows, columns = tile.rows, tile.columns
                region = self.generator.region(
                    rows.start, columns.start, rows.stop - rows.start, (height, width)
                )
                tile.add(self._rendered(tile.of(features), region), whole, scale)
            return whole

        return self._in_smaller_tiles(work, height, width)

    def _propagated(
        self, clip: Tensor, past: Past | None, keep: int, onward: int
    ) -> tuple[Tensor, Past | None]:
        """Propagate; in halves, the first looking ahead as far, if need be."""

        def whole() -> tuple[Tensor, Past | None]:
            with torch.inference_mode():  # no autocast: flow needs full precision
                return self.generator.propagate_window(
                    clip[None].to(self.device),
                    Span(end=keep, onward=onward),
                    past=None if past is None else past.to(self.device),
                    storage=torch.float16,
                )

        def halves() -> tuple[Tensor, Past | None]:
            half = keep // 2
            ahead = min(len(clip) - half, max(half // 2, 1))
            if half < _FEWEST:
                raise _TooMuchError
            logger.warning("memory runs out: %d frames are propagated at once.", half + ahead)
            first, middle = self._propagated(clip[: half + ahead], past, half, half)
            second, after = self._propagated(clip[half:], middle, keep - half, onward - half)
            return torch.cat((first, second), dim=1), after if onward > half else middle

        return in_less_memory(whole, halves)

    def _propagated_in_tiles(
        self, clip: Tensor, past: Past | None, keep: int, onward: int, parts: list[Tile]
    ) -> tuple[Tensor, Past | None]:
        """Propagate over one tile after another; features and states wait on the CPU."""

        def blank(part: Tensor) -> Tensor:
            return torch.zeros(*part.shape[:-2], *clip.shape[-2:], dtype=part.dtype)

        features: Tensor | None = None
        whole: Past | None = None
        for tile in parts:
            own = None if past is None else past.each(tile.of)
            made, after = self._propagated(tile.of(clip), own, keep, onward)
            features = blank(made) if features is None else features
            tile.add(made.cpu(), features)
            if after is not None:
                whole = after.each(blank) if whole is None else whole
                for place, part in zip(whole.tensors(), after.tensors(), strict=True):
                    tile.add(part.cpu(), place)
        assert features is not None, "there is a tile"
        return features, whole

    def _rendered(self, features: Features, region: Region | None) -> Tensor:
        """Render frames together; in halves if memory runs out."""
        count = features.shape[1]

        def whole() -> Tensor:
            style = replace(self.style, region=region)
            with torch.inference_mode(), self._autocast():
                large = self.generator.render(features.to(self.device), style)
            return large[0].float().cpu()

        def halves() -> Tensor:
            if count == 1:
                raise _TooMuchError
            self.together = (count + 1) // 2
            logger.warning("memory runs out: %d frames are rendered at once.", self.together)
            return in_parts()

        def in_parts() -> Tensor:
            parts = features.split(self.together, dim=1)
            return torch.cat([self._rendered(part, region) for part in parts])

        if count > self.together:
            return in_parts()
        return in_less_memory(whole, halves)

    def _in_smaller_tiles(self, work: Callable[[], T], height: int, width: int) -> T:
        """Do `work`; again and again with tiles of half the side while memory runs out."""
        while True:
            try:
                return work()
            except _TooMuchError:
                pass  # only behind the handler, nothing holds the tensors of the failed work
            side = min(self.tile or max(height, width), max(height, width))
            if side <= SMALLEST:
                raise VideoGigaGANError(
                    f"memory: is not enough for frames of {width}x{height} on {self.device}. "
                    "Give smaller frames, another --device, or close other programs."
                )
            self.tile = max(side // 2 // OVERLAP * OVERLAP, SMALLEST)
            logger.warning("memory runs out: tiles of %d pixels are taken.", self.tile)

    def _autocast(self) -> AbstractContextManager[object]:
        if self.bf16:
            return torch.autocast(self.device.type, dtype=torch.bfloat16)
        return nullcontext()


class _TooMuchError(Exception):
    """Memory has run out with the fewest frames that there can be."""
