"""Read ECG recordings and their beat annotations from WFDB files.

A WFDB record is three files: ``101.hea`` (text: leads, sampling rate, gain), ``101.dat`` (the
samples) and ``101.atr`` (what experts saw at which sample). The format is described in the WFDB
Applications Guide of PhysioNet, https://physionet.org/physiotools/wag/.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import NamedTuple

import numpy as np

from medtutor import manifests
from medtutor.ecg import formats, quality
from medtutor.ecg.beats import BEAT_CODES
from medtutor.ecg.formats import Header, LeftOut
from medtutor.errors import DataError
from medtutor.types import Recording

# Names for the same electrode pair: the modified limb lead II of Holter recorders.
LEAD_ALIASES = {"MLII": ("MLII", "II", "ML2"), "II": ("II", "MLII", "ML2")}
HEIGHT = (0.01, 50.0)  # mV between the 1st and 99th percentile: no electrode on the skin gives more
# How a note ends that a folder passes on: what a recording lost, and what of it may be wrong.
LESS = (", left out", ", counted once", "behind the end: not read")
DOUBT = ("the checksum in the header", "steps a unit assumed", "check its gain and unit", "default")
FLAT_SECONDS = 1.0  # equal samples for longer than this are no heart signal

# MIT-BIH Arrhythmia Database: the inter-patient split of de Chazal et al., IEEE Trans Biomed Eng
# 51:1196 (2004), section II-B, and the four records with a pacemaker that it leaves out.
_DS1 = "101 106 108 109 112 114 115 116 118 119 122 124 201 203 205 207 208 209 215 220 223 230"
_DS2 = "100 103 105 111 113 117 121 123 200 202 210 212 213 214 219 221 222 228 231 232 233 234"
DS1, DS2 = tuple(_DS1.split()), tuple(_DS2.split())
PACED = ("102", "104", "107", "217")
SAME_PERSON = {"202": "201"}  # the database's own directory says so


class MissingLead(LeftOut):
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
    comments : bool
        Whether the comments of the header become notes. In real records they tell of the person.

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
    header = read_header(path)
    name = header.path.stem
    signal, leads, own, notes = _read_signal(header, find_lead(header, lead))
    beats, symbols, said = _read_beats(header, len(signal), own)
    notes = [*header.notes, *notes, *said, *_gaps(signal[:, 0], own, leads[0], header)]
    if subject is None:
        subject = SAME_PERSON.get(name, name)
    if comments:
        notes += header.comments
    found = Recording(name, subject, signal, leads, own, beats, symbols, tuple(notes))
    return found if fs is None else resample(found, fs)


def read_lead(path: str | Path, lead: str | None = "MLII") -> tuple[float, np.ndarray]:
    """Read one lead of a record at its own rate, without annotations: hertz, and millivolts."""
    header = read_header(path)
    signal, _, fs, _ = _read_signal(header, find_lead(header, lead), alone=True)
    return fs, signal[:, 0]


def resample(recording: Recording, fs: float) -> Recording:
    """Bring a recording to another sampling rate; its beats move with it.

    A polyphase filter removes what the new rate cannot hold. Missing samples are bridged for it
    and are missing again afterwards.
    """
    if recording.fs == fs:
        return recording
    signal = _polyphase(recording.signal, recording.fs, fs)
    moved = np.round(recording.beats * (fs / recording.fs)).astype(np.int64)
    beats, first = np.unique(np.minimum(moved, len(signal) - 1), return_index=True)
    return replace(
        recording,
        signal=signal,
        fs=float(fs),
        beats=beats,
        symbols=recording.symbols[first],
        notes=(*recording.notes, f"resampled from {recording.fs:g} to {fs:g} Hz"),
    )


def _polyphase(signal: np.ndarray, old: float, new: float) -> np.ndarray:
    """Resample columns; what is missing before is missing afterwards."""
    from scipy.signal import resample_poly

    ratio = Fraction(new / old).limit_denominator(100_000)  # coarser, and beats would drift away
    missing = np.isnan(signal)
    bridged = signal.copy() if missing.any() else signal
    for k in np.flatnonzero(missing.any(axis=0)):
        quality.bridge(bridged[:, k], missing[:, k])
    result = resample_poly(bridged, ratio.numerator, ratio.denominator, axis=0, padtype="line")
    result = result.astype(np.float32)
    if missing.any():
        source = np.round(np.arange(len(result)) * old / new).astype(int)
        result[missing[np.minimum(source, len(missing) - 1)]] = np.nan
    return result


def read_folder(folder: str | Path, comments: bool = False) -> Folder:
    """Read lead MLII of every WFDB record of a folder.

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
    notes = list[str]()
    if listed is not None:
        skipped = [name for name in names if name not in listed]
        names = [name for name in names if name in listed]
        if skipped:
            notes.append(f"not in split.csv, left out: {', '.join(skipped)}")
    subjects = {name: row[0] for name, row in listed.items()} if listed else {}
    if listed is None and not {*names} <= {*DS1, *DS2, *PACED}:
        subjects = {name: name for name in names}  # another 202 than that of MIT-BIH
    before = [*notes]
    recordings = _read_all(folder, names, subjects, "MLII", comments, notes)
    if not recordings and names:
        notes = before
        recordings = _read_all(folder, names, subjects, None, comments, notes)
        if recordings:
            notes.append("no record in use has lead MLII: the first lead of each is read instead")
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
    notes += _besides(folder)
    return Folder(tuple(recordings), split, tuple(notes))


