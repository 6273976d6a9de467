"""Weights on disk: one safetensors file with the network's configuration in its header.

Loading is strict: every tensor of the network must be in the file, with its shape, and nothing
else but what leads to a second end (`model/detail.py`), which the header lists. Half-precision
files are widened on loading.
"""

import json
import pickle
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any, TypeVar

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from videogigagan.errors import CheckpointError, ConfigError
from videogigagan.model.config import (
    DiscriminatorConfig,
    GeneratorConfig,
    PropagationConfig,
)
from videogigagan.model.detail import PREFIX, at_detail, check_detail
from videogigagan.model.discriminator import Discriminator
from videogigagan.model.generator import Generator, build_propagation
from videogigagan.model.header_order import sort_notes
from videogigagan.plain import from_plain

FORMAT = "videogigagan/1"
DEFAULT_WEIGHTS = "base-4x"
"""The weights inside the package that are used unless told otherwise."""

Config = GeneratorConfig | DiscriminatorConfig | PropagationConfig
AnyConfig = TypeVar("AnyConfig", bound=Config)

_KINDS: dict[str, type[Config]] = {
    "generator": GeneratorConfig,
    "discriminator": DiscriminatorConfig,
    "propagation": PropagationConfig,
}
_RELEASED = "Give a released checkpoint (BasicVSR's: `make basicvsr`), or its state dict alone."
_DAMAGE = (
    AttributeError, EOFError, LookupError, OSError, RuntimeError, TypeError, ValueError,
    pickle.UnpicklingError,
)  # fmt: skip


@dataclass(frozen=True, kw_only=True, slots=True)
class Header:
    """What a weights file says about itself."""

    config: Config
    """What network its tensors belong to."""
    about: dict[str, str] = field(default_factory=dict)
    """Free notes: name, data, recipe, licence."""
    less_detail: tuple[str, ...] = ()
    """Tensors that are others at detail 0; none where a file has one end alone."""

    @property
    def kind(self) -> str:
        """`generator`, `discriminator` or `propagation`."""
        return next(kind for kind, type_ in _KINDS.items() if isinstance(self.config, type_))


def save_weights(
    path: Path,
    network: nn.Module,
    header: Header,
    *,
    dtype: torch.dtype = torch.float32,
) -> None:
    """Write a network's weights and header; `path` appears whole or not at all."""
    tensors = {
        key: value.detach().to(dtype).contiguous()
        for key, value in network.state_dict().items()
    }
    write_weights(path, tensors, header)


def write_weights(path: Path, tensors: dict[str, Tensor], header: Header) -> None:
    """Write tensors as they are, and their header; `path` appears whole or not at all."""
    metadata = {
        "format": FORMAT,
        "kind": header.kind,
        "config": json.dumps(asdict(header.config)),
        "about": json.dumps(header.about),
    }
    if header.less_detail:
        metadata["less_detail"] = json.dumps(header.less_detail)
    part = path.with_name(f".{path.name}.partial")
    try:
        save_file(tensors, part, metadata)
        sort_notes(part)
        part.replace(path)
    except (SafetensorError, OSError) as error:
        with suppress(OSError):
            part.unlink()
        raise CheckpointError(
            f"{path}: cannot be written ({_first_line(error)}). Choose another place."
        ) from error


def load_generator(path: Path, detail: int | float = 1) -> Generator:
    """Build the generator that a file describes and load its weights, in evaluation mode.

    Args:
        path: The file.
        detail: Where between the ends of a file with two, from 0 (the regression) to 1 (as
            tuned by an adversary); a file with one end has 1 alone.

    Raises:
        CheckpointError: The file is missing, damaged, of another kind or version, or does
            not fit.
        ConfigError: There is no such detail, or the file has one end.
    """
    check_detail(detail)
    header, tensors = read_weights(path)
    network = Generator(_expect(path, header, GeneratorConfig))
    network = _loaded(path, network, tensors, second_end=header.less_detail, detail=detail)
    if detail != 1 and not header.less_detail:
        raise ConfigError(
            f"{path}: has one end, which is detail 1, not {detail:g}. Leave detail away, or "
            "give weights whose detail can be chosen (see `videogigagan inspect`)."
        )
    return network


def load_discriminator(path: Path) -> Discriminator:
    """Build the discriminator that a file describes and load its weights, for evaluation."""
    header, tensors = read_weights(path)
    return _loaded(path, Discriminator(_expect(path, header, DiscriminatorConfig)), tensors)


def load_propagation(path: Path) -> nn.Module:
    """Build the propagation module that a file describes and load its weights."""
    header, tensors = read_weights(path)
    network = build_propagation(_expect(path, header, PropagationConfig))
    return _loaded(path, network, tensors)


def read_header(path: Path) -> Header:
    """Read what a file says about itself, without its tensors."""
    return _open(path)[0]


def read_generator_config(path: Path) -> GeneratorConfig:
    """Read what generator a file holds, without its tensors.

    Raises:
        CheckpointError: The file is missing, damaged, of another kind or version.
    """
    return _expect(path, read_header(path), GeneratorConfig)


