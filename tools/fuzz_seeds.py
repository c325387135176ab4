"""Sound files for `fuzz`, and the loaders that read them."""

from __future__ import annotations

import io
import json
import re
import tempfile
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

Files = dict[str, bytes]
Seal = Callable[[bytes, Callable[[bytes], bytes]], bytes]
ROWS = 1_000_000  # of a table that is too long


@dataclass(frozen=True)
class Loader:
    """What reads a folder of files, sound files for it, and which of them are damaged.

    `seal` damages what stands behind a checksum. `lies` make inputs that must be refused: sizes
    that claim too much, bombs, what earlier runs found. Of a slow loader a fifth of the inputs are
    tried.
    """

    read: Callable[[Path], object]
    seeds: Callable[[], list[Files]]
    damage: str = "*"
    seal: Seal | None = None
    text: bool = False
    slow: bool = False
    patience: int = 1  # times the seconds of the others
    lies: Callable[[], list[Files]] = list


def _picture(kind: str, **how: Any) -> Callable[[], list[Files]]:
    """Save small grey, colour and palette pictures in one format."""

    def make() -> list[Files]:
        from PIL import Image

        grid = np.add.outer(np.arange(12) * 9, np.arange(10) * 11).astype(np.uint8)
        colour = np.stack([grid, grid[::-1], grid], -1)
        kept = [Image.fromarray(grid), Image.fromarray(colour)]
        if kind in ("png", "tiff"):
            kept += [Image.fromarray(grid.astype(np.uint16) * 200)]
        if kind == "png":
            kept += [Image.fromarray(colour).quantize(8), Image.fromarray(grid).convert("LA")]
        seeds = []
        for picture in kept:
            stream = io.BytesIO()
            picture.save(stream, kind, **how)
            seeds.append({f"picture.{kind}": stream.getvalue()})
        if kind == "tiff":
            for squeeze in ("tiff_lzw", "tiff_adobe_deflate", "packbits"):
                stream = io.BytesIO()
                kept[0].save(stream, kind, compression=squeeze)
                seeds.append({"picture.tiff": stream.getvalue()})
        return seeds

    return make


def _seal_png(data: bytes, damage: Callable[[bytes], bytes]) -> bytes:
    """Damage the header or the unpacked pixels of a PNG, and make its checksums right."""
    out, at, body = bytearray(data[:8]), 8, zlib.crc32(data) & 1
    while at + 12 <= len(data):
        length = int.from_bytes(data[at : at + 4], "big")
        kind, content = data[at + 4 : at + 8], data[at + 8 : at + 8 + length]
        at += 12 + length
        if kind == b"IDAT" and body:
            content = zlib.compress(damage(zlib.decompress(content)))
        elif kind != b"IEND" and not (kind == b"IDAT" or body):
            content = damage(content)
        out += len(content).to_bytes(4, "big") + kind + content
        out += zlib.crc32(kind + content).to_bytes(4, "big")
    return bytes(out)


def _arrays() -> list[Files]:
    """Save sets as MedMNIST does, and as the bundled nodules are."""
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (4, 6, 6), dtype=np.uint8)
    labels = np.array([[0], [1], [0], [1]], np.uint8)
    medmnist = {
        f"{p}_{w}": a
        for p in ("train", "test")
        for w, a in (("images", images), ("labels", labels))
    }
    volumes = {**medmnist, "train_images": images.repeat(6, 0).reshape(4, 6, 6, 6)}
    volumes["test_images"] = volumes["train_images"]
    nodules = {
        "images": images.astype(np.int16), "labels": labels[:, 0],
        "patients": np.array(["a", "b", "c", "d"]), "spacing": np.full(4, 0.7, np.float32),
        "masks": (images > 99).astype(np.uint8), "malignancy": np.full((4, 4), 3, np.uint8),
        "nodule": np.arange(4), "diameter_mm": np.full(4, 7.5, np.float32),
    }  # fmt: skip
    seeds = []
    for save, arrays in ((np.savez, medmnist), (np.savez_compressed, volumes), (np.savez, nodules)):
        stream = io.BytesIO()
        save(stream, **arrays)
        seeds.append({"set.npz": stream.getvalue()})
    return seeds


def _seal_zip(data: bytes, damage: Callable[[bytes], bytes]) -> bytes:
    """Damage one member of a zip file, and pack it again."""
    stream = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(stream, "w") as new:
        names = old.namelist()
        for name in names:
            content = old.read(name)
            chosen = zlib.crc32(data[-99:] + damage(name.encode())) % len(names)
            new.writestr(name, damage(content) if names[chosen] == name else content)
    return stream.getvalue()


