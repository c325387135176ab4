"""The pages for teachers name lessons and exercises that exist, and their minutes add up."""

import ast
import json
import re

import pytest

from medtutor import exercises, paths

TEACH = paths.root() / "book" / "teach"
PAGES = {page.stem: page.read_text(encoding="utf-8") for page in sorted(TEACH.glob("*.md"))}
LESSONS = {p.name[:2]: p for p in sorted(paths.notebooks().glob("[0-9][0-9]_*.ipynb"))}
SOURCES = {
    number: ["".join(cell["source"]) for cell in json.loads(path.read_text("utf-8"))["cells"]]
    for number, path in LESSONS.items()
}
MINUTES = {
    number: int(re.search(r"\*\*Time:\*\* (\d+) minutes", cells[0])[1])
    for number, cells in SOURCES.items()
}
SECTIONS = dict(re.findall(r"^## (\d\d) · .*\n([\s\S]*?)(?=^## |\Z)", PAGES["lessons"], re.M))
PLANS = [
    [[cell.strip() for cell in row.split("|")[1:-1]] for row in block.splitlines()[2:]]
    for block in re.findall(r"^\| from .*\n(?:\|.*\n)+", PAGES["sheets"], re.M)
]


@pytest.mark.parametrize("page", PAGES)
def test_what_a_page_points_to_exists(page):
    for link in re.findall(r"\]\((?!https?:)([^)#]+)", PAGES[page]):
        assert (TEACH / link).exists(), link
    for tool in re.findall(r"\btools/\w+\.py|\btests/\w+\.py", PAGES[page]):
        assert (paths.root() / tool).is_file(), tool
    known = exercises.keys()
    for key in re.findall(r"(?<![\d.:])(\d\d\.\d)(?![\d%])", PAGES[page]):
        assert key in known
    from medtutor.cli import _parser

    commands = next(a for a in _parser()._actions if a.dest == "==SUPPRESS==" or a.choices).choices
    for name in re.findall(r"`medtutor\s+(\w+)|^medtutor (\w+)", PAGES[page], re.M):
        assert "".join(name) in commands


def test_every_lesson_has_its_section_under_its_own_title():
    assert list(SECTIONS) == list(LESSONS)
    for cells in SOURCES.values():
        assert f"## {cells[0].splitlines()[0].lstrip('# ')}\n" in PAGES["lessons"]


@pytest.mark.parametrize("number", LESSONS)
def test_a_section_says_what_a_teacher_needs(number):
    text = SECTIONS[number]
    assert f"(../../notebooks/{LESSONS[number].name}): {MINUTES[number]} minutes." in text
    for part in ("The point.", "What goes wrong.", "Wrong answers to expect", "Ask the room."):
        assert text.count(f"**{part}**") == 1
    asked = re.findall(r"^- (\d\d\.\d)", text, re.M)
    assert 2 <= len(asked) <= 4
    assert len(set(asked)) == len(asked)
    assert set(asked) <= set(exercises.keys(number))


def test_a_wrong_answer_that_is_written_out_is_one_that_the_checker_knows():
    written = re.findall(r"^- (\d\d\.\d), `([\[(\d][^`]*)`", PAGES["lessons"], re.M)
    assert len(written) >= 8
    for key, text in written:
        answer = ast.literal_eval(text)
        values = [m.answer for m in exercises.find(key).mistakes if not callable(m.answer)]
        close = [v for v in values if isinstance(v, float) and abs(v - answer) < 5e-4]
        assert answer in values or close, (key, text)


@pytest.mark.parametrize("plan", PLANS, ids=lambda plan: f"{plan[0][0]}, {len(plan)} rows")
def test_the_minutes_of_a_day_add_up(plan):
    hour, minute = map(int, plan[0][0].split(":"))
    at = 60 * hour + minute
    for start, minutes, lesson, what in plan[:-1]:
        assert start == f"{at // 60}:{at % 60:02d}"
        at += int(minutes)
        numbers = re.findall(r"\[(\d\d)\]", lesson)
        if what.startswith("whole lesson"):
            assert int(minutes) == MINUTES[numbers[0]]
        for heading in re.findall(r"(?<!\*)\*(?!\*)([A-Z][^*]+)\*", what):
            if numbers:
                assert any(f"## {heading}" in cell for cell in SOURCES[numbers[0]])
    assert plan[-1][0] == f"{at // 60}:{at % 60:02d}"
    assert plan[-1][1] == f"**{at - 60 * hour - minute}**"


def test_there_are_sheets_of_three_hours_one_day_and_two():
    assert [int(plan[-1][1].strip("*")) for plan in PLANS] == [180, 450, 450, 450]
    assert MINUTES["07"] == MINUTES["14"]  # the sheet of three hours exchanges them
    assert MINUTES["08"] == MINUTES["15"]


def test_a_lesson_comes_after_those_that_it_needs():
    done: set[str] = set()
    for day, plan in enumerate(PLANS):
        done = done if day == 3 else set()  # the fourth is the second of two days
        for _, _, lesson, what in plan:
            for number in re.findall(r"\[(\d\d)\]", lesson):
                needs = SOURCES[number][0].split("**You need first:**")[1]
                before = {n for n in re.findall(r"\b\d\d\b", needs) if n >= "07"}
                assert before <= done or not what.startswith("whole lesson"), (number, before)
                done.add(number)


def test_the_weeks_of_the_semester_add_up():
    rows = re.findall(
        r"^\| (\d+) \| (.*?) \| (\d+) \| (\d+) \| (\d+) \| .* \| (.*) \|$", PAGES["sheets"], re.M
    )
    assert [int(row[0]) for row in rows] == [*range(1, 13)]
    taught = [re.findall(r"\[(\d\d)\]", row[1]) for row in rows]
    assert [number for numbers in taught for number in numbers] == list(LESSONS)
    for numbers, (_, _, minutes, rest, both, keys) in zip(taught, rows, strict=True):
        assert int(minutes) == sum(MINUTES[number] for number in numbers)
        assert int(minutes) + int(rest) == int(both)
        assert {key[:2] for key in re.findall(r"\d\d\.\d", keys)} <= set(numbers)
    total = re.search(
        r"^\| all \| 24 lessons \| (\d+) \| (\d+) \| \*\*(\d+)\*\*", PAGES["sheets"], re.M
    )
    assert [int(n) for n in total.groups()] == [sum(int(row[k]) for row in rows) for k in (2, 3, 4)]


def test_a_room_is_ready_in_ten_minutes():
    rows = re.findall(r"^\| (\d+) \| .*\|$", PAGES["index"], re.M)
    assert sum(map(int, rows)) == 10
