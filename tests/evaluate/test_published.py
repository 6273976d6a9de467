"""Published figures: whole, plausible, each with its source, found by name."""

import pytest

from videogigagan.evaluate.published import (
    RVRT_TABLE_5,
    SUPPLEMENT,
    TABLE_2,
    TABLE_4,
    published,
    published_cost,
    published_systems,
)

BI = [("reds4", "bi"), ("vimeo", "bi"), ("vid4", "bi")]
BD = [("udm10", "bd"), ("vimeo", "bd"), ("vid4", "bd")]
SPANS = {
    "psnr": (20, 45),
    "ssim": (0.5, 1),
    "lpips": (0.05, 0.4),
    "dists": (0.04, 0.2),
    "e": (0.001, 0.003),
    "tlpips": (0.003, 0.04),
}


@pytest.mark.parametrize("column", BI + BD)
def test_figures_are_plausible(column: tuple[str, str]) -> None:
    for system in published_systems(*column):
        row = published(*column, system)
        assert row
        for metric, figure in row.items():
            low, high = SPANS[metric.split("_")[0]]
            assert low < figure.value < high, (system, metric)
            assert figure.source.title


@pytest.mark.parametrize("column", BI + BD)
def test_every_column_has_bicubic_basicvsr_and_the_paper(column: tuple[str, str]) -> None:
    systems = published_systems(*column)
    assert systems[0] == "bicubic"
    assert {"BasicVSR", "BasicVSR++", "RVRT", "VideoGigaGAN"} <= set(systems)
    colour = "rgb" if column[0] == "reds4" else "y"
    for system in ("bicubic", "BasicVSR", "VideoGigaGAN"):
        assert {f"psnr_{colour}", f"ssim_{colour}"} <= published(*column, system).keys()


@pytest.mark.parametrize(
    ("data_set", "degradation", "system", "metric", "value"),
    [
        ("vid4", "bi", "BasicVSR", "psnr_y", 27.24),
        ("vid4", "bd", "BasicVSR", "ssim_y", 0.8553),
        ("vimeo", "bd", "RBPN", "psnr_y", 37.20),
        ("udm10", "bd", "VideoGigaGAN", "lpips_vgg", 0.1060),
        ("reds4", "bi", "RVRT", "psnr_rgb", 32.74),
        ("reds4", "bi", "bicubic", "e_warp", 1.161e-3),
        ("reds4", "bi", "ground truth", "e_ref", 2.1272e-3),
        ("reds4", "bi", "+ BlurPool", "e_ref", 2.152e-3),
        ("reds4", "bi", "StableVSR", "tlpips", 5.40e-3),
    ],
)
def test_entries(
    data_set: str, degradation: str, system: str, metric: str, value: float
) -> None:
    assert published(data_set, degradation, system)[metric].value == pytest.approx(value)


def test_the_paper_claims_the_lowest_perceptual_distance_everywhere() -> None:
    for column in BI + BD:
        rows = {name: published(*column, name) for name in published_systems(*column)}
        scores = {
            name: row["lpips_vgg"].value for name, row in rows.items() if "lpips_vgg" in row
        }
        scores.pop("+ flow-guided propagation", None)  # a step of its own ablation
        assert min(scores, key=lambda name: scores[name]) == "VideoGigaGAN"


def test_one_row_may_come_from_several_tables() -> None:
    row = published("reds4", "bi", "BasicVSR++")
    assert row["psnr_rgb"].value == 32.39  # of two published figures, the supplement's
    assert row["psnr_rgb"].source == SUPPLEMENT
    assert row["e_ref"].source == TABLE_2
    assert row["lpips"].source.second_hand
    assert row["lpips"].value < row["lpips_vgg"].value


def test_what_we_have_not_seen_ourselves_is_marked() -> None:
    assert published("vid4", "bi", "bicubic")["psnr_y"].source == RVRT_TABLE_5
    assert RVRT_TABLE_5.second_hand
    assert not SUPPLEMENT.second_hand


def test_names_are_found_in_any_case() -> None:
    assert published("vid4", "bi", "basicvsr++") == published("vid4", "bi", "BasicVSR++")
    assert published_cost("basicvsr") == published_cost("BasicVSR")


def test_what_is_not_published_is_empty() -> None:
    assert published("vid4", "bd", "TOFlow") == {}
    assert published("vid4", "bi", "base-4x") == {}
    assert published("davis", "bi", "BasicVSR") == {}
    assert published_systems("davis", "bi") == ()
    assert published_cost("MuCAN") is None


def test_costs_are_those_of_table_4() -> None:
    cost = published_cost("VideoGigaGAN")
    assert cost is not None
    assert (cost.parameters, cost.milliseconds, cost.source) == (369, 295, TABLE_4)
