"""Slides of a lesson: all of its figures, predictions and questions, and nothing from elsewhere."""

import re

import nbformat
import pytest

from medtutor import paths, questions

make = paths.load(paths.root() / "tools" / "slides.py")
LESSONS = sorted(paths.notebooks().glob("[0-9][0-9]_*.ipynb"))


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda p: p.stem)
def test_slides_hold_what_a_room_looks_at(lesson):
    page = make.slides(lesson)
    cells = nbformat.read(lesson, 4).cells
    outputs = [o for c in cells if c.cell_type == "code" for o in c.outputs]
    figures = sum("image/png" in o.get("data", {}) for o in outputs)
    predictions = sum(c.source.count("**Predict:**") for c in cells if c.cell_type == "markdown")
    asked = questions.load(lesson.name[:2])
    shown = figures + sum("figure" in each for each in asked)
    assert page.count("<img ") == page.count('src="data:image/png;base64,') == shown
    assert len(re.findall(r'alt="[^"]{20,}"', page)) == shown
    assert page.count("<strong>Predict:</strong>") == predictions
    assert page.count("<details>") == sum(len(each["choices"]) for each in asked)


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda p: p.stem)
def test_slides_need_no_network_no_script_and_no_typesetter(lesson):
    page = re.sub(r"data:image/png;base64,[A-Za-z0-9+/=]+", "", make.slides(lesson))
    assert not re.search(r"<script|<link|<iframe|@import|url\(|https?:", page)
    assert not re.search(r"[$\\]", page)
    assert page.count("<section>") == page.count("</section>") > 5


def test_short_formulas_become_plain_letters():
    html = make._html(r"**Predict:** for $\eta = 0.9$, $\tanh 1$ and $k_1$ < 2?")
    assert "<em>η = 0.9</em>, <em>tanh 1</em> and <em>k₁</em> &lt; 2?" in html
