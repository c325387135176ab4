"""One WFDB record, written anew: its samples, the known fields of its header, its annotations.

Nothing is copied. The samples are decoded and encoded again by the library wfdb; of header and
annotations only what could be parsed comes along. The formats are described in the WFDB
Applications Guide, https://physionet.org/physiotools/wag/: header (5), signal (5) and annot (5).
"""

import re
import shutil
import tempfile
from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import wfdb

from medtutor.privacy.dicom import Unfit

Changes = Counter[tuple[str, str]]
LAST, SKIP, NUM, AUX = 49, 59, 60, 63  # the last code of a label; codes that say something more
# Rhythm and signal labels of the standard; any other remark is free text.
LABELS = re.compile(
    r"\((AB|AFIB|AFL|B|BI|BII|HGEA|IVR|N|NOD|P|PM|PREX|SAB|SBR|SVTA|T|VFL|VT)|MISSB|PSE|TS|U|"
    r"## time resolution: ([0-9]{1,5}(?:\.[0-9]{1,3})?)"
)
# Two letters of text are a valid annotation; so many in a row are no chance.
WORDS = re.compile(rb"[A-Za-z][A-Za-z ,.'^=-]{4,}[A-Za-z]")
ANNOTATORS = re.compile(r"\.(atr|[wgs]?qrs|ecg|ari|man|pwave|pu[01]?|q[12]c|qt1|ann|apn|st)")
LEADS = re.compile(
    r"(?:ECG|EKG)?[ _]?(?:MLI{1,3}|ML[256]|MV[1-6]|[IVX]{1,3}|V[1-9]R?|V\d\dR?|AV[RLF]|CM[2-5]|CC5|"
    r"D[1-4]|ECG ?\d?|CH ?\d|RESP|PLETH|ABP|ART|CVP|PAP|BP|EEG|EMG|EOG|PPG|X|Y|Z)",
    re.IGNORECASE,
)
UNITS = re.compile(r"[munkM]?(V|A|ohm|g|Pa|s|Hz)|mmHg|cmH2O|mbar|bpm|NU|adu|%|L(/min)?|deg[CF]")
NUMBER = r"[+-]?\d+(?:\.\d*)?(?:[eE][+-]?\d+)?"
RECORD = re.compile(rf"\S+\s+(\d+)(?:\s+({NUMBER})(?:/\S*)?(?:\s+(\d+)(\s.*)?)?)?")
SIGNAL = re.compile(
    rf"(?P<file>\S+)\s+(?P<layout>(?P<format>\d+)(?:x\d+)?(?::\d+)?(?:\+(?P<offset>\d+))?)"
    rf"(?:\s+(?P<gain>{NUMBER}(?:\([+-]?\d+\))?)(?:/(?P<unit>\S+))?"
    r"(?P<numbers>(?:\s+[+-]?\d+){0,5})(?:\s+(?P<lead>.*))?)?"
)
# Format to the one that is written: those that wfdb writes, and the next larger for the others.
FORMATS = dict.fromkeys(("8", "16", "61", "160", "310", "311", "516"), "16")
FORMATS |= {"24": "24", "32": "32", "80": "80", "212": "212", "508": "80", "524": "24"}


def lines_of(header: Path) -> tuple[list[str], int]:
    """Give the lines of a header that are no comments, and the number of its comments."""
    try:
        lines = header.read_text(encoding="utf-8-sig", errors="replace").splitlines()
    except OSError as error:
        raise Unfit("it cannot be read") from error
    lines = [line.strip() for line in lines if line.strip()]
    kept = [line for line in lines if not line.startswith("#")]
    return kept, len(lines) - len(kept)


def deidentified(header: Path, name: str) -> tuple[dict[str, bytes], dict[str, Path], Changes]:
    """De-identify a record: its files, where each came from, and what was changed."""
    lines, comments = lines_of(header)
    first = RECORD.fullmatch(lines[0]) if lines else None
    if lines and "/" in lines[0].split()[0]:
        raise Unfit("the record is in several segments; join them first")
    if first is None:
        raise Unfit("this is not a WFDB header")
    count = int(first[1])
    if not count or len(lines) - 1 < count:
        raise Unfit("the header names no signal, or fewer than it promises")
    changes: Changes = Counter({("header comment", "removed"): comments})
    changes["record name", "replaced"] += 1
    changes["time and date of the recording", "removed"] += len((first[4] or "").split())
    signals = [_signal(line) for line in lines[1 : count + 1]]
    paths = list(dict.fromkeys(header.parent / signal["file"] for signal in signals))
    for path in paths:
        if path.parent != header.parent or not path.is_file():
            raise Unfit(f"its signal file {path.name} is not there")
    at = [f"{name}{f'_{k}' if k else ''}.dat" for k in range(len(paths))]
    files, length, fs = _rewritten(first, signals, dict(zip(paths, at, strict=True)), name, changes)
    sources = dict(zip(files, [header, *paths], strict=True))
    for path in sorted(p for p in header.parent.iterdir() if p.stem == header.stem):
        read = None
        if path.is_file() and path not in sources.values():
            with suppress(OSError):  # the report names it
                read = annotations(path.read_bytes(), length, fs)
        if read is None:
            continue
        suffix = path.suffix if ANNOTATORS.fullmatch(path.suffix) else ".ann"
        while name + suffix in files:
            suffix += "x"
        files[name + suffix], dropped = read
        sources[name + suffix] = path
        changes["annotation remark", "removed"] += dropped
        changes["name of an annotator", "replaced"] += suffix != path.suffix
    return files, sources, +changes


