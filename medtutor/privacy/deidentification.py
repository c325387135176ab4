"""De-identify a folder of DICOM files and WFDB records: `deidentify`."""

import os
import warnings
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from medtutor import paths
from medtutor.errors import DataError
from medtutor.privacy import dicom, wfdb
from medtutor.privacy.burned_in import Box
from medtutor.privacy.dicom import Unfit
from medtutor.privacy.pseudonyms import Pseudonyms, read_key, write_key

UNKNOWN = "neither DICOM nor WFDB: nobody here knows what it holds"
ACTIONS = ("removed", "emptied", "replaced", "shifted", "new UID", "added")


@dataclass(frozen=True)
class Refused:
    """A file that was not copied (or that a person should look at), and why."""

    path: Path
    reason: str


@dataclass(frozen=True)
class Written:
    """A file that was written, and where it came from."""

    source: Path
    target: Path


@dataclass(repr=False)
class Report:
    """What `deidentify` did: for the one who holds the key, not for sharing.

    It names the source files, and file names can name patients.
    """

    target: Path
    key_file: Path | None
    refused: list[Refused]
    written: list[Written] = field(default_factory=list)
    look_at: list[Refused] = field(default_factory=list)
    changes: Counter[tuple[str, str]] = field(default_factory=Counter)
    blanked: dict[Path, list[Box]] = field(default_factory=dict)

    def table(self) -> list[tuple[str, str, int]]:
        """List (attribute, action, values), the most frequent first."""
        rows = [(name, action, count) for (name, action), count in self.changes.items()]
        return sorted(rows, key=lambda row: (-row[2], row[0], row[1]))

    def totals(self) -> dict[str, int]:
        """Give the number of values by action."""
        sums: Counter[str] = Counter()
        for (_, action), count in self.changes.items():
            sums[action] += count
        return {action: sums[action] for action in ACTIONS if sums[action]}

    def __repr__(self) -> str:
        """Write the outcome in a few lines."""
        lines = [f"{len(self.written)} files written, {len(self.refused)} refused"]
        lines += [f"{action}: {count} values" for action, count in self.totals().items()]
        for word, items in (("refused", self.refused), ("look at", self.look_at)):
            lines += [f"{word}: {item.path.name}: {item.reason}" for item in items[:5]]
            lines += [f"{word}: {len(items) - 5} more"] if len(items) > 5 else []
        if self.blanked:
            lines.append(f"text painted over in {len(self.blanked)} files")
        return "\n".join(lines)

    def _repr_markdown_(self) -> str:
        """Show the outcome and the commonest changes as a table."""
        rows = "\n".join(f"| {name} | {action} | {n} |" for name, action, n in self.table()[:12])
        more = len(self.changes) - 12
        rest = f"\n\n… and {more} more rows: `report.table()`" if more > 0 else ""
        head = repr(self).replace("\n", "  \n")
        return f"{head}\n\n| attribute | action | values |\n|---|---|---|\n{rows}{rest}"