def _slices() -> list[Files]:
    """Write a series of three slices: plain, implicit, deflated, run-length coded, JPEG 2000."""
    import pydicom
    from pydicom.uid import DeflatedExplicitVRLittleEndian, ImplicitVRLittleEndian

    from medtutor.ct import phantom

    def plain(_: Any) -> None:
        pass

    def implicit(data: Any) -> None:
        data.file_meta.TransferSyntaxUID = ImplicitVRLittleEndian

    def deflated(data: Any) -> None:
        data.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian

    def squeezed(syntax: str) -> Callable[[Any], None]:
        return lambda data: data.compress(syntax, generate_instance_uid=False)

    kinds = [plain, implicit, deflated, squeezed("1.2.840.10008.1.2.5")]
    kinds += [squeezed("1.2.840.10008.1.2.4.90")]
    seeds = []
    with tempfile.TemporaryDirectory() as place:
        for path in phantom.write_series(place, slices=3, size=32):
            path.rename(path.with_suffix(".plain"))
        for change in kinds:
            files = {}
            for path in sorted(Path(place).glob("*.plain")):
                data = pydicom.dcmread(path)
                data.remove_private_tags()
                change(data)
                stream = io.BytesIO()
                pydicom.dcmwrite(stream, data, implicit_vr=change is implicit, little_endian=True)
                files[f"{path.stem}.dcm"] = stream.getvalue()
            seeds.append(files)
    return seeds


def _slice() -> list[Files]:
    """Give one slice of each kind, and pydicom's own with its many elements."""
    from medtutor.datasets import ct_small

    files = [next(iter(files.values())) for files in _slices()]
    return [{"slice.dcm": data} for data in (*files, ct_small().read_bytes())]


def _records() -> list[Files]:
    """Write WFDB records of ten seconds: format 16, 212, two samples a frame, FLAC."""
    import wfdb

    fs, beats = 360, np.arange(180, 3600, 300)
    time = np.arange(10 * fs) / fs
    signal = np.stack([np.exp(-((((time % (5 / 6)) - 0.5) / 0.02) ** 2)), np.sin(time)], 1)
    seeds = []
    for form in ("16", "212", "24", "80", "516"):
        with tempfile.TemporaryDirectory() as place:
            wfdb.wrsamp(
                "r", fs=fs, units=["mV", "mV"], sig_name=["MLII", "V1"], p_signal=signal,
                fmt=[form] * 2, comments=["made up"], write_dir=place,
            )  # fmt: skip
            wfdb.wrann("r", "atr", beats, ["N"] * len(beats), fs=fs, write_dir=place)
            seeds.append({p.name: p.read_bytes() for p in sorted(Path(place).iterdir())})
    return seeds


