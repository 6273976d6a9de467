"""Several inputs: what they are, and where each result goes, settled before any work."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from glob import glob
from pathlib import Path

from videogigagan.errors import ConfigError, VideoError
from videogigagan.upscale.options import UpscaleOptions
from videogigagan.upscale.outputs import comparison_path
from videogigagan.video.folder_source import SUFFIXES as IMAGE_SUFFIXES
from videogigagan.video.folder_source import natural_key
from videogigagan.video.paths import FILE_SUFFIXES, check_target, default_output, is_pipe

VIDEO_SUFFIXES = (
    *FILE_SUFFIXES,
    *(".webm", ".avi", ".ts", ".mts", ".m2ts", ".mpg", ".mpeg", ".wmv", ".flv", ".y4m", ".nut"),
)
"""Files that count as videos in a folder; a file that is named may have any suffix."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Inputs:
    """What is to be upscaled."""

    sources: tuple[Path, ...]
    """Video files and folders of images."""
    several: bool
    """Whether results go into a folder: more than one was given, or a pattern, or a folder of
    videos."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Job:
    """One input and its result."""

    source: Path
    """Video file, or folder of images."""
    target: Path
    """Where its result goes."""


def find_inputs(given: Sequence[Path]) -> Inputs:
    """Find out what paths stand for, in natural order and each once.

    A path that does not exist and has wildcards stands for what it matches, and a folder
    without images stands for the videos in it.

    Raises:
        ConfigError: Nothing is given, or standard input with others.
        VideoError: A pattern matches nothing.
    """
    if not given:
        raise ConfigError("no input is given. Name a video file or a folder of images.")
    if len(given) > 1 and any(map(is_pipe, given)):
        raise ConfigError("standard input: comes alone. Leave out - or the other inputs.")
    found = [_meant_by(path) for path in given]
    sources = [source for meant in found for source in meant]
    return Inputs(
        sources=tuple({source.resolve(): source for source in sources}.values()),
        several=len(given) > 1 or found[0] != [given[0]],
    )


def plan_jobs(
    inputs: Inputs,
    output: Path | None,
    *,
    label: str,
    options: UpscaleOptions,
    skip_existing: bool = False,
) -> list[Job]:
    """Settle where every result goes, and refuse what is bound to fail.

    Args:
        inputs: What is to be upscaled.
        output: The result of one input; the folder for those of several, which need not
            exist yet; beside each input when None.
        label: What the results' names say of their size.
        options: What else was chosen.
        skip_existing: Leave out inputs whose results are there, and those that are results.

    Raises:
        VideoError: A result cannot go to its place, or two would go to the same.
        ConfigError: The output is a file, but there are several inputs; or what exists shall
            be both skipped and overwritten.
    """
    if skip_existing and options.overwrite:
        raise ConfigError("skip-existing and overwrite: contradict each other. Give one.")
    if inputs.several and output is not None:
        _check_folder(output)
    jobs = [
        Job(source=source, target=_target(source, output, label, several=inputs.several))
        for source in inputs.sources
    ]
    jobs = _apart(jobs, skip_existing=skip_existing)
    if skip_existing:
        jobs = [job for job in jobs if not _is_done(job.target)]
    for job in jobs:
        if not inputs.several or output is None or output.is_dir():
            check_job(job, options)
    return jobs


@contextmanager
def result_folder(folder: Path) -> Iterator[None]:
    """Make a folder for results; a new one goes away again if none is in it at the end.

    Raises:
        VideoError: It cannot be made.
    """
    is_new = not folder.exists()
    try:
        folder.mkdir(exist_ok=True)
    except OSError as error:
        raise VideoError(
            f"{folder}: cannot be made ({error.strerror}). Choose another output."
        ) from error
    try:
        yield
    finally:
        if is_new:
            with suppress(OSError):  # there are results
                folder.rmdir()


def check_job(job: Job, options: UpscaleOptions) -> None:
    """Refuse the places of a result, and of its comparison, that are bound to fail.

    Raises:
        VideoError: As in `check_target`.
    """
    check_target(job.source, job.target, overwrite=options.overwrite)
    if options.compare == "side":
        check_target(job.source, comparison_path(job.target), overwrite=options.overwrite)


def _meant_by(path: Path) -> list[Path]:
    if is_pipe(path):
        return [path]
    if path.is_dir():
        files = _files_in(path)
        videos = _natural(file for file in files if file.suffix.lower() in VIDEO_SUFFIXES)
        images = any(file.suffix.lower() in IMAGE_SUFFIXES for file in files)
        return [path] if images or not videos else videos
    if path.exists() or not set("*?[") & set(str(path)):
        return [path]
    found = glob(str(path), recursive=True)  # noqa: PTH207 - Path.glob matches hidden files
    matches = _natural(Path(match) for match in found)
    if not matches:
        raise VideoError(f"{path}: matches nothing. Check the pattern.")
    return matches


def _files_in(folder: Path) -> list[Path]:
    """Return what a folder holds; nothing if it may not be read, which opening it will tell."""
    with suppress(OSError):
        return [entry for entry in folder.iterdir() if not entry.name.startswith(".")]
    return []


def _natural(paths: Iterable[Path]) -> list[Path]:
    return sorted(paths, key=lambda path: (path.parent, natural_key(path.name), path.name))


def _check_folder(output: Path) -> None:
    if is_pipe(output):
        raise ConfigError(
            "standard output: takes one video, but there are several inputs. Name a folder."
        )
    is_file = output.suffix if not output.exists() else not output.is_dir()
    if is_file:
        raise ConfigError(
            f"{output}: is a file name, but several inputs need a folder. "
            "Name a folder, or one input."
        )
    if not output.parent.is_dir():
        raise VideoError(
            f"{output}: cannot be made, its folder does not exist ({output.parent}). "
            "Create it first."
        )


def _target(source: Path, output: Path | None, label: str, *, several: bool) -> Path:
    if output is not None and not several:
        return output
    beside = default_output(source, label)
    return beside if output is None else output / beside.name


def _apart(jobs: Sequence[Job], *, skip_existing: bool) -> list[Job]:
    """Return the jobs whose inputs are not results of others; no two may share a result."""
    makers: dict[Path, Path] = {}
    for job in jobs:
        other = makers.setdefault(job.target.resolve(), job.source)
        if other != job.source:
            raise VideoError(
                f"{job.target}: would be the result of two inputs ({other} and "
                f"{job.source}). Rename one, or upscale them apart."
            )
    kept = []
    for job in jobs:
        maker = makers.get(job.source.resolve())
        if maker is None or maker == job.source:
            kept.append(job)
        elif not skip_existing:
            raise VideoError(
                f"{job.source}: is an input and the result of another ({maker}). Leave it "
                "out, choose another output, or allow --skip-existing."
            )
    return kept


def _is_done(target: Path) -> bool:
    """Return whether a result is there; results appear only when they are whole."""
    return any(target.iterdir()) if target.is_dir() else target.exists()
