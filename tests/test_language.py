"""The course in Chinese: complete, with the same code, and with all that must be kept."""

import json
import unicodedata

import pytest

from medtutor import classroom, datasets, exercises, language, paths, questions
from medtutor.capstone import card
from medtutor.errors import DataError
from medtutor.exercises import registry
from medtutor.plots import style

translate = paths.load(paths.root() / "tools" / "translate.py")
LESSONS = sorted(paths.notebooks().glob("[0-9][0-9]_*.ipynb"))
SOURCES = translate.sources()
CHINESE = "zh_CN"


@pytest.fixture
def chinese(monkeypatch):
    monkeypatch.setenv("MEDTUTOR_LANG", "zh")
    registry._lesson.cache_clear()
    yield
    registry._lesson.cache_clear()


@pytest.mark.parametrize("name", SOURCES)
def test_everything_is_translated_and_keeps_what_it_must(name):
    domain = name[:2] if name[:2].isdigit() else name
    told = language.catalogue(domain, CHINESE)
    missing = {text for text, _ in SOURCES[name]} - set(told)
    assert not missing, "run tools/translate.py, then translate what is empty or fuzzy"
    faults = {text: [*translate.faults(text, told[text])] for text, _ in SOURCES[name]}
    assert not {text: found for text, found in faults.items() if found}


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda p: p.stem[:2])
def test_a_lesson_has_the_same_code_in_both_languages(lesson):
    here = json.loads(lesson.read_bytes())["cells"]
    there = json.loads(language.notebook(lesson, CHINESE))["cells"]
    assert [c["id"] for c in here] == [c["id"] for c in there]
    assert [c for c in here if c["cell_type"] == "markdown"] != [
        c for c in there if c["cell_type"] == "markdown"
    ]
    for a, b in zip(here, there, strict=True):
        assert a["metadata"] == b["metadata"]
        if a["cell_type"] == "code":
            assert a["source"] == b["source"]
            pictures = [[o.get("data", {}).get("image/png") for o in c["outputs"]] for c in (a, b)]
            assert pictures[0] == pictures[1]


def test_joined_blocks_are_the_text_that_they_were():
    for lesson in LESSONS:
        for cell in json.loads(lesson.read_bytes())["cells"]:
            text = "".join(cell["source"])
            assert "".join(language.blocks(text)) == text


@pytest.mark.parametrize(
    ("chosen", "system", "spoken"),
    [
        ("zh", "", "zh_CN"),
        ("", "zh_CN.UTF-8", "zh_CN"),
        ("en", "zh_CN.UTF-8", "en"),
        ("", "de_DE.UTF-8", "en"),
        ("", "", "en"),
    ],
)
def test_the_language_is_the_chosen_one_or_that_of_the_system(monkeypatch, chosen, system, spoken):
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("MEDTUTOR_LANG", chosen)
    monkeypatch.setenv("LANG", system)
    assert language.in_use() == spoken


def test_the_checker_answers_in_chinese(chinese, no_hint_yet):
    assert "练习 00.1" in repr(exercises.check("00.1", lambda beats, seconds: beats))
    assert "提示" in exercises.hint("00.1")
    assert any("\u4e00" <= sign <= "\u9fff" for sign in questions.markdown("07"))


def test_what_is_filled_in_is_found_in_a_finished_message(chinese):
    said = str(DataError("there is no such folder, and no data source of this name", "x/y"))
    assert said.startswith("x/y: ")
    assert "folder" not in said
    right = exercises.check("00.1", exercises.find("00.1").reference)
    assert "00.1" in repr(right)
    assert "case" not in repr(right)


def test_words_of_a_figure_are_those_of_the_reader(chinese, monkeypatch):
    monkeypatch.setenv(style.LESSON, "04")
    assert "eight" not in style.alternative_text("chain").lower()


def test_names_in_the_reader_s_data_are_not_translated(chinese):
    assert language.say("right") != "right"  # the progress table says it of an exercise
    template = card.TEMPLATES.from_string("{{ name | md }}, {{ ours | say | md }}")
    said = template.render(name="right", ours="No.")
    assert said.startswith("right, ")
    assert "No" not in said
    assert "right" in str(DataError("there is no lesson right"))


def test_a_text_without_translation_stays_english(chinese):
    assert language.say("no such text") == "no such text"
    assert language.translate("# A\n\nno text\n", {"A": "甲"}) == "# 甲\n\nno text\n"


def test_an_outdated_translation_is_shown_in_english(tmp_path, monkeypatch):
    folder = tmp_path / "locale" / "zh_CN" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    (folder / "medtutor.po").write_text(
        'msgid ""\nmsgstr "Content-Type: text/plain; charset=utf-8\\n"\n\n'
        '#, fuzzy\nmsgid "old text"\nmsgstr "旧"\n\nmsgid "new text"\nmsgstr "新"\n',
        encoding="utf-8",
    )
    monkeypatch.setattr(paths, "root", lambda: tmp_path)
    assert language.catalogue.__wrapped__("medtutor", "zh_CN") == {"new text": "新"}


def test_tables_of_the_command_line_keep_their_columns_in_chinese(chinese):
    assert language.padded("课 a", 6) == "课 a  "
    rows = [str(row) for row in datasets.list_sources() if row.size]
    assert all("MB" in row and "bundled" not in row and "downloaded" not in row for row in rows)
    columns = {
        sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in row.split("MB")[0])
        for row in rows
    }
    assert len(columns) == 1
    head = next(line for line in map(language.say, classroom.lessons({"a": {}})) if "课" in line)
    assert "right" not in head
