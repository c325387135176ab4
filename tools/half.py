"""Lessons to type in front of a class: ``python tools/half.py 01 05``.

A half-typed lesson has ``...`` for the bodies of the functions that it defines and, in cells below
a prediction or a formula, for what stands right of an equals sign. What loads, seeds, plots or
records stays, and so does every word. The tag ``live`` treats a cell as if a prediction stood above
it, the tag ``whole`` leaves it alone.
"""

import argparse
import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat

from medtutor import paths, runner

KEPT = {  # names of what is no part of the argument: a class need not watch it being typed
    *("plots", "draw", "axes", "questions", "show_card", "verdict", "record"),
    *("begin", "figures", "datasets", "default_rng", "check"),
}


def half(lesson: Path) -> tuple[Any, int]:
    """Make the half-typed copy of a lesson; count the cells that want typing."""
    book = nbformat.read(lesson, 4)
    told, typed = "", 0
    for cell in book.cells:
        if cell.cell_type != "code":
            told = cell.source
            continue
        tags = cell.metadata.get("tags", [])
        asked = "live" in tags or "**Predict:**" in told or "$$" in told
        spans = [] if "whole" in tags else list(_spans(cell.source, asked))
        cell.source = _without(cell.source, spans)
        cell.outputs, cell.execution_count, told = [], None, ""
        typed += bool(spans)
    return book, typed


def _spans(source: str, asked: bool) -> Iterator[tuple[int, int]]:
    """Yield from which to which byte a cell wants typing."""
    lines = source.encode().splitlines(keepends=True)
    try:
        body = ast.parse(source).body
    except SyntaxError:
        return  # a command of IPython
    if "check" in _names(ast.Module(body, [])):
        return  # an exercise: the learner's own dots

    def at(line: int, column: int) -> int:
        return sum(map(len, lines[: line - 1])) + column

    for each in (*body, *(m for c in body if isinstance(c, ast.ClassDef) for m in c.body)):
        if _names(each) & KEPT:
            continue
        end = at(each.end_lineno or 0, each.end_col_offset or 0)
        if isinstance(each, ast.FunctionDef):
            for first in each.body[bool(ast.get_docstring(each)) :][:1]:
                yield at(first.lineno, first.col_offset), end
        elif isinstance(each, ast.Assign) and asked and _computes(each.value):
            target = each.targets[-1]
            yield at(target.end_lineno or 0, target.end_col_offset or 0) + len(" = "), end


def _names(tree: ast.AST) -> set[str]:
    """Find the names that some code uses."""
    nodes = list(ast.walk(tree))
    attributes = {each.attr for each in nodes if isinstance(each, ast.Attribute)}
    return attributes | {each.id for each in nodes if isinstance(each, ast.Name)}


def _computes(value: ast.expr) -> bool:
    """Tell a computation from numbers that are written out."""
    steps = any(isinstance(each, ast.Call | ast.BinOp | ast.Compare) for each in ast.walk(value))
    return steps and any(isinstance(n, ast.Name) and n.id != "np" for n in ast.walk(value))


def _without(source: str, spans: list[tuple[int, int]]) -> str:
    text = source.encode()
    for start, end in sorted(spans, reverse=True):
        text = text[:start] + b"..." + text[end:]
    return text.decode()


def main() -> None:
    """Write the half-typed copies of the lessons that the command names, beside the whole ones."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("lessons", nargs="+", help="numbers of lessons, or notebooks of yours")
    parser.add_argument("--out", type=Path, default=Path("results/half"))
    chosen = parser.parse_args()
    for number in chosen.lessons:
        lesson = Path(number) if Path(number).is_file() else runner.lesson_path(number)
        book, typed = half(lesson)
        target = chosen.out / f"{lesson.stem}.half.ipynb"
        paths.write_text(target, nbformat.writes(book))
        paths.write_bytes(chosen.out / lesson.name, lesson.read_bytes())
        print(f"{target}: {typed} cells to type")


if __name__ == "__main__":
    main()