def deidentify(
    source: str | Path,
    target: str | Path,
    key: bytes | str | Path | None = None,
    burned_in: Literal["refuse", "blank"] = "refuse",
) -> Report:
    """Write copies of DICOM files and WFDB records from which nobody is named any more.

    DICOM files get the Basic Profile of PS3.15, Annex E, and more (`medtutor.privacy.dicom` says
    what); the values of their pixels stay, compressed ones uncompressed. WFDB records lose their
    names, comments, dates and free remarks. What cannot be read or looked into is not copied, and
    is named in the report. The source is never changed.

    Parameters
    ----------
    source : str or Path
        A folder, looked through with its sub-folders, or one file.
    target : str or Path
        A new or empty folder; it appears when everything is done. DICOM files are named
        ``PATIENT/SERIES/INSTANCE.dcm`` by their new identifiers. If `source` is one DICOM file
        and `target` ends in ``.dcm``, the file to write.
    key : bytes, str or Path, optional
        The secret from which pseudonyms, UIDs and shifts of dates are derived, or the file that
        keeps it. The same key gives the same pseudonyms in the next run; whoever has it can
        confirm a guess, so keep it apart from the result. By default the file ``deidentify.key``
        beside the target, made when it is not there.
    burned_in : {"refuse", "blank"}
        What to do with images in whose pixels text is found, or that say so: not copy them, or
        paint over the text.

    Returns
    -------
    Report
        It names source files: do not share it.

    Raises
    ------
    DataError
        The source is not there or is empty, the target holds something, one lies in the other, or
        the key cannot be used.

    Notes
    -----
    De-identified is not anonymous: rare values, faces, and text that the search misses remain.

    Examples
    --------
    >>> import tempfile
    >>> from pydicom.data import get_testdata_file
    >>> with tempfile.TemporaryDirectory() as room:
    ...     report = deidentify(get_testdata_file("CT_small.dcm"), f"{room}/out", key=b"0" * 32)
    >>> len(report.written), report.changes["StudyDate", "shifted"]
    (1, 1)
    """
    source, target = Path(source).expanduser(), Path(target).expanduser()
    if burned_in not in ("refuse", "blank"):
        raise DataError(f'burned_in is "{burned_in}"', remedy='It must be "refuse" or "blank".')
    files, strange = _files(source, target)
    secret, key_file, is_new = read_key(key, target)
    if key_file and source.is_dir() and key_file.resolve().is_relative_to(source.resolve()):
        if is_new:
            raise DataError("the new key would lie in the source", key_file, "Name another place.")
        strange += [Refused(p, "the key of this run") for p in files if p.samefile(key_file)]
        files = [path for path in files if not path.samefile(key_file)]
    single = target.suffix.lower() == ".dcm" and source.is_file()
    report = Report(target, key_file, strange)
    with _told(target), paths.appears(target) as place:
        folder = place.with_name("files") if single else place
        folder.mkdir()
        with warnings.catch_warnings(action="ignore"):  # on values that the standard does not allow
            _Run(Pseudonyms(secret), burned_in == "blank", report).work(files, folder)
        if single and report.written:
            os.replace(folder / report.written[0].target, place)
            report.written = [Written(source, Path(target.name))]
        if is_new and key_file:
            write_key(secret, key_file)
        if target.is_dir():
            target.rmdir()  # empty: `_files` has looked
    home = target.parent if single else target
    report.written = [Written(pair.source, home / pair.target) for pair in report.written]
    report.refused.sort(key=lambda item: item.path)
    report.changes = +report.changes
    return report


@contextmanager
def _told(target: Path) -> Iterator[None]:
    """Tell what the disk refuses."""
    try:
        yield
    except OSError as error:
        what = f"it cannot be written, or its source not read ({error.strerror or error})"
        raise DataError(what, target, "Check the place and the space on the disk.") from error


def _files(source: Path, target: Path) -> tuple[list[Path], list[Refused]]:
    """List what can be read and what not; refuse what could harm the source or the target."""
    if not source.exists():
        raise DataError("it is not there", source, "Check the path.")
    one, other = source.resolve(), target.resolve()
    if other.is_relative_to(one) or one.is_relative_to(other):
        raise DataError(
            f"source and target lie in each other ({source})",
            target,
            "Choose a target outside of the source.",
        )
    if target.exists() and (target.is_file() or any(target.iterdir())):
        raise DataError(
            "the target is not empty, and nothing is overwritten",
            target,
            "Name a folder that does not exist yet.",
        )
    files, strange = [source], list[Refused]()
    if source.is_dir():
        here, closed = [], list[OSError]()
        for folder, below, names in os.walk(source, onerror=closed.append):
            links = [name for name in below if Path(folder, name).is_symlink()]
            here += [Path(folder, name) for name in names + links]
        files = sorted(path for path in here if path.is_file())
        odd = "a link that leads to no file, or a device"
        strange = [Refused(path, odd) for path in here if not path.is_file()]
        strange += [Refused(Path(e.filename), "this folder cannot be opened") for e in closed]
    if not files and not strange:
        raise DataError("the folder is empty", source, "Give a folder of DICOM or WFDB files.")
    return files, strange


