"""What compression does to a clip."""

import av
import pytest
import torch
from torch.testing import assert_close
from training_material import waves

from videogigagan.data.codec import check_codecs, through_jpeg, through_video
from videogigagan.errors import ConfigError


def clip(frames: int = 4, height: int = 32, width: int = 48) -> torch.Tensor:
    picture = torch.from_numpy(waves(width, height, 0)).permute(2, 0, 1).float() / 255
    grey = picture.mean(dim=0, keepdim=True).expand(3, -1, -1)  # 4:2:0 halves colour anyway
    return torch.stack([grey.roll(index, dims=2) for index in range(frames)])


def error(result: torch.Tensor, truth: torch.Tensor) -> float:
    return (result - truth).abs().mean().item()


@pytest.mark.parametrize("codec", ["h264", "h265"])
def test_video_compression_harms_more_at_a_higher_crf(codec: str) -> None:
    truth = clip()
    good, bad = (through_video(truth, codec, crf) for crf in (10, 45))
    assert good.shape == truth.shape
    assert error(good, truth) < 0.5 * error(bad, truth)
    assert_close(good * 255, (good * 255).round(), atol=1e-4, rtol=0)


@pytest.mark.parametrize("codec", ["h264", "h265"])
@pytest.mark.parametrize("size", [(1, 8, 8), (3, 17, 31)], ids=str)
def test_any_size_comes_back(codec: str, size: tuple[int, int, int]) -> None:
    frames, height, width = size
    result = through_video(clip(frames, height, width), codec, 20)
    assert result.shape == (frames, 3, height, width)


@pytest.mark.parametrize("codec", ["h264", "h265"])
def test_frames_keep_their_order(codec: str) -> None:
    levels = torch.linspace(0.1, 0.9, 9)[:, None, None, None]
    result = through_video(levels.repeat(1, 3, 16, 16), codec, 20)
    assert_close(result.mean(dim=(1, 2, 3)), levels.flatten(), atol=0.02, rtol=0)


@pytest.mark.parametrize("codec", ["h264", "h265"])
def test_compression_is_repeatable(codec: str) -> None:
    assert torch.equal(through_video(clip(), codec, 30), through_video(clip(), codec, 30))


def test_jpeg_harms_more_at_a_lower_quality() -> None:
    truth = clip()
    good, bad = (through_jpeg(truth, quality) for quality in (95, 10))
    assert good.shape == truth.shape
    assert error(good, truth) < 0.5 * error(bad, truth)


def test_a_missing_encoder_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    check_codecs()
    monkeypatch.setattr(av, "codecs_available", {"libx264"})
    with pytest.raises(ConfigError, match="real: needs the encoder libx265, which this PyAV"):
        check_codecs()
