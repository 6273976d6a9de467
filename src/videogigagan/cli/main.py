"""The entry point: what a user can mend is one line, a bug keeps its traceback.

Exit status: 0 done, 1 failed, 2 the command line makes no sense, 130 stopped by Ctrl-C.
"""

import logging
import os
import sys
from typing import Annotated

import tyro

from videogigagan.cli.compare import Compare
from videogigagan.cli.convert import Convert
from videogigagan.cli.data import Data
from videogigagan.cli.evaluate import Evaluate
from videogigagan.cli.inspect import Inspect
from videogigagan.cli.interruption import STOPPED
from videogigagan.cli.join import Join
from videogigagan.cli.train import Train
from videogigagan.cli.upscale import Upscale
from videogigagan.errors import ConfigError, StoppedError, VideoGigaGANError
from videogigagan.ops.allocator import keep_freed_memory

Command = (
    Annotated[Upscale, tyro.conf.subcommand("upscale")]
    | Annotated[Compare, tyro.conf.subcommand("compare")]
    | Annotated[Evaluate, tyro.conf.subcommand("evaluate")]
    | Annotated[Train, tyro.conf.subcommand("train")]
    | Annotated[Data, tyro.conf.subcommand("data")]
    | Annotated[Inspect, tyro.conf.subcommand("inspect")]
    | Annotated[Convert, tyro.conf.subcommand("import")]
    | Annotated[Join, tyro.conf.subcommand("join")]
)


def parse(
    arguments: list[str],
) -> Upscale | Compare | Evaluate | Train | Data | Inspect | Convert | Join:
    """Understand a command line; leaves with status 2 if it makes no sense."""
    return tyro.cli(
        Command,  # pyright: ignore[reportArgumentType] - tyro takes annotated unions
        prog="videogigagan",
        description="VideoGigaGAN: detail-rich, steady video super-resolution.",
        args=arguments,
        config=(tyro.conf.FlagCreatePairsOff, tyro.conf.OmitArgPrefixes),
    )


def main() -> None:
    """Run the command that the process was started with."""
    logging.basicConfig(format="videogigagan: %(message)s", level=logging.WARNING)
    keep_freed_memory()
    try:
        parse(sys.argv[1:]).run()
        sys.stdout.flush()
    except StoppedError as stop:
        print(f"videogigagan: {stop}", file=sys.stderr)
        sys.exit(STOPPED)
    except VideoGigaGANError as error:
        print(f"videogigagan: {error}", file=sys.stderr)
        sys.exit(2 if isinstance(error, ConfigError) else 1)
    except BrokenPipeError:  # whoever read our output, such as `head`, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except KeyboardInterrupt:
        print("videogigagan: stopped; nothing half-written is left.", file=sys.stderr)
        sys.exit(STOPPED)
