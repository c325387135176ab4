"""Read the small CSV files that describe a data set (``labels.csv``, ``split.csv``); write some."""

import codecs
import csv
import io
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
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


class Table(dict[str, list[str]]):
    """Columns of text by name, the file they come from, and its line on which each row begins."""

    def __init__(self, columns: Mapping[str, list[str]], path: Path, lines: list[int]) -> None:
        super().__init__(columns)
        self.path, self.lines = path, lines

    def take(self, rows: Iterable[int]) -> "Table":
        """Keep some rows."""
        chosen = list(rows)
        some = {name: [values[k] for k in chosen] for name, values in self.items()}
        return Table(some, self.path, [self.lines[k] for k in chosen])


def read(path: Path, required: Sequence[str]) -> Table:
    """Read a CSV or TSV file with a header line into columns of text, as spreadsheets write it."""
    text = _text(path)
    headers = {sign: next(_rows(text, sign, path, strict=False), (1, []))[1] for sign in ",;\t"}
    # the sign that yields the columns that are needed, else the one that yields most
    sign = max(headers, key=lambda s: (set(required) <= set(headers[s]), len(headers[s])))
    rows = list(_rows(text, sign, path))
    names = rows[0][1] if rows else []
    while names and not names[-1]:
        names.pop()
    lacking = [name for name in required if name not in names]
    if lacking:
        raise DataError(
            f"the column {', '.join(lacking)} is missing; the first line has "
            f"{', '.join(names) or 'nothing'}",
            path,
            f"The first line needs at least {','.join(required)}.",
        )
    names = [name or f"column {k}" for k, name in enumerate(names, start=1)]
    doubled = sorted({name for name in names if names.count(name) > 1})
    if doubled:
        raise DataError(f"the column {doubled[0]} is there twice", path, "Keep one of them.")
    if len(rows) < 2:
        raise DataError("there is no row below the header", path, "Add one row for each file.")
    for line, row in rows[1:]:
        while len(row) > len(names) and not row[-1]:
            row.pop()
        if len(row) != len(names):
            raise DataError(
                f"line {line} has {len(row)} values, the header {len(names)}",
                path,
                "Write one value for each column.",
            )
    columns = map(list, zip(*(row for _, row in rows[1:]), strict=True))
    return Table(dict(zip(names, columns, strict=True)), path, [line for line, _ in rows[1:]])


def written(rows: Iterable[Sequence[str]]) -> str:
    """Write a CSV in which no spreadsheet takes a name for a formula (OWASP, CSV injection)."""
    text = io.StringIO()
    harmless = (["'" + c if c.startswith(tuple("=+-@\t\r")) else c for c in row] for row in rows)
    csv.writer(text, lineterminator="\n").writerows(harmless)
    return text.getvalue()


def _text(path: Path) -> str:
    """Decode a file as UTF-16 if it begins with that mark, else as UTF-8."""
    try:
        data = path.read_bytes()
        marks = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
        return data.decode("utf-16" if data.startswith(marks) else "utf-8-sig")
    except UnicodeDecodeError as error:
        raise DataError("this is not UTF-8 text", path, "Save it as CSV in UTF-8.") from error
    except OSError as error:
        reason = error.strerror or "no reason given"
        raise DataError(f"it cannot be opened ({reason})", path, "Check the path.") from error


def _rows(text: str, sign: str, path: Path, strict: bool = True) -> Iterator[tuple[int, list[str]]]:
    """Give each row that is not blank with the line on which it begins."""
    lines = io.StringIO(text, newline="")
    reader = csv.reader(lines, delimiter=sign, strict=strict, skipinitialspace=True)
    line = 1
    try:
        for row in reader:
            cells = [cell.strip() for cell in row]
            if any(cells):
                yield line, cells
            line = reader.line_num + 1
    except csv.Error as error:
        raise DataError(
            f"line {line} is not CSV ({error})", path, "Close each quote, or save it again as CSV."
        ) from error


def parts(values: Sequence[str], path: Path, lines: Sequence[int] | None = None) -> list[str]:
    """Bring the values of a ``split`` column to train, val and test; both ends must be there."""
    result = []
    for line, value in zip(lines or range(2, len(values) + 2), values, strict=True):
        if value.lower() not in PARTS:
            raise DataError(
                f"line {line}: split is {value!r}", path, "Write train, val or test there."
            )
        result.append(PARTS[value.lower()])
    for part in ("train", "test"):
        if part not in result:
            raise SplitError(
                f"the split has no {part} part",
                path,
                f"Mark some as {part} (in the column split, or in a folder {part}/), or give no "
                "split: the course then splits by patient.",
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


def numbers(
    values: Sequence[str], name: str, path: Path, lines: Sequence[int] | None = None
) -> np.ndarray:
    """Turn a column into float32; an empty value becomes NaN."""
    # A decimal comma where a value shows it: 0,7 or 12,75 but not 1,250, which may be a thousand.
    # Where both signs are used, one of them marks thousands.
    commas = [value for value in values if "," in value]
    thousands = all(re.fullmatch(r"[+-]?[1-9]\d{0,2},\d{3}", value) for value in commas)
    as_they_are = thousands or any("." in value for value in values)
    points = [value if as_they_are else value.replace(",", ".") for value in values]
    result = np.full(len(values), np.nan, np.float32)
    for k, value in enumerate(points):
        if value:
            try:
                result[k] = float(value)
            except ValueError:
                line = lines[k] if lines else k + 2
                raise DataError(
                    f"line {line}: {name} is {values[k]!r}, which is no number",
                    path,
                    "Write it with a point, such as 0.7.",
                ) from None
    return result


def whole(labels: Sequence[str]) -> list[str]:
    """Write 1.0 as 1 where all labels are whole numbers, which some tools save as floats."""
    found = [re.fullmatch(r"([+-]?\d+)(?:[.,]0+)?", label) for label in labels]
    return [m[1] if m and all(found) else label for m, label in zip(found, labels, strict=True)]
