"""De-identify a folder of DICOM files and WFDB records: `deidentify`."""

import os
import shutil
import warnings
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

from medtutor.errors import DataError
from medtutor.privacy import _dicom, _wfdb, profile
from medtutor.privacy._changes import compare, flatten
from medtutor.privacy.burned_in import Box
from medtutor.privacy.pseudonyms import Pseudonyms, read_key, write_key
from medtutor.privacy.reports import Refused, Report, Written

UNKNOWN = "neither DICOM nor WFDB: nobody here knows what it holds"


def deidentify(
    source: str | Path,
    target: str | Path,
    key: bytes | str | Path | None = None,
    burned_in: Literal["refuse", "blank"] = "refuse",
) -> Report:
    """Write copies of DICOM files and WFDB records from which nobody is named any more.

    DICOM files get the Basic Profile of PS3.15, Annex E, and more (`medtutor.privacy.profile` says
    what); their pixels stay as they are, byte for byte. WFDB records lose their names, comments,
    dates and free remarks. What cannot be read or looked into is not copied, and is named in the
    report. The source is never changed.

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
        What changed and what was refused. It names source files: do not share it.

    Raises
    ------
    DataError
        The source is not there or is empty, the target holds something, one lies in the other, or
        the key cannot be used.

    Notes
    -----
    De-identified is not anonymous: rare values, faces, and text that the search misses remain.
    """
    source, target = Path(source).expanduser(), Path(target).expanduser()
    if burned_in not in ("refuse", "blank"):
        raise DataError(f'burned_in is "{burned_in}"', remedy='It must be "refuse" or "blank".')
    files = _files(source, target)
    secret, key_file, is_new = read_key(key, target)
    if key_file and source.is_dir() and key_file.resolve().is_relative_to(source.resolve()):
        if is_new:
            raise DataError("the new key would lie in the source", key_file, "Name another place.")
        files = [path for path in files if path.resolve() != key_file.resolve()]
    single = target.suffix.lower() == ".dcm" and source.is_file()
    run = _Run(Pseudonyms(secret), burned_in == "blank")
    with _whole_or_nothing(target, single) as folder:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # on values that the standard does not allow
            run.work(files, folder)
        if single and run.written:
            only = folder / run.written[0].target
            run.written = [Written(source, Path(target.name))]
            os.replace(only, folder / target.name)
        if is_new and key_file:
            write_key(secret, key_file)
    written = [Written(w.source, (target.parent if single else target) / w.target)
               for w in run.written]  # fmt: skip
    return Report(target, tuple(written), tuple(run.refused), +run.changes, tuple(run.look_at),
                  run.blanked, key_file)  # fmt: skip


def _files(source: Path, target: Path) -> list[Path]:
    """List the files to read, and refuse what could harm the source or the target."""
    if not source.exists():
        raise DataError("it is not there", source, "Check the path.")
    here, there = source.resolve(), target.resolve()
    if here == there or there.is_relative_to(here) or here.is_relative_to(there):
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
    files = [source] if source.is_file() else sorted(p for p in source.rglob("*") if p.is_file())
    if not files:
        raise DataError("the folder is empty", source, "Give a folder of DICOM or WFDB files.")
    return files


@contextmanager
def _whole_or_nothing(target: Path, single: bool) -> Iterator[Path]:
    """Give a hidden folder beside the target that takes its place only if all goes well."""
    target.parent.mkdir(parents=True, exist_ok=True)
    folder = target.with_name(f".{target.name}.{os.getpid()}.tmp")
    folder.mkdir(mode=0o700)
    try:
        yield folder
        if single:
            if (folder / target.name).is_file():
                os.replace(folder / target.name, target)
            return
        folder.chmod(0o755)
        if target.is_dir():
            target.rmdir()  # empty: `_files` has looked
        os.replace(folder, target)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


