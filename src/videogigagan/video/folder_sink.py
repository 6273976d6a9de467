"""Writing a folder of PNG images."""

import os
import shutil
from pathlib import Path
from typing import final

import numpy as np
from jaxtyping import Float
from PIL import Image
from torch import Tensor

from videogigagan.errors import VideoError
from videogigagan.video.info import Frame
from videogigagan.video.sink import SegmentedSink


@final
class ImageFolderSink(SegmentedSink):
    """8-bit RGB or RGBA PNG files.

    They are named like the source's images, or 00000000.png, 00000001.png, ...
    The folder appears when it is whole. An existing folder of PNG files is replaced.
    """

    @property
    def safe(self) -> int:
        """Images on the disk."""
        return self.written

    def _begin(self) -> None:
        self._temporary.mkdir(exist_ok=self._workshop is not None)

    def _put(self, pixels: Float[Tensor, "c H W"], frame: Frame) -> None:
        values = (pixels.float().cpu().clamp(0, 1) * 255).round().byte()
        name = frame.name if frame.name is not None else f"{frame.index:08d}"
        mode = "xb" if self._workshop is None else "wb"  # some are left of the run before
        with (self._temporary / f"{name}.png").open(mode) as file:
            Image.fromarray(np.ascontiguousarray(values.permute(1, 2, 0).numpy())).save(
                file, format="PNG"
            )
            if self._workshop is not None:
                file.flush()
                os.fsync(file.fileno())

    def _end_segment(self) -> None:
        """Every image was brought to the disk when it was written."""

    def _restore(self, safe: int) -> None:
        found = sum(1 for _ in self._temporary.glob("*.png"))
        if found < safe:
            raise VideoError(
                f"{self._temporary}: has lost images ({found} of {safe} are there). Begin anew "
                "with --resume fresh."
            )

    def _leave(self, place: Path) -> None:
        """The images can be looked at where they are."""

    def _complete(self) -> None:
        """Nothing is pending: every image was closed when it was written."""

    def _publish(self) -> None:
        if not self.target.exists():
            self._temporary.rename(self.target)
            return
        aside = Path(f"{self._temporary}.old")
        self.target.rename(aside)
        try:
            self._temporary.rename(self.target)
        except BaseException:
            aside.rename(self.target)
            raise
        shutil.rmtree(aside)

    def _discard(self) -> None:
        if self._workshop is None:
            shutil.rmtree(self._temporary, ignore_errors=True)
