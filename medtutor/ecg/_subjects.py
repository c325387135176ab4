"""Which person a record belongs to, and which part of a split."""

from __future__ import annotations

from pathlib import Path

from medtutor import manifests
from medtutor.errors import DataError

# MIT-BIH Arrhythmia Database: the inter-patient split of de Chazal et al., IEEE Trans Biomed Eng
# 51:1196 (2004), section II-B, and the four records with a pacemaker that it leaves out.
DS1 = (
    "101",
    "106",
    "108",
    "109",
    "112",
    "114",
    "115",
    "116",
    "118",
    "119",
    "122",
    "124",
    "201",
    "203",
    "205",
    "207",
    "208",
    "209",
    "215",
    "220",
    "223",
    "230",
)
DS2 = (
    "100",
    "103",
    "105",
    "111",
    "113",
    "117",
    "121",
    "123",
    "200",
    "202",
    "210",
    "212",
    "213",
    "214",
    "219",
    "221",
    "222",
    "228",
    "231",
    "232",
    "233",
    "234",
)
PACED = ("102", "104", "107", "217")
SAME_PERSON = {"202": "201"}  # the database's own directory says so


def read_split(path: Path, names: list[str]) -> dict[str, tuple[str, str]] | None:
    """Read ``split.csv``: record to (subject, part), or None when there is no such file.

    `names` are the records of the folder: those that the file lists must be among them.
    """
    if not path.is_file():
        return None
    rows = manifests.read(path, ("record", "subject", "split"))
    listed: dict[str, tuple[str, str]] = {}
    for line, (record, subject, part) in enumerate(
        zip(rows["record"], rows["subject"], rows["split"], strict=True), start=2
    ):
        if record in listed:
            raise DataError(
                f"row {line}: record {record} is listed twice", path, "Keep one of the two rows."
            )
        if not subject:
            raise DataError(f"row {line} has no subject", path, "Write there whose record it is.")
        listed[record] = (subject, part)
    parts = manifests.parts(rows["split"], path)
    listed = {name: (row[0], part) for (name, row), part in zip(listed.items(), parts, strict=True)}
    missing = [f"{record}.hea" for record in listed if record not in names]
    manifests.refuse_missing(missing, len(listed), path, "records")
    manifests.refuse_shared(
        [row[0] for row in listed.values()], [row[1] for row in listed.values()], path, "subject"
    )
    return listed


def usual_parts(subjects: dict[str, str], notes: list[str]) -> dict[str, str] | None:
    """Split MIT-BIH records as the literature does, when both of its parts are there.

    Parameters
    ----------
    subjects : dict of str to str
        Record to subject.
    notes : list of str
        Takes a sentence on what was done.

    Returns
    -------
    dict of str to str, or None
        Subject to part; None when these are not MIT-BIH's records, or only one of its parts.
    """
    names = set(subjects)
    if not names <= {*DS1, *DS2, *PACED} or not (names & {*DS1} and names & {*DS2}):
        return None
    split: dict[str, str] = {}
    for name in sorted(names):  # 201 before 202, the same person: both go where 201 goes
        split.setdefault(subjects[name], "train" if name in DS1 else "test")
    notes.append("parts as usual for MIT-BIH: DS1 to train, DS2 to test")
    if {"201", "202"} <= names:
        notes.append("202 is the same person as 201 and goes to train with it")
    return split


def note_one_person(subjects: dict[str, str], split: dict[str, str], notes: list[str]) -> None:
    """Say when a user's split puts the one person behind two MIT-BIH records on both sides."""
    if not set(subjects) <= {*DS1, *DS2, *PACED}:
        return
    for record, other in SAME_PERSON.items():
        parts = {split.get(subjects.get(name, "")) for name in (record, other)} - {None}
        if len(parts) > 1:
            notes.append(
                f"{other} and {record} are one person, but split.csv has them in two parts"
            )
