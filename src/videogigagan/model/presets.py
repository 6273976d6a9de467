"""Named configurations: what to write after `--preset`, and the rows of the paper's Table 1."""

from dataclasses import replace

from videogigagan.errors import ConfigError
from videogigagan.model.config import (
    DiscriminatorConfig,
    GeneratorConfig,
    Level,
    PropagationConfig,
)

_PAPER_ENCODER = (
    Level(channels=512, blocks=4, filters=4),  # 64 px for a 64 px crop
    Level(channels=512, blocks=4, filters=2),  # 32 px
    Level(channels=512, blocks=4, filters=1),  # 16 px
)
_PAPER_DECODER = (
    Level(channels=512, blocks=4, filters=1, attention=2, temporal=2),  # 16 px
    Level(channels=512, blocks=4, filters=2, temporal=2),  # 32 px
    Level(channels=512, blocks=4, filters=4, temporal=1),  # 64 px
    Level(channels=256, blocks=4, filters=8),  # 128 px
)
_BASE_ENCODER = (
    Level(channels=64, blocks=1),
    Level(channels=128, blocks=1),
    Level(channels=192, blocks=1),
)
_BASE_DECODER = (
    Level(channels=192, blocks=1, attention=1, temporal=1),
    Level(channels=128, blocks=1, filters=2, temporal=1),
    Level(channels=64, blocks=2, filters=2, temporal=1),
    Level(channels=64, blocks=2, filters=4),
    Level(channels=24, blocks=1, filters=8),
)

GENERATORS: dict[str, GeneratorConfig] = {
    # For tests: every part present, as small as it can be.
    "tiny": GeneratorConfig(
        latent_dim=16,
        style_dim=16,
        mapping_layers=2,
        encoder=(
            Level(channels=8, blocks=1),
            Level(channels=8, blocks=1),
            Level(channels=8, blocks=1),
        ),
        decoder=(
            Level(channels=8, blocks=1, attention=1, temporal=1),
            Level(channels=8, blocks=1, filters=2, temporal=1),
            Level(channels=8, blocks=1, filters=2, temporal=1),
            Level(channels=8, blocks=1, filters=2),
            Level(channels=8, blocks=1, filters=2),
        ),
        propagation=PropagationConfig(form="basicvsr", channels=8, blocks=1, iterations=1),
    ),
    # The default model: runs on two CPU cores; propagation fits the released BasicVSR weights.
    "base-4x": GeneratorConfig(
        latent_dim=128,
        style_dim=128,
        encoder=_BASE_ENCODER,
        decoder=_BASE_DECODER,
        propagation=PropagationConfig(form="basicvsr", blocks=30, iterations=1, gated=True),
        residual="reconstruction",
    ),
    # The supplement's Table 2, as docs/paper.md reads it.
    "paper-4x": GeneratorConfig(
        encoder=_PAPER_ENCODER,
        decoder=(*_PAPER_DECODER, Level(channels=128, blocks=3, filters=16)),  # 256 px
    ),
    "paper-8x": GeneratorConfig(
        scale=8,
        encoder=_PAPER_ENCODER,
        decoder=(
            *_PAPER_DECODER,
            Level(channels=128, blocks=4, filters=16),  # 256 px
            Level(channels=64, blocks=3, filters=16),  # 512 px
        ),
    ),
}

_PAPER_JUDGE = (
    Level(channels=128, blocks=6),  # 256 px
    Level(channels=256, blocks=6),  # 128 px
    Level(channels=512, blocks=6),  # 64 px
    Level(channels=512, blocks=6, temporal=1),  # 32 px
    Level(channels=512, blocks=6, attention=2, temporal=2),  # 16 px
    Level(channels=512, blocks=6, attention=2, temporal=2),  # 8 px
    Level(channels=512, blocks=6),  # 4 px
)

DISCRIMINATORS: dict[str, DiscriminatorConfig] = {
    "tiny": DiscriminatorConfig(
        levels=(
            Level(channels=8, blocks=1),
            Level(channels=8, blocks=2, temporal=1),
            Level(channels=8, blocks=1, attention=1, temporal=1),
            Level(channels=8, blocks=1),
        ),
    ),
    # Beside the default generator; a clip of 224 px leaves it at 7 px.
    "base-4x": DiscriminatorConfig(
        levels=(
            Level(channels=32, blocks=1),
            Level(channels=64, blocks=1),
            Level(channels=128, blocks=1),
            Level(channels=256, blocks=1, attention=1, temporal=1),
            Level(channels=256, blocks=1, attention=1, temporal=1),
            Level(channels=256, blocks=1),
        ),
    ),
    # Six blocks at every resolution come nearest to the published 179M; see docs/paper.md, D21.
    "paper-4x": DiscriminatorConfig(levels=_PAPER_JUDGE),
    "paper-8x": DiscriminatorConfig(
        levels=(Level(channels=64, blocks=6), *_PAPER_JUDGE),  # from 512 px
    ),
}

TABLE_1_ROWS = ("image", "+temporal", "+propagation", "+blurpool", "+shuttle")
"""The ablation of Table 1, each row adding one part to the row before it."""


def generator_preset(name: str) -> GeneratorConfig:
    """Look a generator up by name."""
    if name not in GENERATORS:
        raise ConfigError(
            f"preset '{name}' is not known. Choose one of {', '.join(GENERATORS)}."
        )
    return GENERATORS[name]


def discriminator_preset(name: str) -> DiscriminatorConfig:
    """Look a discriminator up by name; each belongs to the generator of that name."""
    if name not in DISCRIMINATORS:
        choices = ", ".join(DISCRIMINATORS)
        raise ConfigError(f"preset '{name}' is not known. Choose one of {choices}.")
    return DISCRIMINATORS[name]


def table_1_row(config: GeneratorConfig, row: str) -> GeneratorConfig:
    """Reduce a full configuration to one row of Table 1; all rows add to the same picture.

    Args:
        config: The complete model, which is the last row.
        row: One of `TABLE_1_ROWS`.
    """
    if row not in TABLE_1_ROWS:
        raise ConfigError(
            f"Table 1 has no row '{row}'. Choose one of {', '.join(TABLE_1_ROWS)}."
        )
    parts = TABLE_1_ROWS.index(row)
    if config.residual == "reconstruction":  # of features, which not every row has
        config = replace(config, residual="bicubic")
    if parts < 1:
        config = without_temporal(config)
    if parts < 2:
        config = replace(config, propagation=None)
    if parts < 3:
        return replace(config, downsampling="strided", skip="full")
    return replace(config, skip="low") if parts < 4 else config


def without_temporal(config: GeneratorConfig) -> GeneratorConfig:
    """The same generator with no temporal modules: every frame is rendered alone."""
    return replace(
        config, decoder=tuple(replace(level, temporal=0) for level in config.decoder)
    )
