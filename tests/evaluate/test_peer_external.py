"""Results made elsewhere: taken as they are, or refused with numbers."""

import shlex
import sys
from collections.abc import Callable
from pathlib import Path

import av
import pytest
import torch
from PIL import Image
from torch import Tensor
from torch.testing import assert_close

from videogigagan.errors import ConfigError, DataError
from videogigagan.evaluate.peers.external import frames_by, frames_in

SCRIPT = """
import pathlib, sys
from PIL import Image
source, target = map(pathlib.Path, sys.argv[1:3])
for file in sorted(source.iterdir()):
    with Image.open(file) as image:
        size = (4 * image.width, 4 * image.height)
        image.resize(size, Image.NEAREST).save(target / file.name)
"""
"""Enlarges every frame by repeating its pixels."""


def clip(frames: int = 3) -> Tensor:
    noise = torch.rand(frames, 3, 8, 12, generator=torch.Generator().manual_seed(0))
    return (noise * 255).round() / 255


def repeated(frames: Tensor) -> Tensor:
    return frames.repeat_interleave(4, dim=-1).repeat_interleave(4, dim=-2)


def store(folder: Path, frames: Tensor) -> None:
    folder.mkdir(parents=True)
    for index, frame in enumerate(frames):
        levels = (frame * 255).round().byte().permute(1, 2, 0).numpy()
        Image.fromarray(levels).save(folder / f"{index}.png")


def film(path: Path, frames: Tensor) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("ffv1", rate=25)
        stream.height, stream.width = frames.shape[-2:]
        stream.pix_fmt = "bgr0"
        for frame in frames:
            levels = (frame * 255).round().byte().permute(1, 2, 0).contiguous().numpy()
            container.mux(stream.encode(av.VideoFrame.from_ndarray(levels, format="rgb24")))
        container.mux(stream.encode(None))


def script(tmp_path: Path, text: str = SCRIPT) -> str:
    """A command that runs a Python program."""
    path = tmp_path / "a tool.py"
    path.write_text(text)
    return f"{shlex.quote(sys.executable)} {shlex.quote(str(path))} {{input}} {{output}}"


PLACES: list[Callable[[Path, Tensor], None]] = [
    lambda root, frames: store(root / "city", frames),
    lambda root, frames: film(root / "city.mkv", frames),
    lambda root, frames: film(root / "city" / "anything.mkv", frames),
]


@pytest.mark.parametrize("put", PLACES, ids=["images", "video", "video-in-folder"])
def test_results_are_found_by_the_clip_s_name(
    tmp_path: Path, put: Callable[[Path, Tensor], None]
) -> None:
    put(tmp_path, repeated(clip()))
    found = torch.stack(list(frames_in(tmp_path)(clip(), "city")))
    assert_close(found, repeated(clip()))


def test_names_of_clips_may_have_parts(tmp_path: Path) -> None:
    store(tmp_path / "00001" / "0266", repeated(clip()))
    assert len(list(frames_in(tmp_path)(clip(), "00001/0266"))) == 3


def test_missing_folder_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"^external=.*none: no such folder\. Give the folder"):
        frames_in(tmp_path / "none")


def failure(folder: Path, frames: int = 3) -> str:
    with pytest.raises(DataError) as caught:
        list(frames_in(folder)(clip(frames), "city"))
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_missing_clip_is_one_line(tmp_path: Path) -> None:
    assert "has no result for clip 'city'. Put its frames into " in failure(tmp_path)


def test_folder_without_a_single_video_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "city").mkdir()
    message = "city: has neither images nor one video of clip 'city' ({} videos found). Put"
    assert message.format(0) in failure(tmp_path)
    (tmp_path / "city" / "a.mp4").touch()
    (tmp_path / "city" / "b.mp4").touch()
    assert message.format(2) in failure(tmp_path)


