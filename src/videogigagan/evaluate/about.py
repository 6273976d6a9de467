"""Which program and which machine figures come from."""

import platform
from importlib.metadata import version
from pathlib import Path

import torch


def package_version() -> str:
    """Version of this package."""
    return version("videogigagan")


def machine() -> str:
    """Processor and threads, and the GPU if there is one."""
    threads = torch.get_num_threads()
    text = f"{_processor()}, {threads} thread{'s' if threads > 1 else ''}"
    if torch.cuda.is_available():
        text += f", {torch.cuda.get_device_name()}"
    return text


def versions() -> dict[str, str]:
    """Versions of what figures may depend on."""
    return {
        "videogigagan": package_version(),
        "torch": torch.__version__,
        "python": platform.python_version(),
    }


def _processor() -> str:
    """Name of the processor; Linux tells it in a file only."""
    table = Path("/proc/cpuinfo")
    if table.is_file():
        for line in table.read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
