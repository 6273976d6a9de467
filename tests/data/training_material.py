"""Photos and videos, made with fixed seeds, for the tests of training clips."""

from collections.abc import Sequence
from pathlib import Path

import av
import numpy as np
from PIL import Image

WIDTH, HEIGHT = 64, 48


def noise(width: int = WIDTH, height: int = HEIGHT, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


def waves(width: int, height: int, seed: int) -> np.ndarray:
    """A picture that is smooth and nowhere flat."""
    rng = np.random.default_rng(seed)
    across, down = np.meshgrid(np.arange(width), np.arange(height))
    channels = [
        np.sin(
            across * rng.uniform(0.1, 0.8) + down * rng.uniform(0.1, 0.8) + rng.uniform(0, 6)
        )
        for _ in range(3)
    ]
    return (127.5 + 100 * np.stack(channels, axis=-1)).round().astype(np.uint8)


def write_photo(path: Path, width: int = WIDTH, height: int = HEIGHT, seed: int = 0) -> Path:
    Image.fromarray(noise(width, height, seed)).save(path)
    return path


def brightening(frames: int) -> list[np.ndarray]:
    """Frame i has the level 10·i, apart from some texture."""
    texture = noise() // 5
    return [(texture + 10 * index).astype(np.uint8) for index in range(frames)]


def write_video(
    path: Path,
    pictures: Sequence[np.ndarray],
    codec: str = "ffv1",
    options: dict[str, str] | None = None,
    stamps: Sequence[int] | None = None,
) -> Path:
    """Write pictures; FFV1 keeps them as they are."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=24, options=options or {})
        stream.height, stream.width = pictures[0].shape[:2]
        stream.pix_fmt = "bgr0" if codec == "ffv1" else "yuv420p"
        packets = []
        for picture in pictures:
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), format="rgb24")
            packets += stream.encode(frame)
        packets += stream.encode(None)
        for index, packet in enumerate(packets):
            if stamps is not None:
                packet.pts = packet.dts = stamps[index]
            container.mux(packet)
    return path
