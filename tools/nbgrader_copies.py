"""Exercises as nbgrader marks them: ``python tools/nbgrader_copies.py 01 09``.

A lesson becomes an assignment that holds its exercises alone: nothing in it trains, and marking it
takes seconds. Each exercise gives one point, which the course's own checker awards.
"""

import argparse
import ast
import inspect
import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import nbformat
from nbformat import v4

from medtutor import exercises, paths, runner

CHECKED = re.compile(r'^check\("([\d.]+)", (\w+)\)$', re.MULTILINE)
CONFIG = """\
c = get_config()
c.CourseDirectory.course_id = "medtutor"
c.ExecutePreprocessor.kernel_name = "medtutor"  # the environment that holds the course
c.ClearSolutions.code_stub = {"python": "# YOUR CODE HERE, in the place of the dots"}
"""
ANSWERED = """\
{stub}

### BEGIN SOLUTION
{answer}
### END SOLUTION

{call}"""
MARKED = """\
from medtutor.exercises import check

verdict = {call}
assert verdict.ok, verdict"""


def assignment(lesson: Path) -> Any:
    """Write the exercises of a lesson as nbgrader's source notebook, with their solutions."""
    cells = nbformat.read(lesson, 4).cells
    title = f"{cells[0].source.splitlines()[0]}: exercises"
    parts = [_cell("title", v4.new_markdown_cell(title))]
    parts.append(_cell("setup", v4.new_code_cell("\n".join(_setup(lesson, cells)))))
    for told, cell in pairwise(cells):
        asked = CHECKED.search(cell.source) if cell.cell_type == "code" else None
        if not asked:
            continue
        key, name = asked.groups()
        stub, place = cell.source[: asked.start()].rstrip(), "exercise-" + key.replace(".", "-")
        solved = ANSWERED.format(stub=stub, answer=_answer(key, name), call=asked[0])
        task = told.source[told.source.index(f"**Exercise {key}") :]
        marked = v4.new_code_cell(MARKED.format(call=asked[0]))
        parts += [
            _cell(f"{place}-task", v4.new_markdown_cell(task)),
            _cell(f"{place}-answer", v4.new_code_cell(solved), solution=True, locked=False),
            _cell(f"{place}-marks", marked, grade=True, points=1),
        ]
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    return v4.new_notebook(cells=parts, metadata={"kernelspec": kernel})


def _cell(name: str, cell: Any, **marks: Any) -> Any:
    """Name a cell and say what it is for nbgrader; only answers are open to the learner."""
    plain = {"grade": False, "solution": False, "locked": True, "task": False}
    cell.metadata["nbgrader"] = {"schema_version": 3, "grade_id": name, **plain, **marks}
    cell.id = name
    return cell


def _answer(key: str, name: str) -> str:
    """Write the reference answer of an exercise under the name that the lesson gives it."""
    answer = getattr(exercises.find(key), "reference", None)
    if not callable(answer):
        return f"{name} = {answer!r}"
    return re.sub(rf"\b{answer.__name__}\b", name, inspect.getsource(answer).strip())


def _setup(lesson: Path, cells: list[Any]) -> Iterator[str]:
    """Yield the imports of the answers, and the lesson's functions that a task speaks of."""
    answers = paths.notebooks() / "exercises" / f"{lesson.name[:2]}.py"
    for each in ast.parse(answers.read_text(encoding="utf-8")).body:
        if isinstance(each, ast.Import | ast.ImportFrom):
            text = ast.unparse(each)
            ours = text.startswith("from medtutor")
            yield "from medtutor.exercises import check, hint, solution" if ours else text
    code = [c.source for c in cells if c.cell_type == "code"]
    asked = [each for cell in filter(CHECKED.search, code) for each in ast.walk(ast.parse(cell))]
    arguments = {each.arg for each in asked if isinstance(each, ast.arg)}
    tasks = [c.source.partition("**Exercise")[2] for c in cells if c.cell_type == "markdown"]
    spoken = {name for task in tasks for name in re.findall(r"`(\w+)`", task)} - arguments
    for cell in code:
        for each in ast.parse(cell).body:
            if isinstance(each, ast.FunctionDef) and each.name in spoken:
                yield f"\n{ast.get_source_segment(cell, each)}"


def main() -> None:
    """Write the assignments of the lessons that the command names, and nbgrader's settings."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("lessons", nargs="+", help="numbers of lessons, such as 07")
    parser.add_argument("--out", type=Path, default=Path("results/nbgrader"))
    chosen = parser.parse_args()
    settings = chosen.out / "nbgrader_config.py"
    if not settings.exists():  # a teacher may have added to it
        paths.write_text(settings, CONFIG)
    for number in chosen.lessons:
        lesson = runner.lesson_path(number)
        target = chosen.out / "source" / lesson.stem / lesson.name
        paths.write_text(target, nbformat.writes(assignment(lesson)))
        print(target)


if __name__ == "__main__":
    main()
