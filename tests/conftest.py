"""What every test shares: fixed examples, two threads, and material that may be absent."""

import os
from pathlib import Path

import pytest
import torch
from hypothesis import settings

ROOT = Path(__file__).resolve().parents[1]

settings.register_profile("videogigagan", derandomize=True, deadline=None, max_examples=25)
settings.load_profile("videogigagan")

torch.set_num_threads(2)


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
