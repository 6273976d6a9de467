"""BasicVSR and BasicVSR++ as the code bases that released them would have saved them."""

import re
from pathlib import Path

import torch

from videogigagan.evaluate.peers.basicvsr import BasicVSR
from videogigagan.evaluate.peers.basicvsrpp import BasicVSRPlusPlus

BRANCHES = ("backward_1", "forward_1", "backward_2", "forward_2")
BASICSR = {
    r"^propagation\.flow\.levels\.(\d)\.": r"spynet.basic_module.\1.basic_module.",
    r"^propagation\.extraction\.": "feat_extract.",
    **{
        rf"^propagation\.branches\.{number}\.{ours}\.": f"{part}.{branch}."
        for number, branch in enumerate(BRANCHES)
        for ours, part in (("backbone", "backbone"), ("alignment", "deform_align"))
    },
    r"^propagation\.(\w+)_branch\.": r"\1_trunk.",
    r"^(propagation|tail)\.": "",
    r"\.entry\.": ".main.0.",
    r"\.blocks\.": ".main.2.",
    r"\.offsets\.": ".conv_offset.",
}
"""What our names become, one replacement after the other."""
MMAGIC = {
    r"^(\w+)_trunk\.": r"\1_resblocks.",
    r"^upconv(\d)\.": r"upsample\1.upsample_conv.",
    **{
        rf"^(spynet\.basic_module\.\d\.basic_module)\.{2 * number}\.": rf"\1.{number}.conv."
        for number in range(5)
    },
}
"""What BasicSR's names become: of SPyNet, convolutions alone are counted."""


def released(
    network: BasicVSR | BasicVSRPlusPlus, *, mmagic: bool = False
) -> dict[str, torch.Tensor]:
    """What would have been saved of it, SPyNet's constants included."""
    steps = BASICSR | (MMAGIC if mmagic else {})
    state = {theirs(key, steps): tensor for key, tensor in network.state_dict().items()}
    return state | {"spynet.mean": torch.ones(1, 3, 1, 1), "spynet.std": torch.ones(1, 3, 1, 1)}


def theirs(key: str, steps: dict[str, str]) -> str:
    """Our name of a weight in the words of one of the code bases."""
    for ours, released_name in steps.items():
        key = re.sub(ours, released_name, key)
    return key


def saved(path: Path, content: object) -> Path:
    torch.save(content, path)
    return path
