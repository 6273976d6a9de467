"""Small synthetic clips, made with PyAV, for the tests of videogigagan.video."""

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from videogigagan.video.encode import EncodeOptions

FAST = EncodeOptions(preset="ultrafast")
LOSSLESS = EncodeOptions(preset="ultrafast", crf=0, codec="h264")

SRT = b"Hello"


@dataclass(frozen=True, kw_only=True)
class Clip:
    frames: int = 6
    width: int = 32
    height: int = 24
    codec: str = "libx264"
    pixel_format: str = "yuv420p"
    rate: Fraction = Fraction(25)
    time_base: Fraction | None = None
    pts: tuple[int, ...] | None = None
    audio: tuple[str, ...] = ()
    audio_start: Fraction = Fraction(0)
    audio_codec: str = "aac"
    subtitle: bool = False
    aspect: Fraction | None = None
    matrix: int = 2
    full_range: int = 0
    primaries: int = 2
    transfer: int = 2
    video_index: int = 0
    chapters: bool = False
    degrees: int | None = None
    muxer: tuple[tuple[str, str], ...] = ()
    noise: bool = False
    options: tuple[tuple[str, str], ...] = ()

    def write(self, path: Path) -> Path:
        with av.open(str(path), "w", container_options=dict(self.muxer)) as container:
            tracks = []
            if self.video_index:
                tracks = [self._add_audio(container, language) for language in self.audio]
            video = self._add_video(container)
            if not self.video_index:
                tracks = [self._add_audio(container, language) for language in self.audio]
            subtitle = None
            if self.subtitle:
                subtitle = self._add_subtitle(container, path)
            if self.chapters:
                container.set_chapters(
                    [
                        {
                            "id": 1,
                            "start": 0,
                            "end": 100,
                            "time_base": Fraction(1, 1000),
                            "metadata": {"title": "One"},
                        }
                    ]
                )
            container.metadata["title"] = "A test"
            container.start_encoding()
            self._fill(container, video, tracks, subtitle)
        return path

    def picture(self, index: int) -> np.ndarray:
        """A smooth picture that moves with `index`, or noise."""
        if self.noise:
            seed = np.random.default_rng(index)
            return seed.integers(0, 255, (self.height, self.width, 3), dtype=np.uint8)
        y, x = np.mgrid[0 : self.height, 0 : self.width]
        x = x / max(self.width - 1, 1)
        y = y / max(self.height - 1, 1)
        wave = 0.5 + 0.4 * np.sin(2 * (x + y) + index / 4)
        return (np.stack((0.1 + 0.8 * x, 0.1 + 0.8 * y, wave), -1) * 255).astype(np.uint8)

    def _add_video(self, container):
        options = {"crf": "0", "preset": "ultrafast"} if self.codec == "libx264" else {}
        if self.codec == "libx265":
            options = {"x265-params": "log-level=none:lossless=1", "preset": "ultrafast"}
        if self.noise:
            options = {"crf": "20", "preset": "medium"}
        options |= dict(self.options)
        video = container.add_stream(self.codec, rate=self.rate, options=options)
        video.width, video.height = self.width, self.height
        video.pix_fmt = self.pixel_format
        base = self.time_base or 1 / self.rate
        video.codec_context.time_base = base
        video.time_base = base
        video.codec_context.colorspace = self.matrix
        video.codec_context.color_range = self.full_range
        video.codec_context.color_primaries = self.primaries
        video.codec_context.color_trc = self.transfer
        if self.aspect:
            video.codec_context.sample_aspect_ratio = self.aspect
        if self.degrees is not None:
            video.set_display_rotation(self.degrees)
        return video

    def _add_audio(self, container, language):
        track = container.add_stream(self.audio_codec, rate=48000)
        track.metadata["language"] = language
        return track

    def _add_subtitle(self, container, path):
        script = path.with_suffix(".srt")
        script.write_text("1\n00:00:00,040 --> 00:00:00,120\nHello\n")
        with av.open(str(script)) as lines:
            subtitle = container.add_stream_from_template(lines.streams.subtitles[0])
        script.unlink()
        subtitle.metadata["language"] = "fra"
        return subtitle

    def _fill(self, container, video, tracks, subtitle):
        base = self.time_base or 1 / self.rate
        for index in range(self.frames):
            frame = av.VideoFrame.from_ndarray(self.picture(index), format="rgb24")
            frame = frame.reformat(format=self.pixel_format)
            frame.pts = self.pts[index] if self.pts else index
            frame.time_base = base
            container.mux(video.encode(frame))
        container.mux(video.encode(None))
        samples = int(self.frames / self.rate * 48000)
        for number, track in enumerate(tracks):
            tone = np.sin(np.arange(samples) * (number + 1) / 20).astype(np.float32)
            size = track.codec_context.frame_size or 1024
            layout = track.codec_context.format.name
            for start in range(0, samples, size):
                block = tone[start : start + size]
                frame = av.AudioFrame.from_ndarray(
                    _samples(block, layout), format=layout, layout="stereo"
                )
                frame.sample_rate = 48000
                frame.pts = start + int(self.audio_start * 48000)
                frame.time_base = Fraction(1, 48000)
                container.mux(track.encode(frame))
            container.mux(track.encode(None))
        if subtitle is not None:
            packet = av.Packet(SRT)
            packet.stream = subtitle
            packet.time_base = Fraction(1, 1000)
            packet.pts = packet.dts = 40
            packet.duration = 80
            container.mux(packet)


def _samples(block: np.ndarray, layout: str) -> np.ndarray:
    if layout == "s16":
        return np.repeat((block * 20000).astype(np.int16), 2)[None]
    return np.stack((block, block)).astype(np.float32)


def packets(path: Path, kind: str) -> list[list[tuple[Fraction, bytes]]]:
    """Time and bytes of every packet of every stream of a kind."""
    with av.open(str(path)) as container:
        streams = [stream for stream in container.streams if stream.type == kind]
        found: dict[int, list] = {stream.index: [] for stream in streams}
        for packet in container.demux(streams) if streams else ():
            if packet.size:
                found[packet.stream.index].append(
                    (packet.pts * packet.time_base, bytes(packet))
                )
        return list(found.values())


def frame_pts(path: Path) -> list[int]:
    with av.open(str(path)) as container:
        return [frame.pts for frame in container.decode(video=0)]


def frame_times(path: Path) -> list[Fraction]:
    with av.open(str(path)) as container:
        return [frame.pts * frame.time_base for frame in container.decode(video=0)]


def joined(video: Path, other: Path, target: Path) -> Path:
    """Copy the video of one file and the subtitles of another into a third."""
    pending: list[av.Packet] = []
    with av.open(str(target), "w") as new:
        for path, kind in ((video, "video"), (other, "subtitle")):
            with av.open(str(path)) as old:
                (stream,) = (stream for stream in old.streams if stream.type == kind)
                copy = new.add_stream_from_template(stream, opaque=True)
                found = [packet for packet in old.demux(stream) if packet.size]
                for packet in found:
                    packet.stream = copy
                pending.extend(found)
        for packet in pending:
            new.mux(packet)
    return target
