"""The smallest pictures there are go through the whole program."""

from pathlib import Path

import pytest
from PIL import Image

from videogigagan import UpscaleOptions, VideoUpscaler
from videogigagan.upscale.files import upscale_file
from videogigagan.video.encode import EncodeOptions
from videogigagan.video.reader import open_source


@pytest.mark.catalogue("T31")
@pytest.mark.parametrize("target", ["out.mp4", "out"])
@pytest.mark.parametrize("size", [(1, 1), (7, 5), (40, 16), (2, 33)], ids=str)
def test_small_inputs_are_enlarged(
    tiny_weights: Path, tmp_path: Path, size: tuple[int, int], target: str
) -> None:
    (tmp_path / "in").mkdir()
    for number in range(3):
        Image.new("RGB", size, (80 * number, 100, 50)).save(tmp_path / "in" / f"{number}.png")
    upscaler = VideoUpscaler.from_pretrained(tiny_weights, device="cpu")
    options = UpscaleOptions(encode=EncodeOptions(preset="ultrafast"))
    result = upscale_file(upscaler, tmp_path / "in", tmp_path / target, options=options)
    assert (result.frames, result.size) == (3, (4 * size[0], 4 * size[1]))
    with open_source(tmp_path / target) as video:
        assert (video.info.width, video.info.height) == result.size
        assert len(list(video.frames())) == 3
