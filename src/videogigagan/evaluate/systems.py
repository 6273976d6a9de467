"""What can be measured: a name becomes a function from small clips to large frames."""

import hashlib
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from jaxtyping import Float
from torch import Tensor, nn

from videogigagan.errors import ConfigError
from videogigagan.evaluate.peers.basicvsr import BasicVSR, load_basicvsr
from videogigagan.evaluate.peers.basicvsrpp import BasicVSRPlusPlus, load_basicvsr_plus_plus
from videogigagan.evaluate.peers.bicubic import matlab_bicubic
from videogigagan.evaluate.peers.external import Upscale, frames_by, frames_in
from videogigagan.evaluate.peers.gigagan import load_image_gigagan, stream_apart
from videogigagan.model.checkpoint import find_weights, load_generator, packaged_weights
from videogigagan.model.detail import check_detail
from videogigagan.model.generator import Generator
from videogigagan.ops.layout import channels_last
from videogigagan.upscale.device import choose_device
from videogigagan.upscale.options import Precision
from videogigagan.upscale.upscaler import VideoUpscaler
from videogigagan.video.cuts import one_shot

BASICVSR_FOLDER = Path(".cache/basicvsr")
"""Where `make basicvsr` puts the released checkpoints."""

_SCALE = 4
_KINDS = ("bicubic", "basicvsr", "basicvsr++", "gigagan", "external", "external-command")
_NAMES = "bicubic, basicvsr, basicvsr++=FILE, gigagan=FILE, external=DIR, external-command=…"
_DETAILED = re.compile(r"(.+)@([\d.]+)", re.DOTALL)
_TITLED = re.compile(r"([^=:/\\]{2,}):(.+)", re.DOTALL)  # one letter is a drive


@dataclass(frozen=True, kw_only=True, slots=True)
class System:
    """Something that enlarges clips four times."""

    name: str
    """How it was asked for; unlike that of any other system in a run."""
    title: str
    """Heading in tables and figures."""
    parameters: int | None
    """Size of its network, propagation included; None where it is not in our code."""
    weights: str | None
    """SHA-256 of its weights file; None where there is none."""
    upscale: Upscale
    """One shot (t, 3, h, w) and the clip's name to its large frames (3, H, W), one by one; RGB
    in [0, 1], some systems leave it."""


def build_system(
    name: str, *, data_set: str, degradation: str, precision: Precision = "auto"
) -> System:
    """Construct a system by name, on the GPU if there is one.

    Args:
        name: `bicubic`; `basicvsr`, or `basicvsr=FILE_OR_FOLDER`; `basicvsr++=FILE`;
            `gigagan=WEIGHTS`; `external=DIR`; `external-command=TEMPLATE`; or weights of ours,
            by name or file, with their detail if it is not 1: `base-4x@0.5`. A title may
            stand before it: `TITLE:external=DIR`.
        data_set: Name of the data set; with the degradation it decides on BasicVSR's weights.
        degradation: `bi` or `bd`.
        precision: Of weights of ours, as `upscale` takes it; peers compute in fp32.

    Raises:
        ConfigError: There is no such system, or it needs a value.
        CheckpointError: Its weights are missing, damaged, or do not fit.
        DataError: Its folder of results is missing.
    """
    titled = _TITLED.fullmatch(name)
    title, wanted = titled.groups() if titled else (None, name)
    system = _construct(wanted, data_set, degradation, precision)
    return replace(system, name=name, title=(title or system.title).strip())


def _construct(wanted: str, data_set: str, degradation: str, precision: Precision) -> System:
    kind, equals, value = wanted.partition("=")
    if equals and kind in _KINDS and not value:
        raise ConfigError(f"system '{kind}': has nothing after its equals sign. Name {_NAMES}.")
    match kind, bool(equals):
        case "bicubic", False:
            system = _without_weights("bicubic", _bicubic)
        case "basicvsr", given:
            place = Path(value) if given else BASICVSR_FOLDER
            path = place / _checkpoint(data_set, degradation) if place.is_dir() else place
            system = _peer("BasicVSR", path, load_basicvsr(path))
        case "basicvsr++", True:
            system = _peer("BasicVSR++", Path(value), load_basicvsr_plus_plus(Path(value)))
        case "gigagan", True:
            system = _gigagan(value)
        case "external", True:
            system = _without_weights(Path(value).resolve().name, frames_in(Path(value)))
        case "external-command", True:
            upscale = frames_by(value)
            system = _without_weights(Path(shlex.split(value)[0]).name, upscale)
        case _:
            system = _ours(wanted, precision)
    return system


