"""One WFDB record: a header without names, the same samples, annotations without remarks.

The formats are described in the WFDB Applications Guide, https://physionet.org/physiotools/wag/:
header (5) and annot (5).
"""

import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path

SKIP, NUM, SUB, CHN, AUX = 59, 60, 61, 62, 63  # annotation codes that are not annotations
# Rhythm and signal labels of the standard; any other remark is free text.
LABELS = re.compile(
    r"\((AB|AFIB|AFL|B|BI|BII|HGEA|IVR|N|NOD|P|PM|PREX|SAB|SBR|SVTA|T|VFL|VT)|"
    r"MISSB|PSE|TS|U|## time resolution: [0-9.]+"
)
LEADS = re.compile(
    r"(?:ECG|EKG)?[ _]?(?:MLI{1,3}|ML[256]|MV[1-6]|[IVX]{1,3}|V[1-9]R?|V\d\dR?|AV[RLF]|CM[2-5]|CC5|"
    r"D[1-4]|ECG ?\d?|CH ?\d|RESP|PLETH|ABP|ART|CVP|PAP|BP|EEG|EMG|EOG|PPG|X|Y|Z)",
    re.IGNORECASE,
)
SIGNAL = re.compile(r"^(\S+)((?:\s+\S+){1,7})(\s+.*)?$")


class Unfit(Exception):
    """A record that must not be written; the text says why."""


def deidentified(
    header: Path, name: str, rename: Callable[[str], str]
) -> tuple[dict[str, bytes], Counter[tuple[str, str]]]:
    """De-identify the files of one record.

    Parameters
    ----------
    header : Path
        The ``.hea`` file.
    name : str
        New name of the record.
    rename : callable
        Gives the new name of a signal file, such as ``"NAME.dat"``.

    Returns
    -------
    files : dict of str to bytes
        New file name to contents; samples are the same bytes.
    changes : Counter of (str, str)
        (what, action) to the number of values concerned.

    Raises
    ------
    Unfit
        The header is damaged, in several segments, or a file is missing.
    """
    changes: Counter[tuple[str, str]] = Counter()
    try:
        lines = header.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError as error:
        raise Unfit("it cannot be read") from error
    kept = [line for line in lines if line.strip() and not line.lstrip().startswith("#")]
    comments = sum(line.lstrip().startswith("#") for line in lines)
    if not kept:
        raise Unfit("this is not a WFDB header")
    first, signals = _record_line(kept[0], name, changes)
    if not signals or len(kept) - 1 < signals:
        raise Unfit("the header names no signal, or fewer than it promises")
    if comments:
        changes["header comment", "removed"] += comments
    new, files = [first], {}
    for k, line in enumerate(kept[1 : signals + 1]):
        text, old = _signal_line(line, k, rename, changes)
        new.append(text)
        source = header.with_name(old)
        if Path(old).name != old or not source.is_file():
            raise Unfit(f"its signal file {Path(old).name} is not there")
        files[rename(old)] = source.read_bytes()
    for path in _annotations(header):
        data = path.read_bytes()
        if not data.endswith(b"\0\0"):
            continue  # an annotation file ends in a zero; anything else is not one, or is cut off
        files[f"{name}{path.suffix}"], dropped = without_remarks(data)
        changes["annotation remark", "removed"] += dropped
    changes["record name", "replaced"] += 1
    files[f"{name}.hea"] = ("\n".join(new) + "\n").encode()
    return files, +changes


def _annotations(header: Path) -> list[Path]:
    """List the annotation files of a record: those with its name and a suffix of letters."""
    known = {".hea", ".dat", ".txt", ".csv", ".md", ".edf", ".xws"}
    beside = sorted(header.parent.glob(f"{header.stem}.*"))
    return [
        p for p in beside if p.suffix.lower() not in known and re.fullmatch(r"\.[a-z]+", p.suffix)
    ]


def _record_line(line: str, name: str, changes: Counter[tuple[str, str]]) -> tuple[str, int]:
    """Keep the numbers of the record line; drop the time and date of the recording."""
    parts = line.split()
    if "/" in parts[0]:
        raise Unfit("the record is in several segments; join them first")
    if len(parts) < 2 or not parts[1].isdigit():
        raise Unfit("this is not a WFDB header")
    if len(parts) > 4:
        changes["time and date of the recording", "removed"] += len(parts) - 4
    numbers = parts[2:4]
    if not all(re.fullmatch(r"[\d.eE+-]+(/[\d.eE+-]+(\([\d.eE+-]+\))?)?", n) for n in numbers):
        raise Unfit("the record line of its header is damaged")
    return " ".join([name, parts[1], *numbers]), int(parts[1])


def _signal_line(
    line: str, k: int, rename: Callable[[str], str], changes: Counter[tuple[str, str]]
) -> tuple[str, str]:
    """Rename the signal file and check the description of a lead."""
    found = SIGNAL.match(line.strip())
    if not found:
        raise Unfit("a signal line of its header is damaged")
    old, numbers, lead = found[1], found[2].split(), (found[3] or "").strip()
    if lead and not LEADS.fullmatch(lead):
        changes["lead description", "replaced"] += 1
        lead = f"signal {k + 1}"
    safe = [n for n in numbers if re.fullmatch(r"[\dxX:+.eE()-]+(/[A-Za-zµ%/]{1,6})?", n)]
    if len(safe) != len(numbers):
        raise Unfit("a signal line of its header is damaged")
    return " ".join([rename(old), *numbers, *([lead] if lead else [])]), old


def without_remarks(data: bytes) -> tuple[bytes, int]:
    """Remove free text from an annotation file; beats and their times stay as they are.

    Parameters
    ----------
    data : bytes
        An annotation file in MIT format: little-endian words, code in the upper 6 bits.

    Returns
    -------
    data : bytes
    dropped : int
        Number of remarks removed.
    """
    kept, at, dropped = bytearray(), 0, 0
    while at + 1 < len(data):
        word = int.from_bytes(data[at : at + 2], "little")
        code, number = word >> 10, word & 0x3FF
        if word == 0:
            kept += b"\0\0"
            break
        length = 2 + (4 if code == SKIP else number + number % 2 if code == AUX else 0)
        piece = data[at : at + length]
        at += length
        text = piece[2 : 2 + number].rstrip(b"\0").decode("latin-1") if code == AUX else ""
        if code == AUX and not LABELS.fullmatch(text):
            dropped += 1
            continue
        kept += piece
    return bytes(kept), dropped
