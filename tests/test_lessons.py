"""No lesson fits a model before it has shown who is for training and who is for the test."""

import ast
from pathlib import Path

import nbformat
import pytest

from medtutor import datasets, lesson, paths

FITS = {"fit", "fit_transform", "fit_predict", "partial_fit", "train", "train_on_batch"}
LESSONS = sorted(paths.notebooks().glob("[0-9][0-9]_*.ipynb"))


def faults(cells: list[str]) -> list[str]:
    """List what a lesson's code cells do before, or in spite of, the split ledger."""
    found: list[str] = []
    splits: set[str] = set()  # names that hold a split
    shown = False
    for position, source in enumerate(cells):
        tree = ast.parse(source)
        for call in _fits(tree):
            if not shown:
                found.append(f"cell {position} fits before a split was shown")
            # Keyword arguments too: validation_data=(x[split.test], ...) chooses on test patients.
            if any(_reads_test(a) for a in [*call.args, *(k.value for k in call.keywords)]):
                found.append(f"cell {position} fits on the test part")
        for node in ast.walk(tree):
            if isinstance(node, ast.Assign) and _makes_split(node.value):
                splits |= {t.id for t in node.targets if isinstance(t, ast.Name)}
        last = tree.body[-1] if tree.body else None
        if isinstance(last, ast.Expr) and isinstance(last.value, ast.Name):
            shown |= last.value.id in splits
    return found


def _fits(tree: ast.AST) -> list[ast.Call]:
    """Find the calls that fit something, where they stand: also inside functions and loops."""
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    return [c for c in calls if getattr(c.func, "attr", getattr(c.func, "id", "")) in FITS]


def _makes_split(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and ast.unparse(node.func).startswith("splits.")


def _reads_test(node: ast.AST) -> bool:
    return any(isinstance(n, ast.Attribute) and n.attr == "test" for n in ast.walk(node))


@pytest.mark.parametrize("path", LESSONS, ids=lambda p: p.stem)
def test_a_lesson_shows_its_split_before_it_fits_anything(path: Path):
    book = nbformat.read(path, 4)
    code = [c.source for c in book.cells if c.cell_type == "code"]
    assert faults(code) == []


SPLIT = "split = splits.by_patient(y, who)\nsplit"
BAD = {
    "no split": ["model.fit(x, y)"],
    "a split that nobody saw": ["split = splits.by_patient(y, who)", "model.fit(x, y)"],
    "a split shown too late": ["training.fit(model, x, y, s)", SPLIT],
    "a split by sample": ["a, b = train_test_split(x)\na", "model.fit(a)"],
    "hidden in a function": ["def go():\n    return [m.fit(x) for m in models]", SPLIT],
    "fitted on the test part": [SPLIT, "model.fit(x[split.test], y[split.test])"],
    "stopped by the test part": [SPLIT, "model.fit(x, y, validation_data=x[split.test])"],
}


@pytest.mark.parametrize("cells", BAD.values(), ids=BAD.keys())
def test_a_lesson_that_does_not_is_found(cells: list[str]):
    assert faults(cells)


def test_a_lesson_that_does_is_left_alone():
    assert faults([SPLIT, "model.fit(x[split.train], y[split.train])"]) == []


@pytest.fixture
def shown(monkeypatch):
    """Collect the Markdown that a lesson displays."""
    import IPython.display

    texts: list[str] = []
    monkeypatch.setattr(IPython.display, "display", lambda output: texts.append(output.data))
    return texts


def test_a_card_is_shown_in_full_once_and_then_linked(shown, monkeypatch):
    monkeypatch.delenv("MEDTUTOR_DATA", raising=False)
    nodules = datasets.load_ct("default")
    lesson.show_card(nodules)
    lesson.show_card(nodules, in_full="03")
    assert shown[0] == nodules.card
    assert shown[1].splitlines() == [
        "**Data:** ct_nodules: simulated lung nodules. Their card stands in full in "
        "[lesson 03](03_dense_softmax.ipynb)."
    ]


def test_data_of_your_own_keep_their_card(shown, monkeypatch, tmp_path):
    monkeypatch.setenv("MEDTUTOR_DATA", str(tmp_path))
    lesson.show_card(datasets.load_ct("default"), in_full="03")
    assert "**Licence.**" in shown[0]
