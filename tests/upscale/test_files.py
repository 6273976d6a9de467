"""A video goes in, a larger one comes out, whole or not at all."""

from pathlib import Path

import av
import pytest
import torch
from PIL import Image

from videogigagan import UpscaleOptions, VideoUpscaler, upscale_video
from videogigagan.errors import CheckpointError, VideoError
from videogigagan.ops.resize import resize
from videogigagan.upscale.files import upscale_file
from videogigagan.upscale.options import Progress
from videogigagan.upscale.outputs import comparison_path
from videogigagan.video.encode import EncodeOptions
from videogigagan.video.reader import open_source

FAST = UpscaleOptions(encode=EncodeOptions(preset="ultrafast"))


def packets(path: Path, kind: str) -> list[bytes]:
    with av.open(str(path)) as container:
        stream = next(stream for stream in container.streams if stream.type == kind)
        return [bytes(packet) for packet in container.demux(stream) if packet.size]


def timestamps(path: Path) -> list[int]:
    with av.open(str(path)) as container:
        base = container.streams.video[0].time_base
        return [frame.pts * base for frame in container.decode(video=0)]


@pytest.fixture(scope="module")
def upscaler(tiny_weights: Path) -> VideoUpscaler:
    return VideoUpscaler.from_pretrained(tiny_weights, device="cpu")


@pytest.mark.catalogue("T01", "T02", "T05")
def test_everything_but_the_size_is_kept(upscaler, small_video, tmp_path) -> None:
    target = tmp_path / "large.mp4"
    result = upscale_file(upscaler, small_video, target, options=FAST)
    assert (result.frames, result.size, result.comparison) == (5, (128, 96), None)
    assert timestamps(target) == timestamps(small_video)
    assert packets(target, "audio") == packets(small_video, "audio")
    with open_source(target) as video:
        assert (video.info.width, video.info.height) == (128, 96)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["large.mp4"]


@pytest.mark.catalogue("T26")
def test_same_seed_same_bytes(upscaler, small_video, tmp_path) -> None:
    for name in ("a.mp4", "b.mp4"):
        upscale_file(upscaler, small_video, tmp_path / name, options=FAST)
    assert (tmp_path / "a.mp4").read_bytes() == (tmp_path / "b.mp4").read_bytes()


def test_comparison_lies_beside_the_result(upscaler, small_video, tmp_path) -> None:
    options = UpscaleOptions(compare="side", encode=FAST.encode)
    result = upscale_file(upscaler, small_video, tmp_path / "large.mp4", options=options)
    assert result.comparison == tmp_path / "large_compare.mp4"
    with open_source(result.comparison) as video:
        assert (video.info.width, video.info.height) == (256, 96)
        assert len(list(video.frames())) == 5


def test_comparison_of_images_is_a_folder() -> None:
    assert comparison_path(Path("out/frames")) == Path("out/frames_compare")


def test_a_limit_takes_the_first_frames_and_their_sound(
    upscaler, small_video, tmp_path
) -> None:
    options = UpscaleOptions(frames=2, encode=FAST.encode)
    target = tmp_path / "short.mp4"
    assert upscale_file(upscaler, small_video, target, options=options).frames == 2
    assert timestamps(target) == timestamps(small_video)[:2]
    sound = packets(small_video, "audio")
    kept = packets(target, "audio")
    assert kept == sound[: len(kept)]
    assert 0 < len(kept) < len(sound)


def test_images_become_images(upscaler, small_video, tmp_path) -> None:
    frames = tmp_path / "frames"
    upscale_file(upscaler, small_video, frames, options=FAST)
    larger = tmp_path / "larger"
    assert upscale_file(upscaler, frames, larger, options=FAST).size == (512, 384)
    assert len(list(larger.glob("*.png"))) == 5


