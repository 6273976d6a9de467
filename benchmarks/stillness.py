"""Whether what stands still stays still: `python benchmarks/stillness.py --data vid4=FOLDER`.

Gives systems thirty copies of a frame, the first of each clip, made small as `videogigagan
evaluate` does it, and prints the mean absolute change from one result to the next, away from
the first and last three, in steps of 1/255; in brackets that of the two neighbours that differ
most. The bar is a mean of at most half a step, and not more than BasicVSR's, if that was named.
Systems that read results from a folder have made none of these copies, so leave them out.
"""

import sys
from dataclasses import dataclass
from typing import Annotated

import tyro

from selection import Selection
from videogigagan.data.datasets import ClipFiles
from videogigagan.errors import ConfigError, VideoGigaGANError
from videogigagan.evaluate.benchmark import Choice
from videogigagan.evaluate.lockstep import small_clip
from videogigagan.evaluate.stillness import ENDS, HIGHEST_CHANGE, Unrest, unrest
from videogigagan.evaluate.systems import System
from videogigagan.ops.allocator import keep_freed_memory

PEER = "basicvsr"


@dataclass(frozen=True, kw_only=True, slots=True)
class Stillness:
    """Measure how much systems change a picture that stands still."""

    of: Annotated[Selection, tyro.conf.arg(name="")]
    """Clips and systems."""
    copies: int = 30
    """Frames that a system is given."""

    def run(self) -> None:
        """Print a table for each data set."""
        if self.copies < 2 * ENDS + 2:
            raise ConfigError(f"copies must be at least {2 * ENDS + 2}, not {self.copies}.")
        keep_freed_memory()
        for choice, clips, systems in self.of.each():
            rows = {
                clip.name: [measured(choice, clip, system, self.copies) for system in systems]
                for clip in clips
            }
            print(f"{choice.title}: {self.copies} copies of each first frame\n")
            print(f"{table(systems, rows)}\n")


def measured(choice: Choice, clip: ClipFiles, system: System, copies: int) -> Unrest:
    """Unrest of a system on copies of a clip's first frame."""
    print(f"{choice.title}: {clip.name}, {system.name}", file=sys.stderr, flush=True)
    small = small_clip(clip, choice.degradation, 1)
    return unrest(system.upscale(small.repeat(copies, 1, 1, 1), clip.name))


def table(systems: list[System], rows: dict[str, list[Unrest]]) -> str:
    """All clips, their means, and whether those are low enough, as Markdown."""
    lines = [
        f"| steps of 1/255 | {' | '.join(system.title for system in systems)} |",
        "|---|" + "---:|" * len(systems),
    ]
    for name, found in rows.items():
        cells = " | ".join(f"{one.mean:.3f} ({one.highest:.3f})" for one in found)
        lines.append(f"| {name} | {cells} |")
    columns = list(zip(*rows.values(), strict=True))
    means = [sum(one.mean for one in column) / len(column) for column in columns]
    highest = [max(one.highest for one in column) for column in columns]
    cells = " | ".join(
        f"{mean:.3f} ({most:.3f})" for mean, most in zip(means, highest, strict=True)
    )
    lines.append(f"| **mean** | {cells} |")
    verdicts = " | ".join("yes" if mean <= HIGHEST_CHANGE else "**no**" for mean in means)
    lines.append(f"| at most {HIGHEST_CHANGE} | {verdicts} |")
    peers = [
        mean
        for mean, system in zip(means, systems, strict=True)
        if system.name.partition("=")[0] == PEER
    ]
    if peers:
        verdicts = " | ".join("yes" if mean <= peers[0] else "**no**" for mean in means)
        lines.append(f"| at most BasicVSR's | {verdicts} |")
    return "\n".join(lines)


if __name__ == "__main__":
    try:
        tyro.cli(Stillness, description=__doc__).run()
    except VideoGigaGANError as error:
        sys.exit(f"stillness: {error}")
