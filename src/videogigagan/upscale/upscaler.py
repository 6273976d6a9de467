"""A generator that is ready to work: loaded once, applied to tensors or streams of frames."""

import hashlib
import itertools
from collections import abc
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import torch
from jaxtyping import Float
from torch import Tensor

from videogigagan.errors import VideoGigaGANError
from videogigagan.model.checkpoint import find_weights, load_generator
from videogigagan.model.generator import Generator
from videogigagan.model.propagation import Past
from videogigagan.ops.memory import free_memory
from videogigagan.upscale.capacity import (
    WAITING,
    Work,
    behind,
    bytes_a_pixel,
    fitting_tile,
)
from videogigagan.upscale.device import choose_device, wants_bf16
from videogigagan.upscale.engine import Engine
from videogigagan.upscale.options import Precision
from videogigagan.upscale.repeats import Distinct, repeated
from videogigagan.upscale.windows import chunks, fade, windows
from videogigagan.video.cuts import FindShots, find_cuts

LONGEST_WINDOW = 100
"""Most frames that propagation sees together, those that it looks ahead to included."""
PICTURE_BYTES = 4 * 2**30
"""Memory that the pictures of one chunk may fill; larger frames have shorter chunks."""
OVERLAP = 2
"""Frames over which chunks fade into each other."""
FEATURE_BYTES = 4 * 2**30
"""Memory that the features of one window may fill; larger frames have shorter windows."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Waypoint:
    """A place from which a stream can go on: the beginning of a window."""

    frame: int
    """The window's first frame."""
    past: Past | None = None
    """What it is told of the frames before; None where a shot begins."""
    fading: Float[Tensor, "o 3 H W"] | None = None
    """Results of the window before for its first frames, which fade into its own."""


