"""Questions ask about figures that exist, and have one right choice each."""

import json
import re
import tomllib
from collections import Counter

import pytest

from medtutor import paths, questions
from medtutor.errors import DataError

LESSONS = {p.name[:2]: p for p in sorted(paths.notebooks().glob("[0-9][0-9]_*.ipynb"))}
ASKED = {number: questions.load(number) for number in LESSONS}


def test_every_file_belongs_to_a_lesson():
    files = (paths.notebooks() / "questions").iterdir()
    assert sorted(path.name for path in files) == [f"{number}.toml" for number in LESSONS]


@pytest.mark.parametrize("number", LESSONS)
def test_a_lesson_has_three_questions_that_read_its_figures(number):
    figures = tomllib.loads((paths.notebooks() / "figures" / f"{number}.toml").read_text("utf-8"))
    cells = json.loads(LESSONS[number].read_text(encoding="utf-8"))["cells"]
    shown = json.dumps([cell.get("outputs") for cell in cells], ensure_ascii=False)
    named = [asked["figure"] for asked in ASKED[number] if "figure" in asked]
    assert len(ASKED[number]) >= 3
    assert named
    for name in named:
        assert json.dumps(figures[name], ensure_ascii=False)[1:-1] in shown


@pytest.mark.parametrize("number", LESSONS)
def test_one_choice_is_right_and_each_says_why(number):
    for asked in ASKED[number]:
        assert asked.keys() <= {"question", "figure", "choices"}
        choices = asked["choices"]
        assert 3 <= len(choices) <= 4
        assert [choice.get("right") for choice in choices].count(True) == 1
        for choice in choices:
            assert choice.keys() <= {"text", "right", "why"}
            # The heading of <details> is no Markdown: markup would show as it is typed.
            assert choice["text"].strip()
            assert not re.search(r"[`$*\\\[\]]|^\s|\s$", choice["text"])
            assert choice["why"].strip().endswith((".", "?"))
        for part in ("text", "why"):
            assert len({choice[part] for choice in choices}) == len(choices)


def test_no_question_is_asked_twice_and_the_right_place_varies():
    everything = [asked for number in LESSONS for asked in ASKED[number]]
    assert len({asked["question"] for asked in everything}) == len(everything)
    places = Counter(
        next(k for k, choice in enumerate(asked["choices"]) if choice.get("right"))
        for asked in everything
    )
    assert all(places[k] >= len(everything) / 6 for k in range(3))
    assert max(places.values()) <= len(everything) / 2


def test_the_page_holds_every_word_and_opens_without_a_script(monkeypatch):
    asked = [
        {
            "question": "Is 1 < 2?",
            "choices": [
                {"text": "yes, 1 < 2", "right": True, "why": "It is."},
                {"text": "no", "why": "Count."},
                {"text": "maybe", "why": "Count again."},
            ],
        }
    ]
    monkeypatch.setattr(questions, "load", lambda number: asked)
    assert questions.markdown("01") == (
        "**Questions** about what the bundled data give. Decide before you open a choice.\n\n"
        "**1.** Is 1 < 2?\n\n"
        "<details><summary>a) yes, 1 &lt; 2</summary>\n\n**Right.** It is.\n\n</details>\n\n"
        "<details><summary>b) no</summary>\n\n**No.** Count.\n\n</details>\n\n"
        "<details><summary>c) maybe</summary>\n\n**No.** Count again.\n\n</details>\n"
    )


def test_a_lesson_shows_its_own_questions(monkeypatch):
    import IPython.display

    shown = []
    monkeypatch.setattr(IPython.display, "display", lambda output: shown.append(output.data))
    monkeypatch.setenv("MEDTUTOR_LESSON", "01")
    questions.show()
    assert shown == [questions.markdown("01")]


def test_a_lesson_without_questions_is_one_clear_error():
    with pytest.raises(DataError, match=r"77\.toml: there are no questions for lesson 77"):
        questions.show("77")


READ_OFF_A_FIGURE = {  # or worked out by hand
    "03": {"0.75"},  # below it
    "05": {"0.735", "0.199"},  # written on the figure
    "19": {"0.01"},  # about
    "21": {"0.74"},  # in a box of the figure
}


@pytest.mark.parametrize("number", LESSONS)
def test_results_that_a_question_names_are_those_of_the_lesson(number):
    cells = json.loads(LESSONS[number].read_text(encoding="utf-8"))["cells"]
    code = [cell for cell in cells if cell["cell_type"] == "code"]
    told = [cell for cell in code if "questions.show" not in "".join(cell["source"])]
    shown = json.dumps([(cell["source"], cell["outputs"]) for cell in told])
    results = set(re.findall(r"\b\d+\.\d{2,3}\b", json.dumps(ASKED[number])))
    results -= READ_OFF_A_FIGURE.get(number, set())
    assert {result for result in results if result not in shown} == set()
