"""What computes in full precision whatever is around it."""

from contextlib import AbstractContextManager, nullcontext

import torch


def full_precision(device: torch.device) -> AbstractContextManager:
    """Leave autocast: in bfloat16 a place in a picture is off by a quarter of a pixel."""
    if not torch.amp.is_autocast_available(device.type):  # `meta`: there is nothing to leave
        return nullcontext()
    return torch.autocast(device.type, enabled=False)
