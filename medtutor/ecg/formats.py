"""The files of a WFDB record as their manual pages describe them: header, signal, annot (5).

https://physionet.org/physiotools/wag/. The package wfdb decodes the samples. Headers and
annotations are read here: its parser takes what it can of a line and goes on without the rest, so
a decimal comma or an unknown unit becomes another value without a word.
"""

from __future__ import annotations

import math
import re
import unicodedata
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np

from medtutor.errors import DataError

FLAC = ("508", "516", "524")
NUMBER = r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?"
RATE = re.compile(rf"({NUMBER})(?:/({NUMBER})?(?:\({NUMBER}\))?)?", re.ASCII)
FORMAT = re.compile(r"(\d{1,9})(?:x([1-9]\d{0,8}))?(?::(\d{1,9}))?(?:\+(\d{1,12}))?", re.ASCII)
GAIN = re.compile(rf"({NUMBER})?" r"(?:\(([-+]?\d{1,12})\))?(?:/(\S+))?", re.ASCII)
WHOLE = re.compile(r"[-+]?\d{1,12}", re.ASCII)
FIELDS = ("ADC resolution", "ADC zero", "initial value", "checksum", "block size")
# Powers of ten of a millivolt. NFKC makes one letter of the two that look like µ; "æ" is what that
# letter's byte in DOS text turns into.
PREFIX = {"": 1e3, "m": 1.0, "milli": 1.0, "n": 1e-6, "nano": 1e-6}
PREFIX |= dict.fromkeys(("u", "μ", "micro", "mc", "æ"), 1e-3)
UNIT = re.compile(r"([^\W\d_]*?)[- ]?v(?:olts?)?")
LAST, SKIP, AUX = 49, 59, 63  # codes of annot (5); those between the last two add a number
AHA = b"NVFEPQOUR"  # letters with which a file of the American Heart Association's format begins
AGAIN = "Mend the header, or copy the record again."


class LeftOut(DataError):
    """A record that is sound as far as one can tell, and that the lessons cannot use."""


class Signal(NamedTuple):
    """One signal line of a header, with the standard's defaults where a field is missing."""

    name: str
    file: str
    fmt: str
    per_frame: int
    skew: int
    offset: int
    gain: float
    baseline: int
    unit: str
    initial: int
    checksum: int | None

    @property
    def millivolts(self) -> float | None:
        """Millivolts in one unit; None where the unit is no voltage or not understood."""
        text = unicodedata.normalize("NFKC", self.unit.strip()).casefold()
        found = UNIT.fullmatch(text)
        return PREFIX.get(found[1]) if found else None


class Header(NamedTuple):
    """What a ``.hea`` file says; `frames` is 0 where it leaves the length to the signal files."""

    path: Path
    fs: float
    frames: int
    signals: tuple[Signal, ...]
    comments: tuple[str, ...]
    notes: tuple[str, ...]


class Annotations(NamedTuple):
    """Times in ticks of the file's clock (`fs`; None where it is the record's), and the codes."""

    ticks: np.ndarray
    symbols: np.ndarray
    fs: float | None


def _bytes(path: Path) -> bytes:
    """Read a file, or say why it cannot be opened."""
    try:
        return path.read_bytes()
    except OSError as error:
        reason = error.strerror or "no reason given"
        raise DataError(f"it cannot be opened ({reason})", path, "Check the path.") from error


def read_header(path: Path) -> Header:
    """Read a header; what it does not say in the standard's words is refused with its line."""
    lines, comments = [], []
    for number, raw in enumerate(_bytes(path).removeprefix(b"\xef\xbb\xbf").splitlines(), 1):
        try:
            text = raw.decode().strip()
        except UnicodeDecodeError:
            text = raw.decode("latin-1").strip()
        if text.startswith("#"):
            comments.append(text.strip(" \t#"))
        elif text:
            lines.append((number, text))
    if not lines:
        raise DataError("the header is empty", path, "Copy the record again.")
    fs, frames, count, notes = _record_line(path, *lines[0])
    if len(lines) - 1 != count:
        raise DataError(
            f"line {lines[0][0]} of the header promises {count} signals, and {len(lines) - 1} "
            "lines describe one",
            path,
            AGAIN,
        )
    signals = [_signal_line(path, *line, k) for k, line in enumerate(lines[1:], 1)]
    for signal in signals:
        if signal.gain == 0:
            notes.append(f"lead {signal.name} is not calibrated: 200 steps a unit assumed")
    signals = [s._replace(gain=s.gain or 200.0) for s in signals]
    return Header(path, fs, frames, tuple(signals), tuple(comments), tuple(notes))


