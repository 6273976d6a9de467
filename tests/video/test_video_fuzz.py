"""Damaged files of any kind: frames or one clear error, and nothing else."""

import os
import random
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import av
import pytest
from PIL import Image
from video_clips import Clip

from videogigagan.video.folder_source import SUFFIXES as IMAGE_SUFFIXES

WORKER = Path(__file__).with_name("fuzz_worker.py")
CLIPS = {
    "a.mp4": Clip(audio=("eng",), chapters=True),
    "b.mp4": Clip(muxer=(("movflags", "faststart"),), noise=True),
    "c.mp4": Clip(muxer=(("movflags", "frag_keyframe+empty_moov"),)),
    "d.mov": Clip(codec="mpeg4", width=48),
    "e.mkv": Clip(audio=("eng",), subtitle=True),
    "f.mkv": Clip(codec="libx265", width=64, height=64, pixel_format="yuv420p10le"),
    "g.mkv": Clip(codec="ffv1", pixel_format="yuva420p"),
    "h.webm": Clip(codec="libvpx-vp9"),
    "i.avi": Clip(codec="mpeg4"),
    "j.avi": Clip(codec="mjpeg", pixel_format="yuvj420p"),
    "k.ts": Clip(audio=("eng",)),
    "l.flv": Clip(),
    "m.nut": Clip(codec="ffv1", pixel_format="yuv422p"),
    "n.gif": Clip(codec="gif", pixel_format="rgb8"),
    "o.h264": Clip(),
    "p.y4m": Clip(codec="wrapped_avframe"),
    "q.mxf": Clip(codec="mpeg2video", height=32),
}

IMAGES = ("r.png", "s.jpg", "t.webp", "u.tiff", "v.bmp")


@pytest.fixture(scope="module")
def originals(tmp_path_factory) -> dict[str, bytes]:
    folder = tmp_path_factory.mktemp("originals")
    videos = {
        name: clip.write(folder / name)
        for name, clip in CLIPS.items()
        if clip.codec in av.codecs_available
    }
    images = {name: picture(folder / name) for name in IMAGES}
    return {name: path.read_bytes() for name, path in (videos | images).items()}


def picture(path: Path) -> Path:
    """Write an image that a camera turned."""
    image = Image.fromarray(Clip().picture(0))
    exif = image.getexif()
    exif[0x0112] = 6
    image.save(path, exif=exif)
    return path


def flip(content: bytearray, chance: random.Random, reach: int) -> None:
    for _ in range(chance.choice((1, 1, 2, 5, 20, 100))):
        content[chance.randrange(reach)] ^= 1 << chance.randrange(8)


def set_bytes(content: bytearray, chance: random.Random, reach: int) -> None:
    """Put numbers that are often a limit where a number may be."""
    at, size = chance.randrange(reach), chance.choice((1, 2, 4, 8))
    content[at : at + size] = chance.choice((b"\0", b"\xff", b"\x7f", b"\x80")) * size


def truncate(content: bytearray, chance: random.Random, reach: int) -> None:
    del content[chance.randrange(reach) :]


def insert(content: bytearray, chance: random.Random, reach: int) -> None:
    at = chance.randrange(reach)
    content[at:at] = chance.randbytes(chance.choice((1, 4, 100, 5000)))


def repeat(content: bytearray, chance: random.Random, reach: int) -> None:
    """Put a piece of the file into another place of it."""
    start, at = chance.randrange(len(content)), chance.randrange(reach)
    content[at:at] = content[start : start + chance.choice((8, 200, 4000))]


def cut_out(content: bytearray, chance: random.Random, reach: int) -> None:
    at = chance.randrange(reach)
    del content[at : at + chance.choice((1, 8, 188, 1000))]


def blank(content: bytearray, chance: random.Random, reach: int) -> None:
    at, size = chance.randrange(reach), chance.choice((16, 256, 3000))
    content[at : at + size] = bytes(len(content[at : at + size]))


Harm = Callable[[bytearray, random.Random, int], None]
HARMS: tuple[Harm, ...] = (flip, set_bytes, truncate, insert, repeat, cut_out, blank)


def mutant(originals: dict[str, bytes], seed: int) -> tuple[str, bytes]:
    """Return a damaged file, which follows from the seed."""
    chance = random.Random(seed)  # noqa: S311 - nothing depends on its secrecy
    name = sorted(originals)[seed % len(originals)]
    content = bytearray(originals[name])
    for _ in range(chance.choice((1, 1, 1, 2, 4))):
        if content:
            # Headers are short and decide most.
            reach = chance.choice((min(len(content), 800), len(content)))
            chance.choice(HARMS)(content, chance, reach)
    return f"{seed:05}-{name}", bytes(content)


def ended(folder: Path, seconds: float) -> list[str]:
    """Return how each file of a folder ended; a crash and a hang are the last one's."""
    process = subprocess.Popen(
        [sys.executable, WORKER, folder], stdout=subprocess.PIPE, text=True, env=os.environ
    )
    try:
        out, _ = process.communicate(timeout=seconds)
        last = f"exit status {process.returncode}\n"
    except subprocess.TimeoutExpired:
        process.kill()
        out, _ = process.communicate()
        last = f"no end within {seconds} s\n"
    complete = out if out.endswith("\n") and process.returncode == 0 else out + last
    return complete.splitlines()


def fuzz(originals: dict[str, bytes], folder: Path, seeds: range, seconds: float) -> Counter:
    """Read mutants, fail on the first that is neither read nor refused, and count."""
    folder.mkdir()
    for seed in seeds:
        name, content = mutant(originals, seed)
        place = folder / name
        if place.suffix in IMAGE_SUFFIXES:
            place.mkdir()
            place /= name
        place.write_bytes(content)
    lines = ended(folder, seconds)
    wrong = [line for line in lines if line.partition(" ")[2] not in ("frames", "refused")]
    assert wrong == []
    assert len(lines) == len(seeds)
    return Counter(line.partition(" ")[2] for line in lines)


@pytest.mark.catalogue("T61")
def test_a_damaged_file_is_read_or_refused(originals, tmp_path) -> None:
    counts = fuzz(originals, tmp_path / "mutants", range(30), 100)
    assert counts["refused"] > counts["frames"] > 0


@pytest.mark.catalogue("T61")
@pytest.mark.slow
@pytest.mark.timeout(700)
@pytest.mark.parametrize("batch", range(10))
def test_thousands_of_damaged_files_are_read_or_refused(originals, tmp_path, batch) -> None:
    start = 1000 + 200 * batch
    fuzz(originals, tmp_path / "mutants", range(start, start + 200), 600)