def _besides(folder: Path) -> list[str]:
    """Name what lies in the folder and belongs to no record."""
    names = _record_names(folder)
    known = {"split.csv", *(f"{name}.{ending}" for name in names for ending in ("hea", "atr"))}
    for name in names:
        with suppress(DataError):
            header = formats.read_header(folder / f"{name}.hea")
            known |= {signal.file for signal in header.signals}
    others = sorted(p.name + "/" * p.is_dir() for p in folder.iterdir() if p.name not in known)
    more = f" and {len(others) - 5} more" if len(others) > 5 else ""
    return [f"not read: {', '.join(others[:5])}{more}"] if others else []


def _record_names(folder: Path) -> list[str]:
    """List the records of a folder by their headers."""
    if not folder.is_dir():
        raise DataError("this folder is not there", folder, "Check the path.")
    # macOS leaves files "._NAME" that are none.
    names = sorted(p.stem for p in folder.glob("*.hea") if not p.name.startswith("."))
    alone = sorted(p for p in folder.glob("*.dat") if not p.name.startswith("."))
    if not names and alone:
        raise DataError(
            "this signal file has no header",
            alone[0],
            f"Copy {alone[0].stem}.hea beside it, or take the file away.",
        )
    if not names:
        raise DataError(
            "no WFDB record (*.hea, *.dat, *.atr) lies in this folder",
            folder,
            "Give the folder that directly holds the records.",
        )
    return names


def _read_all(
    folder: Path,
    names: list[str],
    subjects: dict[str, str],
    lead: str | None,
    comments: bool,
    notes: list[str],
) -> list[Recording]:
    """Read the records that have the lead and a heart that beats by itself; note the others."""
    recordings: list[Recording] = []
    told: dict[str, list[str]] = {}  # what was left out, to records
    for name in names:
        try:
            recording = read_record(
                folder / name, lead, subject=subjects.get(name), comments=comments
            )
        except MissingLead:
            told.setdefault(f"without lead {lead}, left out", []).append(name)
            continue
        except LeftOut as error:
            told.setdefault(f"{error.problem}, left out", []).append(name)
            continue
        if np.mean(recording.symbols == "/") > 0.5:
            told.setdefault("most beats paced, left out", []).append(name)
            continue
        recordings.append(recording)
        for note in recording.notes:
            if note.endswith(LESS + DOUBT):
                told.setdefault(note, []).append(name)
    notes += [f"{what}: {', '.join(those)}" for what, those in told.items()]
    return recordings


# ------------------------------ the files of one record


def read_header(path: str | Path) -> Header:
    """Read a record's header; check that its files are in the folder and as long as it says."""
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
    return formats.measure(formats.read_header(header))


def find_lead(header: Header, lead: str | None) -> int:
    """Find a lead's column by name, whatever its case; lead II and MLII are the same pair."""
    names = [signal.name for signal in header.signals]
    if lead is None:  # the first that is a voltage: some records begin with another curve
        return next((k for k, signal in enumerate(header.signals) if signal.millivolts), 0)
    known = {name.upper(): i for i, name in reversed(list(enumerate(names)))}
    for alias in LEAD_ALIASES.get(lead.upper(), (lead.upper(),)):
        if alias in known:
            return known[alias]
    raise MissingLead(
        f"the record has no lead {lead}; it has {', '.join(names)}",
        header.path,
        f'Leave the record out, or choose another lead for all records: lead="{names[0]}".',
    )


