"""The README promises what is there, and nothing else."""

import base64
import json
import re

import pytest

from medtutor import paths

store = paths.load(paths.root() / "tools" / "store.py")

README = (paths.root() / "README.md").read_text(encoding="utf-8")
LESSONS = sorted(paths.notebooks().glob("[0-9][0-9]_*.ipynb"))


def test_the_table_lists_the_lessons_that_exist_with_their_minutes():
    rows = re.findall(r"^\| (?:\d\d |\| \*\*).*$", README, re.MULTILINE)
    assert rows == store.table().splitlines(), "write what `python tools/store.py --table` prints"


def test_its_figure_is_the_one_that_lesson_00_makes():
    stored = (paths.root() / "book" / "readme.png").read_bytes()
    book = json.loads(LESSONS[0].read_text(encoding="utf-8"))
    made = [
        o["data"]["image/png"]
        for c in book["cells"]
        if store.README_TAG in c["metadata"].get("tags", [])
        for o in c["outputs"]
        if "image/png" in o.get("data", {})
    ]
    assert [base64.b64decode(m) for m in made] == [stored]


@pytest.mark.parametrize("path", sorted(set(re.findall(r"\]\(([^)h][^)]*)\)", README))))
def test_its_links_lead_somewhere(path):
    assert (paths.root() / path).exists()


def test_its_commands_exist():
    targets = re.findall(r"^([a-z]+):", (paths.root() / "Makefile").read_text(), re.MULTILINE)
    for name in re.findall(r"(?:^|`)make ([a-z]+)", README, re.MULTILINE):
        assert name in targets
    from medtutor.cli import _parser

    known = next(a for a in _parser()._actions if a.dest == "==SUPPRESS==" or a.choices).choices
    for name in re.findall(
        r"`?medtutor (lab|run|course|data|check|progress|doctor|federate)\b", README
    ):
        assert name in known
