"""Start propagation from released weights: BasicVSR, BasicVSR++ or SPyNet (D33).

Both public code bases are read: BasicSR's files, and those of MMagic, formerly MMEditing, which
name some layers otherwise. Their reconstruction tail is read apart: the U-Net takes its place,
unless the configuration adds to what the tail makes (`residual`).
"""

import re
from collections.abc import Mapping
from typing import Literal

from torch import Tensor, nn

from videogigagan.errors import CheckpointError
from videogigagan.model.config import PropagationConfig
from videogigagan.model.flow import SpyNet
from videogigagan.model.grid_propagation import GridPropagation
from videogigagan.model.propagation import BidirectionalPropagation
from videogigagan.model.reconstruction import Reconstruction

_WRAPPERS = ("params_ema", "params", "state_dict")
_PREFIXES = ("generator_ema.", "generator.")  # MMagic; the average is what was scored
_TAIL = re.compile(r"(reconstruction|upsample\d|upconv\d|conv_hr|conv_last)\.")
_CONSTANT = re.compile(r"(spynet\.)?(mean|std)$")
_FLOW = re.compile(r"basic_module\.(\d)\.basic_module\.(\d)\.(conv\.)?(weight|bias)")
_SIGNS: tuple[
    tuple[Literal["basicvsr", "basicvsr++"], re.Pattern[str], re.Pattern[str]], ...
] = (
    (
        "basicvsr++",
        re.compile(r"feat_extract\.main\.0\.weight"),
        re.compile(r"backbone\.backward_1\.main\.2\.(\d+)\."),
    ),
    (
        "basicvsr",
        re.compile(r"backward_(?:trunk|resblocks)\.main\.0\.weight"),
        re.compile(r"backward_(?:trunk|resblocks)\.main\.2\.(\d+)\."),
    ),
)
_FIRST_ORDER = re.compile(r"(backward|forward)_(?:trunk|resblocks)\.(.+)")
_SECOND_ORDER = re.compile(r"(deform_align|backbone)\.(backward|forward)_(\d+)\.(.+)")


def load_released(
    network: SpyNet | BidirectionalPropagation | GridPropagation | Reconstruction,
    content: object,
    *,
    name: str,
) -> None:
    """Fill a network from a released file, every weight of it, or raise and change nothing.

    Args:
        network: A SpyNet, a propagation network as wide and deep as the released one, or the
            tail behind it.
        content: What `torch.load` returned.
        name: The file, for messages.
    """
    weights = unwrapped(content)
    if isinstance(network, SpyNet):
        state = {_flow(key): tensor for key, tensor in _kept(weights).items()}
    elif isinstance(network, BidirectionalPropagation):
        state = propagation_from_basicvsr(weights)
    elif isinstance(network, Reconstruction):
        tail = tail_weights(weights).items()
        state = {key.removeprefix("tail."): tensor for key, tensor in tail}
    else:
        state = propagation_from_basicvsr_plusplus(weights)
    load_strictly(network, state, name=name)


def load_strictly(network: nn.Module, state: Mapping[str, Tensor], *, name: str) -> None:
    """Load all weights under the network's own names, or raise and change nothing."""
    if differences := _differences(network.state_dict(), state):
        raise CheckpointError(
            f"{name}: does not fit {type(network).__name__} ({differences}). Give a released "
            f"file of that network, or the configuration that it was trained with."
        )
    network.load_state_dict(state, strict=True)


def released_config(content: object, *, name: str) -> PropagationConfig:
    """Tell from its weights which propagation network a released file belongs to.

    Raises:
        CheckpointError: It is neither a BasicVSR nor a BasicVSR++.
    """
    weights = _kept(unwrapped(content))
    for form, entry, blocks in _SIGNS:
        widths = [len(tensor) for key, tensor in weights.items() if entry.fullmatch(key)]
        numbers = [int(match[1]) for key in weights if (match := blocks.match(key))]
        if widths and numbers:
            return PropagationConfig(
                form=form,
                channels=widths[0],
                blocks=max(numbers) + 1,
                iterations=2 if form == "basicvsr++" else 1,
            )
    raise CheckpointError(
        f"{name}: is neither a BasicVSR nor a BasicVSR++ ({len(weights)} tensors found). "
        f"Give a checkpoint of BasicSR or MMagic."
    )


