"""Half-typed lessons: what a class watches being typed is gone, and nothing else."""

import ast
import sys

import nbformat
import pytest
from nbformat import v4

from medtutor import exercises, paths

make = paths.load(paths.root() / "tools" / "half.py")
LESSONS = sorted(paths.notebooks().glob("[0-9][0-9]_*.ipynb"))


def typed(tmp_path, source, told="", tags=()):
    """Half-type one cell below some words."""
    cells = [v4.new_markdown_cell(told), v4.new_code_cell(source, metadata={"tags": list(tags)})]
    file = tmp_path / "own.ipynb"
    file.write_text(nbformat.writes(v4.new_notebook(cells=cells)), encoding="utf-8")
    return make.half(file)[0].cells[1].source


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda p: p.stem)
def test_every_lesson_has_something_to_type_and_keeps_the_rest(lesson):
    whole = nbformat.read(lesson, 4).cells
    book, count = make.half(lesson)
    nbformat.validate(book)
    pairs = list(zip(whole, book.cells, strict=True))
    changed = [(a, b) for a, b in pairs if a.source != b.source]
    assert len(changed) == count > 0
    assert not any(cell.get("outputs") for cell in book.cells)
    for a, b in changed:
        assert a.cell_type == "code"
        assert f'check("{lesson.name[:2]}' not in a.source
        before, after = ast.parse(a.source).body, ast.parse(b.source).body
        assert len(before) == len(after)
        for old, new in zip(before, after, strict=True):
            if ast.dump(old) != ast.dump(new):
                assert not make._names(old) & make.KEPT
                assert isinstance(old, ast.FunctionDef | ast.ClassDef | ast.Assign)
                assert any(n.value is ... for n in ast.walk(new) if isinstance(n, ast.Constant))
    asked = [b.source for _, b in pairs if f'check("{lesson.name[:2]}' in b.source]
    assert len(asked) == len(exercises.keys(lesson.name[:2]))


ASKED = "**Predict:** how many?"


@pytest.mark.parametrize(
    ("told", "tags", "source", "left"),
    [
        ("", [], "y = x + 1", "y = x + 1"),
        (ASKED, [], "y = x + 1  # why", "y = ...  # why"),
        ("$$y = x$$", [], "y = (\n    f(x)\n)", "y = ..."),
        ("", ["live"], "a, b = f(x)", "a, b = ..."),
        ("", ["live"], "%pwd\ny = f(x)", "%pwd\ny = f(x)"),
        (ASKED, ["whole"], "y = x + 1", "y = x + 1"),
        (ASKED, [], "k = np.array([1, 2])", "k = np.array([1, 2])"),
        (ASKED, [], "rng = np.random.default_rng(x)", "rng = np.random.default_rng(x)"),
        (ASKED, [], "s = 'é'; µ = x + 1; t = x - 1", "s = 'é'; µ = ...; t = ..."),
        ("", [], 'def f(x):\n    """Say."""\n    return x', 'def f(x):\n    """Say."""\n    ...'),
        ("", [], 'def f(x):\n    """Say."""', 'def f(x):\n    """Say."""'),
        ("", [], "def f(x): return x", "def f(x): ..."),
        ("", [], "def f(x):\n    plots.lines(x)", "def f(x):\n    plots.lines(x)"),
        ("", [], "class A:\n  def f(self):\n    return 1", "class A:\n  def f(self):\n    ..."),
        (ASKED, [], "y = ...\ncheck('1', y)\nz = y + 1", "y = ...\ncheck('1', y)\nz = y + 1"),
    ],
)
def test_what_wants_typing(tmp_path, told, tags, source, left):
    assert typed(tmp_path, source, told, tags) == left


def test_a_prediction_reaches_the_next_cell_only(tmp_path):
    cells = [v4.new_markdown_cell(ASKED), *(v4.new_code_cell("y = x + 1") for _ in range(2))]
    (tmp_path / "own.ipynb").write_text(nbformat.writes(v4.new_notebook(cells=cells)))
    book, count = make.half(tmp_path / "own.ipynb")
    assert [cell.source for cell in book.cells[1:]] == ["y = ...", "y = x + 1"]
    assert count == 1


def test_the_whole_lesson_stands_beside_it(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["half.py", "05", "--out", str(tmp_path)])
    make.main()
    whole, half = tmp_path / "05_recurrent.ipynb", tmp_path / "05_recurrent.half.ipynb"
    assert whole.read_bytes() == (paths.notebooks() / whole.name).read_bytes()
    assert nbformat.read(half, 4).cells[0] == nbformat.read(whole, 4).cells[0]
    assert capsys.readouterr().out == f"{half}: {make.half(whole)[1]} cells to type\n"


def test_a_copy_of_ones_own_is_half_typed_as_well(tmp_path, monkeypatch):
    own = tmp_path / "own" / "05_recurrent.ipynb"
    cells = [v4.new_code_cell("y = x + 1", metadata={"tags": ["live"]})]
    paths.write_text(own, nbformat.writes(v4.new_notebook(cells=cells)))
    monkeypatch.setattr(sys, "argv", ["half.py", str(own), "--out", str(tmp_path / "out")])
    make.main()
    assert (
        nbformat.read(tmp_path / "out" / "05_recurrent.half.ipynb", 4).cells[0].source == "y = ..."
    )
    assert (tmp_path / "out" / own.name).read_bytes() == own.read_bytes()
