"""Exercises for nbgrader: what is solved gets every point, what is not gets none.

nbgrader is no part of the course. Where it stands beside it (book/teach/index.md says how), its own
commands mark two lessons here.
"""

import csv
import os
import re
import shutil
import subprocess
import sys

import nbformat
import pytest

from medtutor import exercises, paths

make = paths.load(paths.root() / "tools" / "nbgrader_copies.py")
LESSONS = sorted(paths.notebooks().glob("[0-9][0-9]_*.ipynb"))
BESIDE = paths.root() / ".venv-nbgrader" / ("Scripts" if os.name == "nt" else "bin")
SEARCHED = f"{BESIDE}{os.pathsep}{os.environ.get('PATH', '')}"
NBGRADER = shutil.which("nbgrader", path=SEARCHED)


def released(source):
    """Take the solutions out, as nbgrader does."""
    return re.sub(r"### BEGIN SOLUTION\n[\s\S]*?### END SOLUTION", "# YOUR CODE HERE", source)


def marks(cells, clean):
    """Run the cells in their order, as a kernel would, and give what each marking cell raised."""
    place, found = {}, []
    for cell in cells:
        if cell.cell_type != "code":
            continue
        try:
            exec(clean(cell.source), place)
            problem = None
        except AssertionError as error:
            problem = str(error)
        if cell.metadata.nbgrader.grade:
            found.append(problem)
    return found


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda p: p.stem)
def test_each_exercise_is_worth_a_point_to_who_solves_it(lesson):
    cells = make.assignment(lesson).cells
    keys = exercises.keys(lesson.name[:2])
    assert marks(cells, str) == [None] * len(keys)
    for problem, key in zip(marks(cells, released), keys, strict=True):
        assert problem.startswith(f"Exercise {key}: not yet.")


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda p: p.stem)
def test_cells_say_what_nbgrader_wants_to_know(lesson):
    book = make.assignment(lesson)
    nbformat.validate(book)
    said = [cell.metadata.nbgrader for cell in book.cells]
    plain = {"schema_version", "grade_id", "grade", "solution", "locked", "task"}
    assert all(each.schema_version == 3 and not each.task for each in said)
    assert all(re.fullmatch(r"[\w-]+", each.grade_id) for each in said)
    assert len({each.grade_id for each in said}) == len(said)
    for cell, each in zip(book.cells, said, strict=True):
        assert set(each) - plain == ({"points"} if each.grade else set())
        assert each.locked != each.solution
        assert not (each.grade and each.solution)
        assert cell.cell_type == "code" or not (each.grade or each.solution)
        assert len(re.findall("### (?:BEGIN|END) SOLUTION", cell.source)) == 2 * each.solution
    asked = len(exercises.keys(lesson.name[:2]))
    assert sum(each.solution for each in said) == sum(each.grade for each in said) == asked


def test_a_lesson_s_function_is_there_where_a_task_speaks_of_it():
    cells = make.assignment(next(p for p in LESSONS if p.name.startswith("01"))).cells
    assert "def convolve(x, k):" in cells[1].source
    assert "Give `convolve` a stride" in cells[11].source


def test_settings_of_a_teacher_stay(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["nbgrader_copies.py", "00", "23", "--out", str(tmp_path)])
    make.main()
    (tmp_path / "nbgrader_config.py").write_text("mine")
    make.main()
    assert (tmp_path / "nbgrader_config.py").read_text() == "mine"
    stored = sorted(p.relative_to(tmp_path) for p in (tmp_path / "source").rglob("*.ipynb"))
    assert [p.parts[1] for p in stored] == ["00_start_here", "23_your_own_data"]
    assert str(tmp_path / stored[1]) in capsys.readouterr().out


@pytest.mark.skipif(NBGRADER is None, reason="nbgrader is not installed beside the course")
@pytest.mark.parametrize("number", ["01", "09"])
def test_nbgrader_s_own_commands_mark_it(number, tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["nbgrader_copies.py", number, "--out", str(tmp_path)])
    make.main()
    name = next(p for p in LESSONS if p.name.startswith(number)).stem

    def nbgrader(*words):
        subprocess.run([NBGRADER, *words], cwd=tmp_path, check=True, env=place, timeout=300)

    place = {**os.environ, "PATH": SEARCHED, "HOME": str(tmp_path), "PYTHONWARNINGS": "ignore"}
    nbgrader("generate_assignment", name)
    source, blank = (tmp_path / kind / name / f"{name}.ipynb" for kind in ("source", "release"))
    assert "SOLUTION" not in blank.read_text(encoding="utf-8")
    bent = re.sub(r"assert verdict.ok, verdict", "pass", blank.read_text(encoding="utf-8"))
    for learner, text in {
        "solved": source.read_text(encoding="utf-8"),
        "stub": blank.read_text(encoding="utf-8"),
        "bent": bent,  # nbgrader puts its own marking cells back
    }.items():
        paths.write_text(tmp_path / "submitted" / learner / name / f"{name}.ipynb", text)
    nbgrader("autograde", name)
    nbgrader("export")
    rows = list(csv.DictReader((tmp_path / "grades.csv").read_text().splitlines()))
    most = float(len(exercises.keys(number)))
    scores = {row["student_id"]: (float(row["score"]), float(row["max_score"])) for row in rows}
    assert scores == {"solved": (most, most), "stub": (0, most), "bent": (0, most)}
