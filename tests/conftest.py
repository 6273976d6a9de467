"""What every test shares: fixed examples, one thread, and material that may be absent."""

import os
from pathlib import Path

import av
import numpy as np
import pytest
import torch
from hypothesis import settings

from videogigagan.model.checkpoint import Header, load_generator, save_weights
from videogigagan.model.generator import Generator
from videogigagan.model.join import join_weights
from videogigagan.model.presets import generator_preset

ROOT = Path(__file__).resolve().parents[1]

settings.register_profile("videogigagan", derandomize=True, deadline=None, max_examples=25)
settings.load_profile("videogigagan")

torch.set_num_threads(1)


def shared_folder(name: str) -> Path:
    """Return a folder kept beside the repository, or skip the test that asked for it."""
    folder = Path(os.environ.get("VIDEOGIGAGAN_SHARED", ROOT.parent / "shared")) / name
    if not folder.is_dir():
        pytest.skip(f"no shared {name}: point VIDEOGIGAGAN_SHARED at the folder that holds it")
    return folder


@pytest.fixture(scope="session")
def root() -> Path:
    """The repository."""
    return ROOT


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Training and evaluation material; see the README in it."""
    return shared_folder("data")


@pytest.fixture(scope="session")
def shared_weights() -> Path:
    """Published networks that are never trained here."""
    return shared_folder("weights")


@pytest.fixture(scope="session")
def clips() -> Path:
    """Sample clips that `make clips` fetches."""
    folder = ROOT / ".cache" / "clips"
    if not (folder / "carphone_pristine.mp4").is_file():
        pytest.skip("no sample clips: run `make clips`")
    return folder


@pytest.fixture(scope="session")
def basicvsr_weights() -> Path:
    """Published BasicVSR weights that `make basicvsr` fetches."""
    folder = ROOT / ".cache" / "basicvsr"
    if not (folder / "BasicVSR_REDS4.pth").is_file():
        pytest.skip("no BasicVSR weights: run `make basicvsr`")
    return folder


@pytest.fixture(scope="session")
def tiny_weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A weights file of the smallest generator, untrained."""
    path = tmp_path_factory.mktemp("weights") / "tiny.safetensors"
    torch.manual_seed(0)
    generator = Generator(generator_preset("tiny"))
    save_weights(path, generator, Header(config=generator.config, about={"name": "tiny"}))
    return path


@pytest.fixture(scope="session")
def tiny_ends(tiny_weights: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A weights file with two ends: `tiny_weights` are detail 0."""
    folder = tmp_path_factory.mktemp("ends")
    torch.manual_seed(1)
    generator = load_generator(tiny_weights)
    for parameter in generator.decoder.parameters():
        parameter.data += 0.05 * torch.randn_like(parameter)
    detailed = folder / "detailed.safetensors"
    save_weights(detailed, generator, Header(config=generator.config, about={"name": "tiny"}))
    join_weights(detailed, tiny_weights, folder / "ends.safetensors")
    return folder / "ends.safetensors"


@pytest.fixture(scope="session")
def small_video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Five frames of 32x24, H.264, with a tone."""
    return write_video(tmp_path_factory.mktemp("video") / "small.mp4", frames=5)


@pytest.fixture(scope="session")
def long_video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same with 400 frames: work that can be interrupted."""
    return write_video(tmp_path_factory.mktemp("video") / "long.mp4", frames=400)


def write_video(path: Path, *, frames: int) -> Path:
    """Write a ramp that moves, with a tone."""
    ramp = np.linspace(0, 255, 32 * 24 * 3).reshape(24, 32, 3)
    with av.open(str(path), "w") as container:
        video = container.add_stream("libx264", rate=25, options={"preset": "ultrafast"})
        video.width, video.height, video.pix_fmt = 32, 24, "yuv420p"
        audio = container.add_stream("aac", rate=8000, layout="mono")
        for index in range(frames):
            picture = np.roll(ramp, index, axis=1).astype(np.uint8)
            container.mux(video.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        tone = np.sin(np.arange(1600) / 5, dtype=np.float32)[None]
        sound = av.AudioFrame.from_ndarray(tone, format="fltp", layout="mono")
        sound.sample_rate = 8000
        container.mux(audio.encode(sound))
        for stream in (video, audio):
            container.mux(stream.encode(None))
    return path