@dataclass
class _Run:
    """One run over many files, and what it has seen so far."""

    names: Pseudonyms
    blank: bool
    done: Report
    known: dict[str, set[str]] = field(default_factory=dict)

    def work(self, files: list[Path], folder: Path) -> None:
        """De-identify every file into a folder."""
        parts = {path: _parts(path, files) for path in files if path.suffix == ".hea"}
        of_records = {part for named in parts.values() for part in named}
        scans = [p for p in files if p not in of_records and self._learn_names(p)]
        jobs = [(self._dicom, path) for path in scans] + [(self._wfdb, path) for path in parts]
        for do, path in jobs:
            try:
                do(path, folder)
            except Unfit as error:
                self.done.refused.append(Refused(path, str(error)))
        named = {pair.source for pair in self.done.written} | {
            item.path for item in self.done.refused
        }
        alone = "no annotations of a record that was written, nor its samples"
        self.done.refused += [Refused(path, alone) for path in sorted(of_records - named)]

    def _learn_names(self, path: Path) -> bool:
        """Take the names of a patient from a header; all of them, before any file is written."""
        try:
            if not dicom.is_dicom(path):
                raise Unfit(UNKNOWN)
            dataset = dicom.read(path, header_only=True)
        except (Unfit, OSError) as error:
            text = "it cannot be opened" if isinstance(error, OSError) else str(error)
            self.done.refused.append(Refused(path, text))
            return False
        self.known.setdefault(dicom.identity(dataset), set()).update(dicom.identifiers(dataset))
        return True

    def _dicom(self, path: Path, folder: Path) -> None:
        dataset = dicom.read(path)
        who = dicom.identity(dataset)
        before = dicom.flatten(dataset)
        boxes, warning = dicom.deidentified(dataset, self.names, who, self.known[who], self.blank)
        at = _place(dataset, folder)
        try:
            dicom.write(dataset, folder / at)
        except OSError:  # no room on the disk: no fault of this file
            raise
        except Exception as error:  # pydicom raises whatever the damaged value resembles
            (folder / at).unlink(missing_ok=True)
            raise Unfit("it is damaged and cannot be written again") from error
        self.done.changes += dicom.compare(before, dicom.flatten(dataset))
        self.done.changes["file name", "replaced"] += 1
        self.done.written.append(Written(path, at))
        if warning:
            self.done.look_at.append(Refused(path, warning))
        if boxes:
            self.done.blanked[path] = boxes

    def _wfdb(self, header: Path, folder: Path) -> None:
        files, sources, changes = wfdb.deidentified(header, self.names.patient(header.stem))
        if any((folder / new).exists() for new in files):
            raise Unfit("another record of the same name was written before it")
        for new, data in files.items():
            (folder / new).write_bytes(data)
        self.done.written += [Written(sources[new], Path(new)) for new in files]
        self.done.changes += changes


def _place(dataset: Any, folder: Path) -> Path:
    """Name a file by its new identifiers; the same instance twice gets a number."""
    series = str(dataset.get("SeriesInstanceUID") or "no-series")
    if max(len(series), len(str(dataset.SOPInstanceUID))) > 64:
        raise Unfit("a UID in it has several values, or more than the standard's 64 characters")
    at = Path(str(dataset.PatientID)) / series / f"{dataset.SOPInstanceUID}.dcm"
    number = 2
    while (folder / at).exists():
        at = at.with_name(f"{dataset.SOPInstanceUID}-{number}.dcm")
        number += 1
    return at


def _parts(header: Path, files: list[Path]) -> list[Path]:
    """List the files that belong to a WFDB record: its name, or named in its header."""
    try:
        words = {line.split()[0] for line in wfdb.lines_of(header)[0]}
    except Unfit:
        words = set()
    near = [p for p in files if p.parent == header.parent]
    return [p for p in near if p == header or p.name in words or _is_beside(p, header)]


def _is_beside(path: Path, header: Path) -> bool:
    """Tell whether a file has a record's name and is no DICOM; `_learn_names` tells of the rest."""
    try:
        return path.stem == header.stem and not dicom.is_dicom(path)
    except OSError:
        return False
