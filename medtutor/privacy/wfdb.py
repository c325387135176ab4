"""One WFDB record: a header without names, the same samples, annotations without remarks.

Each byte that is written is a sample that the header declares, a part of the header that is known,
or an annotation that could be read. The formats are described in the WFDB Applications Guide,
https://physionet.org/physiotools/wag/: header (5), signal (5) and annot (5).
"""

import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path

Changes = Counter[tuple[str, str]]
LAST, SKIP, AUX = 49, 59, 63  # last code of an annotation; codes that bring bytes of their own
TEXT = re.compile(rb"[\t\n\r\x20-\x7e\x80-\xff]+")
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
FORMAT = re.compile(r"(\d+)(?:x(\d+))?(?::\d+)?(?:\+(\d+))?")  # format, samples a frame, offset
# Format to (samples, bytes) of its smallest whole piece. FLAC (508 …) can carry texts: not read.
PIECES = {
    **{8: (1, 1), 80: (1, 1), 16: (1, 2), 61: (1, 2), 160: (1, 2), 24: (1, 3), 32: (1, 4)},
    **{212: (2, 3), 310: (3, 4), 311: (3, 4)},
}
NEVER = {".hea", ".dat", ".txt", ".csv", ".md", ".edf", ".xws"}  # suffixes of no annotation


class Unfit(Exception):
    """A record that must not be written; the text says why."""


def deidentified(
    header: Path, name: str, rename: Callable[[str], str]
) -> tuple[dict[str, bytes], dict[str, Path], Changes]:
    """De-identify the files of one record; `Unfit` if it must not be given away."""
    changes: Changes = Counter()
    try:
        lines = header.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError as error:
        raise Unfit("it cannot be read") from error
    kept = [line for line in lines if line.strip() and not line.lstrip().startswith("#")]
    if not kept:
        raise Unfit("this is not a WFDB header")
    first, count, samples = _record_line(kept[0], name, changes)
    if not count or len(kept) - 1 < count:
        raise Unfit("the header names no signal, or fewer than it promises")
    changes["header comment", "removed"] += sum(line.lstrip().startswith("#") for line in lines)
    new, layout = [first], dict[str, list[re.Match[str]]]()
    for k, line in enumerate(kept[1 : count + 1]):
        text, old, shape = _signal_line(line, k, rename, changes)
        new.append(text)
        layout.setdefault(old, []).append(shape)
    files = {f"{name}.hea": ("\n".join(new) + "\n").encode()}
    sources = {f"{name}.hea": header}
    for old, shapes in layout.items():
        if Path(old).name != old or not header.with_name(old).is_file():
            raise Unfit(f"its signal file {Path(old).name} is not there")
        files[rename(old)], cut = _samples(header.with_name(old), shapes, samples)
        sources[rename(old)] = header.with_name(old)
        changes["bytes around the samples", "removed"] += cut
    for path in sorted(header.parent.glob(f"{header.stem}.*")):
        if path.suffix in NEVER or not re.fullmatch(r"\.[a-z]+", path.suffix):
            continue
        read = without_remarks(path.read_bytes(), samples)
        if read is not None:
            files[f"{name}{path.suffix}"], dropped = read
            sources[f"{name}{path.suffix}"] = path
            changes["annotation remark", "removed"] += dropped
    changes["record name", "replaced"] += 1
    return files, sources, +changes


def _record_line(line: str, name: str, changes: Changes) -> tuple[str, int, int]:
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
    samples = int(numbers[1]) if len(numbers) > 1 and numbers[1].isdigit() else 0
    return " ".join([name, parts[1], *numbers]), int(parts[1]), samples


def _signal_line(
    line: str, k: int, rename: Callable[[str], str], changes: Changes
) -> tuple[str, str, re.Match[str]]:
    """Rename the signal file, check the description of a lead, and read the format."""
    found = SIGNAL.match(line.strip())
    if not found:
        raise Unfit("a signal line of its header is damaged")
    old, numbers, lead = found[1], found[2].split(), (found[3] or "").strip()
    if lead and not LEADS.fullmatch(lead):
        changes["lead description", "replaced"] += 1
        lead = f"signal {k + 1}"
    shape = FORMAT.fullmatch(numbers[0])
    safe = all(re.fullmatch(r"[\dxX:+.eE()-]+(/[A-Za-zµ%/]{1,6})?", n) for n in numbers)
    if not safe or shape is None:
        raise Unfit("a signal line of its header is damaged")
    if int(shape[1]) not in PIECES:
        raise Unfit(f"nobody here can look into signals of format {shape[1]}")
    numbers[0] = numbers[0].split("+")[0]  # the bytes before the offset do not come along
    return " ".join([rename(old), *numbers, *([lead] if lead else [])]), old, shape


def _samples(path: Path, shapes: list[re.Match[str]], samples: int) -> tuple[bytes, int]:
    """Read a signal file from its offset to its last sample; say how many bytes were left out."""
    data = path.read_bytes()
    if len({(shape[1], shape[3]) for shape in shapes}) > 1:
        raise Unfit("signals of one file differ in format or offset")
    start, end = int(shapes[0][3] or 0), len(data)
    if samples:
        together, size = PIECES[int(shapes[0][1])]
        frame = sum(int(shape[2] or 1) for shape in shapes)
        count = samples * frame
        # Format 212 may end within a piece; of 310 and 311 readers want a whole one.
        end = start + (-(-count * 3 // 2) if together == 2 else -(-count // together) * size)
    return data[start:end], start + max(len(data) - end, 0)


def without_remarks(data: bytes, samples: int = 0) -> tuple[bytes, int] | None:
    """Remove free text from an annotation file; beats and their times stay as they are."""
    if TEXT.fullmatch(data.rstrip(b"\0")):
        return None  # its letters would pass as annotations
    kept, at, dropped, time = bytearray(), 0, 0, 0
    while at + 1 < len(data):
        word = int.from_bytes(data[at : at + 2], "little")
        code, number = word >> 10, word & 0x3FF
        if word == 0:
            whole = not data[at:].strip(b"\0") and (not samples or time <= samples)
            return (bytes(kept) + b"\0\0", dropped) if whole else None
        if LAST < code < SKIP:
            return None
        length = 2 + (4 if code == SKIP else number + number % 2 if code == AUX else 0)
        piece = data[at : at + length]
        at += length
        if code == SKIP:
            high, low = piece[2:4], piece[4:6]
            time += int.from_bytes(low + high, "little", signed=True)
        elif code < SKIP:
            time += number
        text = piece[2 : 2 + number].rstrip(b"\0").decode("latin-1") if code == AUX else ""
        if text.startswith("## time"):
            samples = 0  # times are counted in a unit of their own
        if code == AUX and not LABELS.fullmatch(text):
            dropped += 1
            continue
        kept += piece
    return None