def _refuse(path: Path, line: int, field: str, value: str) -> DataError:
    """Word the refusal of a value of the header."""
    how = "Write it with a point. " if re.fullmatch(r".*\d,\d.*", value) else ""
    return DataError(
        f"line {line} of the header: the {field} {value!r} is not understood", path, how + AGAIN
    )


def _record_line(path: Path, line: int, text: str) -> tuple[float, int, int, list[str]]:
    """Read frames a second, frames, signals; time and date of the recording are not needed."""
    parts, notes = text.split(), list[str]()
    if len(parts) < 2 or not WHOLE.fullmatch(parts[1]):
        raise _refuse(path, line, "number of signals", parts[1] if len(parts) > 1 else text)
    if "/" in parts[0]:
        raise LeftOut(
            "records in several segments are not supported",
            path,
            "Join them first: wfdb.rdrecord(…, m2s=True), then wfdb.wrsamp(…).",
        )
    fs = 250.0
    if len(parts) > 2:
        rate = RATE.fullmatch(parts[2])
        fs = float(rate[1]) if rate else math.nan
        if not 1 <= fs <= 100_000:
            raise _refuse(path, line, "sampling rate", parts[2])
    else:
        notes.append("the header gives no sampling rate: 250 Hz, the standard's default")
    if len(parts) > 3 and (not WHOLE.fullmatch(parts[3]) or int(parts[3]) < 0):
        raise _refuse(path, line, "number of samples", parts[3])
    if int(parts[1]) < 1:
        raise LeftOut("the header names no signal", path, "Leave the record out.")
    return fs, int(parts[3]) if len(parts) > 3 else 0, int(parts[1]), notes


def _signal_line(path: Path, line: int, text: str, number: int) -> Signal:
    """Read one signal line; every field behind the format may be missing."""
    parts = text.split(maxsplit=8)
    if len(parts) < 2 or not (form := FORMAT.fullmatch(parts[1])):
        raise _refuse(path, line, "format", " ".join(parts[1:2]))
    file, fmt, rest = parts[0], form[1], parts[2:]
    if Path(file).name != file or ":" in file or file in (".", ".."):
        raise DataError(
            f"line {line} of the header: the signal file {file!r} is not in this folder",
            path,
            "Copy it beside the header, and name it there without a path.",
        )

    def is_name(text: str) -> bool:  # a short line may end early with the lead's name
        return len(parts) < 9 and (text[0].isalpha() or text[0] in "_?")

    gain: float = 0
    baseline, unit, values = None, None, list[int]()
    if rest and not is_name(rest[0]):
        found = GAIN.fullmatch(rest[0])
        gain = float(found[1] or 0) if found else math.inf
        if not found or not math.isfinite(gain):
            raise _refuse(path, line, "gain, baseline and unit", rest[0])
        baseline, unit, rest = found[2], found[3], rest[1:]
        while rest and len(values) < len(FIELDS) and not is_name(rest[0]):
            if not WHOLE.fullmatch(rest[0]):
                raise _refuse(path, line, FIELDS[len(values)], rest[0])
            values.append(int(rest[0]))
            rest = rest[1:]
    zero, initial, checksum = (dict(enumerate(values)).get(k) for k in (1, 2, 3))
    return Signal(
        " ".join(rest) or f"signal {number}",
        file,
        fmt,
        *(int(form[2] or 1), int(form[3] or 0), int(form[4] or 0)),
        gain,
        int(baseline) if baseline is not None else zero or 0,
        unit or "mV",
        initial if initial is not None else zero or 0,
        checksum,
    )


# ------------------------------ samples


