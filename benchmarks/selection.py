"""Which clips and systems a benchmark is about, as `videogigagan evaluate` is told it."""

from collections.abc import Iterator
from dataclasses import dataclass

from videogigagan.data.datasets import ClipFiles
from videogigagan.evaluate.benchmark import Choice, choose_clips, parse_choices
from videogigagan.evaluate.systems import System, build_system
from videogigagan.upscale.options import Precision


@dataclass(frozen=True, kw_only=True, slots=True)
class Selection:
    """Clips, how they are made small, and what upscales them."""

    data: str
    """Data sets in their folders, as `videogigagan evaluate --data` takes them."""
    degradation: str = "bi"
    """bi, bd, camera, or several: bi+bd."""
    systems: str = "base-4x-bi,basicvsr"
    """Names as `videogigagan evaluate --systems` takes them."""
    clips: str = ""
    """Names of the clips to take; all of them unless given."""
    precision: Precision = "auto"
    """How weights of ours compute; peers do in fp32."""

    def each(self) -> Iterator[tuple[Choice, tuple[ClipFiles, ...], list[System]]]:
        """Every data set with its clips, and the systems ready for it."""
        choices = parse_choices(self.data, self.degradation)
        for choice, clips in choose_clips(choices, _split(self.clips)):
            made_for = {
                "data_set": choice.data_set.name,
                "degradation": choice.degradation,
                "precision": self.precision,
            }
            systems = [build_system(name, **made_for) for name in _split(self.systems)]
            yield choice, clips, systems


def _split(text: str) -> list[str]:
    """Names between commas."""
    return list(dict.fromkeys(name.strip() for name in text.split(",") if name.strip()))
