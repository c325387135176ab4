"""Figures that move: their numbers arrive, their text is text, and they stand alone."""

import json
from base64 import b64decode
from html.parser import HTMLParser
from math import prod

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from medtutor import knobs, paths
from medtutor.errors import DataError

NASTY = "</script><b>Tom & \"Jerry\" 'x'"


class Page(HTMLParser):
    """Tags, texts and scripts of a piece of HTML, as a browser takes it apart."""

    def __init__(self, page):
        super().__init__()
        self.tags, self.scripts, self.texts = [], [], []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)

    def handle_data(self, data):
        (self.scripts if self.tags[-1] == "script" else self.texts).append(data)

    @property
    def figure(self):
        """What the script is handed."""
        script = "".join(self.scripts)
        return json.loads(script[script.rindex("document.currentScript, ") + 24 : -1])


@pytest.fixture
def show(monkeypatch):
    """Show a figure with two knobs; give the still output, its metadata and the moving one."""
    import IPython.display

    def show(title="a line", y=(0, 1), turned=(1, 2), words="a line that rises", **more):
        caught = []
        monkeypatch.setattr(
            IPython.display,
            "display",
            lambda data, raw, metadata=None: caught.append((data, metadata)),
        )
        line = knobs.curves(
            {title: ([0, 1], y)}, xlim=(0, 1), ylim=(0, 9), title=title, xlabel="x", ylabel="y"
        )
        settings = {
            "start": (turned[0], 2.5),
            "says": "{:.1f} of 5",
            "numbers": [[[1.25], [np.nan]]],
        }
        knobs.show({title: turned, "b": [0, 2.5]}, [line], words=words, **settings | more)
        (still, metadata), (moving, _) = caught
        return still, metadata, moving["text/html"]

    return show


def test_a_still_picture_with_its_text_comes_first(show):
    still, metadata, page = show()
    assert still["image/png"].startswith(b"\x89PNG")
    assert metadata["image/png"]["alt"] == "a line that rises"
    assert "a line that rises" in Page(page).texts


def test_all_text_stays_text(show):
    page = Page(show(title=NASTY, words=f"a {NASTY}", says=f"{NASTY} {{:.1f}}")[2])
    assert page.tags == ["div", "details", "summary", "script"]
    assert page.figure["knobs"][0]["label"] == page.figure["panels"][0]["title"] == NASTY
    assert page.figure["panels"][0]["curves"][0]["name"] == NASTY


def test_the_same_numbers_give_the_same_bytes(show):
    assert show()[2] == show()[2]


def test_numbers_are_rounded_as_the_sentence_writes_them(show):
    assert Page(show()[2]).figure["numbers"][0]["values"] == [1.2, None]


def test_without_a_text_there_is_no_figure(show):
    with pytest.raises(DataError, match="no text for the figure 'nowhere'"):
        show(words="nowhere")


def test_an_array_that_does_not_fit_the_knobs_is_refused(show):
    with pytest.raises(DataError, match=r"shape \(3, 1, 2\) does not fit knobs of \[2, 2\]"):
        show(y=np.zeros((3, 1, 2)))


def test_a_figure_that_is_too_large_is_refused(show):
    with pytest.raises(DataError, match="at most 150"):
        show(turned=range(200), y=np.zeros((200, 2, 200)), numbers=[np.zeros((1, 1))])


def unpacked(packed, places):
    """Do as knobs.js does."""
    at = 0
    for n, place in zip(packed["moves"], places, strict=False):
        at = at * n + place % n
    size = prod(packed["shape"])
    whole = np.frombuffer(b64decode(packed["data"]), "<i2")[at * size : (at + 1) * size]
    numbers = np.where(whole == -32_768, np.nan, whole / 10.0 ** packed["digits"])
    return numbers.reshape(packed["shape"])


@settings(deadline=None, derandomize=True, max_examples=100)
@given(data=st.data())
def test_every_state_arrives(data):
    sizes = data.draw(st.lists(st.integers(1, 4), min_size=1, max_size=3))
    moves = [n if data.draw(st.booleans()) else 1 for n in sizes]
    fixed = data.draw(st.booleans())
    shape = (*(() if fixed else moves), 2, 3)
    numbers = data.draw(arrays(float, shape, elements=st.floats(-1e6, 1e6) | st.just(np.nan)))
    moving = knobs.Moving(numbers, 2)
    state = [data.draw(st.integers(0, n - 1)) for n in sizes]
    got, wanted = unpacked(moving.packed(sizes), state), moving.at(state)
    full = np.broadcast_to(numbers, (*sizes, 2, 3)) if not fixed else numbers
    np.testing.assert_array_equal(wanted, full if fixed else full[tuple(state)])
    most = np.nanmax(np.abs(numbers), initial=1e-9)
    np.testing.assert_allclose(got, wanted, rtol=0, atol=most / 3000)


def test_the_script_stays_small_and_stored_lessons_hold_the_present_one():
    script = knobs.code()
    assert len(script) < 8_000
    stored = {
        lesson.name: json.loads(lesson.read_text("utf-8"))["cells"]
        for lesson in paths.notebooks().glob("[0-9][0-9]_*.ipynb")
    }
    moving = {
        name: "".join(output["data"]["text/html"])
        for name, cells in stored.items()
        for cell in cells
        for output in cell.get("outputs", [])
        if "function knob(" in "".join(output.get("data", {}).get("text/html", ""))
    }
    assert all(script in page and len(page) < knobs.LARGEST for page in moving.values())
    assert len(moving) >= 6
