"""Training runs before a person's eyes: journal, samples, validation, progress, Ctrl-C."""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from videogigagan.cli.interruption import STOPPED, Interruption
from videogigagan.cli.screen import clock, peak_memory
from videogigagan.cli.steps import StepLine
from videogigagan.cli.training_options import Machine, Plan, folder_of
from videogigagan.data.clips import ClipPair
from videogigagan.data.settings import DataConfig, Part
from videogigagan.errors import ConfigError
from videogigagan.train.config import TrainConfig
from videogigagan.train.config_file import save_config
from videogigagan.train.devices import Devices, open_devices
from videogigagan.train.estimate import estimate
from videogigagan.train.journal import JOURNAL, Journal
from videogigagan.train.loop import run
from videogigagan.train.observe import Observer
from videogigagan.train.outlook import describe, found_data
from videogigagan.train.provenance import Provenance
from videogigagan.train.samples import Samples
from videogigagan.train.validation import Validation, draw_clips


@dataclass(frozen=True, kw_only=True, slots=True)
class Ending:
    """How a run went in this process."""

    last: int
    """Steps that have been made in all."""
    made: int
    """Those that were made now."""
    seconds: float
    """What these took."""
    skipped: int
    """Different things that were wrong with material."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Session:
    """The devices that train, and whether a person wants them to stop."""

    machine: Machine
    """Where runs lie and what judges them."""
    devices: Devices
    """This process and those beside it."""
    stop: Interruption
    """Ctrl-C."""

    def train(self, config: TrainConfig, folder: Path, *, label: str = "") -> Ending:
        """Train in a folder, or go on there, and show how it goes.

        Raises:
            SystemExit: Ctrl-C has ended it; the state is saved.
            VideoGigaGANError: What the loop and those who look on raise.
        """
        made, seconds = 0, 0.0
        with StepLine(config.steps, label, quiet=not self.devices.is_main) as line:
            for figures in run(
                config,
                folder,
                judges=self.machine.judges,
                devices=self.devices,
                observers=observers(config, self.machine, line),
                stop=self.stop,
            ):
                line.show(figures)
                made += 1
                seconds += figures.seconds
        last = config.steps if line.last is None else line.last.step
        if last < config.steps:
            self.tell(
                f"videogigagan: stopped after step {last} of {config.steps}; the same command "
                f"goes on from there."
            )
            sys.exit(STOPPED)
        return Ending(last=last, made=made, seconds=seconds, skipped=len(line.skipped))

    def tell(self, text: str) -> None:
        """Say something beside the results, once for all processes."""
        if self.devices.is_main:
            print(text, file=sys.stderr)


@contextmanager
def open_session(machine: Machine) -> Iterator[Session]:
    """Join the processes that torchrun has started, if it has, and listen for Ctrl-C.

    Raises:
        ConfigError: There is no such device.
    """
    with (
        Interruption() as stop,
        open_devices(machine.device, shard=machine.shard) as devices,
    ):
        yield Session(machine=machine, devices=devices, stop=stop)


def begin(config: TrainConfig, machine: Machine, plan: Plan) -> None:
    """Train and say what came out; or do what the plan asks for instead.

    Raises:
        ConfigError: The file for the configuration is there already.
        VideoGigaGANError: What training raises.
    """
    target = plan.write_config
    if target is not None:
        if target.exists():
            raise ConfigError(f"{target}: exists already. Choose another file.")
        save_config(config, target)
        print(f"{target}: edit it, then give it as --config.")
        return
    if plan.dry_run:
        found = found_data(config)  # what is missing shows before minutes of estimating
        print(describe(config, estimate(config), found))
        return
    folder = folder_of(config, machine)
    with open_session(machine) as session:
        ending = session.train(config, folder)
        if session.devices.is_main:
            print(summary(folder, ending))


def summary(folder: Path, ending: Ending) -> str:
    """Sum a run up: where the weights lie, and what they took."""
    lines = [f"weights  {folder / 'weights' / 'generator.safetensors'}"]
    if ending.skipped:
        lines.append(f"skipped  {ending.skipped} files, named in {folder / JOURNAL}")
    if not ending.made:
        return "\n".join([*lines, "all steps had been made before"])
    pace = ending.seconds / ending.made
    text = f"{ending.made} steps, {clock(ending.seconds)}, {pace:.2f} s per step"
    memory = peak_memory()
    if memory is not None:
        text += f", peak memory {memory / 2**30:.2f} GiB"
    return "\n".join([*lines, text])


def observers(config: TrainConfig, machine: Machine, line: StepLine) -> list[Observer]:
    """Those who look on: the journal, and what draws and scores clips.

    Without held-out files nothing is scored, and the pictures show clips that are learnt from.
    Files that cannot be used for them are named in the journal and on the screen, too.
    """
    journal = Journal(tensorboard=machine.tensorboard)
    data = config.data
    if not isinstance(data, DataConfig):
        return [journal]
    part: Part = "held-out" if data.held_out else "train"

    @cache
    def draw(step: int) -> Sequence[ClipPair]:
        clips = draw_clips(data, config.generator.scale, part)
        skipped = [message for clip in clips for message in clip.skipped]
        journal.skip(step, skipped)
        line.skip(skipped)
        return clips

    found: list[Observer] = [
        Provenance(),  # the first, so that a run that is refused leaves no trace
        journal,
        Samples(draw, every=config.sample_every, last=config.steps),
    ]
    if part == "held-out":
        found.append(
            Validation(
                draw,
                machine.judges,
                every=config.validate_every,
                last=config.steps,
                tell=journal.note,
            )
        )
    return found
