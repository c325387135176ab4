"""Thirty made-up learners: some solve, some are stuck, some hand in what cannot be read."""

import csv
import json
import tempfile
from pathlib import Path
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from medtutor import classroom, cli, exercises, paths, workspace

KEYS = exercises.keys()


def hand_in(folder, states, order=True):
    file = folder / "my-lessons" / ".medtutor" / "progress.json"
    file.parent.mkdir(parents=True)
    file.write_text(json.dumps((workspace.ORDER if order else {}) | states))
    return file


@pytest.fixture
def thirty(tmp_path):
    """Ten have done lesson 00, ten are stuck in 07.1, nine have begun, one is from older times."""
    room = tmp_path / "class"
    for k in range(10):
        hand_in(room / f"done{k}", dict.fromkeys(exercises.keys("00"), "passed"))
        hand_in(room / f"stuck{k}", {"00.1": "passed", "07.1": "failed", "07.2": "not yet"})
    for k in range(9):
        (room / f"begun{k}.json").write_text(json.dumps(workspace.ORDER | {"00.1": "failed"}))
    hand_in(room / "older", {"13.1": "passed", "14.6": "failed"}, order=False)
    return room


def row(printed, number):
    return next(line.split()[1:] for line in printed.splitlines() if line.startswith(number + " "))


def test_thirty_learners_become_one_table(thirty, capsys):
    before = {path: path.read_bytes() for path in thirty.rglob("*") if path.is_file()}
    assert cli.main(["class", str(thirty)]) == 0
    said = capsys.readouterr().out
    assert said.startswith("30 learners\n")
    assert row(said, "00") == ["3", "29", "10", "44%"]  # 30 + 10 of 90
    assert row(said, "07") == ["4", "10", "0", "0%"]
    assert row(said, "08") == ["4", "0", "0", "0%"]
    assert row(said, "14") == ["5", "1", "0", "1%"]  # the older course called it 13
    assert {path: path.read_bytes() for path in thirty.rglob("*") if path.is_file()} == before


def test_it_names_who_is_stuck_where_and_the_hardest_first(thirty, capsys):
    cli.main(["class", str(thirty)])
    lines = capsys.readouterr().out.split("not right yet:\n")[1].splitlines()
    assert [line.split()[:2] for line in lines[::2]] == [
        ["07.1", "10"],
        ["00.1", "9"],
        ["16.2", "1"],
    ]
    assert lines[1].split() == [f"stuck{k}," for k in range(9)] + ["stuck9"]
    assert lines[5].strip() == "older"


def test_the_csv_has_a_row_for_each_learner(thirty, tmp_path, capsys):
    out = tmp_path / "new" / "class.csv"
    (thirty / "=1+1").mkdir()
    hand_in(thirty / "=1+1", {"00.1": "passed"})
    assert cli.main(["class", str(thirty), "--out", str(out)]) == 0
    assert str(out) in capsys.readouterr().out
    rows = list(csv.DictReader(out.read_text(encoding="utf-8").splitlines()))
    assert list(rows[0]) == ["learner", "right", "tried", *KEYS]
    assert len(rows) == 31
    stuck = next(r for r in rows if r["learner"] == "stuck3")
    assert (stuck["right"], stuck["tried"], stuck["07.1"]) == ("1", "2", "failed")
    assert rows[0]["learner"] == "'=1+1"  # a spreadsheet must not run a name


