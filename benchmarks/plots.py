"""What the benchmarks that draw have in common."""

from videogigagan.errors import ConfigError


def plotting():  # noqa: ANN201 - a module that may be missing
    """Import what plots, without a screen.

    Raises:
        ConfigError: It is not installed.
    """
    try:
        import matplotlib as mpl  # noqa: PLC0415
    except ImportError as error:
        raise ConfigError(
            "plot: needs matplotlib. Install it with `pip install 'videogigagan[plots]'`."
        ) from error
    mpl.use("agg")
    from matplotlib import pyplot as plt  # noqa: PLC0415

    return plt
