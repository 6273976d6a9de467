"""What is wrong with a clip is found and named."""

from pathlib import Path

from PIL import Image

from videogigagan.data.layouts import ClipFiles
from videogigagan.data.verify import Finding, examine


def images(folder: Path, count: int, size: tuple[int, int] = (8, 4)) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for index in range(count):
        Image.new("RGB", size).save(folder / f"{index}.png")
    return folder


def test_a_whole_clip_has_no_problems(tmp_path: Path) -> None:
    clip = ClipFiles(
        name="a",
        frames=images(tmp_path / "large", 3),
        small=images(tmp_path / "small", 3, (2, 1)),
        length=3,
        size=(8, 4),
    )
    ticks: list[None] = []
    finding = examine(clip, lambda: ticks.append(None))
    assert finding == Finding(clip="a", frames=3, size=(8, 4), problems=())
    assert len(ticks) == 6


def test_a_missing_clip_is_named(tmp_path: Path) -> None:
    finding = examine(ClipFiles(name="a", frames=tmp_path / "a", length=3), lambda: None)
    assert finding.frames == 0
    assert finding.size is None
    assert finding.problems == (f"{tmp_path / 'a'}: is missing. Fetch the clip.",)


def test_every_part_is_looked_at(tmp_path: Path) -> None:
    clip = ClipFiles(
        name="a",
        frames=images(tmp_path / "large", 2),
        small=images(tmp_path / "small", 3, (3, 1)),
        length=3,
        size=(8, 4),
    )
    finding = examine(clip, lambda: None)
    assert finding.frames == 2
    assert finding.problems == (
        f"{tmp_path / 'large'}: has 2 frames (3 expected). Fetch the clip again.",
        f"{tmp_path / 'small'}: frame 0 is 3x1 (2x1 expected). Fetch the clip again.",
    )


def test_damage_is_a_problem_not_an_end(tmp_path: Path) -> None:
    (images(tmp_path / "a", 3) / "1.png").write_bytes(b"no image")
    finding = examine(ClipFiles(name="a", frames=tmp_path / "a"), lambda: None)
    assert (finding.frames, finding.size) == (1, (8, 4))
    assert len(finding.problems) == 1
    assert "1.png: is damaged" in finding.problems[0]
