"""Join the progress of a class: which lessons are solved, and who is stuck where."""

import csv
import io
import re
from collections.abc import Iterator
from itertools import chain, groupby
from pathlib import Path

from medtutor import exercises, paths, workspace
from medtutor.errors import DataError
from medtutor.exercises.registry import progress

HARDEST = 10  # exercises that the screen lists; the table with `--out` has all
SAID = re.compile(r"Exercise (\d\d\.\d+): (right|not yet|\d+ of)")  # what a checker has printed
Learners = dict[str, dict[str, str]]  # name of file or folder: state of each exercise


def show(folder: Path, out: Path | None = None) -> int:
    """Print how far a class is and where it is stuck; write a table of all states to `out`."""
    learners, unread = read(folder)
    if not learners:
        raise DataError(
            "nobody's progress is here",
            path=folder,
            remedy="Put each learner's folder my-lessons, its file .medtutor/progress.json or an "
            "executed notebook into one folder, each under a name of its own.",
        )
    for line in (*lessons(learners), "", *stuck(learners), *unread):
        print(line)
    if out:
        try:
            paths.write_text(out, table(learners))
        except OSError as error:
            raise DataError(f"cannot be written ({error.strerror})", path=out) from None
        print(f"Every learner and exercise: {out.resolve()}")
    return 0


def read(folder: Path) -> tuple[Learners, list[str]]:
    """Read each entry of a folder, a learner's file or folder, and say what could not be read."""
    try:
        entries = sorted(folder.iterdir())
    except OSError as error:
        raise DataError(f"this folder cannot be read ({error.strerror})", path=folder) from None
    learners, unread, keys = {}, [], exercises.keys()
    for entry in entries:
        if entry.name.startswith("."):
            continue
        inside = [entry.rglob(kind) for kind in ("progress.json", "*.ipynb")]
        files = [file for file in chain([entry], *inside) if file.is_file()]
        found = [states for file in files if (states := _kept(file))]
        name = "".join(c if c.isprintable() else f"<{ord(c):x}>" for c in entry.name)
        if found:
            learners[name] = {key: _best(key, found) for key in keys}
        else:
            unread.append(f"Left out: {name} holds no progress that can be read.")
    return learners, unread


def _kept(file: Path) -> dict[str, str]:
    """States that a progress file keeps, or that the outputs of an executed notebook show."""
    if file.suffix != ".ipynb":
        return workspace.kept_progress(file) if progress(file) else {}
    try:
        said = SAID.findall(file.read_text(encoding="utf-8", errors="replace"))
    except OSError:
        return {}
    return {key: {"right": "passed", "not yet": "not yet"}.get(how, "failed") for key, how in said}


def _best(key: str, found: list[dict[str, str]]) -> str:
    """State of an exercise of somebody who may have several copies of the course."""
    states = [states.get(key) for states in found]
    return next((state for state in ("passed", "failed") if state in states), "not yet")


def lessons(learners: Learners) -> Iterator[str]:
    """Say for each lesson how many have tried and finished it, and how much of it is right."""
    yield f"{len(learners)} learners"
    yield f"{'lesson':<8}{'exercises':>9}{'begun by':>10}{'finished by':>13}{'right':>7}"
    for number, group in groupby(exercises.keys(), key=lambda key: key[:2]):
        keys = list(group)
        rows = [[states[key] for key in keys] for states in learners.values()]
        begun = sum(row.count("not yet") < len(keys) for row in rows)
        finished = sum(row.count("passed") == len(keys) for row in rows)
        right = sum(row.count("passed") for row in rows) / (len(keys) * len(rows))
        yield f"{number:<8}{len(keys):>9}{begun:>10}{finished:>13}{right:>7.0%}"


def stuck(learners: Learners) -> Iterator[str]:
    """Name the exercises that most have tried in vain, and who has."""
    who: dict[str, list[str]] = {}
    for name, states in learners.items():
        for key in (key for key, state in states.items() if state == "failed"):
            who.setdefault(key, []).append(name)
    hardest = sorted(who, key=lambda key: (-len(who[key]), key))
    yield "Tried and not right yet:" if hardest else "Nobody is stuck."
    for key in hardest[:HARDEST]:
        exercise = exercises.find(key)
        yield f"{key:<6}{len(who[key]):>3}  {exercise.task if exercise else ''}"
        yield f"{'':<11}{', '.join(who[key])}"
    if len(hardest) > HARDEST:
        yield f"and {len(hardest) - HARDEST} more exercises"


def table(learners: Learners) -> str:
    """Write a table for a spreadsheet: a row for each learner, a column for each exercise."""
    rows = io.StringIO()
    writer = csv.writer(rows, lineterminator="\n")
    writer.writerow(["learner", "right", "tried", *exercises.keys()])
    for name, states in learners.items():
        given = [*states.values()]
        safe = "'" + name if name[0] in "=+-@" else name  # a spreadsheet would run it
        writer.writerow([safe, given.count("passed"), len(given) - given.count("not yet"), *given])
    return rows.getvalue()
