"""How well cuts are found: `python benchmarks/cuts.py FOLDER`.

Joins the clips of a folder, each of them one shot, in random order to one video whose cuts are
known, and counts which of them are found to the frame, and what is found that is none: as
filmed, with every second and every fourth frame alone, as if everything moved so much faster,
and with fades through black between the shots, where the frames before and after are right too.
Where two clips of the same footage happen to follow one another, that counts as a cut.
"""

import argparse
import random
from collections.abc import Callable, Iterator
from itertools import accumulate
from pathlib import Path

import torch
from jaxtyping import Float
from torch import Tensor

from videogigagan.ops.resize import resize
from videogigagan.video.cuts import find_cuts
from videogigagan.video.reader import open_source

SIZE = (90, 160)
ROUNDS, SHORTEST, FADE = 3, 12, 6
Shot = Float[Tensor, "t 3 h w"]


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", type=Path)
    shots = [read(path) for path in sorted(parser.parse_args().folder.glob("*.mp4"))]
    ways: dict[str, Callable[[Tensor], Tensor]] = {
        "as filmed": lambda shot: shot,
        "twice as fast": lambda shot: shot[::2],
        "four times as fast": lambda shot: shot[::4],
        "with fades through black": faded,
    }
    print("| | cuts | found | missed | false | frames |")
    print("|---|---|---|---|---|---|")
    for name, change in ways.items():
        real, found, frames = 0, 0, 0
        hits = 0
        for number in range(ROUNDS):
            cuts, told, length = joined(shots, change, random.Random(number))  # noqa: S311 - no secret
            real, found, frames = real + len(cuts), found + len(told), frames + length
            off = 1 if change is faded else 0  # which of the black frames divides the shots
            hits += sum(not told.isdisjoint(range(cut - off, cut + off + 1)) for cut in cuts)
        print(f"| {name} | {real} | {hits} | {real - hits} | {found - hits} | {frames} |")


def read(path: Path) -> Shot:
    """A clip, made small."""
    with open_source(path) as reader:
        return torch.stack([resize(frame.pixels, SIZE) for frame in reader.frames()])


def joined(
    shots: list[Tensor], change: Callable[[Tensor], Tensor], chance: random.Random
) -> tuple[set[int], set[int], int]:
    """Where cuts are, where they are found, and the number of frames."""
    order = chance.sample(shots, len(shots))
    parts = [change(shot[: chance.randint(SHORTEST, len(shot))]) for shot in order]
    cuts = set(accumulate(len(part) for part in parts[:-1]))

    def frames() -> Iterator[Tensor]:
        for part in parts:
            yield from part

    told = {index for index, (_, begins) in enumerate(find_cuts(frames())) if begins}
    return cuts, told - {0}, sum(map(len, parts))


def faded(shot: Tensor) -> Tensor:
    """Out of black, and back into it: the shot begins where the picture comes back."""
    levels = torch.ones(len(shot))
    ramp = torch.linspace(0, 1, FADE)
    levels[:FADE], levels[-FADE:] = ramp, ramp.flip(0)
    return shot * levels[:, None, None, None]


if __name__ == "__main__":
    main()
