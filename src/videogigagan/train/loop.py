"""The loop: feed, step, save, show; a run is one folder, and goes on where it was stopped."""

import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import torch

from videogigagan.errors import ConfigError, VideoGigaGANError
from videogigagan.model.checkpoint import Header, save_weights
from videogigagan.model.generator import Generator
from videogigagan.train.batches import Batch, Feed, Share, micro_batches
from videogigagan.train.config import TrainConfig
from videogigagan.train.config_file import first_difference, load_config, save_config
from videogigagan.train.devices import Devices, lost_if_broken
from videogigagan.train.likeness import Likeness, load_likeness
from videogigagan.train.observe import Observer, RunView, StepFigures
from videogigagan.train.start import build_networks
from videogigagan.train.step import Learner, NotFiniteError

_WEIGHTS = "weights"  # of a run: its averaged generator and its discriminator


def run(
    config: TrainConfig,
    folder: Path,
    *,
    judges: Path | None,
    devices: Devices,
    observers: Sequence[Observer] = (),
    feed: Feed = micro_batches,
    stop: Callable[[], bool] = lambda: False,
) -> Iterator[StepFigures]:
    """Train, or go on training; yield each step's figures, on every device.

    Args:
        config: What to train.
        folder: The run: `config.json`, `state.pt`, `weights/`, and what observers add. One
            that holds another run is refused.
        judges: Folder of published weights, `lpips_<trunk>.pth` and `efficientnet_lite0.pth`;
            None where neither distance weighs anything.
        devices: From `open_devices`.
        observers: Journal, samples, validation.
        feed: Where batches come from: the run's own data.
        stop: Asked after each step; if any device says so, the run saves its state and ends.

    Raises:
        ConfigError: The folder holds another run, or batch and devices do not fit.
        CheckpointError: Weights or state cannot be used.
        VideoGigaGANError: A figure is no longer finite, and what was before it is saved; or
            another process is lost.
    """
    claim(config, folder, devices)
    training = Training(config, folder, devices, observers, load_likeness(config, judges))
    reason = "interrupted"  # unless it is known better
    try:
        with lost_if_broken(devices.ranks):
            training.resume()
            yield from training.steps(feed, stop)
        if training.step >= config.steps:
            reason = "finished"
    except VideoGigaGANError as error:
        reason = str(error)
        raise
    finally:
        training.stopped(reason)


class Training:
    """A run under way on one of its devices."""

    def __init__(
        self,
        config: TrainConfig,
        folder: Path,
        devices: Devices,
        observers: Sequence[Observer],
        likeness: Likeness,
    ) -> None:
        self.config = config
        self.folder = folder
        self.devices = devices
        self._looking = tuple(observers)
        self._observers = self._looking if devices.is_main else ()
        with devices.device if devices.is_main else torch.device("meta"):  # one shows it
            self._shown = Generator(config.generator).eval()
        self._shown.requires_grad_(requires_grad=False)
        self._learner = Learner(build_networks(config), config, devices, likeness)
        self._state = self._learner.state

    @property
    def step(self) -> int:
        """Steps made."""
        return self._state.step

    def resume(self) -> None:
        """Go back to the saved state, if there is one, and tell those who look on."""
        path = self.folder / "state.pt"
        if path.exists():
            self._state.load(path)
        if len(set(self.devices.together((str(self.step),)))) > 1:
            raise ConfigError(
                f"{self.folder}: not every device finds the same state there. Give a folder "
                f"that all of them share."
            )
        self._show()
        for observer in self._observers:
            observer.started(self._view())

    def steps(self, feed: Feed, stop: Callable[[], bool]) -> Iterator[StepFigures]:
        """Make the steps that are left."""
        share = Share(step=self.step, rank=self.devices.rank, ranks=self.devices.ranks)
        began = time.monotonic()
        for batches in feed(self.config, share):
            waited = time.monotonic() - began
            figures, told, skipped = self._made(batches, stop)
            due = self.step % self.config.save_every == 0 or self.step == self.config.steps
            if due or told:
                self._save()
            elif any(observer.looks_at(self.step) for observer in self._looking):
                self._show()
            seen = StepFigures(
                step=self.step,
                figures=figures,
                rate=self._state.generator_optimiser.rate_now,
                seconds=time.monotonic() - began,
                waited=waited,
                skipped=skipped,
            )
            for observer in self._observers:
                observer.after_step(self._view(), seen)
            yield seen
            if told:
                return
            began = time.monotonic()

    def stopped(self, reason: str) -> None:
        """Tell those who look on that it is over."""
        for observer in self._observers:
            observer.stopped(self._view(), reason)

    def _made(
        self, batches: list[Batch], stop: Callable[[], bool]
    ) -> tuple[dict[str, float], bool, tuple[str, ...]]:
        """One step: figures, whether any device is told to stop, files skipped anywhere."""
        skipped = tuple(name for batch in batches for name in batch.skipped)
        flags = {"stop": float(stop()), "skipped": float(len(skipped))}
        try:
            figures = self._learner.step(batches, flags)
        except NotFiniteError:
            self._save()
            raise
        if figures.pop("skipped"):  # the devices talk only if there is something to tell
            skipped = self.devices.together(skipped)
        return figures, figures.pop("stop") > 0, skipped

    def _save(self) -> None:
        self._state.save(self.folder / "state.pt", self.devices)
        self._show()
        if not self.devices.is_main:
            return
        folder, config = self.folder / _WEIGHTS, self.config
        about = {"name": config.name, "stage": config.stage, "steps": str(self.step)}
        header = Header(config=config.generator, about=about)
        save_weights(folder / "generator.safetensors", self._shown, header)
        discriminator = self._state.networks.discriminator
        if discriminator is not None:
            header = Header(config=discriminator.config, about=about)
            save_weights(folder / "discriminator.safetensors", discriminator, header)

    def _show(self) -> None:
        """Bring the generator that is shown up to date."""
        average = self._state.average.gathered(keep=self.devices.is_main)
        if self.devices.is_main:
            self._shown.load_state_dict(average)

    def _view(self) -> RunView:
        return RunView(
            config=self.config,
            folder=self.folder,
            step=self.step,
            generator=self._shown,
            device=self.devices.device,
            ranks=self.devices.ranks,
        )


def claim(config: TrainConfig, folder: Path, devices: Devices) -> None:
    """Make a folder this run's, or find that it is.

    Raises:
        ConfigError: It is another's or cannot be made, or the batch cannot be shared out.
    """
    if config.batch % (config.micro_batch * devices.ranks):
        raise ConfigError(
            f"training: a batch of {config.batch} does not divide into micro-batches of "
            f"{config.micro_batch} on {devices.ranks} devices. Change one of them."
        )
    path = folder / "config.json"
    if path.exists():
        difference = first_difference(load_config(path), config)
        if difference is not None:
            raise ConfigError(
                f"{folder}: holds another run ({difference} differs). Name another folder, or "
                f"go on with the settings in its config.json."
            )
    if devices.is_main:
        _make(folder / _WEIGHTS)
        save_config(config, path)


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(
            f"{folder}: cannot be made ({error.strerror}). Choose another --out."
        ) from error
