"""One system on its way through a clip, a frame at a time."""

import math
import time
from collections.abc import Iterator, Mapping

import torch
from jaxtyping import Float
from torch import Tensor

from videogigagan.errors import DataError, VideoGigaGANError
from videogigagan.evaluate.fidelity import eight_bit
from videogigagan.evaluate.metric import Metric
from videogigagan.evaluate.moment import Moment
from videogigagan.evaluate.plan import TRUTH
from videogigagan.evaluate.systems import System
from videogigagan.evaluate.view import Frame, View


class Lane:
    """Takes a system's results as they come, times them and measures them.

    Args:
        system: What makes the results.
        clip: Name of the clip.
        small: The clip as the system gets it.
        metrics: What to measure.
    """

    def __init__(
        self,
        system: System,
        clip: str,
        small: Float[Tensor, "t 3 h w"],
        metrics: Mapping[str, Metric],
    ) -> None:
        self.system = system
        self.scores: dict[str, list[float | None]] = {name: [] for name in metrics}
        self._metrics = metrics
        self._clip = clip
        self._small = small
        self._frames: Iterator[Tensor] | None = None
        self._made = 0
        self._seconds = 0.0
        self._before: Frame | None = None

    @property
    def seconds(self) -> float | None:
        """Time per frame so far; None for the original, which takes none."""
        return self._seconds / self._made if self._made else None

    def take(self, truth: Float[Tensor, "3 h w"]) -> Float[Tensor, "3 h w"]:
        """The system's next frame, on the 256 levels of a file.

        Raises:
            DataError: There is none, it has another size, it is not made of numbers, or the
                system failed.
        """
        if self.system.name == TRUTH:
            return truth
        frame = self._next()
        if frame is None:
            raise self._wrong_count()
        if frame.shape != truth.shape:
            raise self._error(
                f"frame {self._made} has another size than the original "
                f"({_size(frame)}, not {_size(truth)}). Give frames of the original's size"
            )
        if not torch.isfinite(frame).all():
            raise self._error(
                f"frame {self._made} has pixels that are not numbers. Check the weights"
            )
        return eight_bit(frame.float())

    def judge(
        self, result: Float[Tensor, "3 h w"], truth: View, *, border: int, scored: bool
    ) -> None:
        """Go on to a result, and measure it if this frame is scored.

        Raises:
            DataError: A figure is not a number.
        """
        view = truth
        if self.system.name != TRUTH:
            view = View(Frame(result, truth.judges), self._before)
        self._before = view.frame
        if scored:
            moment = Moment(result=view, truth=truth, border=border)
            for name, metric in self._metrics.items():
                self.scores[name].append(self._figure(name, metric, moment))

    def finish(self) -> None:
        """Let the system come to its end.

        Raises:
            DataError: It gives another number of frames than it got, or failed.
        """
        if self.system.name == TRUTH:
            return
        while self._made <= len(self._small) and self._next() is not None:
            pass
        if self._made != len(self._small):
            raise self._wrong_count()

    def _figure(self, name: str, metric: Metric, moment: Moment) -> float | None:
        with torch.inference_mode():
            figure = metric.score(moment)
        if figure is not None and not math.isfinite(figure):
            raise self._error(f"{name} of frame {self._made} is not a number. Leave it out")
        return figure

    def _next(self) -> Tensor | None:
        """The next frame, with the time it took; None at the end."""
        started = time.perf_counter()
        try:
            if self._frames is None:
                self._frames = iter(self.system.upscale(self._small, self._clip))
            frame = next(self._frames, None)
        except VideoGigaGANError as error:
            raise DataError(f"{self.system.name} on {self._clip}: {error}") from error
        except (RuntimeError, OSError, MemoryError, ValueError) as error:
            cause = " ".join(str(error).split()) or type(error).__name__
            raise self._error(
                f"the system failed ({cause}). Mend it, or leave it out"
            ) from error
        self._seconds += time.perf_counter() - started
        self._made += frame is not None
        return frame

    def _wrong_count(self) -> DataError:
        many = "more" if self._made > len(self._small) else "fewer"
        return self._error(
            f"makes {many} frames than it is given ({self._made} of {len(self._small)}). "
            "Give one for each"
        )

    def _error(self, what: str) -> DataError:
        return DataError(f"{self.system.name} on {self._clip}: {what}.")


def _size(frame: Tensor) -> str:
    return "x".join(str(side) for side in reversed(frame.shape[1:]))
