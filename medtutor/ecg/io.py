"""Read ECG recordings and their beat annotations from WFDB files.

A WFDB record is three files: ``101.hea`` (text: leads, sampling rate, gain), ``101.dat`` (the
samples) and ``101.atr`` (what experts saw at which sample). The format is described in the WFDB
Applications Guide of PhysioNet, https://physionet.org/physiotools/wag/.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from medtutor import manifests
from medtutor.ecg.beats import BEAT_CODES
from medtutor.errors import DataError
from medtutor.types import Recording

# Names for the same electrode pair: the modified limb lead II of Holter recorders.
LEAD_ALIASES = {"MLII": ("MLII", "II", "ML2"), "II": ("II", "MLII", "ML2")}
MILLIVOLTS = {"mv": 1.0, "uv": 1e-3, "µv": 1e-3, "v": 1e3}
FLAT_SECONDS = 1.0  # equal samples for longer than this are no heart signal

# MIT-BIH Arrhythmia Database: the inter-patient split of de Chazal et al., IEEE Trans Biomed Eng
# 51:1196 (2004), section II-B, and the four records with a pacemaker that it leaves out.
_DS1 = "101 106 108 109 112 114 115 116 118 119 122 124 201 203 205 207 208 209 215 220 223 230"
_DS2 = "100 103 105 111 113 117 121 123 200 202 210 212 213 214 219 221 222 228 231 232 233 234"
DS1, DS2 = tuple(_DS1.split()), tuple(_DS2.split())
PACED = ("102", "104", "107", "217")
SAME_PERSON = {"202": "201"}  # the database's own directory says so


class MissingLead(DataError):
    """The record has other leads than the one asked for."""


class Folder(NamedTuple):
    """What `read_folder` found: the recordings, who is in which part, and what was left out."""

    recordings: tuple[Recording, ...]
    split: dict[str, str] | None
    notes: tuple[str, ...]


def read_record(
    path: str | Path,
    lead: str | None = "MLII",
    fs: float | None = 360,
    subject: str | None = None,
    annotator: str = "atr",
    comments: bool = False,
) -> Recording:
    """Read one WFDB record.

    Parameters
    ----------
    path : str or Path
        The record, with or without a suffix: ``mitdb/101`` or ``mitdb/101.hea``.
    lead : str or None
        The lead that becomes column 0 of the signal, by name; None takes the first.
    fs : float or None
        Sampling rate wanted, in hertz. A record at another rate is resampled with its beats, and
        a note says so. None keeps the record's own rate.
    subject : str, optional
        The person; by default the record's name, and 201 for MIT-BIH's record 202.
    annotator : str
        Suffix of the annotation file.
    comments : bool
        Whether the comments of the header become notes. In real records they tell of the person.

    Returns
    -------
    Recording

    Raises
    ------
    DataError
        A file is missing, cut off or damaged, the lead is not there, or no beat is annotated.

    Examples
    --------
    >>> from medtutor import paths
    >>> recording = read_record(paths.data() / "ecg_simulated" / "S001")
    >>> recording.leads, recording.signal.shape
    (('MLII', 'V1'), (86400, 2))
    """
    base = record_base(path)
    header = read_header(base)
    names = tuple(header.sig_name or ())
    column = find_lead(base, names, lead)
    signal, leads, notes = _read_signal(base, header, column)
    beats, symbols = _read_beats(base, annotator, len(signal))
    notes += _gaps(signal[:, 0], float(header.fs), leads[0], base)
    if subject is None:
        subject = SAME_PERSON.get(base.name, base.name)
    if comments:
        notes += header.comments
    own = float(header.fs)
    found = Recording(base.name, subject, signal, leads, own, beats, symbols, tuple(notes))
    return found if fs is None else resample(found, fs)


def resample(recording: Recording, fs: float) -> Recording:
    """Bring a recording to another sampling rate; its beats move with it.

    A polyphase filter removes what the new rate cannot hold. Missing samples are bridged for it
    and are missing again afterwards.
    """
    if recording.fs == fs:
        return recording
    from scipy.signal import resample_poly

    ratio = Fraction(fs / recording.fs).limit_denominator(1000)
    missing = np.isnan(recording.signal)
    bridged = _bridge(recording.signal) if missing.any() else recording.signal
    signal = resample_poly(bridged, ratio.numerator, ratio.denominator, axis=0, padtype="line")
    signal = signal.astype(np.float32)
    if missing.any():
        source = np.minimum(
            np.round(np.arange(len(signal)) * recording.fs / fs).astype(int), len(missing) - 1
        )
        signal[missing[source]] = np.nan
    beats = np.round(recording.beats * fs / recording.fs).astype(np.int64)
    return replace(
        recording,
        signal=signal,
        fs=float(fs),
        beats=np.minimum(beats, len(signal) - 1),
        notes=(*recording.notes, f"resampled from {recording.fs:g} to {fs:g} Hz"),
    )


def _bridge(signal: np.ndarray) -> np.ndarray:
    """Draw straight lines across missing samples, column by column."""
    filled = signal.copy()
    index = np.arange(len(signal))
    for column in filled.T:
        there = ~np.isnan(column)
        column[:] = np.interp(index, index[there], column[there]) if there.any() else 0.0
    return filled


def read_folder(
    folder: str | Path, lead: str | None = "MLII", fs: float | None = 360, comments: bool = False
) -> Folder:
    """Read every WFDB record of a folder.

    Who is in which part comes from ``split.csv`` (columns ``record,subject,split``) when it is
    there. Without it, a folder of MIT-BIH records takes that database's subjects, and its usual
    parts DS1 (train) and DS2 (test) if it holds both; any other record is a subject of its own.

    Left out, with a note each: records without the lead, and records of a pacemaker (more than
    half of the beats paced, as MIT-BIH's 102, 104, 107, 217), whose rate the heart does not set.
    If no record of the folder has the lead, the first lead of each record is read instead.
    """
    folder = Path(folder)
    names = _record_names(folder)
    listed = _read_split(folder / "split.csv", names)
    notes: list[str] = []
    if listed is not None:
        skipped = [name for name in names if name not in listed]
        names = [name for name in names if name in listed]
        if skipped:
            notes.append(f"not in split.csv, left out: {', '.join(skipped)}")
    subjects = {name: row[0] for name, row in listed.items()} if listed else {}
    recordings = _read_all(folder, names, subjects, (lead, fs, comments), notes)
    if not recordings and lead is not None and names:
        notes.clear()
        recordings = _read_all(folder, names, subjects, (None, fs, comments), notes)
        if recordings:
            notes.append(f"no record has lead {lead}: the first lead of each is read instead")
    if not recordings:
        raise DataError(
            "no record is left: " + "; ".join(notes),
            folder,
            "Add records that the lessons can use.",
        )
    split: dict[str, str] | None
    if listed is not None:
        split = {recording.subject: listed[recording.name][1] for recording in recordings}
        _note_one_person(subjects, split, notes)
    else:
        split = _usual_parts({r.name: r.subject for r in recordings}, notes)
    return Folder(tuple(recordings), split, tuple(notes))


def _record_names(folder: Path) -> list[str]:
    """List the records of a folder by their headers; a signal file without one is an error."""
    if not folder.is_dir():
        raise DataError("this folder is not there", folder, "Check the path.")
    names = sorted(path.stem for path in folder.glob("*.hea"))
    for path in sorted(folder.glob("*.dat")):
        if not path.with_suffix(".hea").exists() and not _named_in_header(path, names):
            raise DataError(
                "this signal file has no header",
                path,
                f"Copy {path.stem}.hea beside it, or take the file away.",
            )
    if not names:
        raise DataError(
            "no WFDB record (*.hea, *.dat, *.atr) lies in this folder",
            folder,
            "Give the folder that directly holds the records.",
        )
    return names


def _named_in_header(path: Path, names: list[str]) -> bool:
    """Tell whether some header of the folder reads its signal from this file."""
    return any(
        path.name in path.with_name(f"{name}.hea").read_text(errors="replace").split()
        for name in names
    )


def _read_all(
    folder: Path,
    names: list[str],
    subjects: dict[str, str],
    how: tuple[str | None, float | None, bool],
    notes: list[str],
) -> list[Recording]:
    """Read the records that have the lead and a heart that beats by itself; note the others."""
    lead, fs, comments = how
    recordings, lacking, paced = [], [], []
    for name in names:
        try:
            recording = read_record(folder / name, lead, fs, subjects.get(name), comments=comments)
        except MissingLead:
            lacking.append(name)
            continue
        if np.mean(recording.symbols == "/") > 0.5:
            paced.append(name)
        else:
            recordings.append(recording)
    if lacking:
        notes.append(f"without lead {lead}, left out: {', '.join(lacking)}")
    if paced:
        notes.append(f"most beats paced, left out: {', '.join(paced)}")
    return recordings


# ------------------------------ the files of one record


def record_base(path: str | Path) -> Path:
    """Strip the suffix of a record's file, and check that its header is there."""
    path = Path(path)
    base = path.with_suffix("") if path.suffix in (".hea", ".dat", ".atr") else path
    header = base.with_name(base.name + ".hea")
    if not header.is_file():
        raise DataError(
            "this header of a WFDB record is not there",
            header,
            f"A record is at least {base.name}.hea, {base.name}.dat and {base.name}.atr: copy all "
            "of them.",
        )
    return base


def read_header(base: Path) -> Any:
    """Read `.hea`, and check that every signal file is in the folder and as long as it says."""
    import wfdb

    path = base.with_name(base.name + ".hea")
    try:
        header = wfdb.rdheader(str(base))
    except Exception as error:  # wfdb raises whatever its parser trips over
        raise DataError(
            f"this is not a WFDB header ({_first_line(error)})", path, "Copy the record again."
        ) from error
    if isinstance(header, wfdb.MultiRecord):
        raise DataError(
            "the record is in several segments",
            path,
            "Join them first: wfdb.rdrecord(…, m2s=True), then wfdb.wrsamp(…).",
        )
    if not header.n_sig:
        raise DataError("the header names no signal", path, "Leave the record out.")
    known = (header.file_name, header.fmt, header.units, header.sig_name)
    if any(values is None or None in values for values in known) or not 1 <= header.fs <= 100_000:
        raise DataError("the header is incomplete or damaged", path, "Copy the record again.")
    for name in dict.fromkeys(header.file_name):
        _check_length(base.with_name(name), header, name)
    return header


def _check_length(path: Path, header: Any, name: str) -> None:
    """Compare the size of a signal file with what the header promises."""
    from wfdb.io._signal import BYTES_PER_SAMPLE

    if not path.is_file():
        raise DataError(
            "this signal file of the record is not there", path, "Copy it beside its .hea file."
        )
    columns = [i for i, file in enumerate(header.file_name) if file == name]
    each = BYTES_PER_SAMPLE.get(header.fmt[columns[0]], 0)
    if not header.sig_len or not each:  # compressed, or a header without a length
        return
    per_frame = sum(header.samps_per_frame[i] or 1 for i in columns)
    needed = int(header.sig_len * per_frame * each) + (header.byte_offset[columns[0]] or 0)
    if path.stat().st_size < needed:
        raise DataError(
            f"the file is cut off: {path.stat().st_size:,} of {needed:,} bytes",
            path,
            "Copy or download it again.",
        )


def find_lead(base: Path, names: Sequence[str], lead: str | None) -> int:
    """Find a lead's column by name, whatever its case; lead II and MLII are the same pair."""
    if lead is None:
        return 0
    known = {name.strip().upper(): i for i, name in reversed(list(enumerate(names)))}
    for alias in LEAD_ALIASES.get(lead.upper(), (lead.upper(),)):
        if alias in known:
            return known[alias]
    raise MissingLead(
        f"the record has no lead {lead}; it has {', '.join(names)}",
        base.with_name(base.name + ".hea"),
        f'Leave the record out, or choose another lead for all records: lead="{names[0]}".',
    )


def _read_signal(
    base: Path, header: Any, column: int
) -> tuple[np.ndarray, tuple[str, ...], list[str]]:
    """Read the samples in millivolts with the chosen lead first."""
    import wfdb

    try:
        record = wfdb.rdrecord(str(base), physical=False, return_res=16)
        plain = record.d_signal is not None and set(record.samps_per_frame) == {1}
        damaged = plain and any(
            said and (said - found) % 65536  # some headers write it as a signed number
            for said, found in zip(record.checksum, record.calc_checksum(), strict=True)
        )
        signal = record.dac(return_res=32)
    except Exception as error:
        raise DataError(
            f"the samples cannot be read ({_first_line(error)})",
            base.with_name(header.file_name[0]),
            "Copy or download the record again.",
        ) from error
    notes = ["the samples do not match the checksum in the header"] if damaged else []
    units = [str(unit or "").strip().lower() for unit in header.units]
    for i, unit in enumerate(units):
        if MILLIVOLTS.get(unit, 1.0) != 1.0:
            signal[:, i] *= np.float32(MILLIVOLTS[unit])
    names = header.sig_name
    if units[column] not in MILLIVOLTS:
        notes.append(f"lead {names[column]} is in {header.units[column]!r}, not in millivolts")
    order = [column, *(i for i in range(signal.shape[1]) if i != column)]
    signal = np.ascontiguousarray(signal[:, order]) if column else signal
    return signal, tuple(names[i] for i in order), notes


def _read_beats(base: Path, annotator: str, samples: int) -> tuple[np.ndarray, np.ndarray]:
    """Read where the beats are and what they are, in order; other annotations are dropped."""
    import wfdb

    path = base.with_name(f"{base.name}.{annotator}")
    if not path.is_file():
        others = sorted(
            file.suffix[1:]
            for file in base.parent.glob(f"{base.name}.*")
            if file.suffix in (".qrs", ".ecg", ".ari", ".man", ".wqrs")
        )
        remedy = f'Or use {base.name}.{others[0]}: annotator="{others[0]}".' if others else ""
        raise DataError(
            "the beat annotations are not there",
            path,
            f"Copy it beside the record: the lessons learn from its beats. {remedy}".strip(),
        )
    with path.open("rb") as file:
        file.seek(max(path.stat().st_size - 2, 0))
        whole = file.read() == b"\0\0"  # the mark that ends every annotation file
    if not whole:
        raise DataError("the annotations are cut off", path, "Copy or download the file again.")
    try:
        annotation = wfdb.rdann(str(base), annotator)
    except Exception as error:
        raise DataError(
            f"the annotations cannot be read ({_first_line(error)})",
            path,
            "Copy or download the file again.",
        ) from error
    symbols = np.asarray(annotation.symbol, dtype="<U2")
    beats = np.asarray(annotation.sample, dtype=np.int64)
    keep = np.isin(symbols, list(BEAT_CODES)) & (beats >= 0) & (beats < samples)
    if not keep.any():
        raise DataError(
            "no beat is annotated in it", path, "Leave the record out, or use another annotator."
        )
    order = np.argsort(beats[keep], kind="stable")
    return beats[keep][order], symbols[keep][order]


def _gaps(signal: np.ndarray, fs: float, lead: str, base: Path) -> list[str]:
    """Describe missing and flat stretches of the lead that the lessons read."""
    missing = np.isnan(signal)
    if missing.all() or np.nanmax(signal) == np.nanmin(signal):
        raise DataError(
            f"lead {lead} carries no signal",
            base.with_name(base.name + ".dat"),
            "Leave the record out, or choose another lead.",
        )
    notes = []
    if missing.any():
        notes.append(f"lead {lead} has {missing.sum() / fs:.1f} s of NaN (missing samples)")
    change = np.flatnonzero(np.diff(signal) != 0)  # NaN differs from itself: never flat
    runs = np.diff(np.concatenate([[-1], change, [len(signal) - 1]]))
    flat = runs[runs > FLAT_SECONDS * fs]
    if len(flat):
        stretches = "a flat stretch" if len(flat) == 1 else f"{len(flat)} flat stretches"
        notes.append(f"lead {lead} has {stretches}, {flat.sum() / fs:.1f} s together")
    return notes


def _first_line(error: Exception) -> str:
    """Shorten another library's message so that it fits into ours."""
    lines = str(error).strip().splitlines()
    return (lines[0] if lines else type(error).__name__)[:120]


# ------------------------------ whose record it is


def _read_split(path: Path, names: list[str]) -> dict[str, tuple[str, str]] | None:
    """Read ``split.csv``: record to (subject, part), or None when there is no such file."""
    if not path.is_file():
        return None
    rows = manifests.read(path, ("record", "subject", "split"))
    listed: dict[str, tuple[str, str]] = {}
    for line, record, subject, part in zip(
        rows.lines, rows["record"], rows["subject"], rows["split"], strict=True
    ):
        if record in listed:
            raise DataError(
                f"line {line}: record {record} is listed twice", path, "Keep one of the two lines."
            )
        if not subject:
            raise DataError(f"line {line} has no subject", path, "Write there whose record it is.")
        listed[record] = (subject, part)
    parts = manifests.parts(rows["split"], path, rows.lines)
    listed = {name: (row[0], part) for (name, row), part in zip(listed.items(), parts, strict=True)}
    missing = [f"{record}.hea" for record in listed if record not in names]
    manifests.refuse_missing(missing, len(listed), path, "records")
    manifests.refuse_shared(
        [row[0] for row in listed.values()], [row[1] for row in listed.values()], path, "subject"
    )
    return listed


def _usual_parts(subjects: dict[str, str], notes: list[str]) -> dict[str, str] | None:
    """Split MIT-BIH records as the literature does, when both of its parts are there."""
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


def _note_one_person(subjects: dict[str, str], split: dict[str, str], notes: list[str]) -> None:
    """Say when a user's split puts the one person behind two MIT-BIH records on both sides."""
    if not set(subjects) <= {*DS1, *DS2, *PACED}:
        return
    for record, other in SAME_PERSON.items():
        parts = {split.get(subjects.get(name, "")) for name in (record, other)} - {None}
        if len(parts) > 1:
            notes.append(
                f"{other} and {record} are one person, but split.csv has them in two parts"
            )
