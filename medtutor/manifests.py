"""Read the small CSV files that describe a data set: ``labels.csv`` and ``split.csv``."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from medtutor.errors import DataError, SplitError

# What people write for the three parts.
PARTS = {
    "train": "train",
    "training": "train",
    "test": "test",
    "testing": "test",
    "val": "val",
    "valid": "val",
    "validation": "val",
}


def read(path: Path, required: Sequence[str]) -> dict[str, list[str]]:
    """Read a CSV file with a header line into columns of text, in the file's order.

    Commas or semicolons separate (spreadsheets write both), UTF-8 with or without a mark at the
    start. Spaces around a value are dropped.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            first = file.readline()
            file.seek(0)
            delimiter = ";" if first.count(";") > first.count(",") else ","
            rows = [row for row in csv.reader(file, delimiter=delimiter) if any(row)]
    except UnicodeDecodeError as error:
        raise DataError("this is not UTF-8 text", path, "Save it as CSV in UTF-8.") from error
    except csv.Error as error:
        raise DataError(f"this is not a CSV file ({error})", path, "Save it as CSV.") from error
    names = [name.strip() for name in rows[0]] if rows else []
    lacking = [name for name in required if name not in names]
    if lacking:
        raise DataError(
            f"the column {', '.join(lacking)} is missing; the first line has "
            f"{', '.join(names) or 'nothing'}",
            path,
            f"The first line needs at least {','.join(required)}.",
        )
    doubled = sorted({name for name in names if names.count(name) > 1})
    if doubled:
        raise DataError(f"the column {doubled[0]} is there twice", path, "Keep one of them.")
    if len(rows) < 2:
        raise DataError("there is no row below the header", path, "Add one row for each file.")
    for number, row in enumerate(rows[1:], start=2):
        if len(row) != len(names):
            raise DataError(
                f"row {number} has {len(row)} values, the header {len(names)}",
                path,
                "Write one value for each column.",
            )
    columns = zip(*rows[1:], strict=True)
    return {name: [v.strip() for v in column] for name, column in zip(names, columns, strict=True)}


def parts(values: Sequence[str], path: Path) -> list[str]:
    """Bring the values of a ``split`` column to train, val and test; both ends must be there."""
    result = []
    for number, value in enumerate(values, start=2):
        if value.lower() not in PARTS:
            raise DataError(
                f"row {number}: split is {value!r}", path, "Write train, val or test there."
            )
        result.append(PARTS[value.lower()])
    for part in ("train", "test"):
        if part not in result:
            raise SplitError(
                f"the column split has no {part} row",
                path,
                f"Mark some as {part}, or take the column away: the course then splits by patient.",
            )
    return result


def refuse_missing(missing: Sequence[str], total: int, path: Path, what: str) -> None:
    """Raise a `DataError` that counts the files that are not there and names the first three."""
    if not missing:
        return
    shown = ", ".join(missing[:3]) + (" …" if len(missing) > 3 else "")
    raise DataError(
        f"{len(missing)} of the {total} {what} it lists are not there: {shown}",
        path,
        "Copy them into the folder, or take their rows out.",
    )


def refuse_shared(
    people: Iterable[str], part: Iterable[str], path: Path, who: str = "patient"
) -> None:
    """Raise a `SplitError` when somebody is in more than one part of a split."""
    seen: dict[str, str] = {}
    shared = []
    for person, side in zip(people, part, strict=True):
        if seen.setdefault(person, side) != side and person not in shared:
            shared.append(person)
    if shared:
        shown = ", ".join(shared[:3]) + (" …" if len(shared) > 3 else "")
        count = f"{len(shared)} {who}s are" if len(shared) > 1 else f"a {who} is"
        raise SplitError(
            f"{count} in more than one part of the split: {shown}",
            path,
            f"Give all rows of one {who} the same split, or take the column away: the course then "
            "splits by patient itself.",
        )


def numbers(values: Sequence[str], name: str, path: Path) -> np.ndarray:
    """Turn a column into float32; an empty value becomes NaN."""
    result = np.full(len(values), np.nan, np.float32)
    for number, value in enumerate(values, start=2):
        if value:
            try:
                result[number - 2] = float(value)
            except ValueError:
                raise DataError(
                    f"row {number}: {name} is {value!r}, which is no number",
                    path,
                    "Write it with a point, such as 0.7.",
                ) from None
    return result
