"""Read ECG recordings and their beat annotations from WFDB files.

A WFDB record is three files: ``101.hea`` (text: leads, sampling rate, gain), ``101.dat`` (the
samples) and ``101.atr`` (what experts saw at which sample). The format is described in the WFDB
Applications Guide of PhysioNet, https://physionet.org/physiotools/wag/.
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import NamedTuple

import numpy as np

from medtutor.ecg import _subjects, _wfdb
from medtutor.ecg._subjects import DS1, DS2, PACED
from medtutor.ecg._wfdb import MissingLead
from medtutor.errors import DataError
from medtutor.types import Recording

__all__ = ["DS1", "DS2", "PACED", "Folder", "MissingLead", "Recording"]
__all__ += ["read_folder", "read_record", "resample"]


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

    Returns
    -------
    Recording

    Raises
    ------
    DataError
        A file is missing, cut off or damaged, the lead is not there, or no beat is annotated.
    """
    base = _wfdb.base(path)
    header = _wfdb.read_header(base)
    names = tuple(header.sig_name or ())
    column = _wfdb.find_lead(base, names, lead)
    signal, leads, notes = _wfdb.read_signal(base, header, column)
    beats, symbols = _wfdb.read_beats(base, annotator, len(signal))
    notes += _wfdb.gaps(signal[:, 0], float(header.fs), leads[0], base)
    if subject is None:
        subject = _subjects.SAME_PERSON.get(base.name, base.name)
    own = float(header.fs)
    found = Recording(base.name, subject, signal, leads, own, beats, symbols, tuple(notes))
    return found if fs is None else resample(found, fs)


def resample(recording: Recording, fs: float) -> Recording:
    """Bring a recording to another sampling rate; its beats move with it.

    A polyphase filter removes what the new rate cannot hold. Missing samples are bridged for it
    and are missing again afterwards.

    Parameters
    ----------
    recording : Recording
        Left as it is.
    fs : float
        New sampling rate in hertz.

    Returns
    -------
    Recording
        With a note on what was done; the same object when the rate is already right.
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


def read_folder(folder: str | Path, lead: str | None = "MLII", fs: float | None = 360) -> Folder:
    """Read every WFDB record of a folder.

    Who is in which part comes from ``split.csv`` (columns ``record,subject,split``) when it is
    there. Without it, a folder of MIT-BIH records takes that database's subjects, and its usual
    parts DS1 (train) and DS2 (test) if it holds both; any other record is a subject of its own.

    Left out, with a note each: records without the lead, and records of a pacemaker (more than
    half of the beats paced, as MIT-BIH's 102, 104, 107, 217), whose rate the heart does not set.
    If no record of the folder has the lead, the first lead of each record is read instead.

    Parameters
    ----------
    folder : str or Path
        Holds ``*.hea``, ``*.dat`` and ``*.atr``.
    lead : str or None
        The lead to read; None takes the first of each record.
    fs : float or None
        Sampling rate of the result in hertz; None keeps each record's own.

    Returns
    -------
    Folder
        ``recordings`` in the order of their names, ``split`` (subject to part, or None), ``notes``.

    Raises
    ------
    DataError
        The folder is missing or holds no record, a record is damaged, ``split.csv`` is wrong.
    SplitError
        A subject is in two parts.
    """
    folder = Path(folder)
    names = _record_names(folder)
    listed = _subjects.read_split(folder / "split.csv", names)
    notes: list[str] = []
    if listed is not None:
        skipped = [name for name in names if name not in listed]
        names = [name for name in names if name in listed]
        if skipped:
            notes.append(f"not in split.csv, left out: {', '.join(skipped)}")
    subjects = {name: row[0] for name, row in listed.items()} if listed else {}
    recordings = _read_all(folder, names, subjects, lead, fs, notes)
    if not recordings and lead is not None and names:
        notes.clear()
        recordings = _read_all(folder, names, subjects, None, fs, notes)
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
        _subjects.note_one_person(subjects, split, notes)
    else:
        split = _subjects.usual_parts({r.name: r.subject for r in recordings}, notes)
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
    lead: str | None,
    fs: float | None,
    notes: list[str],
) -> list[Recording]:
    """Read the records that have the lead and a heart that beats by itself; note the others."""
    recordings, lacking, paced = [], [], []
    for name in names:
        try:
            recording = read_record(folder / name, lead, fs, subjects.get(name))
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
