"""What a run learns from."""

import json
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest
import torch
from training_material import write_photo

from videogigagan.data.layouts import ClipFiles
from videogigagan.data.material import FrameFolders, Mixture, PhotoFolder
from videogigagan.data.settings import DataConfig, Weighted, clip_source, held_out, material
from videogigagan.errors import ConfigError, DataError

NAMES = [f"{number:04d}.mp4" for number in range(400)]


@pytest.fixture
def config(tmp_path: Path) -> DataConfig:
    """Ten tiny photos."""
    for number in range(10):
        write_photo(tmp_path / f"{number}.png", width=40, height=40, seed=number)
    photos = (Weighted(path=str(tmp_path)),)
    return DataConfig(photos=photos, frames=2, small_size=8, held_out=0.2)


def folders(content: Mixture) -> list[tuple[object, float]]:
    return [(getattr(part, "folder", None), weight) for part, weight in content.parts]


def test_defaults_are_those_of_the_paper() -> None:
    config = DataConfig()
    assert (config.frames, config.small_size, config.degradation) == (10, 64, "bi")


def test_config_is_plain_data(config: DataConfig) -> None:
    plain = json.loads(json.dumps(asdict(config)))
    photos = tuple(Weighted(**entry) for entry in plain.pop("photos"))
    rest = {name: tuple(value) if value == [] else value for name, value in plain.items()}
    assert DataConfig(photos=photos, **rest) == config


def test_every_file_is_learnt_from_or_judged_by(config: DataConfig) -> None:
    train, judges = (material(config, part).names for part in ("train", "held-out"))
    assert len(train) > len(judges) > 0
    assert sorted([*train, *judges]) == [f"{number}.png" for number in range(10)]


def test_clips_follow_from_seed_and_number(config: DataConfig) -> None:
    first, again, other = (
        clip_source(config, scale=4, seed=seed, part="train").pair(2) for seed in (3, 3, 4)
    )
    assert first.large.shape == (2, 3, 32, 32)
    assert first.small.shape == (2, 3, 8, 8)
    assert torch.equal(first.large, again.large)
    assert not torch.equal(first.large, other.large)


def test_options_arrive(config: DataConfig) -> None:
    changed = replace(config, degradation="real", candidates=3, defocus=0.5, motion="plane")
    changed = replace(changed, sharpening=0.7, clean=0.2)
    source = clip_source(changed, scale=4, seed=0, part="train")
    assert (source.degradation, source.candidates) == ("real", 3)
    assert (source.defocus, source.sharpening, source.clean) == (0.5, 0.7, 0.2)
    photos = source.material.parts[0][0]
    assert isinstance(photos, PhotoFolder)
    assert photos.motion == "plane"


@pytest.mark.parametrize("share", [0.05, 0.2, 0.5])
def test_about_the_share_is_held_out(share: float) -> None:
    assert 0.6 * share < len(held_out(NAMES, share)) / len(NAMES) < 1.4 * share


def test_who_is_held_out_does_not_depend_on_the_rest() -> None:
    assert held_out(NAMES[:200], 0.1) == held_out(NAMES, 0.1) & set(NAMES[:200])
    assert held_out(NAMES[::-1], 0.1) == held_out(NAMES, 0.1)
    assert held_out(NAMES, 0.1) < held_out(NAMES, 0.2)


@pytest.mark.parametrize("share", [0.001, 0.999])
def test_few_files_are_still_shared_out(share: float) -> None:
    assert 0 < len(held_out(NAMES[:4], share)) < 4
    assert held_out(NAMES[:1], share) == set()
    assert held_out(NAMES, 0.0) == set()


def test_a_folder_of_one_file_is_left_out_of_validation(
    config: DataConfig, tmp_path_factory: pytest.TempPathFactory
) -> None:
    single = tmp_path_factory.mktemp("single")
    write_photo(single / "a.png", width=40, height=40)
    own = config.photos[0]
    both = replace(config, photos=(Weighted(path=str(single), weight=2.0), own))
    assert folders(material(both, "train")) == [(single, 2.0), (Path(own.path), 1.0)]
    assert folders(material(both, "held-out")) == [(Path(own.path), 1.0)]
    alone = replace(config, photos=(Weighted(path=str(single)),))
    with pytest.raises(DataError, match="nothing is held out for validation"):
        material(alone, "held-out")


def test_reds_is_drawn_from_without_the_clips_that_judge(tmp_path: Path) -> None:
    for name in ("000", "001", "002", "011", "240", "241", "269"):
        folder = tmp_path / "train_sharp" / name
        folder.mkdir(parents=True)
        write_photo(folder / "00000000.png")
    config = DataConfig(reds=(Weighted(path=str(tmp_path)),), held_out=0.0)
    assert material(config, "train").names == ("001", "002", "269")


def test_septuplets_of_one_folder_stay_together(tmp_path: Path) -> None:
    names = [f"{group:05d}/{clip:04d}" for group in range(1, 9) for clip in range(1, 4)]
    (tmp_path / "sequences").mkdir()
    (tmp_path / "sep_trainlist.txt").write_text("\n".join(names) + "\n")
    config = DataConfig(vimeo=(Weighted(path=str(tmp_path)),), held_out=0.3)
    train, judges = (
        {name.partition("_")[0] for name in material(config, part).names}
        for part in ("train", "held-out")
    )
    assert train
    assert judges
    assert not train & judges
    content = material(config, "train").parts[0][0]
    assert isinstance(content, FrameFolders)
    assert content.mirror


def test_a_missing_septuplet_is_named_when_it_is_drawn(tmp_path: Path) -> None:
    missing = tuple(tmp_path / f"im{index}.png" for index in range(1, 8))
    clips = (ClipFiles(name="00001_0001", frames=missing, length=7),)
    with pytest.raises(DataError, match=r"im1\.png: cannot be read as an image \(FileNotFound"):
        FrameFolders(clips).draw(np.random.default_rng(0), 7, 32)


@pytest.mark.parametrize("kind", ["videos", "photos", "reds", "vimeo"])
def test_a_missing_folder_is_named(tmp_path: Path, kind: str) -> None:
    folder = (Weighted(path=str(tmp_path / "nowhere")),)
    with pytest.raises(DataError, match=r"nowhere: no such folder\. (Give|Put) "):
        material(DataConfig(**{kind: folder}), "train")


def test_a_folder_without_reds_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"holds no clips of REDS \(.*001 would be one\)"):
        material(DataConfig(reds=(Weighted(path=str(tmp_path)),)), "train")


def test_settings_that_make_no_sense_are_refused() -> None:
    with pytest.raises(ConfigError, match="training data: none is named"):
        material(DataConfig(), "train")
    for name in ("frames", "small_size", "candidates"):
        with pytest.raises(ConfigError, match="data: frames, small_size and candidates must"):
            DataConfig(**{name: 0})
    with pytest.raises(ConfigError, match="workers must be at least 0, not -1"):
        DataConfig(workers=-1)
    with pytest.raises(ConfigError, match=r"data: clean must lie in \[0, 1\], not 2"):
        DataConfig(clean=2.0)
    with pytest.raises(ConfigError, match=r"held_out must lie in \[0, 1\), not 1"):
        DataConfig(held_out=1.0)
    with pytest.raises(ConfigError, match="data here: its weight must be above 0, not 0"):
        Weighted(path="here", weight=0.0)
