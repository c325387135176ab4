import hashlib
import json

import pytest

from medtutor import paths, workspace
from medtutor.errors import DataError


@pytest.fixture
def lessons(tmp_path, monkeypatch):
    source = tmp_path / "course"
    source.mkdir()
    (source / "00_start.ipynb").write_text("first edition")
    monkeypatch.setattr(paths, "notebooks", lambda: source)
    return source


def test_lessons_are_copied_once(lessons, tmp_path):
    folder, said = workspace.refresh(tmp_path / "mine")
    assert (folder / "00_start.ipynb").read_text() == "first edition"
    assert said == ["00_start.ipynb: copied"]
    assert workspace.refresh(folder) == (folder, [])


def test_an_untouched_copy_is_renewed(lessons, tmp_path):
    folder, _ = workspace.refresh(tmp_path / "mine")
    (lessons / "00_start.ipynb").write_text("second edition")
    _, said = workspace.refresh(folder)
    assert (folder / "00_start.ipynb").read_text() == "second edition"
    assert "updated" in said[0]


def test_a_touched_copy_is_never_overwritten(lessons, tmp_path):
    folder, _ = workspace.refresh(tmp_path / "mine")
    (folder / "00_start.ipynb").write_text("my answers")
    (lessons / "00_start.ipynb").write_text("second edition")
    _, said = workspace.refresh(folder)
    assert (folder / "00_start.ipynb").read_text() == "my answers"
    assert (folder / "00_start.new.ipynb").read_text() == "second edition"
    assert "yours is kept" in said[0]
    assert workspace.refresh(folder)[1] == []
    (folder / "00_start.new.ipynb").write_text("answers here too")
    (lessons / "00_start.ipynb").write_text("third edition")
    workspace.refresh(folder)
    assert (folder / "00_start.ipynb").read_text() == "my answers"
    assert (folder / "00_start.new.ipynb").read_text() == "answers here too"


def test_a_copy_that_was_there_before_the_record_is_kept(lessons, tmp_path):
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "00_start.ipynb").write_text("from an older course")
    workspace.refresh(folder)
    assert (folder / "00_start.ipynb").read_text() == "from an older course"


def test_a_damaged_record_loses_nothing(lessons, tmp_path):
    folder, _ = workspace.refresh(tmp_path / "mine")
    (folder / "00_start.ipynb").write_text("my answers")
    (folder / ".medtutor" / "handed-out.json").write_text("{")
    workspace.refresh(folder)
    assert (folder / "00_start.ipynb").read_text() == "my answers"


def test_a_workspace_that_cannot_be_made_is_one_clear_error(lessons, tmp_path):
    blocked = tmp_path / "file"
    blocked.write_text("")
    with pytest.raises(DataError, match=r"file.*cannot be written.*--workspace"):
        workspace.refresh(blocked / "mine")


EDITED = """begin(\\"{0}\\")
check(\\"{0}.1\\", mine)
hint('{0}.2')
x = \\"14.1\\"  # as in {1}_ecg_data.ipynb"""


@pytest.fixture
def renumbered(lessons):
    """The course of today, and a folder of the one before, in which lesson 15 was lesson 14."""
    (lessons / "14_ecg_data.ipynb").write_text("the data, new")
    (lessons / "15_heart_rate_lstm.ipynb").write_text('check(\\"15.1\\", f)')
    mine = lessons.parent / "mine"
    (mine / ".medtutor").mkdir(parents=True)
    (mine / "13_ecg_data.ipynb").write_text("the data")
    (mine / ".medtutor" / "handed-out.json").write_text(
        json.dumps({"13_ecg_data.ipynb": hashlib.sha256(b"the data").hexdigest()})
    )
    return mine


def test_copies_follow_new_numbers_and_what_was_edited_stays(renumbered):
    edited = EDITED.format("14", "13")
    (renumbered / "14_heart_rate_lstm.ipynb").write_text(edited)
    _, said = workspace.refresh(renumbered)
    assert (renumbered / "14_ecg_data.ipynb").read_text() == "the data, new"  # was not touched
    assert (renumbered / "15_heart_rate_lstm.ipynb").read_text() == (EDITED.format("15", "14"))
    kept = renumbered / ".medtutor" / workspace.BEFORE / "14_heart_rate_lstm.ipynb"
    assert kept.read_text() == edited
    assert (renumbered / "15_heart_rate_lstm.new.ipynb").is_file()
    assert not (renumbered / "13_ecg_data.ipynb").exists()
    assert "14_heart_rate_lstm.ipynb: is 15_heart_rate_lstm.ipynb now" in said
    assert workspace.refresh(renumbered)[1] == []


def test_a_copy_that_stands_in_the_way_is_left_alone(renumbered):
    for number in ("14", "15"):
        (renumbered / f"{number}_heart_rate_lstm.ipynb").write_text(f"mine, {number}")
    workspace.refresh(renumbered)
    for number in ("14", "15"):
        assert (renumbered / f"{number}_heart_rate_lstm.ipynb").read_text() == f"mine, {number}"


def test_progress_follows_new_numbers_once(renumbered):
    file = workspace.progress_file(renumbered)
    file.write_text('{"00.1": "passed", "13.2": "passed", "14.1": "failed"}')
    for _ in range(2):
        workspace.refresh(renumbered)
        states = json.loads(file.read_text())
        assert states == workspace.ORDER | {"00.1": "passed", "14.2": "passed", "15.1": "failed"}


def test_unreadable_progress_is_put_aside(renumbered):
    file = workspace.progress_file(renumbered)
    file.write_text('{"00.1": ')
    workspace.refresh(renumbered)
    assert file.with_suffix(".unreadable").read_text() == '{"00.1": '


def test_a_lesson_begun_anew_keeps_every_version_of_the_learner(lessons, tmp_path):
    folder, _ = workspace.refresh(tmp_path / "mine")
    copy = folder / "00_start.ipynb"
    assert "as it was handed out" in workspace.reset("00", folder)
    for k, text in enumerate(["first answers", "second answers", "third answers"]):
        copy.write_text(text)
        said = workspace.reset("00", folder)
        kept = folder / ("00_start.mine.ipynb" if k == 0 else f"00_start.mine-{k + 1}.ipynb")
        assert kept.name in said
        assert (kept.read_text(), copy.read_text()) == (text, "first edition")
    assert len(list(folder.glob("*.ipynb"))) == 4
    assert workspace.refresh(folder)[1] == []


def test_a_lesson_begun_anew_is_updated_like_an_untouched_one(lessons, tmp_path):
    folder, _ = workspace.refresh(tmp_path / "mine")
    (folder / "00_start.ipynb").write_text("my answers")
    (lessons / "00_start.ipynb").write_text("second edition")
    workspace.reset("start", folder)
    (lessons / "00_start.ipynb").write_text("third edition")
    workspace.refresh(folder)
    assert (folder / "00_start.ipynb").read_text() == "third edition"
    assert (folder / "00_start.mine.ipynb").read_text() == "my answers"


def test_there_must_be_a_copy_to_begin_anew(lessons, tmp_path):
    with pytest.raises(DataError, match=r"00_start\.ipynb: there is no copy.*medtutor lab"):
        workspace.reset("00", tmp_path)
    assert list(tmp_path.iterdir()) == [lessons]
