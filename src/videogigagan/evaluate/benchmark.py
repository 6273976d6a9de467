"""What is measured on: data sets, each made small in one way, with its systems and metrics."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from videogigagan.data.datasets import ClipFiles, DataSet, Protocol, data_set, find_clips
from videogigagan.data.reductions import REDUCTIONS
from videogigagan.errors import ConfigError
from videogigagan.evaluate.metric import Metric
from videogigagan.evaluate.systems import System

PLAIN = "clips"
"""The data set that is any folder of clips; tables call it by the name of its folder."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Choice:
    """One data set, made small in one way, as a user names it."""

    data_set: DataSet
    """Which one."""
    root: Path
    """Where it lies."""
    degradation: str
    """How it is made small, such as `bi`."""

    @property
    def name(self) -> str:
        """Name in files and messages."""
        return self.root.resolve().name if self.data_set.name == PLAIN else self.data_set.name

    @property
    def title(self) -> str:
        """Heading in tables."""
        name = self.name if self.data_set.name == PLAIN else self.data_set.title
        return f"{name}, {self.degradation.upper()}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Benchmark:
    """A data set, made small in one way, with all that is to be measured on it."""

    name: str
    """Short name, such as `vid4`."""
    title: str
    """Heading in tables, such as `Vid4, BI`."""
    degradation: str
    """How it is made small, such as `bi`."""
    protocol: Protocol
    """How its figures are taken."""
    clips: tuple[ClipFiles, ...]
    """Its clips, one at least."""
    systems: tuple[System, ...]
    """What is compared, one at least."""
    metrics: Mapping[str, Metric]
    """What is measured, by name, one at least."""


def parse_choices(data: str, degradation: str) -> list[Choice]:
    """Understand `vid4=FOLDER:bi+bd,clips=FOLDER`.

    Args:
        data: Comma-separated data sets, each in its folder; `:bi`, `:bd` or `:bi+bd` after the
            folder says how it is made small.
        degradation: What holds for a folder without that, in the same words.

    Raises:
        ConfigError: It makes no sense, or two data sets have one name.
        DataError: A folder is not there.
    """
    standard = _degradations(degradation.replace(",", "+"))
    found: dict[tuple[str, str], Choice] = {}
    for text in filter(None, map(str.strip, data.split(","))):
        place, ways = _split(text, standard)
        chosen, root = data_set(place)
        for way in ways:
            choice = Choice(data_set=chosen, root=root, degradation=way)
            if (choice.name, way) in found:
                raise ConfigError(
                    f"data: names {choice.name} with {way} twice. Give each once, and folders "
                    "of different names."
                )
            found[choice.name, way] = choice
    if not found:
        raise ConfigError("data: is empty. Name at least one data set, such as vid4=FOLDER.")
    return list(found.values())


def choose_clips(
    choices: Sequence[Choice], only: Sequence[str] = ()
) -> list[tuple[Choice, tuple[ClipFiles, ...]]]:
    """Find the clips of data sets; a set that has none of those in `only` is left out.

    Args:
        choices: The data sets.
        only: Names of the clips to take; all of them if empty.

    Raises:
        ConfigError: A clip named in `only` is nowhere.
        DataError: A data set is not whole.
    """
    every = [(choice, find_clips(choice.data_set, choice.root)) for choice in choices]
    names = list(dict.fromkeys(clip.name for _, clips in every for clip in clips))
    for name in only:
        if name not in names:
            raise ConfigError(f"clips: there is no {name} in the data ({_few(names)} found).")
    kept = [
        (choice, tuple(clip for clip in clips if not only or clip.name in only))
        for choice, clips in every
    ]
    return [(choice, clips) for choice, clips in kept if clips]


def protocol_of(choice: Choice, border: int | None) -> Protocol:
    """The protocol of a data set, with another border if one is given.

    Raises:
        ConfigError: The border is negative.
    """
    if border is None:
        return choice.data_set.protocol
    if border < 0:
        raise ConfigError(f"border must be at least 0, not {border}.")
    return replace(choice.data_set.protocol, border=border)


def metric_names(names: Sequence[str], protocol: Protocol) -> list[str]:
    """Metrics by their full names, each once: `psnr` is `psnr_y` where luma is scored."""
    full = (f"{name}_{protocol.colour}" if name in ("psnr", "ssim") else name for name in names)
    return list(dict.fromkeys(full))


def _split(text: str, standard: Sequence[str]) -> tuple[str, Sequence[str]]:
    """Part a place from its degradations; a colon that belongs to the path stays there."""
    place, colon, tail = text.rpartition(":")
    _, _, path = text.partition("=")
    if not colon or "/" in tail or "\\" in tail or Path(path).exists():
        return text, standard
    return place, _degradations(tail)


def _degradations(text: str) -> list[str]:
    names = [name.strip() for name in text.split("+")]
    for name in names:
        if name not in REDUCTIONS:
            raise ConfigError(
                f"degradation '{name}': is not known. Use {' or '.join(REDUCTIONS)}."
            )
    return names


def _few(names: Sequence[str], most: int = 6) -> str:
    shown = ", ".join(names[:most])
    return f"{shown} …" if len(names) > most else shown
