"""A video as the judges see it: asked once, and let go when nobody can ask any more."""

import weakref
from collections.abc import Iterator

import pytest
import torch
from known_flow import KnownFlow, first_moment, moving_texture
from torch import Tensor
from torch.testing import assert_close

from videogigagan.errors import DataError
from videogigagan.evaluate.moment import Moment
from videogigagan.evaluate.view import Frame, Judges, View
from videogigagan.frozen.lpips import LPIPS
from videogigagan.ops.occlusion import occluded


@pytest.fixture(scope="module")
def clip() -> Tensor:
    return moving_texture()


@pytest.fixture
def described(monkeypatch) -> list[Tensor]:
    """Pictures that perceptual distances were asked about."""
    pictures: list[Tensor] = []
    describe = LPIPS.describe

    def counted(self: LPIPS, picture: Tensor) -> Iterator[Tensor]:
        pictures.append(picture)
        return describe(self, picture)

    monkeypatch.setattr(LPIPS, "describe", counted)
    return pictures


def critics() -> Judges:
    torch.manual_seed(0)
    return Judges(lpips={"alex": LPIPS("alex").eval(), "squeeze": LPIPS("squeeze").eval()})


def test_flow_goes_there_and_back_and_is_found_once(clip: Tensor) -> None:
    raft = KnownFlow()
    view = View(Frame(clip[0], Judges(raft=raft))).next(clip[1])
    assert_close(view.flow[0, :, 0, 0], torch.tensor([1.3, -0.6]))
    assert_close(view.flow[1], -view.flow[0])
    assert_close(view.occluded, occluded(view.flow[:1], view.flow[1:])[0])
    assert raft.asked == 2


def test_a_picture_is_described_once_for_distance_and_change(clip: Tensor, described) -> None:
    judges = critics()
    result, truth = (View(Frame(frame, judges)) for frame in clip[:2])
    now = Moment(result=result.next(clip[1]), truth=truth.next(clip[2]))
    alex = judges.lpips["alex"]
    assert_close(now.lpips("alex"), alex(clip[1:2], clip[2:3]).item())
    assert_close(now.result.change, alex(clip[:1], clip[1:2]).item())
    assert_close(now.truth.change, alex(clip[1:2], clip[2:3]).item())
    described.clear()
    again = Moment(result=now.result.next(clip[2]), truth=now.truth.next(clip[2]))
    assert again.lpips("alex") == pytest.approx(0, abs=1e-6)
    assert again.result.change > 0
    assert again.truth.change == 0
    assert len(described) == 2


def test_features_of_other_trunks_live_as_long_as_the_view(clip: Tensor, described) -> None:
    moment = first_moment(clip[0], clip[1], critics())
    moment.lpips("squeeze")
    moment.lpips("squeeze")
    assert len(described) == 2
    features = weakref.ref(moment.truth.features("squeeze")[0])
    later = moment.truth.next(clip[2])
    del moment
    assert features() is None
    assert later.before is not None


def test_what_lies_two_frames_back_is_let_go(clip: Tensor) -> None:
    first = View(Frame(clip[0], Judges()))
    second = first.next(clip[1])
    gone = weakref.ref(first.frame)
    assert second.before is first.frame
    third = second.next(clip[2])
    del first, second
    assert gone() is None
    assert_close(third.before.picture, clip[1])


def test_a_moment_of_two_sizes_is_refused(clip: Tensor) -> None:
    with pytest.raises(DataError, match="64x48 against 60x48"):
        first_moment(clip[0], clip[0, :, :, :60])
