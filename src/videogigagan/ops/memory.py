"""What can be done when memory runs out: half as much at once."""

from collections.abc import Callable
from typing import TypeVar

import torch

T = TypeVar("T")

_HOST = "can't allocate memory"  # PyTorch's words on a CPU, which has no error of its own


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
