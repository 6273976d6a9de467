"""Figures show the pixels that were measured, where there is most to see."""

from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree as ET

import numpy as np
import pytest
import torch
from evaluate_fakes import ERROR, MOTION, Enlarger, benchmark, plan, system
from PIL import Image

from videogigagan.errors import DataError
from videogigagan.evaluate.figures import draw_figures
from videogigagan.evaluate.pieces import Box, Gallery, busiest, levels
from videogigagan.evaluate.plan import ground_truth
from videogigagan.evaluate.run import evaluate
from videogigagan.evaluate.scatter import Point, scatter
from videogigagan.evaluate.sheets import Panel, enlarged, in_a_column, in_a_row

METRICS = {"error": ERROR, "lpips": replace(ERROR, title="LPIPS"), "e_ref": MOTION}


def pixels(path: Path) -> np.ndarray:
    with Image.open(path) as image:
        return np.asarray(image)


def test_crop_lies_on_the_texture() -> None:
    frame = torch.full((3, 200, 300), 0.5)
    frame[:, 104:168, 184:248] = torch.rand(3, 64, 64)
    assert busiest(frame, 64) == Box(top=104, left=184, side=64)
    assert busiest(torch.zeros(3, 40, 50)) == Box(top=0, left=0, side=40)


def test_levels_are_those_of_a_file() -> None:
    frame = torch.tensor([-1.0, 0.0, 0.5, 2.0]).expand(3, 1, 4)
    assert levels(frame)[0, :, 0].tolist() == [0, 0, 128, 255]


def test_pieces_are_cut_from_the_frames(tmp_path) -> None:
    frames, gallery = torch.rand(3, 3, 20, 30), Gallery(middle=1)
    for frame in frames:
        gallery.add(frame, {"a": frame / 2})
    gallery.save(tmp_path / "truth", {"a": tmp_path / "a"})
    box = busiest(frames[1])
    for name, factor in (("truth", 1), ("a", 0.5)):
        folder = tmp_path / name
        whole = np.stack([levels(frame * factor) for frame in frames])
        assert (pixels(folder / "xt.png") == whole[:, 10]).all()
        assert (pixels(folder / "yt.png") == whole[:, :, 15].swapaxes(0, 1)).all()
        inside = whole[1, box.top : box.top + box.side, box.left : box.left + box.side]
        assert (pixels(folder / "crop.png") == inside).all()
    assert (tmp_path / "truth" / "overview.png").is_file()
    assert not (tmp_path / "a" / "overview.png").exists()


def test_pieces_that_cannot_be_written_are_told(tmp_path) -> None:
    (tmp_path / "file").touch()
    gallery = Gallery(middle=0)
    gallery.add(torch.rand(3, 8, 8), {})
    with pytest.raises(DataError, match="cannot be written"):
        gallery.save(tmp_path / "file" / "truth", {})


def test_all_figures_are_drawn_and_drawn_again(two_clips, tmp_path) -> None:
    systems = (system("a"), system("b", Enlarger(lambda _, frame: frame / 2)), ground_truth())
    it = plan(tmp_path / "out", benchmark(two_clips, *systems, metrics=METRICS))
    outcomes = evaluate(it, lambda *_: None)
    first = {path: path.read_bytes() for path in draw_figures(it, outcomes)}
    assert sorted(str(path.relative_to(it.out)) for path in first) == [
        "crops/noise-bi-one.png",
        "crops/noise-bi-three.png",
        "scatter/noise-bi-e_ref.svg",
        "slices/noise-bi-one-xt.png",
        "slices/noise-bi-one-yt.png",
        "slices/noise-bi-three-xt.png",
        "slices/noise-bi-three-yt.png",
    ]
    again = draw_figures(it, evaluate(it, lambda *_: None))
    assert {path: path.read_bytes() for path in again} == first


def test_figures_do_without_pieces_that_were_removed(two_clips, tmp_path) -> None:
    it = plan(tmp_path / "out", benchmark(two_clips, system("a"), metrics={"error": ERROR}))
    outcomes = evaluate(it, lambda *_: None)
    for piece in (it.out / "pieces").rglob("*.png"):
        piece.unlink()
    assert draw_figures(it, outcomes) == []


def test_damaged_piece_is_told(two_clips, tmp_path) -> None:
    it = plan(tmp_path / "out", benchmark(two_clips, system("a"), metrics={"error": ERROR}))
    outcomes = evaluate(it, lambda *_: None)
    for piece in (it.out / "pieces").rglob("crop.png"):
        piece.write_bytes(b"no picture")
    with pytest.raises(DataError, match="a figure cannot be drawn") as raised:
        draw_figures(it, outcomes)
    assert len(str(raised.value).splitlines()) == 1


def test_pictures_on_a_sheet_keep_their_pixels() -> None:
    red, blue = (Image.new("RGB", (20, 30), colour) for colour in ("red", "blue"))
    panels = [Panel(picture=red, caption=("red", "1")), Panel(picture=blue, caption=("blue",))]
    for sheet in (in_a_row(panels), in_a_column(panels)):
        colours = {colour: count for count, colour in sheet.getcolors(100_000)}
        assert colours[255, 0, 0] == colours[0, 0, 255] == 600
    twice = np.asarray(enlarged(red, 2, 3))
    assert twice.shape == (90, 40, 3)


AXES = ("E_ref (1e-3)", "LPIPS <Alex>")


def test_scatter_is_svg_with_a_dot_and_a_name_for_each_point() -> None:
    points = [Point(name="a & b", x=1.0, y=0.3), Point(name="c", x=2.0, y=0.2)]
    root = ET.fromstring(scatter("Vid4, BI", points, *AXES))  # noqa: S314 - our own text
    space = "{http://www.w3.org/2000/svg}"
    dots = [(float(d.get("cx")), float(d.get("cy"))) for d in root.iter(f"{space}circle")]
    words = [text.text for text in root.iter(f"{space}text")]
    assert {"Vid4, BI", "E_ref (1e-3)", "LPIPS <Alex>", "a & b", "c"} <= set(words)
    assert {"1", "1.2", "2", "0.2", "0.22"} <= set(words)  # round numbers beside the axes
    assert dots[0][0] < dots[1][0]
    assert dots[0][1] < dots[1][1]  # a higher value stands higher


def test_names_of_equal_points_do_not_cover_one_another() -> None:
    points = [Point(name=name, x=1.0, y=0.3) for name in ("first", "second", "third")]
    root = ET.fromstring(scatter("", points, *AXES))  # noqa: S314 - our own text
    texts = list(root.iter("{http://www.w3.org/2000/svg}text"))
    rows = [float(t.get("y")) for t in texts if t.text in ("first", "second", "third")]
    assert len(set(rows)) == 3
