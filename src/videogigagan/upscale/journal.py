"""What of a run is safe: a folder beside its result, from which the same run goes on.

`journal.jsonl` in it has one JSON object a line: first what the run is, then where each window
begins, and after each segment how many frames are safe. A line is written only when what it
tells of is on the disk, so whatever ends a run, the journal is true.
"""

import hashlib
import json
import logging
import os
import shutil
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, final

from filelock import FileLock, Timeout
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from videogigagan.errors import StoppedError, VideoError
from videogigagan.model.propagation import Past
from videogigagan.upscale.upscaler import Waypoint

logger = logging.getLogger(__name__)

_JOURNAL = "journal.jsonl"
_SAMPLE = 1 << 20


@final
class Journal:
    """The unfinished work on one result; a context manager.

    Leaving it normally removes the folder, and so does leaving it by an exception before a
    segment is whole. Otherwise the folder stays.

    Args:
        target: The result.
        identity: What must be the same for the run to go on; plain values by name.
        fresh: Throw away what an earlier run has left.
    """

    def __init__(self, target: Path, identity: Mapping[str, Any], *, fresh: bool) -> None:
        self.target = target
        self.folder = unfinished(target)
        self.done = 0
        self.safe: dict[str, int] = {}
        self._identity = json.loads(json.dumps(identity))
        self._fresh = fresh
        self._windows: dict[int, bool] = {0: False}
        self._settled: dict[str, int] = {}
        self._lock = FileLock(self.folder.with_name(f"{self.folder.name}.lock"), timeout=0)
        self._writing = threading.Lock()

    @property
    def waypoint(self) -> Waypoint:
        """Where propagation goes on.

        Raises:
            VideoError: It cannot be read any more.
        """
        frame = max(frame for frame in self._windows if frame <= self.done)
        if not self._windows[frame]:
            return Waypoint(frame=frame)
        return _read_waypoint(frame, self._past(frame))

    def settle(self, name: str, value: int) -> int:
        """What was settled when the run began; at its beginning, `value`, which is noted."""
        if name not in self._settled:
            self._append({"settled": name, "value": value})
            self._settled[name] = value
        return self._settled[name]

    def window(self, waypoint: Waypoint) -> None:
        """Note where a window begins, and what it is told of the frames before."""
        tensors = _tensors(waypoint)
        if tensors:
            _write(tensors, self._past(waypoint.frame))
        self._append({"window": waypoint.frame, "past": bool(tensors)})
        self._windows[waypoint.frame] = bool(tensors)

    def segment(self, frames: int, safe: Mapping[str, int]) -> None:
        """Note that all frames so far are on the disk."""
        self._append({"frames": frames, "safe": dict(safe)})
        self.done, self.safe = frames, dict(safe)
        passed = sorted(frame for frame in self._windows if frame <= frames)[:-1]
        for frame in passed:
            if self._windows.pop(frame):
                self._past(frame).unlink(missing_ok=True)

    def __enter__(self) -> "Journal":
        try:
            self._lock.acquire()
        except Timeout as error:
            raise VideoError(
                f"{self.target}: another run is writing it. Wait for that, or choose another "
                "output."
            ) from error
        except OSError as error:
            raise VideoError(
                f"{self.target}: cannot be written ({error.strerror}). Choose another place."
            ) from error
        try:
            self._open()
        except BaseException:
            self._unlock()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if error is None or not self.done:
            shutil.rmtree(self.folder, ignore_errors=True)
        elif not isinstance(error, StoppedError):
            logger.warning(
                "%s: its first %d frames are kept; the same command goes on behind them.",
                self.target,
                self.done,
            )
        self._unlock()

    def _unlock(self) -> None:
        self._lock.release()
        with suppress(OSError):
            Path(self._lock.lock_file).unlink(missing_ok=True)

    def _open(self) -> None:
        if self._fresh:
            shutil.rmtree(self.folder, ignore_errors=True)
        lines = list(_lines(self.folder / _JOURNAL))
        if not lines:
            shutil.rmtree(self.folder, ignore_errors=True)
            self.folder.mkdir()
            self._append(self._identity)
            return
        identity, *rest = lines
        self._compare(identity)
        for line in rest:
            if "settled" in line:
                self._settled[line["settled"]] = line["value"]
            elif "window" in line:
                self._windows[line["window"]] = line["past"]
            else:
                self.done, self.safe = line["frames"], line["safe"]

    def _compare(self, identity: Mapping[str, Any]) -> None:
        for name in (*self._identity, *identity):
            if self._identity.get(name) != identity.get(name):
                raise VideoError(
                    f"{self.target}: a stopped run has left frames of it, but of another "
                    f"{name}. Give that run's command to go on, or --resume fresh to begin "
                    "anew."
                )

    def _past(self, frame: int) -> Path:
        return self.folder / f"past-{frame}.safetensors"

    def _append(self, line: Mapping[str, Any]) -> None:
        with self._writing, (self.folder / _JOURNAL).open("a", encoding="utf-8") as file:
            sync_folder(self.folder)  # what the line tells of may be a new file
            file.write(json.dumps(line) + "\n")
            file.flush()
            os.fsync(file.fileno())


