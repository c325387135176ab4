"""What `medtutor.privacy.deidentify` did: for the one who holds the key, not for sharing.

A report names the source files, and file names can name patients.
"""

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from medtutor.privacy.burned_in import Box

ACTIONS = ("removed", "emptied", "replaced", "shifted", "new UID", "added")


@dataclass(frozen=True)
class Refused:
    """A file that was not copied, and why."""

    path: Path
    reason: str


@dataclass(frozen=True)
class Written:
    """A file that was written, and where it came from."""

    source: Path
    target: Path


@dataclass(frozen=True, repr=False)
class Report:
    """What changed, what was left out, and what a person should look at.

    Parameters
    ----------
    target : Path
        The folder (or file) with the result.
    written : tuple of Written
        Source and target of every file.
    refused : tuple of Refused
        Files that were not copied. They are still where they were, as they were.
    changes : Counter of (str, str)
        (attribute, action) to the number of values concerned.
    look_at : tuple of Refused
        Files that were written and that a person should see before they are shared.
    blanked : dict of Path to list of Box
        Source file to the boxes (top, left, bottom, right) that were painted over.
    key_file : Path or None
        Where the key is kept; None if it was given as bytes.
    """

    target: Path
    written: tuple[Written, ...]
    refused: tuple[Refused, ...]
    changes: Counter[tuple[str, str]]
    look_at: tuple[Refused, ...] = ()
    blanked: dict[Path, list[Box]] = field(default_factory=dict)
    key_file: Path | None = None

    def table(self) -> list[tuple[str, str, int]]:
        """List (attribute, action, values), the most frequent first."""
        rows = [(name, action, count) for (name, action), count in self.changes.items()]
        return sorted(rows, key=lambda row: (-row[2], row[0], row[1]))

    def totals(self) -> dict[str, int]:
        """Give the number of values by action."""
        sums: Counter[str] = Counter()
        for (_, action), count in self.changes.items():
            sums[action] += count
        return {action: sums[action] for action in ACTIONS if sums[action]}

    def __repr__(self) -> str:
        """Write the outcome in a few lines."""
        lines = [f"{len(self.written)} files written, {len(self.refused)} refused"]
        lines += [f"{action}: {count} values" for action, count in self.totals().items()]
        lines += _some("refused", self.refused)
        lines += _some("look at", self.look_at)
        if self.blanked:
            lines.append(f"text painted over in {len(self.blanked)} files")
        return "\n".join(lines)

    def _repr_markdown_(self) -> str:
        """Show the outcome and the commonest changes as a table."""
        rows = "\n".join(f"| {name} | {action} | {n} |" for name, action, n in self.table()[:12])
        more = len(self.changes) - 12
        rest = f"\n\n… and {more} more rows: `report.table()`" if more > 0 else ""
        head = repr(self).replace("\n", "  \n")
        return f"{head}\n\n| attribute | action | values |\n|---|---|---|\n{rows}{rest}"


def _some(word: str, items: tuple[Refused, ...], most: int = 5) -> list[str]:
    """List the first few files of a kind."""
    lines = [f"{word}: {item.path.name}: {item.reason}" for item in items[:most]]
    return [*lines, f"{word}: {len(items) - most} more"] if len(items) > most else lines
