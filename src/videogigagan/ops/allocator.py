"""Freed memory, kept for the next tensor rather than given back to the system.

Networks allocate and free large tensors thousands of times a second. The GNU C library gives
each back when it is freed, and the system fills the next with zeros, page by page: a quarter of
the time of some networks.
"""

import ctypes
import os
import platform
import sys

_TRIM_THRESHOLD, _TOP_PAD, _MMAP_THRESHOLD = -1, -2, -3  # as <malloc.h> numbers them
_KEPT = 1 << 30
_STEP = 64 << 20


def keep_freed_memory() -> bool:
    """Let this process keep up to 1 GiB of what it frees; to be called once, at its start.

    What is in use at most does not change, but the process may hold the memory until it ends.
    Return whether it is so from here on: other C libraries have no such setting, and one that
    the user has made by the environment (`MALLOC_...`, `GLIBC_TUNABLES`) stays as it is.
    """
    if not (sys.platform == "linux" and platform.libc_ver()[0] == "glibc"):
        return False
    if any(name.startswith("MALLOC_") or name == "GLIBC_TUNABLES" for name in os.environ):
        return False
    library = ctypes.CDLL(None)
    settings = {_MMAP_THRESHOLD: _KEPT, _TRIM_THRESHOLD: _KEPT, _TOP_PAD: _STEP}
    return all(library.mallopt(name, value) == 1 for name, value in settings.items())