@pytest.mark.catalogue("T19")
def test_transparency_goes_where_it_can_be_held(upscaler, tmp_path, caplog) -> None:
    source = tmp_path / "in"
    source.mkdir()
    row = torch.tensor([0.0, 0, 0.5, 1, 1, 1])
    alpha = row.repeat_interleave(4).expand(24, 24)
    values = torch.stack((*(torch.full((24, 24), 0.6) * (alpha > 0)).expand(3, -1, -1), alpha))
    image = Image.fromarray((values * 255).byte().permute(1, 2, 0).contiguous().numpy())
    for name in ("1", "2"):
        image.save(source / f"{name}.png")
    options = UpscaleOptions(scale=2.5, compare="side", encode=FAST.encode)
    upscale_file(upscaler, source, tmp_path / "out", options=options)
    with Image.open(tmp_path / "out" / "2.png") as made:
        assert (made.mode, made.size) == ("RGBA", (60, 60))
        exact = resize(alpha[None], (60, 60)).clamp(0, 1)
        found = torch.frombuffer(bytearray(made.getchannel("A").tobytes()), dtype=torch.uint8)
    assert (found.reshape(60, 60) - exact * 255).abs().max() <= 1
    with Image.open(tmp_path / "out_compare" / "2.png") as made:
        assert made.mode == "RGB"
    assert caplog.text == ""
    upscale_file(upscaler, source, tmp_path / "out.mp4", options=FAST)
    assert caplog.messages == [f"{source}: transparency is dropped."]


def test_progress_counts_every_frame(upscaler, small_video, tmp_path) -> None:
    seen: list[Progress] = []
    upscale_file(
        upscaler, small_video, tmp_path / "x.mp4", options=FAST, on_progress=seen.append
    )
    assert [progress.done for progress in seen] == [1, 2, 3, 4, 5]
    assert {progress.total for progress in seen} == {5}
    assert seen[0].remaining > 0
    assert seen[-1].remaining == 0


@pytest.mark.catalogue("T36")
@pytest.mark.parametrize("error", [KeyboardInterrupt, RuntimeError])
def test_stopping_half_way_leaves_nothing(upscaler, small_video, tmp_path, error) -> None:
    def stop(progress: Progress) -> None:
        if progress.done == 3:
            raise error

    with pytest.raises(error):
        upscale_file(upscaler, small_video, tmp_path / "x.mp4", options=FAST, on_progress=stop)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.catalogue("T36")
def test_default_output_lies_beside_the_input(tiny_weights, small_video, tmp_path) -> None:
    source = tmp_path / "clip.mp4"
    source.write_bytes(small_video.read_bytes())
    result = upscale_video(source, weights=tiny_weights, device="cpu", options=FAST)
    assert result.output == tmp_path / "clip_x4.mp4"
    with pytest.raises(VideoError, match="exists already"):
        upscale_video(source, weights=tiny_weights, device="cpu", options=FAST)


def test_bad_paths_are_told_before_weights_are_read(small_video, tmp_path) -> None:
    with pytest.raises(VideoError, match="its folder does not exist"):
        upscale_video(small_video, tmp_path / "no" / "x.mp4", weights="nowhere")
    with pytest.raises(CheckpointError, match="no such weights"):
        upscale_video(small_video, tmp_path / "x.mp4", weights="nowhere")


def test_detail_is_an_option_like_others(
    tiny_weights, tiny_ends, small_video, tmp_path
) -> None:
    """Detail 0 is what the regression makes, up to the rounding of its file."""
    made = {}
    for name, weights, detail in (
        ("plain", tiny_weights, 1),
        ("less", tiny_ends, 0),
        ("more", tiny_ends, 1),
    ):
        options = UpscaleOptions(detail=detail, frames=2)
        target = tmp_path / name
        upscale_video(
            small_video,
            target,
            weights=weights,
            device="cpu",
            precision="fp32",
            options=options,
        )
        with open_source(target) as source:
            made[name] = torch.stack([frame.pixels for frame in source.frames()])
    assert (made["less"] - made["plain"]).abs().max() <= 1.01 / 255
    assert (made["more"] - made["plain"]).abs().max() > 2 / 255


def test_missing_input_is_one_line(tiny_weights, tmp_path) -> None:
    with pytest.raises(VideoError, match="no such file"):
        upscale_video(tmp_path / "none.mp4", tmp_path / "x.mp4", weights=tiny_weights)


@pytest.mark.parametrize(
    ("wanted", "name", "size"),
    [
        ({"scale": 2}, "clip_x2.mp4", (64, 48)),
        ({"scale": 6.5}, "clip_x6.5.mp4", (208, 156)),
        ({"height": 36}, "clip_36p.mp4", (48, 36)),
        ({"size": (64, 40)}, "clip_64x40.mp4", (64, 40)),
    ],
)
def test_a_result_has_the_size_that_was_asked_for(
    upscaler, small_video, tmp_path, wanted, name, size
) -> None:
    source = tmp_path / "clip.mp4"
    source.write_bytes(small_video.read_bytes())
    options = UpscaleOptions(**wanted, frames=1, compare="side", encode=FAST.encode)
    result = upscale_file(upscaler, source, options=options)
    assert (result.output, result.size) == (tmp_path / name, size)
    with open_source(result.output) as video:
        info = video.info
    assert (info.width, info.height) == size
    shown = info.width * info.pixel_aspect / info.height
    assert float(shown) == pytest.approx(4 / 3, rel=0.01)
    with open_source(result.comparison) as video:
        assert (video.info.width, video.info.height) == (2 * size[0], size[1])


