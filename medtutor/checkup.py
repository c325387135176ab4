"""What `medtutor check` and `medtutor progress` show."""

import tempfile
from pathlib import Path

from medtutor import exercises, paths, runner, workspace
from medtutor.errors import DataError
from medtutor.exercises.registry import PROGRESS, progress

_MARKS = {"passed": "right", "failed": "not right yet", "not yet": "not yet tried"}


def check_copy(number: str, folder: Path | None = None) -> int:
    """Run the learner's copy of a lesson from top to bottom and judge its exercises.

    The copy itself is not changed.

    Parameters
    ----------
    number : str
        Number of the lesson.
    folder : Path, optional
        The workspace.

    Returns
    -------
    int
        0 if every exercise is right, else 1.

    Raises
    ------
    DataError
        If there is no copy of that lesson.
    """
    lesson = runner.lesson_path(number)
    copy = (folder or paths.workspace()) / lesson.name
    if not copy.is_file():
        raise DataError(
            "there is no copy of this lesson", path=copy, remedy="Make one with `medtutor lab`."
        )
    with tempfile.TemporaryDirectory() as temporary:
        states = Path(temporary) / "progress.json"
        outcome = runner.execute(copy, Path(temporary), {PROGRESS: str(states)})
        found = progress(states)
    if outcome.error:
        print(outcome.error)
    keys = exercises.keys(lesson.name[:2])
    _table(keys, found)
    return 0 if not outcome.error and all(found.get(k) == "passed" for k in keys) else 1


def show_progress(folder: Path | None = None) -> int:
    """Show every exercise and whether it is solved.

    Parameters
    ----------
    folder : Path, optional
        The workspace.

    Returns
    -------
    int
        Always 0.
    """
    states = progress(workspace.progress_file(folder))
    keys = exercises.keys()
    _table(keys, states)
    print(f"{sum(states.get(k) == 'passed' for k in keys)} of {len(keys)} exercises are right.")
    return 0


def _table(keys: list[str], states: dict[str, str]) -> None:
    for key in keys:
        exercise = exercises.find(key)
        task = exercise.task if exercise else ""
        print(f"{key:<6}{_MARKS.get(states.get(key, 'not yet'), '?'):<15}{task}")
