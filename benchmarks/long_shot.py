"""Whether a long shot drifts: `python benchmarks/long_shot.py PHOTO|VIDEO --lpips FILE`.

A camera sways over a photo and comes back to where it was every 180 frames; or the first 91
frames of a video are played forth and back. So the first and the last 100 of 1,000 frames show
the same. The shot goes on for 50 frames before and behind them, since a shot's own ends differ,
whatever its length: nothing is known from before the one, nor from behind the other. It is made
small and upscaled with `base-4x-bi` twice: in windows, as the program does it, and with
propagation over all of it at once, as the paper does it. Prints LPIPS of the first and the last
100 frames, and how much the picture changes where windows meet, compared with everywhere else;
truth included. Writes `long-shot.json`, and with `--plot` a picture, which needs matplotlib.
"""

import json
import math
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Annotated

import torch
import torch.nn.functional as F
import tyro
from einops import rearrange
from jaxtyping import Float
from torch import Tensor

from plots import plotting
from videogigagan import VideoUpscaler
from videogigagan.data.degrade import bicubic_degradation
from videogigagan.data.footage import read_picture
from videogigagan.errors import ConfigError, VideoGigaGANError
from videogigagan.evaluate.fidelity import eight_bit
from videogigagan.frozen.lpips import load_lpips
from videogigagan.ops.allocator import keep_freed_memory
from videogigagan.upscale import upscaler as upscaling
from videogigagan.upscale.upscaler import OVERLAP
from videogigagan.video.cuts import one_shot
from videogigagan.video.folder_source import SUFFIXES as IMAGE_SUFFIXES
from videogigagan.video.reader import open_source

PERIOD, ENDS = 180, 100  # frames until the camera is back; frames compared at both ends
SWAY, NEAREST = 0.2, 1.15  # of the picture's sides; magnification