def measure(header: Header) -> Header:
    """Find the number of frames, and check that every signal file is there and holds them."""
    files = dict.fromkeys(signal.file for signal in header.signals)
    held = {file: _frames(header, file) for file in files}
    frames, notes = header.frames or min(held.values()), header.notes
    for file, count in held.items():
        if count < max(frames, 1):
            raise DataError(
                _cut_off(header, file, frames),
                header.path.with_name(file),
                "Copy or download it again.",
            )
        if count >= frames + max(header.fs, 1):
            behind = (count - frames) / header.fs
            notes = (*notes, f"{file} goes on for {behind:.1f} s behind the end: not read")
    return header._replace(frames=frames, notes=notes)


def _cut_off(header: Header, file: str, frames: int) -> str:
    """Say by how much a signal file is too short."""
    size = header.path.with_name(file).stat().st_size
    group = [signal for signal in header.signals if signal.file == file]
    if group[0].fmt in FLAC or not frames:
        return f"the file is cut off: {size:,} bytes hold no {frames or 1:,} samples of each lead"
    samples = frames * sum(signal.per_frame for signal in group)
    needed = group[0].offset + math.ceil(samples * _bytes_a_sample(group[0].fmt))
    return f"the file is cut off: {size:,} of {needed:,} bytes"


def _bytes_a_sample(fmt: str) -> Fraction:
    """Look up the size of a sample: 3/2 bytes and 4/3 among others."""
    from wfdb.io._signal import BYTES_PER_SAMPLE

    return Fraction(BYTES_PER_SAMPLE[fmt]).limit_denominator(3)


def _frames(header: Header, file: str) -> int:
    """Count the whole frames in a signal file, and check that its signals go together."""
    from wfdb.io._signal import BYTES_PER_SAMPLE

    path = header.path.with_name(file)
    places = [k for k, signal in enumerate(header.signals) if signal.file == file]
    group = [header.signals[k] for k in places]
    first = group[0]
    if first.fmt not in BYTES_PER_SAMPLE:
        raise LeftOut(
            f"signals of format {first.fmt} are not supported",
            header.path,
            "Convert the record to format 16 first, or leave it out.",
        )
    if len({(s.fmt, s.offset) for s in group}) > 1 or places[-1] - places[0] >= len(places):
        raise DataError(
            f"the signals of {file} differ in format or byte offset, or do not follow each other",
            header.path,
            AGAIN,
        )
    if not path.is_file():
        raise DataError(
            "this signal file of the record is not there", path, "Copy it beside its .hea file."
        )
    per_frame = sum(signal.per_frame for signal in group)
    if first.fmt not in FLAC:
        samples = math.floor((path.stat().st_size - first.offset) / _bytes_a_sample(first.fmt))
        return samples // per_frame
    import soundfile  # type: ignore[import-untyped]

    try:
        return int(soundfile.info(str(path)).frames - first.offset) // first.per_frame
    except soundfile.SoundFileError as error:
        raise DataError("this is not a FLAC file", path, "Copy or download it again.") from error


def read_samples(header: Header, columns: list[int]) -> list[np.ndarray]:
    """Decode signals as whole numbers, each at its own rate, from the first frame to the last."""
    from wfdb.io import _signal

    signals = header.signals
    try:
        found: list[np.ndarray] = _signal._rd_segment(
            file_name=[s.file for s in signals],
            dir_name=str(header.path.parent.absolute()),
            pn_dir=None,
            fmt=[s.fmt for s in signals],
            n_sig=len(signals),
            sig_len=header.frames,
            byte_offset=[s.offset for s in signals],
            samps_per_frame=[s.per_frame for s in signals],
            skew=[0] * len(signals),  # wfdb fills the end with zeros where a frame has 2 samples
            init_value=[s.initial for s in signals],
            sampfrom=0,
            sampto=header.frames,
            channels=columns,
            ignore_skew=True,
        )
    except (ValueError, OSError, RuntimeError, IndexError, OverflowError, MemoryError) as error:
        lines = str(error).strip().splitlines() or [type(error).__name__]
        raise DataError(
            f"the samples cannot be decoded ({lines[0][:120]})",
            header.path.with_name(signals[columns[0]].file),
            "Copy or download the record again.",
        ) from error
    return found


