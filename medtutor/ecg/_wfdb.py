"""The three files of a WFDB record, read and checked; `medtutor.ecg.records` puts them together.

The format is described in the WFDB Applications Guide, https://physionet.org/physiotools/wag/.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from medtutor.ecg.beats import BEAT_CODES
from medtutor.errors import DataError

# Names for the same electrode pair: the modified limb lead II of Holter recorders.
LEAD_ALIASES = {"MLII": ("MLII", "II", "ML2"), "II": ("II", "MLII", "ML2")}
MILLIVOLTS = {"mv": 1.0, "uv": 1e-3, "µv": 1e-3, "v": 1e3}


FLAT_SECONDS = 1.0  # equal samples for longer than this are no heart signal


class MissingLead(DataError):
    """The record has other leads than the one asked for."""


def base(path: str | Path) -> Path:
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
            f"this is not a WFDB header ({first_line(error)})", path, "Copy the record again."
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


def read_signal(
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
            f"the samples cannot be read ({first_line(error)})",
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


def read_beats(base: Path, annotator: str, samples: int) -> tuple[np.ndarray, np.ndarray]:
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
            f"the annotations cannot be read ({first_line(error)})",
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


def gaps(signal: np.ndarray, fs: float, lead: str, base: Path) -> list[str]:
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


def first_line(error: Exception) -> str:
    """Shorten another library's message so that it fits into ours."""
    lines = str(error).strip().splitlines()
    return (lines[0] if lines else type(error).__name__)[:120]
