"""The lessons as code: short cells, imports first, and a text for every figure."""

import ast
import re
import tomllib
from pathlib import Path

import nbformat
import pytest

from medtutor import capstone, paths, plots

LESSONS = sorted(paths.notebooks().glob("[0-9][0-9]_*.ipynb"))
LONGEST, BYTES = 18, 400_000  # lines of a cell, bytes of a lesson
each_lesson = pytest.mark.parametrize("lesson", LESSONS, ids=lambda p: p.stem)


def code(lesson: Path) -> list[str]:
    book = nbformat.read(lesson, 4)
    return [c.source for c in book.cells if c.cell_type == "code"]


def lines(source: str) -> int:
    return sum(bool(line.strip()) for line in source.splitlines())


@each_lesson
def test_cells_are_short(lesson: Path):
    lengths = [lines(source) for source in code(lesson)]
    assert max(lengths) <= LONGEST
    assert lesson.stat().st_size <= BYTES


@each_lesson
def test_imports_stand_at_the_top_and_at_most_in_one_later_cell(lesson: Path):
    with_imports = [
        position
        for position, source in enumerate(code(lesson))
        if any(isinstance(node, ast.Import | ast.ImportFrom) for node in ast.parse(source).body)
    ]
    assert with_imports[0] == 0
    assert len(with_imports) <= 2


@each_lesson
def test_a_result_is_recorded_in_one_spelling(lesson: Path):
    assert not [source for source in code(lesson) if "ledger.record" in source]


def named(source: str) -> set[str]:
    """Names of figures in a piece of code: ``words="…"`` in a call of a chart."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call):
            found |= {
                keyword.value.value
                for keyword in node.keywords
                if keyword.arg == "words"
                and isinstance(keyword.value, ast.Constant)
                and re.match(r"(plots|draw)\.", ast.unparse(node.func))
            }
    return found


@each_lesson
def test_every_figure_has_its_text_and_every_text_its_figure(lesson: Path):
    folder = paths.notebooks() / "figures"
    number = lesson.name[:2]
    texts = folder / f"{number}.toml"
    known = tomllib.loads(texts.read_text(encoding="utf-8")) if texts.is_file() else {}
    sources = code(lesson)
    if (folder / f"{number}.py").is_file():
        sources.append((folder / f"{number}.py").read_text(encoding="utf-8"))
    assert set().union(*map(named, sources)) <= set(known)
    if number == "23":  # the capstone draws some of its figures itself
        sources += [p.read_text(encoding="utf-8") for p in Path(capstone.__path__[0]).glob("*.py")]
    strings = {
        node.value
        for source in sources
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Constant)
    }
    assert set(known) <= strings
    assert all(len(text) > 30 for text in known.values()), "say what is seen"
    shown = [
        output.metadata["image/png"]["alt"]
        for cell in nbformat.read(lesson, 4).cells
        if cell.cell_type == "code"
        for output in cell.outputs
        if "image/png" in output.get("data", {})
    ]
    assert set(shown) <= set(known.values()) | strings


def test_a_figure_without_a_text_is_an_error_that_names_the_file(monkeypatch):
    monkeypatch.setenv("MEDTUTOR_LESSON", "01")
    from medtutor.errors import DataError

    fig, _ = plots.figure()
    with pytest.raises(DataError, match=r"no text for the figure 'nowhere'") as caught:
        plots.show(fig, "nowhere")
    assert "01.toml" in str(caught.value)
