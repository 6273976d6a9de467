"""A generator that is ready to work: loaded once, applied to tensors or streams of frames."""

import hashlib
import itertools
import logging
from collections import abc
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from jaxtyping import Float
from torch import Tensor

from videogigagan.errors import ConfigError, VideoGigaGANError
from videogigagan.model.checkpoint import find_weights, load_generator
from videogigagan.model.generator import Generator
from videogigagan.model.propagation import Past
from videogigagan.ops.layout import channels_last
from videogigagan.ops.memory import in_less_memory
from videogigagan.shapes import Features
from videogigagan.upscale.options import Precision
from videogigagan.upscale.windows import chunks, windows
from videogigagan.video.cuts import FindShots, find_cuts

logger = logging.getLogger(__name__)

LONGEST_WINDOW = 100
"""Most frames that propagation sees together, those that it looks ahead to included."""
_FEWEST = 2  # frames that propagation needs to mean anything
FEATURE_BYTES = 4 * 2**30
"""Memory that the features of one window may fill; larger frames have shorter windows."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Waypoint:
    """A place from which a stream can go on: the beginning of a window."""

    frame: int
    """The window's first frame."""
    past: Past | None = None
    """What it is told of the frames before; None where a shot begins."""


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
    ) -> None:
        self.device = choose_device(device)
        self.scale = generator.config.scale
        self.chunk = chunk
        self._together = chunk  # frames, fewer once memory has run out
        self._bf16 = _wants_bf16(precision, self.device)
        with torch.inference_mode():
            style = generator.style(seed)
            self._generator = channels_last(generator.bake(style)).to(self.device)
            self._style = replace(style, vector=style.vector.to(self.device))

    @property
    def generator(self) -> Generator:
        """The generator, its kernels baked, on its device."""
        return self._generator

    @property
    def fingerprint(self) -> str:
        """Tells apart what makes other pictures: weights, style, precision, device, chunk."""
        found = hashlib.sha256(repr((self.device.type, self._bf16, self.chunk)).encode())
        found.update(repr((self._style.seed, self._style.noise)).encode())
        for name, tensor in self._generator.state_dict().items():
            found.update(name.encode())
            found.update(tensor.cpu().contiguous().numpy().tobytes())
        return found.hexdigest()

    @classmethod
    def from_pretrained(
        cls,
        weights: str | Path | None = None,
        *,
        device: str = "auto",
        precision: Precision = "auto",
        seed: int = 0,
        chunk: int = 10,
    ) -> "VideoUpscaler":
        """Load weights by the name of those in the package, or from a file.

        Raises:
            CheckpointError: There are no such weights, or they cannot be read.
            ConfigError: The device does not exist here.
        """
        generator = load_generator(find_weights(weights))
        return cls(generator, device=device, precision=precision, seed=seed, chunk=chunk)

    def upscale_tensor(self, clip: Float[Tensor, "t 3 h w"]) -> Float[Tensor, "t 3 H W"]:
        """Upscale one shot that fits into memory; RGB in [0, 1] in and out."""
        features, _ = self._propagate(clip)
        return torch.stack(list(self._render(features)))

    def stream(
        self,
        frames: Iterable[Float[Tensor, "3 h w"]],
        *,
        shots: FindShots = find_cuts,
        start: Waypoint | None = None,
        done: int = 0,
        on_window: Callable[[Waypoint], None] | None = None,
    ) -> abc.Generator[Float[Tensor, "3 H W"], None, None]:
        """Upscale frames of one size, in bounded memory, one result for each in order.

        Nothing is carried across a cut. At most 104 frames are read ahead of the result.

        Args:
            frames: RGB in [0, 1], all of them from the first on.
            shots: Tells of each frame whether a shot begins with it, one of `video.cuts`.
            start: Where propagation goes on; what comes before is read and left alone.
            done: Frames whose results are not wanted any more, `start.frame` of them at least.
            on_window: Called before each window with a place to go on from.
        """
        frames = iter(frames)
        start = start or Waypoint(frame=0)
        for first in frames:  # the first alone: it tells the size
            longest = self.window_length(*first.shape[-2:])
            told = shots(itertools.chain([first], frames))
            place = 0
            past = None if start.past is None else start.past.to(self.device)
            for window in windows(told, longest, chunk=self.chunk):
                begun, place = place, place + window.keep
                if begun < start.frame:
                    continue
                past = None if window.begins else past
                if on_window is not None:
                    on_window(Waypoint(frame=begun, past=past))
                clip = torch.stack(window.frames)
                features, past = self._propagate(clip, past, window.keep)
                yield from self._render(features, max(done - begun, 0))

    def window_length(self, height: int, width: int) -> int:
        """Frames of a size that propagation sees together; a whole chunk at least."""
        propagation = self._generator.config.propagation
        channels = 3 + (0 if propagation is None else propagation.channels)
        affordable = FEATURE_BYTES // (torch.float16.itemsize * channels * height * width)
        return min(LONGEST_WINDOW, max(affordable, self.chunk))

    def _propagate(
        self, clip: Float[Tensor, "t 3 h w"], past: Past | None = None, keep: int | None = None
    ) -> tuple[Float[Tensor, "1 k f h w"], Past | None]:
        """Propagate over a window; in halves, the first looking ahead as far, if need be."""
        keep = keep or len(clip)

        def whole() -> tuple[Tensor, Past | None]:
            with torch.inference_mode():  # in fp32: flow needs it; storage takes no autocast
                return self._generator.propagate_window(
                    clip[None].to(self.device), past=past, keep=keep, storage=torch.float16
                )

        def halves() -> tuple[Tensor, Past | None]:
            half = keep // 2
            ahead = min(len(clip) - half, max(half // 2, 1))
            if half < _FEWEST:
                raise self._too_large(clip)
            logger.warning("memory runs out: %d frames are propagated at once.", half + ahead)
            first, middle = self._propagate(clip[: half + ahead], past, half)
            second, after = self._propagate(clip[half:], middle, keep - half)
            return torch.cat((first, second), dim=1), after

        return in_less_memory(whole, halves)

    def _render(self, features: Features, done: int = 0) -> Iterator[Tensor]:
        for chunk in chunks(features.shape[1], self.chunk):
            if chunk.stop <= done:
                continue
            large = self._made(features[:, chunk.start : chunk.stop])
            large = large[max(chunk.keep, done) - chunk.start :]
            if not torch.isfinite(large).all():
                raise VideoGigaGANError(
                    "the generator made pixels that are not numbers. "
                    "Try --precision fp32, or check the weights."
                )
            yield from large.clamp(0, 1)

    def _made(self, features: Features) -> Float[Tensor, "t 3 H W"]:
        """Render frames together; in halves if memory runs out."""
        count = features.shape[1]

        def whole() -> Tensor:
            with torch.inference_mode(), self._autocast():
                large = self._generator.render(features, self._style)
            return large[0].float().cpu()

        def halves() -> Tensor:
            if count == 1:
                raise self._too_large(features[0])
            self._together = (count + 1) // 2
            logger.warning("memory runs out: %d frames are rendered at once.", self._together)
            return in_parts()

        def in_parts() -> Tensor:
            parts = features.split(self._together, dim=1)
            return torch.cat([self._made(part) for part in parts])

        if count > self._together:
            return in_parts()
        return in_less_memory(whole, halves)

    def _too_large(self, frames: Tensor) -> VideoGigaGANError:
        height, width = frames.shape[-2:]
        return VideoGigaGANError(
            f"memory: is not enough for frames of {width}x{height} on {self.device}. Give "
            "smaller frames, another --device, or close other programs."
        )

    def _autocast(self) -> AbstractContextManager[object]:
        if self._bf16:
            return torch.autocast(self.device.type, dtype=torch.bfloat16)
        return nullcontext()


def choose_device(name: str) -> torch.device:
    """Turn `auto`, `cpu` or `cuda:0` into a device that is there; `auto` prefers a GPU."""
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
    except RuntimeError as error:
        raise ConfigError(f"device '{name}' is not known. Use auto, cpu or cuda:0.") from error
    if device.type not in ("cpu", "cuda"):
        raise ConfigError(f"device '{name}' is not supported. Use auto, cpu or cuda:0.")
    if device.type == "cuda" and (device.index or 0) >= torch.cuda.device_count():
        raise ConfigError(
            f"device '{name}' is not there ({torch.cuda.device_count()} CUDA devices found). "
            f"Use cpu."
        )
    return device


def _wants_bf16(precision: Precision, device: torch.device) -> bool:
    """`auto` takes bf16 where the hardware gains by it."""
    if precision == "auto":
        return device.type == "cuda" and torch.cuda.is_bf16_supported()
    return precision == "bf16"