@pytest.mark.parametrize("frames", [2, 5])
def test_another_number_of_frames_is_an_error(tmp_path: Path, frames: int) -> None:
    store(tmp_path / "city", repeated(clip(frames)))
    assert f"has {frames} frames of clip 'city', which has 3. Make one" in failure(tmp_path)


def test_another_size_is_an_error(tmp_path: Path) -> None:
    store(tmp_path / "city", repeated(clip())[..., :-1])
    message = "frames of clip 'city' are 47x32, not 48x32. Enlarge it 4 times."
    assert message in failure(tmp_path)


def test_mirrored_clip_needs_its_first_half_only(tmp_path: Path) -> None:
    mirrored = torch.cat((clip(), clip().flip(0)))
    store(tmp_path / "half" / "city", repeated(clip()))
    store(tmp_path / "whole" / "city", repeated(mirrored))
    for folder in ("half", "whole"):
        found = torch.stack(list(frames_in(tmp_path / folder)(mirrored, "city")))
        assert_close(found, repeated(mirrored))


def test_half_a_clip_is_an_error_unless_it_is_mirrored(tmp_path: Path) -> None:
    store(tmp_path / "city", repeated(clip()))
    assert "has 3 frames of clip 'city', which has 6." in failure(tmp_path, frames=6)


def test_command_gets_frames_and_leaves_frames(tmp_path: Path) -> None:
    upscale = frames_by(script(tmp_path))
    assert_close(torch.stack(list(upscale(clip(), "city"))), repeated(clip()))


def test_command_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(scratch))
    frames = frames_by(script(tmp_path))(clip(), "city")
    next(frames)
    assert list(scratch.iterdir())
    frames.close()
    assert list(scratch.iterdir()) == []


@pytest.mark.parametrize(
    ("program", "said"),
    [
        ("import sys; print('loading\\n\\nno such model', file=sys.stderr); sys.exit(3)",
         "exit status 3: no such model"),
        ("import sys; print('10%\\r20%\\r\\x1bout of memory', file=sys.stderr); sys.exit(1)",
         "exit status 1: out of memory"),
        ("import sys; sys.exit(2)", "exit status 2: no message"),
    ],
)  # fmt: skip
def test_failing_command_is_one_line(tmp_path: Path, program: str, said: str) -> None:
    with pytest.raises(DataError) as caught:
        list(frames_by(script(tmp_path, program))(clip(), "city"))
    message = f"failed on clip 'city' ({said}). Mend the command."
    assert str(caught.value).endswith(message)
    assert "\n" not in str(caught.value)


def test_command_that_leaves_nothing_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"has neither images nor one video of clip 'city'"):
        list(frames_by(script(tmp_path, ""))(clip(), "city"))


def test_words_are_not_given_to_a_shell(tmp_path: Path) -> None:
    template = f"{script(tmp_path)} '; touch {tmp_path / 'harm'}' $(touch {tmp_path / 'harm'})"
    list(frames_by(template)(clip(), "city"))
    assert not (tmp_path / "harm").exists()


def test_program_that_cannot_run_is_one_line(tmp_path: Path) -> None:
    broken = tmp_path / "broken"
    broken.write_text("#!/no/such/interpreter\n")
    broken.chmod(0o755)
    message = r"broken' cannot be run on clip 'city' \(No such file or directory\)\. Check"
    with pytest.raises(DataError, match=message):
        list(frames_by(f"{broken} {{input}} {{output}}")(clip(), "city"))


@pytest.mark.parametrize(
    ("template", "message"),
    [
        ("tool {output}", r"'tool \{output\}' has no \{input\}\. Say where it goes\."),
        ("tool {input}", r"has no \{output\}\. Say where it goes\."),
        ("tool '{input} {output}", r"cannot be split into words \(No closing quotation\)\. "),
        ("no-such-tool {input} {output}", r"there is no program 'no-such-tool'\. Install it\."),
    ],
)
def test_template_that_cannot_work_is_one_line(template: str, message: str) -> None:
    with pytest.raises(ConfigError, match=rf"^external-command: .*{message}"):
        frames_by(template)
