"""How much memory is free, and what can be done when it runs out: half as much at once."""

import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

import torch

T = TypeVar("T")

_HOST = "can't allocate memory"  # PyTorch's words on a CPU, which has no error of its own


def free_memory(device: torch.device) -> int | None:
    """Bytes that new tensors may take on a device; None if nobody knows."""
    if device.type == "cuda":
        unused = torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
        return torch.cuda.mem_get_info(device)[0] + unused
    if sys.platform != "linux":
        return None
    found = [room for room in (_available(), _below_the_limit()) if room is not None]
    return min(found, default=None)


def _available(table: Path = Path("/proc/meminfo")) -> int | None:
    """What Linux says that programs may take."""
    with suppress(OSError, ValueError):
        for line in table.read_text(encoding="utf-8").splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
    return None


def _below_the_limit(group: Path = Path("/sys/fs/cgroup")) -> int | None:
    """What a container leaves; its file cache can be taken back."""
    with suppress(OSError, ValueError):
        limit = int((group / "memory.max").read_text(encoding="utf-8"))
        used = int((group / "memory.current").read_text(encoding="utf-8"))
        cached = 0
        for line in (group / "memory.stat").read_text(encoding="utf-8").splitlines():
            if line.startswith("inactive_file "):
                cached = int(line.split()[1])
        return max(limit - used + cached, 0)
    return None


def ran_out(error: BaseException) -> bool:
    """Whether an error says that memory has run out, on a GPU or in the host."""
    if isinstance(error, (MemoryError, torch.OutOfMemoryError)):
        return True
    return isinstance(error, RuntimeError) and _HOST in str(error)


def in_less_memory(work: Callable[[], T], otherwise: Callable[[], T]) -> T:
    """Do `work`; if memory runs out, let go of what it held and do `otherwise`."""
    try:
        return work()
    except (RuntimeError, MemoryError) as error:
        if not ran_out(error):
            raise
    # Only here, outside of the handler, nothing holds the tensors of the failed work.
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
    return otherwise()