def read_weights(path: Path) -> tuple[Header, dict[str, Tensor]]:
    """Read header and tensors."""
    header, keys = _open(path)
    with safe_open(path, framework="pt") as file:
        return header, {key: file.get_tensor(key) for key in keys}


def read_pickle(path: Path, remedy: str = _RELEASED) -> object:
    """Read a checkpoint with PyTorch's restricted unpickler, which runs nothing.

    Args:
        path: The file.
        remedy: What to do if it cannot be read; ends the message.

    Raises:
        CheckpointError: It is missing, is no checkpoint, or holds more than tensors.
    """
    try:
        return torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError as error:
        raise CheckpointError(f"{path}: no such file. {remedy}") from error
    except _DAMAGE as error:
        raise CheckpointError(
            f"{path}: is not a checkpoint that can be read safely "
            f"({type(error).__name__}). {remedy}"
        ) from error


def find_weights(name: str | Path | None = None) -> Path:
    """Turn a name of weights inside the package, or a path, into a path; None: the default."""
    name = DEFAULT_WEIGHTS if name is None else name
    packaged = packaged_weights()
    if name in packaged:
        with as_file(files("videogigagan") / "weights" / f"{name}.safetensors") as inside:
            return inside
    path = Path(name)
    if not path.is_file():
        known = ", ".join(sorted(packaged)) or "none"
        raise CheckpointError(
            f"{path}: no such weights. Give a file, or a name (in the package: {known})."
        )
    return path


def packaged_weights() -> list[str]:
    """Names of the weights inside the package."""
    folder = files("videogigagan") / "weights"
    names = [entry.name for entry in folder.iterdir()] if folder.is_dir() else []
    return [
        name.removesuffix(".safetensors") for name in names if name.endswith(".safetensors")
    ]


def _open(path: Path) -> tuple[Header, list[str]]:
    if not path.is_file():
        raise CheckpointError(f"{path}: no such file. Give a weights file.")
    try:
        with safe_open(path, framework="pt") as file:
            metadata, keys = file.metadata() or {}, list(file.keys())
    except (SafetensorError, OSError) as error:
        raise CheckpointError(
            f"{path}: is not a safetensors file, or damaged ({_first_line(error)}). "
            f"Convert pickled weights with `videogigagan import`."
        ) from error
    found = metadata.get("format", "unknown")
    if found != FORMAT or metadata.get("kind") not in _KINDS:
        raise CheckpointError(
            f"{path}: has format '{found}', this version reads '{FORMAT}'. "
            f"Convert it with `videogigagan import`."
        )
    try:
        header = Header(
            config=from_plain(_KINDS[metadata["kind"]], json.loads(metadata["config"])),
            about=_notes(json.loads(metadata.get("about", "{}"))),
            less_detail=_names(json.loads(metadata.get("less_detail", "[]"))),
        )
    except (KeyError, TypeError, ValueError, ConfigError) as error:
        raise CheckpointError(
            f"{path}: its configuration cannot be read ({_first_line(error)}). "
            f"Get the file again."
        ) from error
    return header, keys


def _expect(path: Path, header: Header, type_: type[AnyConfig]) -> AnyConfig:
    if not isinstance(header.config, type_):
        wanted = next(kind for kind, config in _KINDS.items() if config is type_)
        raise CheckpointError(
            f"{path}: holds a {header.kind}, not a {wanted}. Give another file."
        )
    return header.config


AnyModule = TypeVar("AnyModule", bound=nn.Module)


def _loaded(
    path: Path,
    network: AnyModule,
    tensors: Mapping[str, Tensor],
    *,
    second_end: Sequence[str] = (),
    detail: int | float = 1,
) -> AnyModule:
    expected = network.state_dict()
    unknown = set(second_end) - expected.keys()
    expected |= {PREFIX + key: expected[key] for key in set(second_end) - unknown}
    for key in sorted((expected.keys() ^ tensors.keys()) | unknown):
        state = "lacks" if key in expected else "has the foreign tensor"
        raise CheckpointError(
            f"{path}: {state} '{key}'. The file does not fit its own header; get it again."
        )
    for key, tensor in expected.items():
        if tensors[key].shape != tensor.shape:
            raise CheckpointError(
                f"{path}: '{key}' has shape {tuple(tensors[key].shape)}, the network needs "
                f"{tuple(tensor.shape)}. The file does not fit its own header; get it again."
            )
    network.load_state_dict(at_detail(tensors, detail), strict=True)
    return network.eval()


def _notes(plain: Any) -> dict[str, str]:  # noqa: ANN401 - JSON is anything
    if not isinstance(plain, dict) or not all(isinstance(note, str) for note in plain.values()):
        raise TypeError(f"expected named notes, found {plain!r}")
    return plain


def _names(plain: Any) -> tuple[str, ...]:  # noqa: ANN401 - JSON is anything
    if not isinstance(plain, list) or not all(isinstance(name, str) for name in plain):
        raise TypeError(f"expected names of tensors, found {plain!r}")
    return tuple(plain)


def _first_line(error: BaseException) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
