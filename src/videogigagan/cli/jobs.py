"""One input after another: a failing one is told, and the others go on."""

import sys
from collections.abc import Callable, Sequence

from videogigagan.errors import StoppedError, VideoGigaGANError
from videogigagan.upscale.batch import Job


def run_jobs(jobs: Sequence[Job], work: Callable[[Job], None]) -> None:
    """Do the work for each job in turn.

    Raises:
        StoppedError: Somebody wants no more of them.
        VideoGigaGANError: It failed for some; each was told on standard error by then.
    """
    failed: list[Job] = []
    for number, job in enumerate(jobs, start=1):
        print(f"{number}/{len(jobs)} {job.source}", file=sys.stderr, flush=True)
        try:
            work(job)
        except StoppedError:
            raise
        except VideoGigaGANError as error:
            print(f"videogigagan: {error}", file=sys.stderr, flush=True)
            failed.append(job)
    if failed:
        names = ", ".join(str(job.source) for job in failed)
        raise VideoGigaGANError(
            f"{len(failed)} of {len(jobs)} inputs have no result ({names}). "
            "See above for each; the others are done."
        )