def unfinished(target: Path) -> Path:
    """The hidden folder beside a result that holds unfinished work on it."""
    mark = hashlib.sha256(os.fsencode(target.name)).hexdigest()[:8]
    stem = os.fsdecode(os.fsencode(target.stem)[:60])
    return target.with_name(f".{stem}.unfinished-{mark}")


def sync_folder(folder: Path) -> None:
    """Bring the names of new files to the disk; Windows does so by itself."""
    if sys.platform == "win32":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def fingerprint(source: Path) -> str:
    """Tell a video file, or a folder of images, from others without reading all of it."""
    found = hashlib.sha256()
    files = sorted(source.iterdir()) if source.is_dir() else [source]
    files = [file for file in files if file.is_file()]
    for file in files:
        found.update(os.fsencode(file.name if source.is_dir() else ""))
        found.update(str(file.stat().st_size).encode())
    for file in {*files[:1], *files[-1:]}:
        size = file.stat().st_size
        with file.open("rb") as content:
            for start in (0, max(size // 2, 0), max(size - _SAMPLE, 0)):
                content.seek(start)
                found.update(content.read(_SAMPLE))
    return found.hexdigest()


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    """The whole lines of a journal; a power cut may have left half a line."""
    if not path.is_file():
        return
    for line in path.read_text(encoding="utf-8", errors="replace").split("\n")[:-1]:
        try:
            yield json.loads(line)
        except ValueError:
            return


def _tensors(waypoint: Waypoint) -> dict[str, Tensor]:
    """What a window is told of the one before, by name."""
    found: dict[str, Tensor] = {}
    past = waypoint.past
    if past is not None:
        found = {"frame": past.frame, **{f"state.{n}": x for n, x in enumerate(past.states)}}
        if past.flow is not None:
            found["flow"] = past.flow
    if waypoint.fading is not None:
        found["fading"] = waypoint.fading
    return found


def _write(tensors: Mapping[str, Tensor], path: Path) -> None:
    part = path.with_suffix(".partial")
    try:
        save_file({name: x.cpu().contiguous() for name, x in tensors.items()}, part)
        with part.open("rb") as file:
            os.fsync(file.fileno())
        part.replace(path)
    except (OSError, SafetensorError) as error:
        raise VideoError(
            f"{path}: cannot be written ({' '.join(str(error).split())}). Free some space, or "
            "give --resume off."
        ) from error


def _read_waypoint(frame: int, path: Path) -> Waypoint:
    try:
        with safe_open(path, framework="pt") as file:
            found = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - not a dict
    except (OSError, SafetensorError) as error:
        raise VideoError(
            f"{path}: cannot be read any more ({type(error).__name__}). Begin anew with "
            "--resume fresh."
        ) from error
    past = None
    if "frame" in found:
        count = sum(name.startswith("state.") for name in found)
        past = Past(
            frame=found["frame"],
            states=tuple(found[f"state.{number}"] for number in range(count)),
            flow=found.get("flow"),
        )
    return Waypoint(frame=frame, past=past, fading=found.get("fading"))