def test_a_smaller_result_is_the_models_made_smaller(upscaler, small_video, tmp_path) -> None:
    """Encoding blurs both alike; a result of another origin would differ everywhere."""
    found = {}
    for scale in (4, 2):
        options = UpscaleOptions(scale=scale, frames=1, encode=EncodeOptions(crf=0))
        upscale_file(upscaler, small_video, tmp_path / f"x{scale}.mp4", options=options)
        with open_source(tmp_path / f"x{scale}.mp4") as video:
            found[scale] = next(video.frames()).pixels
    assert (resize(found[4], (48, 64)) - found[2]).abs().mean() < 0.02


def test_shots_can_be_told(upscaler, small_video, tmp_path) -> None:
    """The small video is one shot."""
    made: list[bytes] = []
    for number, shots in enumerate(("auto", "off", (0, 2))):
        target = tmp_path / f"{number}.mp4"
        options = UpscaleOptions(shots=shots, encode=EncodeOptions(preset="ultrafast", crf=0))
        upscale_file(upscaler, small_video, target, options=options)
        made.append(target.read_bytes())
    assert made[0] == made[1] != made[2]


def test_a_long_video_goes_through_window_by_window(upscaler, monkeypatch) -> None:
    monkeypatch.setattr("videogigagan.upscale.upscaler.LONGEST_WINDOW", 4)
    frames = list(torch.rand(9, 3, 16, 16))
    assert len(list(upscaler.stream(iter(frames)))) == 9


@pytest.mark.slow
@pytest.mark.timeout(600)  # the flow network takes its time on one thread
def test_big_buck_bunny_keeps_sound_and_time(upscaler, clips, tmp_path) -> None:
    small = tmp_path / "small.mp4"
    source = clips / "bigbuckbunny.mp4"
    shrink(source, small, width=320, height=180)
    target = tmp_path / "large.mp4"
    assert upscale_file(upscaler, small, target, options=FAST).frames == 132
    assert packets(target, "audio") == packets(source, "audio")
    assert timestamps(target) == timestamps(source)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_frames_of_3840x2160_go_through(upscaler, tmp_path) -> None:
    """The network makes them four times as wide and high; the result need not be."""
    source, target = tmp_path / "uhd.mp4", tmp_path / "restored.mp4"
    with av.open(str(source), "w") as container:
        video = container.add_stream("libx264", rate=25, options={"preset": "ultrafast"})
        video.width, video.height, video.pix_fmt = 3840, 2160, "yuv420p"
        slope = torch.linspace(60, 200, 3840).byte().expand(2160, -1)
        picture = torch.stack([slope] * 3, dim=-1).contiguous().numpy()
        container.mux(video.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(video.encode(None))
    options = UpscaleOptions(size=(3840, 2160), tile=1024, encode=FAST.encode)
    assert upscale_file(upscaler, source, target, options=options).size == (3840, 2160)
    with open_source(target) as large:
        assert [frame.pixels.shape for frame in large.frames()] == [(3, 2160, 3840)]


def shrink(source: Path, target: Path, *, width: int, height: int) -> None:
    """Scale a video down, its sound copied."""
    with av.open(str(source)) as old, av.open(str(target), "w") as new:
        video = new.add_stream("libx264", rate=old.streams.video[0].average_rate)
        video.width, video.height, video.pix_fmt = width, height, "yuv420p"
        video.time_base = video.codec_context.time_base = old.streams.video[0].time_base
        audio = new.add_stream_from_template(old.streams.audio[0])
        for packet in old.demux():
            if packet.stream.type == "video":
                for frame in packet.decode():
                    smaller = frame.reformat(width=width, height=height)
                    smaller.pts, smaller.pict_type = frame.pts, 0
                    new.mux(video.encode(smaller))
            elif packet.stream.type == "audio" and packet.size:
                packet.stream = audio
                new.mux(packet)
        new.mux(video.encode(None))