def unwrapped(content: object) -> dict[str, Tensor]:
    """Find the named weights in what was stored around them; none if there are none."""
    for wrapper in _WRAPPERS:
        if isinstance(content, Mapping) and isinstance(content.get(wrapper), Mapping):
            content = content[wrapper]
    if not isinstance(content, Mapping):
        return {}
    weights = {str(key): value for key, value in content.items() if isinstance(value, Tensor)}
    for prefix in _PREFIXES:
        inside = {
            key.removeprefix(prefix): tensor
            for key, tensor in weights.items()
            if key.startswith(prefix)
        }
        if inside:
            return inside
    return weights


def propagation_from_basicvsr(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Rename BasicVSR's weights to `BidirectionalPropagation`'s keys; unknown keys stay."""
    return {_basicvsr(key): tensor for key, tensor in _kept(weights).items()}


def propagation_from_basicvsr_plusplus(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Rename BasicVSR++'s weights to `GridPropagation`'s keys; unknown keys stay."""
    return {_basicvsr_plusplus(key): tensor for key, tensor in _kept(weights).items()}


def tail_weights(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Pick the weights behind the propagation, under the names of a network that has both.

    Returns:
        `tail.…`, which is a `Reconstruction`, and for BasicVSR++ `reconstruction.…`, which is a
        `ResidualStack` before it.
    """
    return {_tail(key): tensor for key, tensor in weights.items() if _TAIL.match(key)}


def _kept(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """All but the tail and SPyNet's constants."""
    left_out = (_TAIL, _CONSTANT)
    return {
        key: tensor
        for key, tensor in weights.items()
        if not any(pattern.match(key) for pattern in left_out)
    }


def _basicvsr(key: str) -> str:
    if key.startswith("spynet."):
        return f"flow.{_flow(key.removeprefix('spynet.'))}"
    if match := _FIRST_ORDER.fullmatch(key):
        return f"{match[1]}_branch.{_stack(match[2])}"
    return key


def _basicvsr_plusplus(key: str) -> str:
    if key.startswith("spynet."):
        return f"flow.{_flow(key.removeprefix('spynet.'))}"
    if key.startswith("feat_extract."):
        return f"extraction.{_stack(key.removeprefix('feat_extract.'))}"
    match = _SECOND_ORDER.fullmatch(key)
    if match is None:
        return key
    part, direction, iteration, rest = match.groups()
    branch = f"branches.{2 * int(iteration) - (2 if direction == 'backward' else 1)}"
    if part == "backbone":
        return f"{branch}.backbone.{_stack(rest)}"
    return f"{branch}.alignment.{rest.replace('conv_offset.', 'offsets.')}"


def _tail(key: str) -> str:
    if key.startswith("reconstruction."):
        return f"reconstruction.{_stack(key.removeprefix('reconstruction.'))}"
    return "tail." + re.sub(r"^upsample(\d)\.upsample_conv\.", r"upconv\1.", key)


def _flow(key: str) -> str:
    """One name of SPyNet; MMagic counts convolutions alone, the others activations too."""
    match = _FLOW.fullmatch(key)
    if match is None:
        return key
    level, layer, wrapped, parameter = match.groups()
    return f"levels.{level}.{2 * int(layer) if wrapped else layer}.{parameter}"


def _stack(key: str) -> str:
    """One name inside a `ResidualStack`."""
    return re.sub(r"^main\.2\.", "blocks.", re.sub(r"^main\.0\.", "entry.", key))


def _differences(needed: Mapping[str, Tensor], found: Mapping[str, Tensor]) -> str:
    """What does not fit, each kind with its number and first example; empty if all fits."""
    kinds = {
        "missing": [key for key in needed if key not in found],
        "unexpected": [key for key in found if key not in needed],
        "of another shape": [
            key for key in needed if key in found and needed[key].shape != found[key].shape
        ],
    }
    return "; ".join(f"{len(keys)} {kind}: {keys[0]} …" for kind, keys in kinds.items() if keys)