@dataclass(frozen=True, kw_only=True, slots=True)
class LongShot:
    """Measure drift over a long shot."""

    source: Annotated[Path, tyro.conf.Positional]
    """A picture of at least twice the frames' sides, or a video of at least their sides."""
    lpips: Path
    """Published weights of LPIPS, AlexNet."""
    out: Path = Path("long-shot")
    """Folder of the figures."""
    frames: int = 1000
    """How many are compared; what lies between their first and last 100 are whole periods."""
    margin: int = 50
    """Frames of the shot before and behind them."""
    size: tuple[int, int] = (192, 144)
    """Columns and rows of the large frames."""
    plot: Path | None = None
    """Picture of LPIPS and change of every frame (.png, .svg)."""

    def run(self) -> None:
        """Print a table."""
        if (self.frames - ENDS) % PERIOD:
            raise ConfigError(
                f"frames must be {ENDS} and a multiple of {PERIOD}, not {self.frames}."
            )
        keep_freed_memory()
        pyplot = None if self.plot is None else plotting()
        self.out.mkdir(parents=True, exist_ok=True)
        judge = load_lpips(self.lpips, "alex")
        ready = VideoUpscaler.from_pretrained("base-4x-bi")
        shot = self._shot()
        small = [bicubic_degradation(frame) for frame in shot()]
        borders: list[int] = []
        curves: dict[str, dict[str, list[float]]] = {"truth": _measured(shot(), shot(), judge)}
        windows = ready.stream(
            iter(small), shots=one_shot, on_window=lambda place: borders.append(place.frame)
        )
        curves["in windows"] = _measured(windows, shot(), judge)
        upscaling.LONGEST_WINDOW = 2 * self._length
        whole = ready.stream(iter(small), shots=one_shot)
        curves["all at once"] = _measured(whole, shot(), judge)
        borders = [border for border in borders if border]
        self._report(curves, borders)
        if self.plot is not None:
            draw(self.plot, curves, borders, pyplot)

    @property
    def _length(self) -> int:
        """Frames of the shot."""
        return self.frames + 2 * self.margin

    def _shot(self) -> Callable[[], Iterator[Float[Tensor, "3 H W"]]]:
        """What makes the large frames, on the 256 levels of a file, as often as it is asked."""
        if self.source.suffix.lower() in IMAGE_SUFFIXES:
            picture = rearrange(torch.from_numpy(read_picture(self.source)), "h w c -> c h w")
            return lambda: self._camera(picture.float() / 255)
        frames = self._played()
        return lambda: (frames[self._turned(index)] for index in range(self._length))

    def _played(self) -> list[Float[Tensor, "3 H W"]]:
        """The middle of a video's frames."""
        columns, rows = self.size
        with open_source(self.source) as reader:
            frames = [frame.pixels for frame in islice(reader.frames(), PERIOD // 2 + 1)]
        top, left = (frames[0].shape[1] - rows) // 2, (frames[0].shape[2] - columns) // 2
        return [eight_bit(x[:, top : top + rows, left : left + columns]) for x in frames]

    def _turned(self, index: int) -> int:
        """Which frame is shown where a video goes forth and back."""
        place = index % PERIOD
        return min(place, PERIOD - place)

    def _camera(self, photo: Float[Tensor, "3 h w"]) -> Iterator[Float[Tensor, "3 H W"]]:
        """A way over a photo."""
        columns, rows = self.size
        height, width = photo.shape[1:]
        for index in range(self._length):
            turn = 2 * math.pi * index / PERIOD
            zoom = 1 + (NEAREST - 1) * (1 - math.cos(turn)) / 2
            across = SWAY * math.sin(turn)
            down = SWAY * math.sin(2 * turn) / 2
            scale = torch.tensor([[columns / width / zoom, 0.0], [0.0, rows / height / zoom]])
            place = torch.cat((scale, torch.tensor([[across], [down]])), dim=1)
            grid = F.affine_grid(place[None], [1, 3, rows, columns], align_corners=False)
            frame = F.grid_sample(photo[None], grid, mode="bicubic", align_corners=False)
            yield eight_bit(frame[0].clamp(0, 1))

    def _report(self, curves: dict[str, dict[str, list[float]]], borders: list[int]) -> None:
        print("| | LPIPS, first | LPIPS, last | last / first | change at borders / elsewhere |")
        print("|---|---|---|---|---|")
        rows: dict[str, dict[str, float]] = {}
        for name, curve in curves.items():
            compared = curve["lpips"][self.margin : self.margin + self.frames]
            first, last = _mean(compared[:ENDS]), _mean(compared[-ENDS:])
            # Against the truth's own change, which is not the same everywhere.
            change = [
                mine / its
                for mine, its in zip(curve["change"], curves["truth"]["change"], strict=True)
            ]
            at = [
                change[border - 1 + step] for border in borders for step in range(OVERLAP + 1)
            ]
            beside = [
                change[border - 1 + step]
                for border in borders
                for step in (-3, -2, OVERLAP + 2, OVERLAP + 3)
                if 0 <= border - 1 + step < len(change)
            ]
            ratio = _mean(at) / _mean(beside) if at else math.nan
            drift = last / first if first else 1.0
            rows[name] = {"first": first, "last": last, "drift": drift, "borders": ratio}
            print(f"| {name} | {first:.4f} | {last:.4f} | {drift:.3f} | {ratio:.3f} |")
        rounds = range(self.margin, self.margin + self.frames - ENDS + 1, PERIOD)
        print("\nLPIPS of the same 100 frames, round by round\n")
        print(f"| | {' | '.join(str(start) for start in rounds)} |")
        print(f"|---|{'---|' * len(rounds)}")
        for name in ("in windows", "all at once"):
            distances = curves[name]["lpips"]
            means = (_mean(distances[start : start + ENDS]) for start in rounds)
            print(f"| {name} | {' | '.join(f'{mean:.4f}' for mean in means)} |")
        result = {"rows": rows, "borders": borders, "curves": curves}
        (self.out / "long-shot.json").write_text(json.dumps(result))


def _measured(
    results: Iterator[Tensor], truth: Iterator[Tensor], judge: torch.nn.Module
) -> dict[str, list[float]]:
    """LPIPS of each frame, and the mean absolute change from each frame to the next."""
    distances: list[float] = []
    changes: list[float] = []
    before: Tensor | None = None
    for result, true in zip(results, truth, strict=True):
        now = eight_bit(result)
        with torch.inference_mode():
            distances.append(judge(now[None], true[None]).item())
        if before is not None:
            changes.append((now - before).abs().mean().item())
        before = now
    return {"lpips": distances, "change": changes}


def _mean(values: list[float]) -> float:
    return sum(values) / len(values)


def draw(
    path: Path,
    curves: dict[str, dict[str, list[float]]],
    borders: list[int],
    pyplot,  # noqa: ANN001 - a module that may be missing
) -> None:
    """LPIPS above, change from frame to frame below."""
    figure, (above, below) = pyplot.subplots(2, 1, figsize=(9, 6), sharex=True)
    for name, curve in curves.items():
        if name != "truth":
            above.plot(curve["lpips"], label=name, linewidth=1)
        below.plot(range(1, len(curve["change"]) + 1), curve["change"], label=name, linewidth=1)
    for border in borders:
        for axes in (above, below):
            axes.axvline(border, color="0.85", linewidth=0.8, zorder=0)
    above.set_ylabel("LPIPS (AlexNet)")
    below.set_ylabel("mean absolute change")
    below.set_xlabel("frame; grey lines: where a window begins")
    above.legend()
    below.legend()
    figure.tight_layout()
    figure.savefig(path, dpi=110)
    pyplot.close(figure)


if __name__ == "__main__":
    try:
        tyro.cli(LongShot).run()
    except VideoGigaGANError as error:
        sys.exit(f"long_shot: {error}")
