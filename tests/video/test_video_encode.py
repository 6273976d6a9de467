import pytest
from video_clips import Clip, frame_times

from videogigagan.errors import ConfigError
from videogigagan.video.encode import EncodeOptions, decide
from videogigagan.video.reader import open_source


def test_auto_codec_follows_depth_and_size(tmp_path):
    with open_source(Clip().write(tmp_path / "in.mp4")) as video:
        info = video.info
    auto = EncodeOptions()
    assert decide(auto, info, width=64, height=64).encoder == "libx264"
    assert decide(auto, info, width=5120, height=2880).encoder == "libx265"
    ten_bits = EncodeOptions(pixel_format="yuv420p10le")
    assert decide(ten_bits, info, width=64, height=64).encoder == "libx265"
    assert decide(ten_bits, info, width=8, height=8).encoder == "libx264"


def test_impossible_encodings_are_refused(tmp_path):
    with open_source(Clip().write(tmp_path / "in.mp4")) as video:
        info = video.info
    with pytest.raises(ConfigError, match="crf must be from 0 to 51, not 52"):
        EncodeOptions(crf=52)
    with pytest.raises(ConfigError, match="h265 needs sides of at least 16"):
        decide(EncodeOptions(codec="h265"), info, width=8, height=8)
    with pytest.raises(ConfigError, match=r"h264 takes sides of at most 16384 \(20000x8\)"):
        decide(EncodeOptions(codec="h264"), info, width=20000, height=8)
    with pytest.raises(ConfigError, match="yuv420p needs even sides"):
        decide(EncodeOptions(pixel_format="yuv420p"), info, width=7, height=8)


@pytest.mark.parametrize("count", [1, 2, 3])
@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
def test_shortest_h265_videos_are_written(tmp_path, copy_frames, count, suffix):
    source = Clip(frames=count).write(tmp_path / "in.mp4")
    options = EncodeOptions(codec="h265", preset="ultrafast")
    for attempt in range(3):  # x265 leaves memory uninitialised, so once proves little
        result = copy_frames(source, tmp_path / f"out{attempt}{suffix}", options=options)
        assert frame_times(result) == frame_times(source)
