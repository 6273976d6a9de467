"""Reading a video file, strictly: a damaged file is an error, never a shorter video."""

import logging
from collections.abc import Iterator
from contextlib import ExitStack, closing
from fractions import Fraction
from pathlib import Path
from typing import final

import av
from av.container import InputContainer
from av.video.codeccontext import VideoCodecContext
from jaxtyping import Float
from torch import Tensor

from videogigagan.errors import VideoError
from videogigagan.video.alpha import (
    alpha_context,
    fill_hidden,
    frame_to_alpha,
    has_alpha,
    has_hidden_alpha,
)
from videogigagan.video.clock import Clock
from videogigagan.video.decoding import Decoder
from videogigagan.video.fields import Fields
from videogigagan.video.hdr import light_level_of, mastering_display_of
from videogigagan.video.info import Frame, VideoInfo
from videogigagan.video.limits import Length, check_streams
from videogigagan.video.paths import is_pipe
from videogigagan.video.pipes import INPUT_NAME, InputPipe, open_pipe
from videogigagan.video.planes import (
    bit_depth_of,
    colour_of,
    frame_to_rgb,
    sampling_of,
    supported_matrix,
)
from videogigagan.video.rotation import orientation_of
from videogigagan.video.source import DEFAULT_READING, ReadOptions, VideoSource
from videogigagan.video.streams import (
    choose_video,
    is_picture,
    lacks_timestamps,
    open_container,
    origin_of,
)

logger = logging.getLogger(__name__)