def _tables() -> list[Files]:
    """Write ``labels.csv`` with four pictures, in commas and in semicolons, with a split."""
    picture = _picture("png")()[0]["picture.png"]
    rows = [("file", "label", "patient", "split", "pixel_spacing_mm")]
    rows += [
        (f"{c}.png", f"{'bm'[k % 2]}", f"p{k}", ("train", "test")[k // 2], "0.7")
        for k, c in enumerate("abcd")
    ]
    pictures = {row[0]: picture for row in rows[1:]}
    seeds = [
        {"labels.csv": "\n".join(s.join(r) for r in rows).encode(), **pictures} for s in ",;\t"
    ]
    seeds.append(
        {"labels.csv": "\r\n".join(",".join(r[:3]) for r in rows).encode("utf-16"), **pictures}
    )
    return seeds


def _splits() -> list[Files]:
    """Write ``split.csv`` beside two WFDB records."""
    (record, *_) = _records()
    files: Files = {}
    for name in "rs":
        files |= {name + file[1:]: data for file, data in record.items()}
    files["s.hea"] = files["s.hea"].replace(b"r.dat", b"s.dat").replace(b"r 2", b"s 2")
    return [{**files, "split.csv": b"record,subject,split\nr,one,train\ns,two,test\n"}]


PASSPHRASE = "five words that nobody guesses"


def _locked() -> list[Files]:
    """Encrypt one file."""
    from medtutor.privacy import encryption

    with tempfile.TemporaryDirectory() as place:
        (Path(place) / "a").write_bytes(bytes(3000))
        (done,) = encryption.encrypt(Path(place) / "a", Path(place) / "b", PASSPHRASE, work=10)
        return [{"a.locked": done.read_bytes()}]


def _vault() -> list[Files]:
    """Encrypt a folder of two files."""
    from medtutor.privacy import encryption

    with tempfile.TemporaryDirectory() as place:
        (Path(place) / "a").mkdir()
        for name in "xy":
            (Path(place) / "a" / name).write_text(name)
        files = encryption.encrypt(Path(place) / "a", Path(place) / "b", PASSPHRASE, work=10)
        return [{f"vault/{path.name}": path.read_bytes() for path in files}]


def _seal_index(data: bytes, damage: Callable[[bytes], bytes]) -> bytes:
    """Damage what an encrypted file says, as somebody can who has the passphrase."""
    from medtutor.privacy import encryption

    old, text, new = io.BytesIO(data), io.BytesIO(), io.BytesIO()
    header = encryption.Header.read(old)
    key = encryption.Keys(PASSPHRASE).of(header)
    encryption.open_stream(old, text, header, key)
    encryption.seal_stream(io.BytesIO(damage(text.getvalue())), new, header, key)
    return new.getvalue()


def _unlock(source: str) -> Callable[[Path], object]:
    """Decrypt into a folder that goes away again."""

    def read(folder: Path) -> object:
        from medtutor.privacy import encryption

        with tempfile.TemporaryDirectory() as place:
            return encryption.decrypt(folder / source, Path(place) / "out", PASSPHRASE)

    return read


def _progress() -> list[Files]:
    """Keep progress as the course does."""
    from medtutor import workspace

    states = {**workspace.ORDER, "00.1": "passed", "07.1": "failed"}
    old = {"00.1": "passed", "14.6": "not yet"}
    return [{".medtutor/progress.json": json.dumps(s, indent=1).encode()} for s in (states, old)]


def _notebook() -> list[Files]:
    """Write a small notebook."""
    import nbformat

    cells = [nbformat.v4.new_markdown_cell("# one"), nbformat.v4.new_code_cell("1 + 1")]
    return [{"01_a.ipynb": nbformat.writes(nbformat.v4.new_notebook(cells=cells)).encode()}]


def _shared(folder: Path) -> object:
    """De-identify a folder into another that goes away again."""
    from medtutor.privacy.deidentification import deidentify

    with tempfile.TemporaryDirectory() as place:
        return deidentify(folder, Path(place) / "out", key=b"0" * 32)


def _call(module: str, name: str, file: str = "") -> Callable[[Path], object]:
    """Call a reader of the package on the folder, or on a file in it."""

    def read(folder: Path) -> object:
        found = __import__(module, fromlist=[name])
        return getattr(found, name)(folder / file if file else folder)

    return read


# ------------------------------ lies


def _too_many_pixels() -> list[Files]:
    """Claim slices of 1.6 and 4.3 thousand million pixels, and a deflated one of 1.3 GB."""
    import pydicom

    plain, _, deflated, *_ = _slices()
    found = []
    for side in (40_000, 65_535):
        data = pydicom.dcmread(io.BytesIO(next(iter(plain.values()))))
        data.Rows = data.Columns = side
        stream = io.BytesIO()
        pydicom.dcmwrite(stream, data)
        found.append({"slice.dcm": stream.getvalue()})
    file = next(iter(deflated.values()))
    start = 132 + 12 + int.from_bytes(file[140:144], "little")  # behind the file meta
    squeeze = zlib.compressobj(9, zlib.DEFLATED, -15)
    zeros = squeeze.compress(bytes(2**26)) + squeeze.flush(zlib.Z_FULL_FLUSH)
    return [*found, {"slice.dcm": file[:start] + zeros * 20}]


def _too_large(kind: str) -> Callable[[], list[Files]]:
    """Claim a picture of 60,000 x 60,000 pixels or more."""

    def make() -> list[Files]:
        data = bytearray(_picture(kind)()[0][f"picture.{kind}"])
        if kind == "png":
            data[16:24] = (100_000).to_bytes(4, "big") * 2
            data[29:33] = zlib.crc32(data[12:29]).to_bytes(4, "big")
        elif kind == "jpeg":
            at = data.index(b"\xff\xc0") + 5
            data[at : at + 4] = (65_500).to_bytes(2, "big") * 2
        elif kind == "bmp":
            data[18:26] = (100_000).to_bytes(4, "little") * 2
        else:  # two entries of the directory: 256 and 257, one LONG each
            for tag in (256, 257):
                at = data.index(tag.to_bytes(2, "little") + b"\x04\0\1\0\0\0") + 8
                data[at : at + 4] = (100_000).to_bytes(4, "little")
        return [{f"picture.{kind}": bytes(data)}]

    return make


def _too_long_arrays() -> list[Files]:
    """Claim arrays of 4 GB and 1 TB, members of 17 GB, and give what is none."""
    found = []
    for shape in ("(4000000000,)", "(1000000, 1000000)", "(-5,)", "(((((", "(3, 'x')"):
        stream = io.BytesIO()
        text = f"{{'descr': '|u1', 'fortran_order': False, 'shape': {shape}, }}\n".encode()
        with zipfile.ZipFile(stream, "w") as archive:
            head = b"\x93NUMPY\x01\0" + len(text).to_bytes(2, "little") + text
            archive.writestr("train_images.npy", head + bytes(99))
        found.append({"set.npz": stream.getvalue()})
    sound = _arrays()[0]["set.npz"]
    with zipfile.ZipFile(io.BytesIO(sound)) as archive:
        sizes = {info.file_size for info in archive.infolist()}
    for size in sizes:
        same = size.to_bytes(4, "little")
        sound = sound.replace(same * 2, same + b"\xff\xff\xff\xff")
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("train_images.npy", b"these are bytes and no array")
    return [*found, {"set.npz": sound}, {"set.npz": stream.getvalue()}]


def _many_rows() -> list[Files]:
    """List a million pictures that are not there, or put all of them into quotes that never end."""
    rows = "\n".join(f"m/{k}.png,{k % 2},p{k}" for k in range(ROWS))
    return [{"labels.csv": f"file,label,patient\n{sign}{rows}".encode()} for sign in ("", '"')]


def _too_many_samples() -> list[Files]:
    """Claim 10^9 frames, signals, samples a frame, and a stream of FLAC as long."""
    plain, *_, flac = _records()
    found = []
    for old, new in (
        (rb"^(r \d+ \d+) \d+", rb"\1 1000000000"),
        (rb"^r \d+", b"r 1000000000"),
        (rb" 16 ", b" 16x100000000 "),
        (rb" 16 ", b" 16+100000000000 "),
    ):
        found.append({**plain, "r.hea": re.sub(old, new, plain["r.hea"])})
    sound = flac["r.dat"]
    at = 8 + 13  # behind the mark and the head of the first block: 36 bits of the length
    longer = sound[:at] + bytes([sound[at] | 15]) + b"\xff" * 4 + sound[at + 5 :]
    for header in (flac["r.hea"], re.sub(rb"^(r \d+ \d+) \d+", rb"\1 1000000000", flac["r.hea"])):
        name = next(file for file in flac if file.endswith(".dat"))
        found.append({**flac, "r.hea": header, name: longer})
    return found


def _deep() -> list[Files]:
    """Nest JSON deeper than a parser goes."""
    return [{"01_a.ipynb": b"[" * 100_000}, {"01_a.ipynb": b'{"cells": ' * 10_000}]


def _image(kind: str, seal: Seal | None = None) -> Loader:
    """Read a picture of one kind."""
    read = _call("medtutor.datasets.images", "read_image", f"picture.{kind}")
    return Loader(read, _picture(kind), seal=seal, lies=_too_large(kind))


def _table(name: str) -> Loader:
    """Read a folder with ``labels.csv``."""
    read = _call("medtutor.datasets.folders", name)
    return Loader(read, _tables, "*.csv", text=True, lies=_many_rows, patience=6)


CT, ECG = "medtutor.ct.series", "medtutor.ecg.io"
RECORD = _call(ECG, "read_record", "r")
SET = _call("medtutor.datasets.arrays", "load_npz", "set.npz")
VAULT = "index.locked"
STATES = _call("medtutor.workspace", "kept_progress", ".medtutor/progress.json")
BOOK = _call("medtutor.runner", "_read", "01_a.ipynb")
LOADERS = {
    "DICOM file": Loader(_call(CT, "read_series", "slice.dcm"), _slice, lies=_too_many_pixels),
    "DICOM series": Loader(_call(CT, "read_series"), _slices),
    "PNG": _image("png", _seal_png),
    "JPEG": _image("jpeg"),
    "TIFF": _image("tiff"),
    "BMP": _image("bmp"),
    "npz": Loader(SET, _arrays, seal=_seal_zip, lies=_too_long_arrays),
    "labels.csv": _table("load_folder"),
    "labels.csv, all faults": _table("survey"),
    "split.csv": Loader(_call(ECG, "read_folder"), _splits, "*.csv", text=True),
    "WFDB header": Loader(RECORD, _records, "*.hea", text=True, lies=_too_many_samples),
    "WFDB signal": Loader(RECORD, _records, "*.dat"),
    "WFDB annotation": Loader(RECORD, _records, "*.atr"),
    "encrypted file": Loader(_unlock("a.locked"), _locked, seal=_seal_index),
    "encrypted folder": Loader(_unlock("vault"), _vault, VAULT, seal=_seal_index, text=True),
    "progress": Loader(STATES, _progress, text=True),
    "notebook": Loader(BOOK, _notebook, text=True, lies=_deep),
    "DICOM to de-identify": Loader(_shared, _slice, slow=True),
    "WFDB to de-identify": Loader(_shared, _records, slow=True),
}
