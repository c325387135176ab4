"""labels.csv and split.csv: what is read, and each way in which they are refused."""

import contextlib
import csv
import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from medtutor import manifests
from medtutor.errors import DataError

NEEDED = ("file", "label", "patient")


def test_reads_columns_as_text(tmp_path):
    path = tmp_path / "labels.csv"
    path.write_text("file,label,patient,rating\na.png,0,p1,5|4\n b.png ,1,p2,\n")
    assert manifests.read(path, NEEDED) == {
        "file": ["a.png", "b.png"],
        "label": ["0", "1"],
        "patient": ["p1", "p2"],
        "rating": ["5|4", ""],
    }


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_reads_what_spreadsheets_write(tmp_path, encoding):
    path = tmp_path / "labels.csv"
    path.write_text("file;label;patient\r\na.png;ja;Ärzte\r\n\r\n", encoding=encoding)
    assert manifests.read(path, NEEDED)["patient"] == ["Ärzte"]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (b"", "the column file, label, patient is missing; the first line has nothing"),
        (b"file,label\na.png,0\n", "the column patient is missing; the first line has file, label"),
        (b"file,label,patient\n", "no row below the header"),
        (b"file,label,patient\na.png,0\n", "line 2 has 2 values, the header 3"),
        (b"file,label,label,patient\na,0,0,p\n", "the column label is there twice"),
        (b"file,label,patient\na.png,0,\xe4\n", "not UTF-8"),
        (b'file,label,patient\n"' + b"a" * 200_000 + b'",0,p\n', "line 2 is not CSV"),
        (b'file,label,patient\n\n"a\nb",0,p\n"c,0,p\nd,0,p\n', "line 5 is not CSV"),
        (b"file,label,patient,\na,0,p,\nb,0,p,7\n", "line 3 has 4 values, the header 3"),
    ],
)
def test_refuses_a_broken_table(tmp_path, refused, text, says):
    path = tmp_path / "labels.csv"
    path.write_bytes(text)
    refused(manifests.read, path, NEEDED, says=[str(path), says])


def test_parts_take_the_usual_words(tmp_path):
    values = ["Training", "TEST", "validation", "val"]
    assert manifests.parts(values, tmp_path) == ["train", "test", "val", "val"]


def test_parts_refuse_other_words_and_missing_sides(tmp_path, refused):
    refused(manifests.parts, ["train", "both"], tmp_path, says=["line 3: split is 'both'"])
    refused(manifests.parts, ["train", "val"], tmp_path, says=["no test part"])
    refused(manifests.parts, ["test"], tmp_path, says=["no train part"])


def test_missing_files_are_counted_and_three_named(tmp_path, refused):
    gone = ["a", "b", "c", "d"]
    says = ["4 of the 9 images", "a, b, c …"]
    refused(manifests.refuse_missing, gone, 9, tmp_path, "images", says=says)
    manifests.refuse_missing([], 9, tmp_path, "images")


def test_a_shared_person_is_named(tmp_path, refused):
    people, part = ["p1", "p2", "p1"], ["train", "test", "test"]
    says = ["a patient is in more than one part of the split: p1"]
    refused(manifests.refuse_shared, people, part, tmp_path, says=says)
    manifests.refuse_shared(people, ["train", "test", "train"], tmp_path)


def test_numbers_know_gaps_and_decimal_commas_and_refuse_the_rest(tmp_path, refused):
    found = manifests.numbers(["0.7", ""], "spacing_mm", tmp_path)
    np.testing.assert_array_equal(found, np.array([0.7, np.nan], np.float32))
    found = manifests.numbers(["0,703", "1,250", "-3"], "spacing_mm", tmp_path)
    np.testing.assert_array_equal(found, np.array([0.703, 1.25, -3], np.float32))
    for values in (["1,250", "2,500"], ["0.7", "0,7"], ["1.250,5"], ["x"]):  # a thousand, or what?
        says = [
            f"is {values[-1]!r}" if values[0] == "0.7" else f"line 9: spacing_mm is {values[0]!r}"
        ]
        refused(manifests.numbers, values, "spacing_mm", tmp_path, [9, 12], says=says)


def test_whole_labels_saved_as_floats_become_whole():
    assert manifests.whole(["1.0", "0", "-2,00"]) == ["1", "0", "-2"]
    for labels in (["1.0", "1.5"], ["1.0", "x"], ["1.0", ""], ["v1.0"]):
        assert manifests.whole(labels) == labels


CELL = st.text(st.sampled_from("ab 1.;,\t\n\"'ä|"), max_size=6).map(str.strip)


@given(
    rows=st.lists(st.tuples(CELL, CELL, CELL).filter(any), min_size=1, max_size=6),
    sign=st.sampled_from(",;\t"),
    end=st.sampled_from(["\n", "\r\n", "\r"]),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
    empty=st.integers(0, 2),
    blank=st.lists(st.integers(0, 2), min_size=6, max_size=6),
    quote=st.booleans(),
)
@settings(max_examples=200)
def test_every_dialect_gives_the_same_table(
    tmp_path_factory, rows, sign, end, encoding, empty, blank, quote
):
    text, lines = io.StringIO(newline=""), []
    how = csv.QUOTE_ALL if quote or end == "\r" else csv.QUOTE_MINIMAL  # csv forgets a \n there
    writer = csv.writer(text, delimiter=sign, lineterminator=end, quoting=how)
    writer.writerow([*NEEDED, *[""] * empty])
    for row, gap in zip(rows, blank, strict=False):
        for k in range(gap):
            text.write(end if k else sign * empty + end)
        so_far = io.StringIO(text.getvalue(), newline="")
        lines.append(1 + sum(1 for _ in so_far))
        writer.writerow([*row, *[""] * empty])
    path = tmp_path_factory.getbasetemp() / "labels.csv"
    path.write_bytes(text.getvalue().encode(encoding))
    found = manifests.read(path, NEEDED)
    assert found == {name: [row[k] for row in rows] for k, name in enumerate(NEEDED)}
    assert found.lines == lines


@given(data=st.binary(max_size=60))
def test_no_bytes_let_a_foreign_error_out(tmp_path_factory, data):
    path = tmp_path_factory.getbasetemp() / "labels.csv"
    path.write_bytes(b"file,label\n" + data)
    with contextlib.suppress(DataError):
        assert len(manifests.read(path, ("file", "label")).lines) > 0
