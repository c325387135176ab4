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
