"""labels.csv and split.csv: what is read, and each way in which they are refused."""

import numpy as np
import pytest

from medtutor import manifests

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
        (b"file,label,patient\na.png,0\n", "row 2 has 2 values, the header 3"),
        (b"file,label,label,patient\na,0,0,p\n", "the column label is there twice"),
        (b"file,label,patient\na.png,0,\xe4\n", "not UTF-8"),
        (b'file,label,patient\n"' + b"a" * 200_000 + b'",0,p\n', "not a CSV file"),
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
    refused(manifests.parts, ["train", "both"], tmp_path, says=["row 3: split is 'both'"])
    refused(manifests.parts, ["train", "val"], tmp_path, says=["no test row"])
    refused(manifests.parts, ["test"], tmp_path, says=["no train row"])


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


def test_numbers_know_gaps_and_refuse_words(tmp_path, refused):
    found = manifests.numbers(["0.7", ""], "spacing_mm", tmp_path)
    np.testing.assert_array_equal(found, np.array([0.7, np.nan], np.float32))
    says = ["row 2: spacing_mm is '0,7'"]
    refused(manifests.numbers, ["0,7"], "spacing_mm", tmp_path, says=says)
