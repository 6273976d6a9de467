"""The exception family: what a user can mend is a `VideoGigaGANError`, its text one line.

A message reads: what: what is wrong (what was found). What to do.
"""


class VideoGigaGANError(Exception):
    """Base of every error that a caller or user can act on."""

    def __str__(self) -> str:
        """The text in one line, whatever names of files have in them."""
        return " ".join(super().__str__().splitlines())


class ConfigError(VideoGigaGANError):
    """A configuration that no network can be built from, or an option that makes no sense."""


class CheckpointError(VideoGigaGANError):
    """A weights file that is missing, damaged, or does not fit."""


class VideoError(VideoGigaGANError):
    """A video or image folder that cannot be read or written."""


class StoppedError(VideoGigaGANError):
    """A run that was asked to stop and can go on; its text says how far it is."""


class DataError(VideoGigaGANError):
    """Training or evaluation material that is missing or unusable."""
