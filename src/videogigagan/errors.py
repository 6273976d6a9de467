"""The exception family: whatever a user can mend is a `VideoGigaGANError`, and its text is one line.

A message reads: what: what is wrong (what was found). What to do.
"""


class VideoGigaGANError(Exception):
    """Base of every error that a caller or user can act on."""


class ConfigError(VideoGigaGANError):
    """A configuration that no network can be built from, or an option that makes no sense."""


class CheckpointError(VideoGigaGANError):
    """A weights file that is missing, damaged, or does not fit."""


class VideoError(VideoGigaGANError):
    """A video or image folder that cannot be read or written."""


class DataError(VideoGigaGANError):
    """Training or evaluation material that is missing or unusable."""


class Cancelled(VideoGigaGANError):  # noqa: N818 - says what happened, not what went wrong
    """The caller asked to stop; nothing was left half written."""
