"""The networks of a run, at its first step: fresh, inflated, or from weights on disk."""

from dataclasses import dataclass
from pathlib import Path

import torch

from videogigagan.errors import CheckpointError
from videogigagan.model.checkpoint import load_discriminator, load_generator, read_pickle
from videogigagan.model.discriminator import Discriminator
from videogigagan.model.generator import Generator
from videogigagan.model.warm_start import load_released
from videogigagan.ops.recompute import recompute
from videogigagan.train.config import StartConfig, TrainConfig
from videogigagan.train.inflate import inflate
from videogigagan.train.optimiser import FLOW, PROPAGATION

_CLEANING = "cleaning."


@dataclass(frozen=True, kw_only=True, slots=True)
class Networks:
    """What is trained."""

    generator: Generator
    """From small clips to large ones."""
    discriminator: Discriminator | None
    """Its adversary, if there is one."""


def build_networks(config: TrainConfig) -> Networks:
    """Make a run's networks; what no file provides follows from the run's seed.

    Raises:
        CheckpointError: A file is missing, damaged, or does not fit.
    """
    torch.manual_seed(config.seed)
    generator = Generator(config.generator)
    _start_generator(generator, config.start)
    discriminator = None
    if config.discriminator is not None:
        discriminator = Discriminator(config.discriminator)
        if config.start.discriminator is not None:
            inflate(load_discriminator(Path(config.start.discriminator)), discriminator)
        recompute(discriminator, on=config.checkpointing)
    recompute(generator, on=config.checkpointing)
    choose_what_learns(generator, config)
    return Networks(generator=generator.train(), discriminator=discriminator)


def choose_what_learns(generator: Generator, config: TrainConfig) -> None:
    """Freeze what is to stay, and what no loss reaches.

    A device that waits for the gradient of an unused weight would wait for ever.
    """
    late = config.optimiser.flow_frozen >= config.steps
    silent = config.generator.noise == "none"
    staying = (PROPAGATION,) if config.losses.cleaning else (PROPAGATION, _CLEANING)
    for name, parameter in generator.named_parameters():
        stays = config.propagation_stays and name.startswith(staying)
        stays |= late and name.startswith(FLOW)
        unused = silent and name.endswith(".noise_strength")
        unused |= config.losses.cleaning_alone and not name.startswith(_CLEANING)
        parameter.requires_grad = not (stays or unused)


def _start_generator(generator: Generator, start: StartConfig) -> None:
    trained = start.image or start.generator
    if start.image is not None:
        inflate(load_generator(Path(start.image)), generator)
    elif start.generator is not None:
        _copy(Path(start.generator), generator)
    if start.propagation is None:
        return
    if generator.propagation is None:
        raise CheckpointError(
            f"{start.propagation}: the generator has no propagation to fill. Leave it out."
        )
    content = read_pickle(Path(start.propagation))
    load_released(generator.propagation, content, name=start.propagation)
    if generator.reconstruction is not None and trained is None:  # else it is trained, too
        load_released(generator.reconstruction, content, name=start.propagation)


def _copy(path: Path, generator: Generator) -> None:
    """Fill a generator from one of the same shape; cleaning that it lacks stays a no-op."""
    one = load_generator(path)
    given, taken = one.state_dict(), generator.state_dict()
    if one.cleaning is None:
        given |= {key: fresh for key, fresh in taken.items() if key.startswith(_CLEANING)}
    for key in dict.fromkeys((*taken, *given)):
        if key not in given or key not in taken or given[key].shape != taken[key].shape:
            raise CheckpointError(
                f"{path}: is a generator of another shape ('{key}' differs). Name it as image "
                f"to inflate it, or use its config."
            )
    generator.load_state_dict(given)