def _bicubic(clip: Float[Tensor, "t 3 h w"], name: str) -> Iterator[Tensor]:  # noqa: ARG001
    for frame in clip.split(1):
        yield matlab_bicubic(frame, _SCALE)[0]


def _checkpoint(data_set: str, degradation: str) -> str:
    """The released file that the published tables use for a column (Table 3).

    There is none for cameras, so those for BI stand in: what a user would take.
    """
    if degradation == "bd":
        return "BasicVSR_Vimeo90K_BDx4.pth"
    if data_set.lower().startswith("reds"):
        return "BasicVSR_REDS4.pth"
    return "BasicVSR_Vimeo90K_BIx4.pth"


def _peer(title: str, path: Path, network: BasicVSR | BasicVSRPlusPlus) -> System:
    device = choose_device("auto")
    parameters = _parameters(network)
    network = channels_last(network).to(device)

    def upscale(clip: Float[Tensor, "t 3 h w"], name: str) -> Iterator[Tensor]:  # noqa: ARG001
        for large in network.stream(clip.to(device)):
            yield large.cpu()

    return System(
        name=title,
        title=title,
        parameters=parameters,
        weights=_sha256(path),
        upscale=upscale,
    )


def _gigagan(value: str) -> System:
    path = find_weights(value)
    generator = load_image_gigagan(path)
    upscaler = VideoUpscaler(generator, precision="fp32", chunk=1)

    def upscale(clip: Float[Tensor, "t 3 h w"], name: str) -> Iterator[Tensor]:  # noqa: ARG001
        yield from stream_apart(upscaler, clip)

    return _generative("GigaGAN (image)", path, generator, upscale)


def _ours(wanted: str, precision: Precision) -> System:
    value, detail = _parted(wanted)
    if not Path(value).suffix and not Path(value).is_file() and value not in packaged_weights():
        known = ", ".join(sorted(packaged_weights())) or "none"
        raise ConfigError(
            f"system '{wanted}' is not known. Name {_NAMES}, "
            f"or weights (a file; in the package: {known}), with @0.5 for half of their detail."
        )
    path = find_weights(value)
    generator = load_generator(path, float(detail or 1))
    upscaler = VideoUpscaler(generator, precision=precision)

    def upscale(clip: Float[Tensor, "t 3 h w"], name: str) -> Iterator[Tensor]:  # noqa: ARG001
        yield from upscaler.stream(clip, shots=one_shot)  # a benchmark's clip is one

    title = path.stem if detail is None else f"{path.stem}@{detail}"
    return _generative(title, path, generator, upscale)


def _parted(wanted: str) -> tuple[str, str | None]:
    """Weights and their detail, unless the whole is the name of a file."""
    found = _DETAILED.fullmatch(wanted)
    if found is None or Path(wanted).is_file():
        return wanted, None
    weights, detail = found.groups()
    try:
        check_detail(float(detail))
    except ValueError:
        return wanted, None
    return weights, detail


def _generative(title: str, path: Path, generator: Generator, upscale: Upscale) -> System:
    if generator.config.scale != _SCALE:
        raise ConfigError(
            f"{path}: enlarges {generator.config.scale} times, the protocol {_SCALE} times. "
            f"Give weights of a {_SCALE}x model."
        )
    return System(
        name=title,
        title=title,
        parameters=_parameters(generator),
        weights=_sha256(path),
        upscale=upscale,
    )


def _without_weights(title: str, upscale: Upscale) -> System:
    return System(name=title, title=title, parameters=None, weights=None, upscale=upscale)


def _parameters(network: nn.Module) -> int:
    return sum(parameter.numel() for parameter in network.parameters())


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
