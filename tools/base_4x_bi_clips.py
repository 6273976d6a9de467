"""What the weights `base-4x-bi` learn from: clips of several kinds, propagated once."""

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from recipe import VIDEO, fill_from, mixture, propagating

from videogigagan.data.clips import ClipSource

SOFT_CLIPS, SHARP_CLIPS = range(400), range(0, 500, 4)
WARM_CLIPS, WARM_FILMED_CLIPS = range(0, 360, 4), range(0, 80, 8)
MORE_WARM_CLIPS, TEXTURED_CLIPS = range(2, 54, 4), range(150)
MOST_FILMED_CLIPS, FEWER_TEXTURED_CLIPS = [n for n in range(80) if n % 8 != 4], range(0, 150, 3)
assert VIDEO.propagation is not None
WARM = replace(VIDEO, propagation=replace(VIDEO.propagation, run_up=10))


def fill(arguments: argparse.Namespace) -> None:
    """Propagate clips and store their features: soft to all degrees, and sharp."""
    material = mixture(arguments.data, photos=0.6)
    soft = ClipSource(material=material, frames=9, seed=2, defocus=1.2)
    sharp = ClipSource(material=material, seed=1)
    sources = {"d": (soft, SOFT_CLIPS), "o": (sharp, SHARP_CLIPS)}
    fill_from(sources, propagating(VIDEO, arguments), arguments)


def fill_warm(arguments: argparse.Namespace) -> None:
    """Propagate longer clips from warm states; some are as cameras sharpen them."""
    fill_warm_from({"p": WARM_CLIPS, "f": WARM_FILMED_CLIPS}, arguments)


def fill_more(arguments: argparse.Namespace) -> None:
    """Propagate more of them, most of them sharp and the richest in texture of several."""
    fill_warm_from({"p": MORE_WARM_CLIPS, "s": TEXTURED_CLIPS}, arguments)


def fill_filmed(arguments: argparse.Namespace) -> None:
    """Propagate clips as people's video is: most are soft, or were sharpened by a camera."""
    soft = [*WARM_CLIPS, *MORE_WARM_CLIPS]
    wanted = {"p": soft, "f": MOST_FILMED_CLIPS, "s": FEWER_TEXTURED_CLIPS}
    fill_warm_from(wanted, arguments, folder="filmed-clips")


def fill_gathered(arguments: argparse.Namespace) -> None:
    """Propagate many more: few clips of few sources are learnt by heart."""
    wanted = {"p": range(0, 960, 4), "f": range(480), "s": range(0, 180, 3)}
    fill_warm_from(wanted, arguments, folder="gathered")


def fill_enriched(arguments: argparse.Namespace) -> None:
    """Propagate what is hard: as cameras film it, and the richest in texture of six."""
    wanted = {"h": range(300), "f": range(480, 580), "p": range(1, 401, 4)}
    fill_warm_from(wanted, arguments, folder="enriched")


def fill_redrawn(arguments: argparse.Namespace) -> None:
    """Propagate others, as many soft ones as hard ones."""
    wanted = {"h": range(300, 480), "f": range(580, 680), "p": range(3, 723, 4)}
    fill_warm_from(wanted, arguments, folder="redrawn")


def fill_warm_from(
    wanted: Mapping[str, Sequence[int]], arguments: argparse.Namespace, *, folder: str = "warm"
) -> None:
    """Propagate clips of 13 frames with a run-up.

    Soft to all degrees (`p`), as cameras sharpen them (`f`), of these the richest in texture of
    six (`h`), or sharp and the richest of four (`s`).
    """
    common: dict[str, Any] = {"material": mixture(arguments.data, photos=0.5), "frames": 13}
    sources = {
        "p": ClipSource(defocus=1.2, seed=41, **common),
        "f": ClipSource(defocus=1.6, sharpening=1.5, seed=42, **common),
        "h": ClipSource(defocus=1.6, sharpening=1.5, candidates=6, seed=44, **common),
        "s": ClipSource(defocus=0.6, candidates=4, seed=43, **common),
    }
    chosen = {prefix: (sources[prefix], indices) for prefix, indices in wanted.items()}
    fill_from(chosen, propagating(WARM, arguments), arguments, folder=folder)
