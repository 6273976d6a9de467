"""One process of a training run, as `torchrun` would start it; the first prints its figures.

Arguments: FOLDER STAGE STEPS [shard] [die=RANK@STEP]
"""

import json
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import torch
from train_fakes import drifting, tiny

from videogigagan.errors import VideoGigaGANError
from videogigagan.train.batches import Batch, Share
from videogigagan.train.config import TrainConfig
from videogigagan.train.devices import open_devices
from videogigagan.train.loop import run

torch.set_num_threads(1)


def main() -> None:
    folder, stage, steps, *options = sys.argv[1:]
    death = next((word[4:] for word in options if word.startswith("die=")), "-1@-1")
    rank, step = map(int, death.split("@"))

    def feed(config: TrainConfig, share: Share) -> Iterator[list[Batch]]:
        for number, batches in enumerate(drifting(config, share), start=share.step):
            if (share.rank, number) == (rank, step):
                os.kill(os.getpid(), signal.SIGKILL)
            yield batches

    shard = "shard" in options
    config = tiny(stage, steps=int(steps), batch=4, micro_batch=1, checkpointing=shard)
    try:
        with open_devices("cpu", shard=shard, minutes=1) as devices:
            for made in run(config, Path(folder), judges=None, devices=devices, feed=feed):
                if devices.is_main:
                    print(json.dumps(made.figures), flush=True)  # noqa: T201 - what the test reads
    except VideoGigaGANError as error:
        sys.exit(f"videogigagan: {error}")


if __name__ == "__main__":
    main()
