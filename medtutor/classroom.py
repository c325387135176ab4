"""Join the progress of a class: which lessons are solved, and who is stuck where."""

import io
import re
import warnings
from collections.abc import Iterator
from itertools import chain, groupby
from pathlib import Path

from medtutor import exercises, manifests, paths, workspace
from medtutor.errors import DataError
from medtutor.exercises.registry import progress
from medtutor.language import say

HARDEST = 10  # exercises that the screen lists; the table with `--out` has all
# What a checker has printed, in English or Chinese.
SAID = re.compile(r"(?:Exercise|练习) (\d\d\.\d+)(?:: |：)(right|正确|not yet|还没做|\d)")  # noqa: RUF001
STATES = {"right": "passed", "正确": "passed", "not yet": "not yet", "还没做": "not yet"}
Learners = dict[str, dict[str, str]]  # name of file or folder: state of each exercise


def show(folder: Path, out: Path | None = None, picture: Path | None = None) -> int:
    """Print how far a class is and where it is stuck; write all states as a table, as a picture."""
    learners, unread = read(folder)
    if not learners:
        raise DataError(
            "nobody's progress is here",
            path=folder,
            remedy="Put each learner's folder my-lessons, its file .medtutor/progress.json or an "
            "executed notebook into one folder, each under a name of its own.",
        )
    for line in (*lessons(learners), "", *stuck(learners), *unread):
        print(say(line))
    files = []
    if out:
        files.append(("Every learner and exercise", out, table(learners).encode()))
    if picture:
        files.append(("Who is stuck where", picture, drawn(learners, picture)))
    for what, file, content in files:
        try:
            paths.write_bytes(file, content)
        except OSError as error:
            raise DataError(f"cannot be written ({error.strerror})", path=file) from None
        print(f"{say(what)}: {file.resolve()}")
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
    return {key: STATES.get(how, "failed") for key, how in said}


def _best(key: str, found: list[dict[str, str]]) -> str:
    """State of an exercise of somebody who may have several copies of the course."""
    states = [states.get(key) for states in found]
    return next((state for state in ("passed", "failed") if state in states), "not yet")


def lessons(learners: Learners) -> Iterator[str]:
    """Say for each lesson how many have tried and finished it, and how much of it is right."""
    yield f"{len(learners)} learners"
    yield "lesson  exercises  begun by  finished by  right"
    for number, group in groupby(exercises.keys(), key=lambda key: key[:2]):
        keys = list(group)
        rows = [[states[key] for key in keys] for states in learners.values()]
        begun = sum(row.count("not yet") < len(keys) for row in rows)
        finished = sum(row.count("passed") == len(keys) for row in rows)
        right = sum(row.count("passed") for row in rows) / (len(keys) * len(rows))
        yield f"{number:<8}{len(keys):>9}{begun:>10}{finished:>13}{right:>7.0%}"


def stuck(learners: Learners) -> Iterator[str]:
    """Name the exercises that most have tried in vain, and who has."""
    who = _tried_in_vain(learners)
    yield "Tried and not right yet:" if who else "Nobody is stuck."
    for key, names in [*who.items()][:HARDEST]:
        exercise = exercises.find(key)
        yield f"{key:<6}{len(names):>3}  {exercise.task if exercise else ''}"
        yield f"{'':<11}{', '.join(names)}"
    if len(who) > HARDEST:
        yield f"and {len(who) - HARDEST} more exercises"


def _tried_in_vain(learners: Learners) -> dict[str, list[str]]:
    """Find who is stuck in which exercise, the hardest first."""
    who: dict[str, list[str]] = {}
    for name, states in learners.items():
        for key in (key for key, state in states.items() if state == "failed"):
            who.setdefault(key, []).append(name)
    return dict(sorted(who.items(), key=lambda found: (-len(found[1]), found[0])))


def drawn(learners: Learners, file: Path) -> bytes:
    """Draw a row for each learner and a column for each exercise; above it, how many are stuck."""
    import matplotlib as mpl
    import numpy as np

    from medtutor import plots

    kind = file.suffix.lower().removeprefix(".")
    if kind not in ("png", "svg"):
        raise DataError("a picture ends in .png or .svg", path=file)
    keys, who, tall = exercises.keys(), _tried_in_vain(learners), 0.17 * len(learners)
    hardest, at = [*who][:HARDEST], {key: k for k, key in enumerate(keys)}
    states = np.array([[*each.values()] for each in learners.values()])
    fig, ((above,), (below,)) = plots.figure(
        2, 1, width=14, height=2.6 + tall, height_ratios=(1.2, 0.2 + tall)
    )
    above.bar([at[key] for key in who], [*map(len, who.values())], color=plots.COLOURS["orange"])
    above.yaxis.get_major_locator().set_params(integer=True)
    above.set(ylabel="learners stuck", title="Who is stuck where; the hardest exercises by name")
    above.set_xticks([at[key] for key in hardest], hardest, rotation=90, fontsize=7)
    for name, state, ink, look, size in (
        ("right", "passed", "sky", "o", 10),
        ("tried, not right yet", "failed", "orange", "s", 34),
    ):
        row, column = np.nonzero(states == state)
        below.scatter(column, row, size, plots.COLOURS[ink], marker=look, label=name, linewidths=0)
    below.set(xlabel="lesson, with a column for each exercise; empty where nothing was tried")
    below.set_yticks(range(len(learners)), [_short(name) for name in learners])
    below.set_ylim(len(learners) - 0.5, -0.5)
    lessons = [[at[key] for key in group] for _, group in groupby(keys, lambda key: key[:2])]
    below.set_xticks([np.mean(places) for places in lessons], [keys[k[0]][:2] for k in lessons])
    for ax in (above, below):
        ax.set_xlim(-0.5, len(keys) - 0.5)
        ax.tick_params(length=0)
        for places in lessons[::2]:
            ax.axvspan(places[0] - 0.5, places[-1] + 0.5, color="0.93", zorder=0)
    fig.legend(loc="outside upper right", ncols=2, frameon=False)
    place = io.BytesIO()
    with mpl.rc_context({"svg.fonttype": "none"}), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a name in a script that the font has not
        fig.savefig(place, format=kind, dpi=100)
    return place.getvalue()


def _short(name: str) -> str:
    """Cut a name that would leave no room for the exercises."""
    name = name if len(name) <= 24 else name[:23] + "…"
    return name.replace("$", r"\$")  # not the beginning of a formula


def table(learners: Learners) -> str:
    """Write a table for a spreadsheet: a row for each learner, a column for each exercise."""
    rows = [["learner", "right", "tried", *exercises.keys()]]
    for name, states in learners.items():
        given = [*states.values()]
        counts = given.count("passed"), len(given) - given.count("not yet")
        rows.append([name, *map(str, counts), *given])
    return manifests.written(rows)