def test_the_picture_has_a_mark_for_each_exercise_that_was_tried(thirty, tmp_path, capsys):
    odd = ("$x$ & <y>", "学生", "n" * 40)
    for name in odd:
        hand_in(thirty / name, dict.fromkeys(KEYS, "passed"))
    out = tmp_path / "new" / "class.svg"
    assert cli.main(["class", str(thirty), "--picture", str(out)]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == f"Who is stuck where: {out}"
    drawing = ElementTree.fromstring(out.read_text(encoding="utf-8"))
    svg = "{http://www.w3.org/2000/svg}"
    groups = {each.get("id"): each for each in drawing.iter(f"{svg}g")}
    marks = [len([*groups[f"PathCollection_{k}"].iter(f"{svg}use")]) for k in (1, 2)]
    assert marks == [10 * 3 + 10 + 1 + 3 * len(KEYS), 10 + 9 + 1]  # right; tried in vain
    words = ["".join(text.itertext()) for text in drawing.iter(f"{svg}text")]
    assert {"stuck3", "begun8.json", "older", *odd[:2], "n" * 23 + "…"} <= set(words)
    assert [word for word in words if word in KEYS] == ["07.1", "00.1", "16.2"]  # the hardest
    numbers = [word for word in words if len(word) == 2 and word.isdigit()]
    assert numbers[-24:] == [f"{number:02d}" for number in range(24)]


def test_the_picture_of_a_class_that_is_never_stuck(tmp_path):
    hand_in(tmp_path / "class" / "ann", {"00.1": "passed"})
    assert cli.main(["class", str(tmp_path / "class"), "--picture", str(tmp_path / "a.PNG")]) == 0
    with Image.open(tmp_path / "a.PNG") as picture:
        assert picture.format == "PNG"
        assert picture.width == 1400


@pytest.mark.parametrize("name", ["class.pdf", "picture", ".png"])
def test_a_picture_of_another_kind_is_one_clear_error(thirty, tmp_path, name, capsys):
    words = ["--out", str(tmp_path / "class.csv"), "--picture", str(tmp_path / name)]
    assert cli.main(["class", str(thirty), *words]) == 2
    assert "a picture ends in .png or .svg" in capsys.readouterr().err
    assert not (tmp_path / "class.csv").exists()
    assert not (tmp_path / name).exists()


@pytest.mark.parametrize("word", ["--out", "--picture"])
def test_a_file_that_cannot_be_written_is_named(thirty, tmp_path, word, capsys):
    (tmp_path / "file").write_text("")
    target = tmp_path / "file" / "class.svg"
    assert cli.main(["class", str(thirty), word, str(target)]) == 2
    assert f"medtutor: {target}: cannot be written" in capsys.readouterr().err


@pytest.mark.parametrize("bad", [b"", b'{"00.1": ', b"[1, 2]", b"5", b"\xff\xfe", b"{}", b"null"])
def test_what_cannot_be_read_is_told_and_left_out(thirty, bad, capsys):
    (thirty / "bad.json").write_bytes(bad)
    (thirty / "empty").mkdir()
    (thirty / "empty" / "notes.ipynb").write_bytes(bad)
    assert cli.main(["class", str(thirty)]) == 0
    said = capsys.readouterr().out
    assert said.startswith("30 learners\n")
    assert [line for line in said.splitlines() if line.startswith("Left out")] == [
        "Left out: bad.json holds no progress that can be read.",
        "Left out: empty holds no progress that can be read.",
    ]


def test_several_copies_of_one_learner_count_by_the_best(tmp_path):
    hand_in(tmp_path / "ann" / "home", {"00.1": "failed", "00.2": "passed"})
    hand_in(tmp_path / "ann" / "clinic", {"00.1": "passed", "00.2": "not yet"})
    learners, unread = classroom.read(tmp_path)
    assert unread == []
    assert [learners["ann"][key] for key in exercises.keys("00")] == ["passed", "passed", "not yet"]


def test_executed_notebooks_are_read_as_well(tmp_path):
    stored = next(paths.notebooks().glob("00_*.ipynb")).read_text(encoding="utf-8")
    (tmp_path / "idle.ipynb").write_text(stored)
    solved = stored.replace("Exercise 00.1: not yet.", "Exercise 00.1: right (3 of 3 cases).")
    (tmp_path / "ann").mkdir()
    (tmp_path / "ann" / "00_start_here.ipynb").write_text(
        solved.replace("Exercise 00.2: not yet.", "Exercise 00.2: 1 of 4 cases are right.")
    )
    learners, unread = classroom.read(tmp_path)
    assert unread == []
    assert [learners["ann"][key] for key in exercises.keys("00")] == ["passed", "failed", "not yet"]
    assert set(learners["idle.ipynb"].values()) == {"not yet"}


@pytest.mark.parametrize("made", [True, False])
def test_a_folder_without_progress_is_one_clear_error(tmp_path, made, capsys):
    folder = tmp_path / "class"
    if made:
        (folder / "nobody").mkdir(parents=True)
    assert cli.main(["class", str(folder)]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert str(folder) in said.err
    assert said.err.count("\n") == 1


@settings(max_examples=30, deadline=None, derandomize=True)
@given(
    st.dictionaries(
        st.text(min_size=1, max_size=6),
        st.dictionaries(st.sampled_from([*KEYS, "99.9", "x"]), st.text(max_size=8) | st.none())
        | st.dictionaries(st.sampled_from(KEYS), st.sampled_from(["passed", "failed", "not yet"])),
        max_size=5,
    )
)
def test_whatever_is_handed_in_every_learner_has_every_exercise(class_of):
    with tempfile.TemporaryDirectory() as place:
        for k, states in enumerate(class_of.values()):
            (Path(place) / f"{k}.json").write_text(json.dumps(states))
        learners, unread = classroom.read(Path(place))
        assert len(learners) + len(unread) == len(class_of)
        assert all(list(states) == KEYS for states in learners.values())
        for states in learners.values():
            assert set(states.values()) <= {"passed", "failed", "not yet"}
        if learners:
            assert len(classroom.table(learners).splitlines()) == len(learners) + 1
            assert len(list(classroom.lessons(learners))) == 26
