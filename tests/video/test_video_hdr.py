"""Pictures of more than 8 bits, and what HDR displays are told beside them."""

import av
import pytest
import torch
from video_clips import Clip

from videogigagan.video.colour import Colour
from videogigagan.video.encode import EncodeOptions
from videogigagan.video.planes import frame_to_rgb, rgb_to_frame
from videogigagan.video.reader import open_source


@pytest.mark.catalogue("T16")
def test_ten_bits_stay_ten_bits(tmp_path, copy_frames):
    source = Clip(
        frames=1,
        width=256,
        height=192,
        codec="libx265",
        pixel_format="yuv420p10le",
        matrix=9,
        primaries=9,
        transfer=16,
        full_range=1,
    )
    source = source.write(tmp_path / "in.mkv")
    grey = torch.linspace(0, 1, 256).expand(3, 16, 256)
    with open_source(source) as video:
        assert video.info.bit_depth == 10
        tags = video.info.colour
        frame = rgb_to_frame(grey, "yuv420p10le", tags)
    assert len(frame_to_rgb(frame, tags)[0, 0].unique()) > 250
    result = copy_frames(source, tmp_path / "out.mkv")
    with av.open(str(result)) as container:
        context = container.streams.video[0].codec_context
        assert (context.codec.name, context.pix_fmt) == ("hevc", "yuv420p10le")
        assert (context.colorspace, context.color_primaries, context.color_trc) == (9, 9, 16)
    with open_source(source) as one, open_source(result) as two:
        left, right = next(one.frames()).pixels, next(two.frames()).pixels
        assert (left - right).abs().mean() < 4 / 1023


@pytest.mark.catalogue("T16")
@pytest.mark.parametrize("transfer", [16, 18], ids=["pq", "hlg"])
def test_no_step_on_the_way_has_eight_bits(tmp_path, copy_frames, transfer):
    tags = Colour(matrix=9, full_range=False, primaries=9, transfer=transfer, guessed=False)
    ramp = torch.linspace(0, 1, 1024).expand(3, 16, 1024)
    source = tmp_path / "in.mkv"
    with av.open(str(source), "w") as container:
        video = container.add_stream("ffv1", rate=25)
        video.width, video.height, video.pix_fmt = 1024, 16, "yuv420p10le"
        context = video.codec_context
        context.colorspace, context.color_range = 9, 1
        context.color_primaries, context.color_trc = 9, transfer
        container.mux(video.encode(rgb_to_frame(ramp, "yuv420p10le", tags)))
        container.mux(video.encode(None))
    lossless = EncodeOptions(preset="ultrafast", codec="h264", crf=0)
    result = copy_frames(source, tmp_path / "out.mkv", options=lossless)
    with open_source(result) as video:
        assert video.info.colour == tags
        assert len(next(video.frames()).pixels[0, 0].unique()) > 800  # of 64 to 940


@pytest.mark.catalogue("T16")
@pytest.mark.parametrize("codec", ["h264", "h265"])
def test_hdr_metadata_is_kept(tmp_path, copy_frames, codec):
    display = "G(13250,34500)B(7500,3000)R(34000,16000)WP(15635,16450)L(10000000,1)"
    parameters = f"log-level=none:master-display={display}:max-cll=1000,400"
    source = Clip(
        frames=1,
        width=64,
        height=64,
        codec="libx265",
        pixel_format="yuv420p10le",
        matrix=9,
        primaries=9,
        transfer=16,
        options=(("x265-params", parameters),),
    ).write(tmp_path / "in.mkv")
    options = EncodeOptions(preset="ultrafast", codec=codec)
    result = copy_frames(source, tmp_path / "out.mp4", options=options)
    with open_source(result) as video:
        assert video.info.mastering_display == display
        assert video.info.light_level == "1000,400"
