"""One device or many: torchrun's environment, DDP and FSDP2, by torch's own means.

With DDP every device holds all weights and gradients are averaged. With `shard`, the
generator's weights, gradients, moments and average are each spread over the devices (FSDP2);
the discriminator, which R1 differentiates twice, stays whole.
"""

import os
import warnings
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from datetime import timedelta

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.distributed.fsdp import FSDPModule, fully_shard
from torch.distributed.tensor import DTensor, distribute_tensor
from torch.nn.parallel import DistributedDataParallel

from videogigagan.errors import ConfigError, VideoGigaGANError
from videogigagan.train.objective import DiscriminatorObjective, GeneratorObjective

_LOST = (
    "training: another process of the run is gone ({reason}). The last saved state is whole; "
    "give the same command again to go on."
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Devices:
    """This process' device, and how many train beside it."""

    device: torch.device
    """Where this process computes."""
    rank: int = 0
    """Its number."""
    ranks: int = 1
    """Processes in all."""
    shard: bool = False
    """Spread the generator over them rather than copy it."""

    @property
    def is_main(self) -> bool:
        """Whether this one writes files and speaks."""
        return self.rank == 0

    def spread_generator(self, objective: GeneratorObjective) -> nn.Module:
        """Wrap the generator's objective so that gradients become means over all devices."""
        if self.ranks == 1:
            return objective
        if not self.shard:
            return copied(objective, self.device)
        # Nothing writes into what a block returns, so views are safe.
        warnings.filterwarnings("ignore", "FSDP2-wrapped module")
        generator, single = objective.generator, set(_scalars(objective))
        for block in (*generator.encoder.levels, *generator.decoder.levels):
            fully_shard(block, ignored_params=single)
        fully_shard(objective, ignored_params=single)
        return objective

    def spread_discriminator(self, objective: DiscriminatorObjective) -> nn.Module:
        """Wrap the discriminator's objective alike; it is copied in any case."""
        return objective if self.ranks == 1 else copied(objective, self.device)

    def settle(self, objective: nn.Module) -> None:
        """Average what FSDP2 left alone: gradients of weights that are single numbers."""
        if self.ranks == 1 or not isinstance(objective, FSDPModule):
            return
        gradients = [p.grad for p in _scalars(objective) if p.grad is not None]
        if gradients:
            values = torch.stack(gradients)
            dist.all_reduce(values)
            for gradient, value in zip(gradients, values / self.ranks, strict=True):
                gradient.copy_(value)

    def mean(self, figures: Mapping[str, float]) -> dict[str, float]:
        """Average named figures, the same names on every device, over all of them."""
        if self.ranks == 1:
            return dict(figures)
        values = torch.tensor(list(figures.values()), dtype=torch.float64)
        values = values.to(self.device)
        dist.all_reduce(values)
        return dict(zip(figures, (values / self.ranks).tolist(), strict=True))

    def together(self, names: tuple[str, ...]) -> tuple[str, ...]:
        """Every device's names."""
        if self.ranks == 1:
            return names
        found: list[tuple[str, ...]] = [()] * self.ranks
        dist.all_gather_object(found, names)
        return tuple(name for part in found for name in part)


def copied(module: nn.Module, device: torch.device) -> DistributedDataParallel:
    """Have every device hold all of a module, and gradients become means over them."""
    # A kernel of one pixel lies the same in either layout; only its strides differ.
    warnings.filterwarnings("ignore", "Grad strides do not match bucket view strides")
    return DistributedDataParallel(
        module,
        device_ids=[device] if device.type == "cuda" else None,
        gradient_as_bucket_view=True,
    )


@contextmanager
def open_devices(
    name: str = "auto", *, shard: bool = False, minutes: float = 60
) -> Iterator[Devices]:
    """Join the processes that `torchrun` has started, if it has, and leave them at the end.

    Args:
        name: `auto`, `cpu`, `cuda` or `cuda:N`; `auto` is a GPU where there is one.
        shard: Spread the generator with FSDP2.
        minutes: How long a process waits for another before it takes it for lost.

    Raises:
        ConfigError: There is no such device.
        VideoGigaGANError: Another process is lost.
    """
    ranks = int(os.environ.get("WORLD_SIZE", "1"))
    device = _device(name, int(os.environ.get("LOCAL_RANK", "0")), ranks)
    if ranks == 1:
        yield Devices(device=device)
        return
    backend = "nccl" if device.type == "cuda" else "gloo"
    with lost_if_broken(ranks):
        dist.init_process_group(backend, timeout=timedelta(minutes=minutes))
        yield Devices(device=device, rank=dist.get_rank(), ranks=ranks, shard=shard)
        dist.destroy_process_group()  # not after an error: the others may never come to it


def _device(name: str, local_rank: int, ranks: int) -> torch.device:
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    if name not in ("cpu", "cuda") and not name.startswith("cuda:"):
        raise ConfigError(f"device '{name}' is not known. Choose auto, cpu, cuda or cuda:N.")
    if name == "cpu":
        return torch.device("cpu")
    if ranks > 1:
        name = f"cuda:{local_rank}"
    number = torch.device(name).index or 0
    if number >= torch.cuda.device_count():
        raise ConfigError(
            f"device '{name}' is not there ({torch.cuda.device_count()} GPUs found). "
            f"Choose cpu, or start fewer processes."
        )
    device = torch.device("cuda", number)
    torch.cuda.set_device(device)
    return device


@contextmanager
def lost_if_broken(ranks: int) -> Iterator[None]:
    """Turn a broken connection to another process into one line."""
    try:
        yield
    except RuntimeError as error:
        if ranks == 1 or not _speaks_of_connections(error):
            raise
        reason = str(error).splitlines()[0].strip()
        raise VideoGigaGANError(_LOST.format(reason=reason)) from error


def _speaks_of_connections(error: RuntimeError) -> bool:
    signs = ("gloo", "nccl", "connection", "timed out")
    text = str(error).lower()
    return isinstance(error, dist.DistError) or any(sign in text for sign in signs)


def _scalars(network: nn.Module) -> list[nn.Parameter]:
    """Weights that FSDP2 cannot spread."""
    return [parameter for parameter in network.parameters() if parameter.ndim == 0]


def accumulating(module: nn.Module, *, last: bool) -> AbstractContextManager:
    """Within one step, devices exchange gradients after the last micro-batch only."""
    if isinstance(module, FSDPModule):
        module.set_requires_gradient_sync(last)
    elif isinstance(module, DistributedDataParallel) and not last:
        return module.no_sync()
    return nullcontext()


def whole(tensor: Tensor) -> Tensor:
    """All of a tensor that devices may hold in parts; every one of them must ask."""
    return tensor.full_tensor() if isinstance(tensor, DTensor) else tensor


def alike(parameter: Tensor, value: Tensor) -> Tensor:
    """A whole tensor on the parameter's device, in parts if the parameter is."""
    value = value.to(parameter.device)
    if isinstance(parameter, DTensor):
        return distribute_tensor(value, parameter.device_mesh, parameter.placements)
    return value


def collected(tensors: Mapping[str, Tensor], *, keep: bool) -> dict[str, Tensor]:
    """Whole tensors on the CPU, where they are kept; every device must ask."""
    found: dict[str, Tensor] = {}
    for name, tensor in tensors.items():
        value = whole(tensor.detach())
        if keep:
            found[name] = value.cpu()
    return found


@torch.no_grad()
def fill(tensors: Mapping[str, Tensor], values: Mapping[str, Tensor]) -> None:
    """Copy whole tensors into those of the same names, in parts where those are.

    Raises:
        KeyError: Names or shapes differ; nothing has changed then.
    """
    differing = sorted(
        name
        for name in tensors.keys() | values.keys()
        if name not in tensors
        or name not in values
        or tensors[name].shape != values[name].shape
    )
    if differing:
        raise KeyError(f"{len(differing)} tensors differ, first '{differing[0]}'")
    for name, tensor in tensors.items():
        tensor.copy_(alike(tensor, values[name]))
