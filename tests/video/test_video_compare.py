import torch

from videogigagan.video.compare import side_by_side


def test_both_halves_are_where_they_belong():
    source = torch.full((3, 4, 5), 0.25)
    result = torch.full((3, 16, 20), 0.75)
    both = side_by_side(source, result)
    assert both.shape == (3, 16, 40)
    assert torch.allclose(both[..., :19], torch.tensor(0.25))
    assert torch.allclose(both[..., 21:], torch.tensor(0.75))
    assert (both[..., 19:21] == 1).all()
    assert (result == 0.75).all()


def test_enlarging_stays_in_range():
    source = torch.zeros(3, 4, 4)
    source[..., 2:] = 1
    both = side_by_side(source, torch.zeros(3, 16, 16))
    assert both.min() == 0
    assert both.max() == 1