class VideoUpscaler:
    """Upscales clips and streams with one style, its kernels baked into plain convolutions.

    The seed alone decides the style, so equal input gives equal output, on every run.
    """

    def __init__(
        self,
        generator: Generator,
        *,
        device: str = "auto",
        precision: Precision = "auto",
        seed: int = 0,
        chunk: int = 10,
        overlap: int = OVERLAP,
        tile: int | None = None,
    ) -> None:
        """Make a generator ready.

        Args:
            generator: It stays as it is.
            device: `auto`, `cpu`, or a GPU such as `cuda:0`.
            precision: `auto`, `fp32` or `bf16`.
            seed: Chooses the style.
            chunk: Frames that are rendered together.
            overlap: Frames over which chunks fade into each other, at most half a chunk; none
                where frames are rendered independently.
            tile: Most pixels of the source to a side of what is worked on at once, 0 for whole
                frames; by the memory that is free when None.
        """
        self.device = choose_device(device)
        self.scale = generator.config.scale
        self.chunk = chunk
        temporal = any(level.temporal for level in generator.config.decoder)
        self.overlap = min(overlap, chunk // 2) if temporal else 0
        self.tile = tile
        self._demands: dict[int, float] = {}
        self.engine = Engine(
            generator,
            device=self.device,
            bf16=wants_bf16(precision, self.device),
            seed=seed,
            together=chunk,
        )

    @property
    def generator(self) -> Generator:
        """The generator, its kernels baked, on its device."""
        return self.engine.generator

    @property
    def fingerprint(self) -> str:
        """Tells apart what makes other pictures: network, style, precision, device, chunks."""
        style = self.engine.style
        config = self.generator.config
        made_by = (config, self.device.type, self.engine.bf16, self.chunk, self.overlap)
        found = hashlib.sha256(repr(made_by).encode())
        found.update(repr((style.seed, style.noise)).encode())
        for name, tensor in self.generator.state_dict().items():
            found.update(name.encode())
            found.update(tensor.cpu().contiguous().flatten().view(torch.uint8).numpy())
        return found.hexdigest()

    @classmethod
    def from_pretrained(  # noqa: PLR0913 - all that a program says, each by its name
        cls,
        weights: str | Path | None = None,
        *,
        detail: int | float = 1,
        device: str = "auto",
        precision: Precision = "auto",
        seed: int = 0,
        chunk: int = 10,
        overlap: int = OVERLAP,
        tile: int | None = None,
    ) -> "VideoUpscaler":
        """Load weights by the name of those in the package, or from a file.

        Raises:
            CheckpointError: There are no such weights, or they cannot be read.
            ConfigError: The device does not exist here, or the weights have no such detail.
        """
        return cls(
            load_generator(find_weights(weights), detail),
            device=device,
            precision=precision,
            seed=seed,
            chunk=chunk,
            overlap=overlap,
            tile=tile,
        )

    def upscale_tensor(self, clip: Float[Tensor, "t 3 h w"]) -> Float[Tensor, "t 3 H W"]:
        """Upscale one shot that fits into memory; RGB in [0, 1] in and out."""
        self.engine.tile = self.tile_for(*clip.shape[-2:])
        return self.upscale_at_once(clip)

    def stream(
        self,
        frames: Iterable[Float[Tensor, "3 h w"]],
        *,
        shots: FindShots = find_cuts,
        start: Waypoint | None = None,
        done: int = 0,
        on_window: Callable[[Waypoint], None] | None = None,
        tile: int | None = None,
    ) -> abc.Generator[Float[Tensor, "3 H W"], None, None]:
        """Upscale frames of one size, in bounded memory, one result for each in order.

        Nothing is carried across a cut. At most 105 frames are read ahead, repeats apart.

        Args:
            frames: RGB in [0, 1], all from the first on; the same object again is done once.
            shots: Tells of each frame whether a shot begins with it, one of `video.cuts`.
            start: Where propagation goes on; what comes before is read and left alone.
            done: Frames whose results are not wanted any more, `start.frame` of them at least.
            on_window: Called before each window with a place to go on from.
            tile: What `tile_for` has said, where that is to be told beforehand.
        """
        frames = iter(frames)
        at = start or Waypoint(frame=0)
        for first in frames:  # the first alone: it tells the size
            size = first.shape[-2:]
            self.engine.tile = self.tile_for(*size) if tile is None else tile
            chunk = self.chunk_length(*size)
            told = Distinct(shots(itertools.chain([first], frames)))
            place = 0
            for window in windows(
                told, self.window_length(*size), chunk=chunk, overlap=self._shared(chunk)
            ):
                times = told.times(window.onward)
                begun, place = place, place + sum(times)
                if begun < at.frame:
                    continue
                at = Waypoint(frame=begun) if window.begins else at
                if on_window is not None:
                    on_window(at)
                features, past = self.engine.propagate(
                    torch.stack(window.frames), at.past, keep=window.keep, onward=window.onward
                )
                shared = window.keep - window.onward
                render = partial(self._render, features, at.fading, chunk=chunk, shared=shared)
                fading = yield from repeated(render, times, max(done - begun, 0))
                del features, render  # before the next window's are made
                at = Waypoint(frame=place, past=past, fading=fading)

    def window_length(self, height: int, width: int) -> int:
        """Frames of a size that propagation sees together; a whole chunk at least."""
        channels = self.generator.config.feature_channels
        affordable = FEATURE_BYTES // (torch.float16.itemsize * channels * height * width)
        return min(LONGEST_WINDOW, max(affordable, self.chunk_length(height, width)))

    def chunk_length(self, height: int, width: int) -> int:
        """Frames of a size that are rendered together; one at least."""
        return min(self.chunk, max(PICTURE_BYTES // self.picture_bytes(height, width), 1))

    def tile_for(self, height: int, width: int) -> int:
        """Most pixels to a side of what is done at once, by free memory; 0: whole frame."""
        if self.tile is not None:
            return self.tile
        work = Work(
            height=height,
            width=width,
            chunk=self.chunk_length(height, width),
            held=self.held(height, width, self.window_length(height, width)),
        )
        demand = partial(self._demand, work.chunk)
        return fitting_tile(work, demand, self.generator.config, free_memory(self.device))

    def _demand(self, chunk: int) -> float:
        """Bytes that a pixel of a chunk takes; imagined once for each length."""
        if chunk not in self._demands:
            before, self.engine.tile = self.engine.tile, 0
            try:
                self._demands[chunk] = bytes_a_pixel(self.upscale_at_once, chunk)
            finally:
                self.engine.tile = before
        return self._demands[chunk]

    def held(self, height: int, width: int, window: int) -> int:
        """Bytes of whole frames that are there whatever the tiles, while `window` are."""
        channels = self.generator.config.feature_channels
        features = torch.float16.itemsize * channels * window * height * width
        picture = self.picture_bytes(height, width)
        chunk = min(self.chunk_length(height, width), window)
        if self.device.type != "cpu":
            return features
        source = 3 * torch.float32.itemsize * height * width
        return features + (2 * chunk + behind(picture)) * picture + (window + WAITING) * source

    def picture_bytes(self, height: int, width: int) -> int:
        """Size of a result in memory."""
        return 3 * torch.float32.itemsize * self.scale**2 * height * width

    def upscale_at_once(self, clip: Float[Tensor, "t 3 h w"]) -> Float[Tensor, "t 3 H W"]:
        """The same in the tiles that the engine has, without a look at the free memory."""
        features, _ = self.engine.propagate(clip, None, keep=len(clip), onward=len(clip))
        chunk = self.chunk_length(*clip.shape[-2:])
        return torch.stack(list(self._render(features, chunk=chunk)))

    def _shared(self, chunk: int) -> int:
        """Frames that neighbouring chunks have in common."""
        return min(self.overlap, chunk // 2)

    def _render(
        self,
        features: Float[Tensor, "1 k f h w"],
        fading: Float[Tensor, "o 3 H W"] | None = None,
        done: int = 0,
        *,
        chunk: int,
        shared: int = 0,
    ) -> abc.Generator[Float[Tensor, "3 H W"], None, Float[Tensor, "p 3 H W"] | None]:
        """Yield the results of a window but for its last frames, and return those.

        Args:
            features: Of all its frames.
            fading: What the window before made of its first frames.
            done: Frames of it whose results are not wanted any more.
            chunk: Frames that are rendered together.
            shared: How many of its last frames belong to the next window too.
        """
        length, overlap = features.shape[1], self._shared(chunk)
        for part in chunks(length, chunk, overlap):
            if part.stop <= done:
                fading = None
                continue
            large = self.engine.pictures(features[:, part.start : part.stop])
            large = large[part.keep - part.start :]
            if not torch.isfinite(large).all():
                raise VideoGigaGANError(
                    "the generator made pixels that are not numbers. "
                    "Try --precision fp32, or check the weights."
                )
            large = large.clamp(0, 1)
            if fading is not None:
                fade(fading, large)
            ready = len(large) - (shared if part.stop == length else overlap)
            yield from large[max(done - part.keep, 0) : ready]
            fading = large[ready:].clone() if ready < len(large) else None
        return fading
