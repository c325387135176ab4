import json
import shutil
import tempfile

import nbformat
import pytest

from medtutor import cli, ledger, paths, runner, workspace
from medtutor.errors import DataError, MedtutorError
from medtutor.exercises.registry import PROGRESS

store = paths.load(paths.root() / "tools" / "store.py")

GOOD = """from medtutor import ledger
ledger.record("demo.value", 0.5, 0.25, 0.75)
ledger.record("demo.seconds", 1.25)"""
WARNS = "import sys\nprint('to stderr', file=sys.stderr)"


@pytest.fixture
def lessons(tmp_path, monkeypatch):
    folder = tmp_path / "notebooks"
    folder.mkdir()
    for name, cells in {"01_good": [GOOD, "1 + 1"], "02_bad": ["x = 1", "1 / 0", "x"]}.items():
        book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(c) for c in cells])
        nbformat.write(book, folder / f"{name}.ipynb")
    monkeypatch.setattr(paths, "notebooks", lambda: folder)
    for name in (ledger.RESULTS, "MEDTUTOR_DATA", PROGRESS):
        monkeypatch.delenv(name, raising=False)
    return folder


def test_run_writes_notebook_and_results(lessons, tmp_path):
    done = runner.run("1", out=tmp_path / "out")
    assert json.loads((tmp_path / "out" / "results.json").read_text())["demo.value"] == {
        "value": 0.5, "low": 0.25, "high": 0.75,
    }  # fmt: skip
    assert nbformat.read(done, 4).cells[1].outputs[0].data["text/plain"] == "2"
    before = nbformat.read(lessons / "01_good.ipynb", 4)
    assert not before.cells[1].outputs


def test_a_failing_lesson_says_where_and_keeps_what_it_has(lessons, tmp_path):
    book = nbformat.read(lessons / "02_bad.ipynb", 4)
    book.cells[2].outputs = [nbformat.v4.new_output("stream", text="AUC .955 of other data")]
    nbformat.write(book, lessons / "02_bad.ipynb")
    with pytest.raises(MedtutorError, match=r"lesson 02.*code cell 2: ZeroDivisionError"):
        runner.run("02", out=tmp_path / "out")
    done = nbformat.read(tmp_path / "out" / "02_bad.ipynb", 4)
    assert done.cells[1].outputs[0].output_type == "error"
    assert not done.cells[2].outputs  # nothing stored stands behind the failure


def test_what_an_earlier_run_left_is_not_taken_for_this_one(lessons, tmp_path):
    shutil.copy(lessons / "02_bad.ipynb", lessons / "23_your_own_data.ipynb")
    card = tmp_path / "out" / "own_data" / "model_card.html"
    card.parent.mkdir(parents=True)
    for file in (card, tmp_path / "out" / "results.json"):
        file.write_text('{"old": 1}')
    runner.run("01", out=tmp_path / "out")
    assert card.is_file()  # another lesson's
    with pytest.raises(MedtutorError):
        runner.run("23", out=tmp_path / "out")
    assert not card.exists()
    assert (tmp_path / "out" / "results.json").read_text() == "{}\n"


def test_only_what_python_says_is_in_an_executed_lesson(lessons, tmp_path):
    code = "import os; os.write(2, b'chatter of a C library'); print('said')"
    book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(code)])
    nbformat.write(book, lessons / "03_loud.ipynb")
    text = runner.run("03", out=tmp_path / "out").read_text()
    assert "said" in text
    assert text.count("chatter") == 1  # in the source


def test_a_run_leaves_nothing_in_the_temporary_folder(lessons, tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    (tmp_path / "temporary").mkdir()
    code = "import os, tempfile; print(tempfile.mkdtemp()); tempfile.mkstemp()"
    for name, end in (("03_leaves", ""), ("04_dies", "; os.kill(os.getpid(), 9)")):
        book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(code + end)])
        nbformat.write(book, lessons / f"{name}.ipynb")
    text = runner.run("03", out=tmp_path / "out").read_text()
    assert str(tmp_path / "temporary") in text
    assert runner.execute(lessons / "04_dies.ipynb", tmp_path / "out", {}).error
    assert list((tmp_path / "temporary").iterdir()) == []


@pytest.mark.parametrize(("name", "status"), [("DataError", 2), ("ClaimError", 1)])
def test_the_status_tells_a_mistake_in_the_data_from_a_failure(lessons, tmp_path, name, status):
    code = f"from medtutor.errors import {name}\nraise {name}('so it is')"
    book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(code)])
    nbformat.write(book, lessons / "03_stops.ipynb")
    assert cli.main(["run", "03", "--out", str(tmp_path / "out")]) == status


@pytest.mark.parametrize("inside", ["", "results", "a/b"])
@pytest.mark.parametrize("name", ["data", "data/labels.csv"])
def test_results_inside_the_data_are_refused_before_anything_is_written(
    lessons, tmp_path, inside, name
):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "labels.csv").write_text("file,label")
    with pytest.raises(DataError, match=r"folder of your data.*--out"):
        runner.run("01", str(tmp_path / name), tmp_path / "data" / inside)
    assert [p.name for p in (tmp_path / "data").rglob("*")] == ["labels.csv"]