def physical(samples: np.ndarray, signal: Signal, factor: float) -> np.ndarray:
    """Turn whole numbers into float32 millivolts, moved by the signal's skew; NaN if invalid."""
    from wfdb.io._signal import INVALID_SAMPLE_VALUE

    with np.errstate(over="ignore"):  # too large for float32: infinite, and refused as too high
        values = (samples.astype(np.float64) - signal.baseline) / signal.gain * factor
        result = values.astype(np.float32)
    invalid = INVALID_SAMPLE_VALUE[signal.fmt]
    if invalid is not None:
        result[samples == invalid] = np.nan
    behind = signal.skew * signal.per_frame
    if behind:
        result = np.append(result[behind:], np.full(min(behind, len(result)), np.nan, np.float32))
    return result


def disagrees(samples: np.ndarray, signal: Signal) -> bool:
    """Tell whether samples differ from the checksum in the header (0: most headers mean none)."""
    return bool(signal.checksum and (int(samples.sum(dtype=np.int64)) - signal.checksum) % 65536)


# ------------------------------ annotations


def read_annotations(path: Path) -> Annotations:
    """Read an annotation file: when, what, and by which clock."""
    # Each annotation is a word of six bits for its code and ten for the time since the last; words
    # of the codes from 59 on hold a longer time, or add a text or a number.
    data = _bytes(path)
    if data[:1] == b"\0" and data[1:2] in [bytes([letter]) for letter in AHA]:
        raise LeftOut(
            "annotations in the American Heart Association's format are not supported",
            path,
            "Convert them with the WFDB tool wrann first.",
        )
    names = dict(_names())
    words = np.frombuffer(data, "<u2", len(data) // 2)
    codes, steps = words >> 10, (words & 0x3FF).astype(np.int64)
    here = codes < SKIP  # what is no annotation adds no time, but for a longer step
    steps[~here] = 0
    fs, at, skipped, defining = None, 0, -1, False
    for k in np.flatnonzero((words == 0) | (codes > LAST)).tolist():
        if k < at:  # inside of a longer step, or a text
            continue
        code, number, byte = int(codes[k]), int(words[k]) & 0x3FF, 2 * k + 2
        at = k + 1
        if code == 0 and k != skipped:
            symbols = np.array([names.get(c, "") for c in range(SKIP)], dtype="<U2")
            return Annotations(steps[:k].cumsum()[here[:k]], symbols[codes[:k][here[:k]]], fs)
        if code == SKIP:
            at = skipped = k + 3
            high, low = data[byte : byte + 2], data[byte + 2 : byte + 4]
            steps[k] = int.from_bytes(low + high, "little", signed=True)
        elif code == AUX:
            at += (number + 1) // 2
            text = data[byte : byte + number].rstrip(b"\0").decode("latin-1")
            if text.startswith("## time resolution:"):
                fs = _clock(path, text)
            elif text.startswith("## "):
                defining = text == "## annotation type definitions"
            elif defining and (own := re.match(r"(\d{1,2}) (\S+) ", text)):
                names[int(own[1])] = own[2]
        elif LAST < code < SKIP:
            raise DataError(
                f"byte {byte - 2} holds code {code}, which no annotation has",
                path,
                "Copy or download the file again.",
            )
        here[k + 1 : at], steps[k + 1 : at] = False, 0
    raise DataError("the annotations are cut off", path, "Copy or download the file again.")


@cache
def _names() -> dict[int, str]:
    """Give the standard's code letters by their numbers."""
    from wfdb.io.annotation import ann_label_table

    return dict(zip(ann_label_table["label_store"], ann_label_table["symbol"], strict=True))


def _clock(path: Path, text: str) -> float:
    """Read the ticks a second from an annotation file's own note."""
    found = re.fullmatch(rf"## time resolution:\s*({NUMBER})\s*", text, re.ASCII)
    fs = float(found[1]) if found else math.nan
    if not 0 < fs < math.inf:
        raise DataError(
            f"its clock is given as {text!r}, which is not understood", path, "Mend that note."
        )
    return fs
