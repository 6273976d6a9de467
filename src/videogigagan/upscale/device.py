"""Which device computes, and how precisely."""

import torch

from videogigagan.errors import ConfigError
from videogigagan.upscale.options import Precision


def choose_device(name: str) -> torch.device:
    """Turn `auto`, `cpu` or `cuda:0` into a device that is there; `auto` prefers a GPU."""
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
    except RuntimeError as error:
        raise ConfigError(f"device '{name}' is not known. Use auto, cpu or cuda:0.") from error
    if device.type not in ("cpu", "cuda"):
        raise ConfigError(f"device '{name}' is not supported. Use auto, cpu or cuda:0.")
    if device.type == "cuda" and (device.index or 0) >= torch.cuda.device_count():
        raise ConfigError(
            f"device '{name}' is not there ({torch.cuda.device_count()} CUDA devices found). "
            f"Use cpu."
        )
    return device


def wants_bf16(precision: Precision, device: torch.device) -> bool:
    """`auto` takes bf16 where the hardware gains by it: it multiplies twice as fast there."""
    if precision != "auto":
        return precision == "bf16"
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported()
    able = getattr(torch.cpu, "get_capabilities", dict)()  # PyTorch before 2.11 does not say
    return any(able.get(name, False) for name in ("avx512_bf16", "amx_bf16"))