class _Run:
    """One run over many files, and what it has seen so far."""

    def __init__(self, names: Pseudonyms, blank: bool) -> None:
        self.names, self.blank = names, blank
        self.known: dict[str, set[str]] = {}
        self.written: list[Written] = []
        self.refused: list[Refused] = []
        self.look_at: list[Refused] = []
        self.changes: Counter[tuple[str, str]] = Counter()
        self.blanked: dict[Path, list[Box]] = {}

    def work(self, files: list[Path], folder: Path) -> None:
        """De-identify every file into a folder."""
        headers = [path for path in files if path.suffix == ".hea"]
        of_records = {p for h in headers for p in _parts(h, files)}
        dicom = [p for p in files if p not in of_records and self._readable(p)]
        for path in dicom:  # first all names of a patient, then the files
            dataset = _dicom.read(path, header_only=True)
            words = self.known.setdefault(profile.identity(dataset), set())
            words |= profile.identifiers(dataset)
        for path in dicom:
            try:
                self._dicom(path, folder)
            except _dicom.Unfit as error:
                self.refused.append(Refused(path, str(error)))
        for header in headers:
            try:
                self._wfdb(header, folder)
            except _wfdb.Unfit as error:
                self.refused.append(Refused(header, str(error)))
        self.refused.sort(key=lambda item: item.path)

    def _readable(self, path: Path) -> bool:
        try:
            if not _dicom.is_dicom(path):
                raise _dicom.Unfit(UNKNOWN)
            _dicom.read(path, header_only=True)
        except (_dicom.Unfit, OSError) as error:
            text = "it cannot be opened" if isinstance(error, OSError) else str(error)
            self.refused.append(Refused(path, text))
            return False
        return True

    def _dicom(self, path: Path, folder: Path) -> None:
        dataset = _dicom.read(path)
        who = profile.identity(dataset)
        before = flatten(dataset)
        known = self.known[who]
        dataset, boxes, warning = _dicom.deidentified(dataset, self.names, who, known, self.blank)
        at = self._place(dataset, folder)
        try:
            _dicom.write(dataset, folder / at)
        except Exception as error:  # pydicom raises whatever the damaged value resembles
            (folder / at).unlink(missing_ok=True)
            raise _dicom.Unfit("it is damaged and cannot be written again") from error
        self.changes += compare(before, flatten(dataset))
        self.changes["file name", "replaced"] += 1
        self.written.append(Written(path, at))
        if warning:
            self.look_at.append(Refused(path, warning))
        if boxes:
            self.blanked[path] = boxes

    def _place(self, dataset: Any, folder: Path) -> Path:
        """Name a file by its new identifiers; the same instance twice gets a number."""
        series = str(dataset.get("SeriesInstanceUID") or "no-series")
        at = Path(str(dataset.PatientID)) / series / f"{dataset.SOPInstanceUID}.dcm"
        number = 2
        while (folder / at).exists():
            at = at.with_name(f"{dataset.SOPInstanceUID}-{number}.dcm")
            number += 1
        return at

    def _wfdb(self, header: Path, folder: Path) -> None:
        name = self.names.patient(header.stem)

        def rename(old: str) -> str:
            stem, suffix = os.path.splitext(old)
            new = name if stem == header.stem else self.names.patient(stem)
            return new + (
                suffix if suffix == ".dat" else "-" + self.names.patient(old)[:4] + ".dat"
            )

        files, changes = _wfdb.deidentified(header, name, rename)
        for new, data in files.items():
            if not (folder / new).exists():
                (folder / new).write_bytes(data)
        self.changes += changes
        self.written.append(Written(header, Path(f"{name}.hea")))


def _parts(header: Path, files: list[Path]) -> list[Path]:
    """List the files that belong to a WFDB record: its name, or named in its header."""
    try:
        words = set(header.read_text(encoding="utf-8", errors="replace").split())
    except OSError:
        words = set()
    return [
        p for p in files
        if p.parent == header.parent
        and (p.name in words or (p.stem == header.stem and not _dicom.is_dicom(p)))
    ]  # fmt: skip
