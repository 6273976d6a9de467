"""What operations take: memory that is alive, and arithmetic."""

import weakref
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torch._subclasses.fake_tensor import is_fake
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_iter
from torch.utils.flop_counter import flop_registry

# Autograd takes these apart before they come here; inference mode does not.
_MADE_OF_OTHERS = (
    *(torch.ops.aten.conv1d, torch.ops.aten.conv2d),
    *(torch.ops.aten.linear, torch.ops.aten.matmul, torch.ops.aten.einsum),
)


class Tally(TorchDispatchMode):
    """Adds up FLOPs, and the storages of all tensors that operations make while they live.

    Works on real tensors and on fake ones. Fake tensors have no values; where a program asks
    for one, it is told 1.
    """

    def __init__(self) -> None:
        super().__init__()
        self.now = 0
        self.peak = 0
        self.flops = 0
        self._known: set[int] = set()

    def __torch_dispatch__(
        self,
        func: Any,  # noqa: ANN401 - PyTorch's own signature
        types: Sequence[type],
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:  # noqa: ANN401 - what an operation returns
        if func is torch.ops.aten._local_scalar_dense.default and is_fake(args[0]):  # noqa: SLF001 - its name
            return 1.0 if args[0].is_floating_point() else 1
        if func.overloadpacket in _MADE_OF_OTHERS:
            with self:
                return func.decompose(*args, **(kwargs or {}))
        result = func(*args, **(kwargs or {}))
        count = flop_registry.get(func.overloadpacket)
        if count is not None:
            self.flops += count(*args, **(kwargs or {}), out_val=result)
        for tensor in tree_iter(result):
            if isinstance(tensor, Tensor):
                self._meet(tensor)
        return result

    def _meet(self, tensor: Tensor) -> None:
        storage = tensor.untyped_storage()
        key = id(storage)
        if key not in self._known:
            self._known.add(key)
            self.now += storage.nbytes()
            self.peak = max(self.peak, self.now)
            weakref.finalize(storage, self._part, key, storage.nbytes())

    def _part(self, key: int, size: int) -> None:
        self._known.discard(key)
        self.now -= size
