"""A run in words, before it is begun: networks, cost, steps, and what data there is."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from videogigagan.data.settings import DataConfig, Part, Weighted, material
from videogigagan.errors import DataError
from videogigagan.train.config import TrainConfig
from videogigagan.train.estimate import Estimate

_GIB = 2**30


@dataclass(frozen=True, kw_only=True, slots=True)
class Found:
    """One folder of material."""

    place: Weighted
    """The folder and its weight."""
    learnt: int
    """Files or clips that are learnt from."""
    held_out: int
    """Those that only validation sees."""


def inventory(data: DataConfig) -> list[Found]:
    """Look into every folder of material.

    Raises:
        DataError: One is missing, or holds nothing.
    """
    bare = replace(data, videos=(), photos=(), reds=(), vimeo=())
    alone = [replace(bare, videos=(place,)) for place in data.videos]
    alone += [replace(bare, photos=(place,)) for place in data.photos]
    alone += [replace(bare, reds=(place,)) for place in data.reds]
    alone += [replace(bare, vimeo=(place,)) for place in data.vimeo]
    return [
        Found(
            place=(*one.videos, *one.photos, *one.reds, *one.vimeo)[0],
            learnt=_count(one, "train"),
            held_out=_count(one, "held-out"),
        )
        for one in alone
    ]


def describe(config: TrainConfig, estimate: Estimate, material_lines: Sequence[str]) -> str:
    """Say what would be trained, what it takes, and on what, as `found_data` has it."""
    data, scale = config.data, config.generator.scale
    side = data.small_size if isinstance(data, DataConfig) else data.crop
    frames = f"{data.frames} frames" if data.frames > 1 else "1 frame"
    flops = estimate.step_flops(config)
    settings = [config.precision]
    settings += ["checkpointing"] if config.checkpointing else []
    rows = {
        "run": f"{config.name}, {config.stage} stage",
        "generator": f"{estimate.generator:,} parameters",
        "discriminator": f"{estimate.discriminator:,} parameters",
        "clips": f"{frames} of {side}x{side}, enlarged to {scale * side}x{scale * side}",
        "steps": f"{config.steps:,} of {config.batch} clips, {config.micro_batch} at a time",
        "memory": (
            f"{estimate.memory / _GIB:.2f} GiB on one device ({', '.join(settings)}), "
            f"{estimate.held / _GIB:.2f} GiB of it held between steps"
        ),
        "arithmetic": (
            f"{_scaled(flops)}FLOP for a step, {_scaled(flops * config.steps)}FLOP for the run"
        ),
    }
    width = max(map(len, rows))
    lines = [f"{name:<{width}}  {text}" for name, text in rows.items()]
    lines += [f"{'data':<{width}}  {line}" for line in material_lines]
    return "\n".join(lines)


def found_data(config: TrainConfig) -> list[str]:
    """Say what lies in every folder of material.

    Raises:
        DataError: A folder is missing, or holds nothing.
    """
    data = config.data
    if not isinstance(data, DataConfig):
        count = len(list(Path(data.folder).glob("*.safetensors")))
        return [f"{data.folder}: {count} clips with features"]
    return [
        f"{one.place.path}: {one.learnt} to learn from, {one.held_out} held out, "
        f"weight {one.place.weight:g}"
        for one in inventory(data)
    ] or ["none named yet"]


def _count(data: DataConfig, part: Part) -> int:
    try:
        return len(material(data, part).names)
    except DataError:
        if part == "train":
            raise
        return 0


def _scaled(figure: float) -> str:
    """A figure with three digits and the prefix of its unit."""
    prefixes = ("", "k", "M", "G", "T", "P", "E", "Z")
    index = 0
    while figure >= 999.5 and index < len(prefixes) - 1:
        figure, index = figure / 1000, index + 1
    return f"{figure:.3g} {prefixes[index]}"
