"""What fuzzing and killing found, each case by itself."""

import io
import json
import stat

import pydicom
import pytest

from medtutor import runner, workspace
from medtutor.ct import phantom
from medtutor.exercises import registry
from medtutor.privacy import encryption, pseudonyms
from medtutor.privacy.deidentification import deidentify

WORDS = "five words that nobody guesses"


@pytest.mark.parametrize("text", ["5", "[1, 2]", '"x"', "null", "[" * 100_000, '{"00.1": [1]}'])
def test_progress_that_is_no_table_of_states_counts_as_none(tmp_path, text, capsys):
    file = workspace.progress_file(tmp_path)
    file.parent.mkdir()
    file.write_text(text)
    assert registry.progress(file) == {}
    assert workspace.show_progress(tmp_path) == 0
    assert capsys.readouterr().out.splitlines()[-1].startswith("0 of ")


def test_a_record_of_copies_that_is_no_table_costs_no_copy(tmp_path):
    lesson = runner.all_lessons()[0].name
    (tmp_path / lesson).write_text("mine")
    record = tmp_path / workspace.STATE / "handed-out.json"
    record.parent.mkdir()
    record.write_text("[1]")
    workspace.refresh(tmp_path)
    assert (tmp_path / lesson).read_text() == "mine"


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda index: 5, "not one that `encrypt` wrote"),
        (lambda index: dict.fromkeys(index, 5), "not one that `encrypt` wrote"),
        (lambda index: {n: ["../evil", s] for n, (_, s) in index.items()}, "leads outside"),
        (lambda index: {n: ["/tmp/evil", s] for n, (_, s) in index.items()}, "leads outside"),
        (lambda index: {n: ["x" * 300, s] for n, (_, s) in index.items()}, "cannot be written"),
    ],
)
def test_a_forged_index_is_refused(tmp_path, refused, change, says):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a").write_text("a")
    encryption.encrypt(tmp_path / "in", tmp_path / "locked", WORDS, work=10)
    path, text = tmp_path / "locked" / encryption.INDEX, io.BytesIO()
    with path.open("rb") as locked:
        header = encryption.Header.read(locked)
        key = encryption.Keys(WORDS).of(header)
        encryption.open_stream(locked, text, header, key)
    forged = json.dumps(change(json.loads(text.getvalue()))).encode()
    with path.open("wb") as locked:
        encryption.seal_stream(io.BytesIO(forged), locked, header, key)
    refused(encryption.decrypt, tmp_path / "locked", tmp_path / "out", WORDS, says=[says])


@pytest.mark.parametrize("name", ["SOPInstanceUID", "MediaStorageSOPClassUID", "TransferSyntaxUID"])
def test_one_damaged_file_does_not_stop_the_others(tmp_path, name):
    (tmp_path / "in").mkdir()
    first, second = phantom.write_series(tmp_path / "in", slices=2, size=16)
    data = pydicom.dcmread(first)
    old = str(data.get(name) or data.file_meta[name].value).encode()
    raw = first.read_bytes()
    at = raw.rindex(old) if name == "SOPInstanceUID" else raw.index(old)
    first.write_bytes(raw[:at] + b"\\".join([b"1"] * 99)[: len(old)] + raw[at + len(old) :])
    report = deidentify(tmp_path / "in", tmp_path / "out", key=b"0" * 32)
    assert second in [pair.source for pair in report.written]
    assert first in [item.path for item in report.refused]


def test_a_key_is_for_its_owner_and_never_over_another(tmp_path):
    pseudonyms.write_key(b"0" * 32, tmp_path / "key")
    assert stat.S_IMODE((tmp_path / "key").stat().st_mode) == 0o600
    with pytest.raises(FileExistsError):
        pseudonyms.write_key(b"1" * 32, tmp_path / "key")
    assert pseudonyms.read_key(tmp_path / "key", tmp_path / "out")[0] == b"0" * 32
    assert [p.name for p in tmp_path.iterdir()] == ["key"]
