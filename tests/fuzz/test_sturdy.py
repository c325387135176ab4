"""tools/sturdy.py: what a lesson meets there, in two tiny lessons of a tiny checkout."""

import shutil
import sys

import nbformat
import pytest

from medtutor import paths

sturdy = paths.load(paths.root() / "tools" / "sturdy.py")

MEETS = """
import os, socket
from pathlib import Path
import medtutor
assert Path(medtutor.__file__).is_relative_to(Path.cwd().parent), medtutor.__file__
assert os.environ["MEDTUTOR_THREADS"] == "3"
for place in (Path.cwd(), Path.home()):
    try:
        (place / "mine").touch()
    except OSError:
        continue
    raise AssertionError(f"{place} can be written")
try:
    socket.create_connection(("192.0.2.1", 80), timeout=5)
except OSError as error:
    assert error.errno == 101, error
"""


def test_a_lesson_meets_a_locked_checkout_and_no_network(tmp_path, monkeypatch):
    if not sturdy.locks():
        pytest.skip("name spaces are not allowed here")
    shutil.copytree(
        paths.root() / "medtutor", tmp_path / "medtutor",
        ignore=shutil.ignore_patterns("__pycache__"),
    )  # fmt: skip
    (tmp_path / "tools").mkdir()
    shutil.copy(paths.root() / "tools" / "sturdy.py", tmp_path / "tools")
    (tmp_path / "notebooks").mkdir()
    for name, code in {"01_meets": MEETS, "02_fails": "1 / 0"}.items():
        book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(code)])
        nbformat.write(book, tmp_path / "notebooks" / f"{name}.ipynb")
    monkeypatch.setattr(paths, "root", lambda: tmp_path)
    monkeypatch.setattr(sturdy, "COPIED", ("medtutor", "notebooks", "tools"))
    rows = sturdy.run(["01", "02"], sys.executable, {"MEDTUTOR_THREADS": "3"}, seed=0)
    assert rows["01"][0] == ""
    assert "ZeroDivisionError" in rows["02"][0]