def _signal(line: str) -> re.Match[str]:
    """Parse the line of a signal."""
    signal = SIGNAL.fullmatch(line)
    if signal is None:
        raise Unfit(f"a signal line of its header is damaged: {line.split()[0]}")
    if signal["format"] not in FORMATS:
        raise Unfit(f"nobody here can look into signals of format {signal['format']}")
    return signal


def _rewritten(
    first: re.Match[str],
    signals: list[re.Match[str]],
    places: dict[Path, str],
    name: str,
    changes: Changes,
) -> tuple[dict[str, bytes], int, float]:
    """Decode the samples and encode them anew; give the files, the length and the rate."""
    folder = next(iter(places)).parent
    written = [places[folder / signal["file"]] for signal in signals]
    lines = [f"old {first[1]} {first[2] or 250} {first[3] or ''}"]
    for at, signal in zip(written, signals, strict=True):
        numbers = signal["numbers"].split()[:3] if signal["numbers"] else []  # without checksum
        lines.append(" ".join([at, signal["layout"], signal["gain"] or "200", *numbers]).lower())
    with tempfile.TemporaryDirectory() as place:
        old, new = Path(place, "old"), Path(place, "new")
        old.mkdir()
        new.mkdir()
        try:
            for path, at in places.items():
                shutil.copyfile(path, old / at.lower())
            (old / "old.hea").write_text("\n".join(lines) + "\n", encoding="ascii")
            record = wfdb.rdrecord(str(old / "old"), physical=False, smooth_frames=False)
            for k, form in enumerate(record.fmt):
                if form in ("310", "311"):  # their mark of a missing sample
                    signal = record.e_d_signal[k].astype(np.int64)
                    record.e_d_signal[k] = np.where(signal == -512, -(2**15), signal)
            record.fmt = [FORMATS[form] for form in record.fmt]
            record.file_name, record.byte_offset = written, None
            record.wr_dat_files(expanded=True, write_dir=str(new))
            text = _header(record, name, signals, changes)
            (new / f"{name}.hea").write_text(text, encoding="ascii")
            again = wfdb.rdrecord(str(new / name), physical=False, smooth_frames=False).e_d_signal
        except Exception as error:  # wfdb raises whatever the damaged values resemble
            raise Unfit("its samples cannot be decoded and written again") from error
        files = {at: (new / at).read_bytes() for at in (f"{name}.hea", *places.values())}
    if any((a != b).any() for a, b in zip(record.e_d_signal, again, strict=True)):
        raise Unfit("its samples do not fit into the format that is written")
    spare = sum(path.stat().st_size for path in places) - sum(
        len(files[a]) for a in places.values()
    )
    same = all(FORMATS[signal["format"]] == signal["format"] for signal in signals)
    changes["bytes around the samples", "removed"] += max(spare, 0) if same else 0
    return files, record.sig_len, float(record.fs)


def _header(record: Any, name: str, signals: list[re.Match[str]], changes: Changes) -> str:
    """Write a header of numbers, and of leads and units from a list."""
    lines = [f"{name} {len(signals)} {record.fs:.12g} {record.sig_len}"]
    for k, checksum in enumerate(record.calc_checksum(expanded=True)):
        lead, unit = signals[k]["lead"] or "", re.sub("[µμ\ufffd]", "u", signals[k]["unit"] or "mV")
        if lead and not LEADS.fullmatch(lead):
            changes["lead description", "replaced"] += 1
            lead = f"signal {k + 1}"
        if not UNITS.fullmatch(unit):
            changes["unit", "replaced"] += 1
            unit = "NU"  # no unit
        bits, zero = int(record.adc_res[k] or 0), int(record.adc_zero[k] or 0)
        if bits > 32 or abs(zero) >= 2**32:
            raise ValueError("an impossible converter")
        numbers = f"{bits} {zero} {record.e_d_signal[k][0]} {checksum} 0"
        layout = record.fmt[k] + (f"x{record.samps_per_frame[k]}" * (record.samps_per_frame[k] > 1))
        gain = f"{float(record.adc_gain[k])!r}({record.baseline[k]})/{unit}"
        lines.append(f"{record.file_name[k]} {layout} {gain} {numbers} {lead}".strip())
    return "\n".join(lines) + "\n"


def annotations(data: bytes, samples: int, fs: float) -> tuple[bytes, int] | None:
    """Write an annotation file anew without its free text; None if not all of it is one."""
    kept, labels, at, dropped, time, rate = bytearray(), bytearray(), 0, 0, 0, fs
    while at + 1 < len(data):
        word = int.from_bytes(data[at : at + 2], "little")
        code, number = word >> 10, word & 0x3FF
        if word == 0:
            whole = not data[at:].strip(b"\0") and time * fs <= samples * rate
            text = WORDS.search(labels.replace(b"\0", b""))
            return (bytes(kept) + b"\0\0", dropped) if whole and not text else None
        first_of_all = NUM <= code < AUX and not labels
        if (
            code == 0
            or LAST < code < SKIP
            or first_of_all
            or (NUM <= code < AUX and 0xFF < number < 0x380)
        ):
            return None
        length = 2 + (4 if code == SKIP else number + number % 2 if code == AUX else 0)
        piece = data[at : at + length]
        at += length
        if code == AUX:
            found = LABELS.fullmatch(piece[2 : 2 + number].rstrip(b"\0").decode("latin-1"))
            rate = float(found[2]) if found and found[2] else rate
            dropped += found is None
            kept += piece[: 2 + number] + bytes(number % 2) if found else b""
            continue
        step = int.from_bytes(piece[4:6] + piece[2:4], "little", signed=True)  # the high word first
        time += step if code == SKIP else number if code < SKIP else 0
        if code == SKIP and step < 0:
            return None
        kept += piece
        labels += piece
    return None
