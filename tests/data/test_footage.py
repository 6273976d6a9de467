"""Any frames out of the middle of a clip."""

from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image
from training_material import brightening, noise, waves, write_photo, write_video

from videogigagan.data.footage import VideoFootage, open_footage, read_picture
from videogigagan.errors import DataError

FRAMES = 24
GROUP = 6  # frames from one key frame to the next


@pytest.fixture(scope="module")
def pictures() -> list[np.ndarray]:
    picture = waves(96, 64, 0)
    return [np.roll(picture, 2 * index, axis=1) for index in range(FRAMES)]


@pytest.fixture(scope="module")
def h264(tmp_path_factory: pytest.TempPathFactory, pictures: list[np.ndarray]) -> Path:
    """With frames that are stored in another order than they are shown in."""
    options = {"g": str(GROUP), "bf": "2", "x264-params": "scenecut=0"}
    path = tmp_path_factory.mktemp("footage") / "h264.mp4"
    return write_video(path, pictures, "libx264", options)


def decoded(path: Path) -> list[np.ndarray]:
    with av.open(str(path)) as container:
        return [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]


@pytest.mark.parametrize(
    "places", [[0], [FRAMES - 1], [5, 6, 7], [2, 9, 23], list(range(24))], ids=str
)
def test_frames_by_number_are_those_of_the_whole_video(h264: Path, places: list[int]) -> None:
    footage = open_footage(h264)
    assert (footage.count, footage.width, footage.height) == (FRAMES, 96, 64)
    every = decoded(h264)
    for place, picture in zip(places, footage.read(places), strict=True):
        assert np.array_equal(picture, every[place])


def test_reading_begins_at_the_key_frame_before(h264: Path, tmp_path: Path) -> None:
    """What lies before it may even be damaged."""
    expected = open_footage(h264).read([FRAMES - 2])[0]
    with av.open(str(h264)) as container:
        packets = [packet for packet in container.demux(video=0) if packet.size]
        keys = [packet.pos for packet in packets if packet.is_keyframe]
        first = packets[1]
    assert len(keys) == FRAMES // GROUP
    content = bytearray(h264.read_bytes())
    content[first.pos : first.pos + first.size] = bytes(first.size)
    damaged = tmp_path / "damaged.mp4"
    damaged.write_bytes(content)
    assert np.array_equal(open_footage(damaged).read([FRAMES - 2])[0], expected)


def test_frames_of_one_timestamp_are_counted(tmp_path: Path) -> None:
    path = write_video(tmp_path / "still.avi", brightening(9), "ffv1")
    stamped = open_footage(path)
    assert isinstance(stamped, VideoFootage)
    counted = VideoFootage(
        path=path, count=9, width=stamped.width, height=stamped.height, stamps=(), keys=()
    )
    for one, other in zip(counted.read([3, 8]), stamped.read([3, 8]), strict=True):
        assert np.array_equal(one, other)
    with pytest.raises(DataError, match=r"still\.avi: cannot be decoded up to frame 11"):
        counted.read([3, 11])


def test_equal_timestamps_are_not_trusted(tmp_path: Path, pictures: list[np.ndarray]) -> None:
    options = {"bf": "0", "tune": "zerolatency"}
    path = write_video(tmp_path / "zero.mp4", pictures, "libx264", options, [0] * FRAMES)
    footage = open_footage(path)
    assert isinstance(footage, VideoFootage)
    assert (footage.count, footage.stamps) == (FRAMES, ())
    assert np.array_equal(footage.read([13])[0], decoded(path)[13])


def test_missed_timestamps_lead_to_counting(h264: Path) -> None:
    real = open_footage(h264)
    assert isinstance(real, VideoFootage)
    for stamps, keys in (
        (tuple(stamp + 1 for stamp in real.stamps), real.keys),  # between those of the file
        (real.stamps, ()),
    ):
        wrong = VideoFootage(
            path=h264, count=FRAMES, width=96, height=64, stamps=stamps, keys=keys
        )
        assert np.array_equal(wrong.read([12])[0], real.read([12])[0])


def test_a_video_that_is_damaged_in_the_middle_is_named(h264: Path, tmp_path: Path) -> None:
    content = bytearray(h264.read_bytes())
    with av.open(str(h264)) as container:
        packets = [packet for packet in container.demux(video=0) if packet.size]
    for packet in packets[2:]:
        content[packet.pos : packet.pos + packet.size] = b"\xff" * packet.size
    path = tmp_path / "damaged.mp4"
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"damaged\.mp4: cannot be decoded"):
        open_footage(path).read([20])


def test_a_video_that_has_gone_since_it_was_looked_into_is_named(
    h264: Path, tmp_path: Path
) -> None:
    path = tmp_path / "gone.mp4"
    path.write_bytes(h264.read_bytes())
    footage = open_footage(path)
    path.unlink()
    with pytest.raises(DataError, match=r"gone\.mp4: no such file"):
        footage.read([3])


def test_images_are_read_as_frames(tmp_path: Path) -> None:
    for index in (10, 9):
        write_photo(tmp_path / f"{index}.png", seed=index)
    for frames in (tmp_path, (tmp_path / "9.png", tmp_path / "10.png")):
        footage = open_footage(frames)
        assert footage.count == 2
        for seed, picture in zip((9, 10), footage.read([0, 1]), strict=True):
            assert np.array_equal(picture, noise(seed=seed))


def test_a_frame_of_another_size_is_an_error(tmp_path: Path) -> None:
    write_photo(tmp_path / "0.png")
    write_photo(tmp_path / "1.png", width=32)
    with pytest.raises(DataError, match=r"changes size \(64x48 to 32x48\)"):
        open_footage(tmp_path).read([0, 1])


def test_what_cannot_be_read_is_named(tmp_path: Path) -> None:
    path = tmp_path / "frames"
    path.mkdir()
    with pytest.raises(DataError, match="frames: holds no images"):
        open_footage(path)
    (path / "0.png").write_bytes(b"no picture")
    with pytest.raises(DataError, match=r"0\.png: cannot be read as an image \(Unident"):
        open_footage(path)
    with pytest.raises(DataError, match=r"0\.png: cannot be read as an image \(Unident"):
        read_picture(path / "0.png")
    with pytest.raises(DataError, match=r"gone\.mkv: no such file"):
        open_footage(tmp_path / "gone.mkv")
    (tmp_path / "broken.mkv").write_bytes(b"no video")
    with pytest.raises(DataError, match=r"broken\.mkv: cannot be opened as a video"):
        open_footage(tmp_path / "broken.mkv")


def test_a_video_without_frames_is_named(tmp_path: Path) -> None:
    path = tmp_path / "empty.avi"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mjpeg", rate=24)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuvj420p"
        container.start_encoding()
    with pytest.raises(DataError, match=r"empty\.avi: (holds no frames|cannot be opened)"):
        open_footage(path)


def test_deep_images_are_refused(tmp_path: Path) -> None:
    Image.fromarray(np.full((8, 8), 999, dtype=np.uint16)).save(tmp_path / "deep.png")
    with pytest.raises(DataError, match=r"deep\.png: has samples of mode I;16\. Convert it"):
        read_picture(tmp_path / "deep.png")