@final
class VideoFile(VideoSource):
    """A video file or pipe, decoded by FFmpeg; its first frame is decoded on opening.

    Args:
        path: Any local file in a container of `streams.CONTAINERS`, or "-" for standard input.
        options: How to read it, and what to refuse.

    Raises:
        VideoError: The file cannot be opened, has no video, or its first frame cannot be read.
    """

    def __init__(self, path: Path, options: ReadOptions = DEFAULT_READING) -> None:
        self._pipe = InputPipe() if is_pipe(path) else None
        self._path = path = path if self._pipe is None else INPUT_NAME
        self._options = options
        self._delivered = 0
        self._resources = ExitStack()  # what reads goes before what it reads from
        try:
            self._container = self._resources.enter_context(closing(self._open()))
            self._stream = choose_video(self._container, path)
            check_streams(self._container, path)
            self._length = self._check_length()
            context = self._prepare_decoder()
            self._is_untimed = self._pipe is None and lacks_timestamps(path)
            self._decoder = decoder = Decoder(
                self._container,
                self._stream,
                path,
                context=context,
                keeps=options.damaged == "keep",
                pipe=self._pipe,
            )
            self._missing_bytes = decoder.missing_bytes
            self._fields = Fields(path, options.interlaced)
            self._pictures = self._resources.enter_context(
                closing(self._fields.treat(decoder.pictures()))
            )
            first = self._first_picture()
            self._colour = colour_of(first, self._stream.codec_context)
            self._orientation = orientation_of(first, path)
            self.info = self._describe(first)
            self._warn()
            self._first: av.VideoFrame | None = first
            self._check_pipe()
        except BaseException:
            self.close()
            self._check_pipe()
            raise

    @property
    def is_cut(self) -> bool:
        """Whether damage ended the frames before their time."""
        return self._decoder.is_cut

    def frames(self) -> Iterator[Frame]:
        """Yield every frame in display order, decoding as it goes; may be called once."""
        first, self._first = self._first, None
        assert first is not None, "frames() can be called once"
        clock = Clock(self.info, self._path, counts=self._is_untimed)
        picture: av.VideoFrame | None = first
        while picture is not None:
            self._check_form(picture, first)
            pts, duration = clock.place(picture)
            pixels, alpha = self._values(picture)
            frame = Frame(
                pixels=pixels,
                alpha=alpha,
                index=self._delivered,
                pts=pts,
                duration=duration,
                time_base=self.info.time_base,
            )
            self._length.check(frame)
            yield frame
            self._delivered += 1
            picture = next(self._pictures, None)

    def _values(
        self, picture: av.VideoFrame
    ) -> tuple[Float[Tensor, "3 h w"], Float[Tensor, "h w"] | None]:
        """Return the upright picture, and how opaque it is if that is wanted."""
        pixels = frame_to_rgb(picture, self._colour)
        alpha = frame_to_alpha(picture) if self._options.alpha else None
        if alpha is None:
            return self._orientation.apply(pixels), None
        pixels = fill_hidden(pixels, alpha)
        return self._orientation.apply(pixels), self._orientation.apply(alpha[None])[0]

    def give_up(self) -> None:
        """Let a read from a pipe end; files never keep anybody waiting."""
        if self._pipe is not None:
            self._pipe.give_up()

    def close(self) -> None:
        """Release the file; harmless if done already."""
        self._resources.close()

    def _open(self) -> InputContainer:
        if self._pipe is None:
            return open_container(self._path)
        self._resources.callback(self._pipe.close)
        return open_pipe(self._pipe)

    def _check_pipe(self) -> None:
        if self._pipe is not None:
            self._pipe.check()

    def _check_length(self) -> Length:
        """Refuse what is stated to be too long; return what watches over the rest."""
        stream, length = self._stream, Length(self._options, self._path)
        seconds = Fraction(self._container.duration or 0, av.time_base)
        if stream.duration is not None and stream.time_base is not None:
            seconds = stream.duration * stream.time_base
        length.check_stated(frames=stream.frames, seconds=seconds)
        return length

    def _prepare_decoder(self) -> VideoCodecContext:
        context, most = self._stream.codec_context, self._options.max_pixels
        if context.width * context.height > most:
            raise VideoError(
                f"{self._path}: has frames of {context.width}x{context.height}, more than "
                f"{most} pixels. Allow more with a higher pixel limit."
            )
        if self._options.alpha:
            context = alpha_context(self._stream)
        # For sizes that change later; the decoder counts whole blocks, so it needs headroom.
        context.options = {"max_pixels": str(2 * most + 65536)}
        context.thread_type = "AUTO"
        return context

    def _first_picture(self) -> av.VideoFrame:
        first = next(self._pictures, None)
        if first is None:
            raise VideoError(
                f"{self._path}: holds no frame that can be decoded. Check that it plays."
            )
        return first

    def _check_form(self, picture: av.VideoFrame, first: av.VideoFrame) -> None:
        if (picture.width, picture.height) != (first.width, first.height):
            raise VideoError(
                f"{self._path}: changes size after frame {self._delivered} "
                f"({first.width}x{first.height} to {picture.width}x{picture.height}). "
                "Split it there first."
            )
        if (sampling_of(picture.format) == "rgb") != (sampling_of(first.format) == "rgb"):
            raise VideoError(
                f"{self._path}: changes its colour model after frame {self._delivered} "
                f"({first.format.name} to {picture.format.name}). Split it there first."
            )

    def _describe(self, first: av.VideoFrame) -> VideoInfo:
        stream, turned = self._stream, self._orientation.transpose
        aspect = stream.sample_aspect_ratio or Fraction(1)
        rates = (stream.average_rate, stream.guessed_rate)
        if self._is_untimed:  # the average is made of times
            rates = rates[::-1]
        rate = next(filter(None, rates), Fraction(25))
        assert stream.time_base is not None
        count = stream.frames or None
        if count is None and self._container.duration:
            count = round(Fraction(self._container.duration, av.time_base) * rate)
        return VideoInfo(
            width=first.height if turned else first.width,
            height=first.width if turned else first.height,
            rate=rate,
            time_base=stream.time_base,
            frame_count_hint=count,
            pixel_aspect=1 / aspect if turned else aspect,
            rotation=self._orientation.degrees,
            colour=self._colour,
            bit_depth=bit_depth_of(first.format),
            sampling=sampling_of(first.format),
            has_alpha=has_alpha(first.format) or has_hidden_alpha(stream),
            mastering_display=mastering_display_of(first),
            light_level=light_level_of(first),
            interlaced=self._fields.found,
            origin=origin_of(self._container),
            container=self._container.format.name,
            codec=stream.codec_context.codec.canonical_name,
        )

    def _warn(self) -> None:
        if not supported_matrix(self._colour):
            raise VideoError(
                f"{self._path}: has the colour matrix {self._colour.matrix_name!r}, which is "
                "not supported. Convert it to BT.709 or BT.2020 (non-constant) first."
            )
        if self._missing_bytes:
            logger.warning("%s: lacks %d bytes at its end.", self._path, self._missing_bytes)
        if self.info.has_alpha and not self._options.alpha:
            logger.warning("%s: transparency is dropped.", self._path)
        if self._is_untimed:
            logger.warning(
                "%s: has no timestamps; frames are numbered at %.5g frames per second.",
                self._path,
                self.info.rate,
            )
        if self._pipe is not None and len(self._container.streams) > 1:
            logger.warning("%s: only its pictures are used.", self._path)
        moving = [s for s in self._container.streams.video if not is_picture(s)]
        if len(moving) > 1:
            logger.warning("%s: has %d videos; the first is used.", self._path, len(moving))