def test_no_run_writes_over_the_lessons(lessons, tmp_path):
    before = (lessons / "01_good.ipynb").read_bytes()
    mine, _ = workspace.refresh(tmp_path / "mine")
    for folder in (lessons, mine):
        with pytest.raises(DataError, match="over the lessons"):
            runner.run("01", out=folder)
        assert (folder / "01_good.ipynb").read_bytes() == before


def test_no_run_writes_over_copies_in_another_language(tmp_path, monkeypatch):
    monkeypatch.setenv("MEDTUTOR_LANG", "zh")
    copies = workspace.copies(tmp_path / "mine")
    (tmp_path / "mine" / ".medtutor").mkdir(parents=True)
    assert copies.name == "zh"
    with pytest.raises(DataError):
        runner.prepare_output(copies)


def test_a_lesson_has_a_number_and_words(lessons):
    good = lessons / "01_good.ipynb"
    for named in ("1", "01", "good", "GOOD", "01_good", "notebooks/01_good.ipynb", "oo"):
        assert runner.lesson_path(named) == good
    for wrong in ("", "*", "0", "1_", "?1", "o" * 50, "..", "d"):
        with pytest.raises(DataError, match="There are: 01"):
            runner.lesson_path(wrong)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        ({"number": "77"}, r"no lesson 77.*01, 02"),
        ({"number": "01", "data": "./nowhere"}, r"nowhere: there is no such folder"),
        ({"number": "01", "data": "mitdbb"}, r"mitdbb:.*default, .*organamnist.*mitdb"),
        ({"number": "01", "data": ""}, r"--data:.*choose one of"),
    ],
)
def test_mistakes_in_the_call_are_one_clear_error(lessons, tmp_path, call, message):
    with pytest.raises(DataError, match=message):
        runner.run(**call, out=tmp_path / "out")


def test_output_that_cannot_be_written(lessons, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(DataError, match=r"cannot be written.*--out"):
        runner.run("01", out=tmp_path / "file" / "out")


def test_the_course_goes_on_when_a_lesson_breaks(lessons, tmp_path):
    outcomes = runner.course(2, tmp_path / "out")
    assert [o.lesson for o in outcomes] == ["01", "02"]
    assert outcomes[0].error == ""
    assert "lesson 02" in outcomes[1].error
    assert outcomes[0].peak_mb > 10
    assert len(json.loads((tmp_path / "out" / "course.json").read_text())) == 2


def test_a_dead_kernel_is_reported_and_not_raised(lessons, tmp_path):
    book = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell("import os; os.kill(os.getpid(), 9)")]
    )
    nbformat.write(book, lessons / "03_dead.ipynb")
    outcome = runner.execute(lessons / "03_dead.ipynb", tmp_path, {})
    assert "lesson 03" in outcome.error


def test_storing_twice_changes_no_byte(lessons):
    lesson = lessons / "01_good.ipynb"
    assert store.store(lesson) is True
    first = lesson.read_bytes()
    assert store.store(lesson) is False
    assert lesson.read_bytes() == first
    text = first.decode()
    assert "demo.value" in text
    assert "1.25" not in json.dumps(json.loads(text)["cells"][0]["outputs"])


def test_a_lesson_that_warns_is_stored_only_where_its_output_is_not_compared(lessons):
    cell = nbformat.v4.new_code_cell(WARNS)
    book, lesson = nbformat.v4.new_notebook(cells=[cell]), lessons / "03_warns.ipynb"
    nbformat.write(book, lesson)
    with pytest.raises(RuntimeError, match=r"03_warns\.ipynb: cell 0 warns: to stderr"):
        store.store(lesson)
    cell.metadata["tags"] = ["nbval-ignore-output"]
    nbformat.write(book, lesson)
    store.store(lesson)
    assert nbformat.read(lesson, 4).cells[0].outputs == []


def test_a_lesson_that_fails_is_not_stored(lessons):
    before = (lessons / "02_bad.ipynb").read_bytes()
    assert store.main(["02"]) == 1
    assert (lessons / "02_bad.ipynb").read_bytes() == before


def test_check_runs_the_copy_and_leaves_it_alone(lessons, tmp_path, capsys):
    with pytest.raises(DataError, match="medtutor lab"):
        workspace.check_copy("01", tmp_path / "mine")
    (tmp_path / "mine").mkdir()
    copy = tmp_path / "mine" / "01_good.ipynb"
    copy.write_bytes((lessons / "01_good.ipynb").read_bytes())
    workspace.check_copy("01", tmp_path / "mine")
    assert copy.read_bytes() == (lessons / "01_good.ipynb").read_bytes()
    copy.write_text('{"cells": 1')
    with pytest.raises(DataError, match=r"01_good.*not a notebook.*medtutor lab"):
        workspace.check_copy("01", tmp_path / "mine")
