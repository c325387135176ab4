"""What a screen reader gets of the stored figures is the text that was written for them."""

import json
import tomllib

import pytest

from medtutor import paths

LESSONS = sorted(paths.notebooks().glob("[0-9][0-9]_*.ipynb"))


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda p: p.stem)
def test_a_figure_carries_its_own_text_and_not_another_string(lesson):
    texts = paths.notebooks() / "figures" / f"{lesson.name[:2]}.toml"
    known = set(tomllib.loads(texts.read_text(encoding="utf-8")).values())
    book = json.loads(lesson.read_text(encoding="utf-8"))
    shown = [
        output["metadata"]["image/png"]["alt"]
        for cell in book["cells"]
        for output in cell.get("outputs", [])
        if "image/png" in output.get("data", {})
    ]
    if lesson.name[:2] != "23":  # the capstone draws what the data allow, and writes some itself
        assert set(shown) <= known