def _read_signal(
    header: Header, column: int, alone: bool = False
) -> tuple[np.ndarray, tuple[str, ...], float, list[str]]:
    """Read the samples in millivolts at the chosen lead's own rate, that lead first."""
    chosen = header.signals[column]
    if chosen.millivolts is None:
        raise DataError(
            f"lead {chosen.name} is in {chosen.unit!r}, which is not understood as a voltage",
            header.path,
            "Write mV, uV, nV or V there if it is one of them; else choose another lead.",
        )
    columns = [column, *(i for i in range(len(header.signals)) if i != column and not alone)]
    fs, notes = header.fs * chosen.per_frame, list[str]()
    kept, leads = list[np.ndarray](), list[str]()
    damaged = False
    for signal, samples in zip(
        [header.signals[i] for i in columns], formats.read_samples(header, columns), strict=True
    ):
        damaged |= formats.disagrees(samples, signal)
        if signal.millivolts is None:
            notes.append(f"lead {signal.name} is in {signal.unit!r}, no voltage, left out")
            continue
        values = formats.physical(samples, signal, signal.millivolts)
        why = _too_high(values, signal.name)
        if why and not kept:
            raise DataError(why, header.path, "Check its gain and unit.")
        if why:
            notes.append(f"{why}, left out")
            continue
        if signal.per_frame != chosen.per_frame:
            own = header.fs * signal.per_frame
            values = _polyphase(values[:, None], own, fs)[:, 0]
            notes.append(f"lead {signal.name} resampled from {own:g} to {fs:g} Hz")
        kept.append(values)
        leads.append(signal.name)
    if damaged:
        notes.insert(0, "the samples do not match the checksum in the header")
    return np.stack(kept, axis=1), tuple(leads), fs, notes


def _too_high(values: np.ndarray, lead: str) -> str:
    """Say so when a lead is higher than any heart is on the skin: its gain or unit is wrong."""
    if np.isnan(values).all():
        return ""
    with np.errstate(invalid="ignore"):
        if np.nanmax(values) - np.nanmin(values) <= HEIGHT[1]:
            return ""  # then so do the percentiles, which cost many times as much
        low, high = np.nanpercentile(values, [1, 99])
    fine = high - low <= HEIGHT[1]  # infinite or not a number: not fine
    return "" if fine else f"lead {lead} is {high - low:,.0f} mV high, which no heart gives"


def _read_beats(
    header: Header, samples: int, fs: float
) -> tuple[np.ndarray, np.ndarray, list[str]]:
    """Read where the beats are and what they are, in order; other annotations are dropped."""
    path = header.path.with_suffix(".atr")
    if not path.is_file():
        remedy = "Copy it beside the record: the lessons learn from its beats."
        for ending in (".ari", ".ecg", ".man", ".qrs", ".wqrs"):
            if path.with_suffix(ending).is_file():
                remedy += f" Or copy {path.stem}{ending} to {path.name}, if its beats are right."
        raise LeftOut("the beat annotations are not there", path, remedy)
    read = formats.read_annotations(path)
    is_beat = np.isin(read.symbols, list(BEAT_CODES))
    # Times are counted in frames unless the annotation file has its own clock.
    every = np.round(read.ticks[is_beat] * (fs / (read.fs or header.fs))).astype(np.int64)
    beats, first = np.unique(every, return_index=True)  # in order, each once
    inside = (beats >= 0) & (beats < samples)
    notes = []
    if len(beats) < len(every):
        notes.append(f"{len(every) - len(beats)} beats annotated twice, counted once")
    if not inside.all():
        notes.append(f"{(~inside).sum()} beats outside of the recording, left out")
    if not inside.any():
        raise LeftOut("no beat is annotated in it", path, "Leave the record out.")
    return beats[inside], read.symbols[is_beat][first][inside], notes


def _gaps(signal: np.ndarray, fs: float, lead: str, header: Header) -> list[str]:
    """Describe missing and flat stretches of the lead that the lessons read."""
    signal = np.ascontiguousarray(signal)
    missing = np.isnan(signal)
    there = signal[~missing] if missing.any() else signal
    if not len(there) or there.max() == there.min():
        raise DataError(
            f"lead {lead} carries no signal",
            header.path.with_name(next(s.file for s in header.signals if s.name == lead)),
            "Leave the record out, or choose another lead.",
        )
    notes = []
    # A bound from every hundredth sample costs little, and settles it for nearly every record.
    some = np.sort(there[::100])
    low, high = some[len(some) // 20], some[-1 - len(some) // 20]
    beyond = min(np.count_nonzero(there <= low), np.count_nonzero(there >= high))
    if not (high - low >= HEIGHT[0] and beyond > 0.01 * len(there) + 1):
        low, high = np.percentile(there, [1, 99])
    if high - low < HEIGHT[0]:
        notes.append(f"lead {lead} is lower than {HEIGHT[0]} mV: check its gain and unit")
    if len(there) < len(signal):
        notes.append(f"lead {lead} has {missing.sum() / fs:.1f} s of NaN (missing samples)")
    # A stretch of a second covers a whole block of half of one; few records hold such a block.
    block = max(1, int(FLAT_SECONDS * fs / 2))
    blocks = signal[: len(signal) // block * block].reshape(-1, block)
    if (blocks.max(axis=1) == blocks.min(axis=1)).any():
        flat = quality.runs(np.diff(signal) == 0) + 1  # NaN differs from itself: never flat
        flat = flat[flat > FLAT_SECONDS * fs]
        if len(flat):
            stretches = "a flat stretch" if len(flat) == 1 else f"{len(flat)} flat stretches"
            notes.append(f"lead {lead} has {stretches}, {flat.sum() / fs:.1f} s together")
    return notes


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
