"""The few exceptions that a user sees.

Each one is a sentence that names the file and says what to do. Lessons and the command line show
the message alone; the traceback is for people who work on the package.
"""

from pathlib import Path

from medtutor.language import say


class MedtutorError(Exception):
    """A mistake that the user can mend."""

    def __init__(
        self, problem: str, path: str | Path | None = None, remedy: str | None = None
    ) -> None:
        self.problem, self.path, self.remedy = problem, path, remedy
        message = say(problem).rstrip(".。") + say(".")
        if path is not None:
            message = f"{path}: {message}"
        if remedy:
            message += say(remedy) if message.endswith("。") else f" {say(remedy)}"
        super().__init__(message)

    def _render_traceback_(self) -> list[str]:
        """Show one line instead of a stack in a notebook (an IPython protocol)."""
        return [f"{type(self).__name__}: {self}"]


class DataError(MedtutorError, ValueError):
    """Data that cannot be read, or that do not say what the lesson needs."""


class DownloadError(MedtutorError, OSError):
    """A download that did not arrive whole."""

    def __str__(self) -> str:
        """Give the message alone: ``OSError`` would put an error number in front of it."""
        return str(self.args[0])


class SplitError(MedtutorError, ValueError):
    """A patient on both sides of a split, or a part with nobody in it."""


class ClaimError(MedtutorError, AssertionError):
    """A result outside the band in which the course states it."""
