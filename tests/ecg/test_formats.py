"""WFDB files written byte by byte from header, signal and annot (5): none may be read wrong."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from medtutor.ecg import stream
from medtutor.ecg.io import read_folder, read_record
from medtutor.errors import MedtutorError

BITS = {"8": 8, "80": 8, "212": 12, "310": 10, "311": 10, "16": 16, "61": 16, "160": 16,
        "24": 24, "32": 32}  # fmt: skip
UNITS = [("mV", 1.0), ("MV", 1.0), ("millivolt", 1.0), ("uV", 1e-3), ("µV", 1e-3), ("μV", 1e-3),
         ("microvolts", 1e-3), ("V", 1e3), ("Volt", 1e3), ("nV", 1e-6)]  # fmt: skip
FS, FRAMES = 360, 1440


def pack(values, fmt):
    """Write whole numbers in a format of signal (5)."""
    if fmt == "80":
        return (values + 128).astype("u1").tobytes()
    if fmt == "160":
        return (values + 32768).astype("<u2").tobytes()
    if fmt == "24":
        return b"".join(int(v).to_bytes(3, "little", signed=True) for v in values)
    if fmt in ("8", "16", "32", "61"):
        return values.astype({"8": "i1", "16": "<i2", "32": "<i4", "61": ">i2"}[fmt]).tobytes()
    size = 2 if fmt == "212" else 3
    padded = np.append(values, np.zeros(-len(values) % size, int)).reshape(-1, size)
    if fmt == "212":
        a, b = (padded & 0xFFF).T
        return np.stack([a & 255, (a >> 8) | ((b >> 8) << 4), b & 255], 1).astype("u1").tobytes()
    a, b, c = (padded & 0x3FF).T
    if fmt == "311":
        return (a | b << 10 | c << 20).astype("<u4").tobytes()
    first, second = a << 1 | (c & 31) << 11, b << 1 | (c >> 5) << 11
    return np.stack([first, second], 1).astype("<u2").tobytes()


def annotations(ticks, codes, clock=None):
    """Write annotations as annot (5) says, with a clock of their own or without."""

    def word(code, number):
        return int(code << 10 | number).to_bytes(2, "little")

    data, time = b"", 0
    if clock is not None:
        text = f"## time resolution: {clock}".encode()
        data = word(22, 0) + word(63, len(text)) + text + b"\0" * (len(text) % 2)
    for tick, code in zip(ticks, codes, strict=True):
        step, time = tick - time, tick
        if not 0 <= step < 1024:
            far = int(step & 0xFFFFFFFF).to_bytes(4, "little")
            data, step = data + word(59, 0) + far[2:] + far[:2], 0
        data += word(code, step)
    return data + b"\0\0"


def write(folder, fmt="16", unit="mV", factor=1.0, per_frame=1, other=1, skew=0, offset=0,
          clock=None, encoding="utf-8", gain=None, **more):  # fmt: skip
    """Write a record of two leads; give the first in millivolts and its beats in seconds."""
    fs = FS * per_frame
    time = np.arange(FRAMES * per_frame) / fs
    beats = np.arange(0.5, FRAMES / FS, 0.75)
    truth = 1.5 * np.exp(-(((time[:, None] - beats) / 0.02) ** 2)).sum(axis=1) - 0.2
    top = min(2 ** (BITS[fmt] - 1) - 1, 100_000)
    gain = gain or top / 2  # steps a millivolt: 2 mV fit
    digits = np.round(truth * gain).astype(int)
    if fmt == "8":  # differences of one byte
        gain = 40.0
        digits = np.round(truth * gain).astype(int)
    second = np.resize(np.arange(-20, 20), FRAMES * other)
    stored = np.append(np.zeros(skew * per_frame, int), digits)[: len(digits)]
    columns = [stored, second]
    initial = [int(column[0]) for column in columns]
    if fmt == "8":
        columns = [np.diff(c, prepend=c[0]) for c in columns]
    frames = np.concatenate(
        [c.reshape(FRAMES, n) for c, n in zip(columns, (per_frame, other), strict=True)], axis=1
    )
    folder.mkdir(exist_ok=True)
    (folder / "r.dat").write_bytes(b"\7" * offset + pack(frames.ravel(), fmt))
    sums = [int(c.sum()) % 65536 for c in (stored, second)]
    shape = [f"{fmt}{f'x{n}' if n > 1 else ''}" for n in (per_frame, other)]
    shape = [s + (f":{k}" if k else "") + (f"+{offset}" if offset else "")
             for s, k in zip(shape, (skew, 0), strict=True)]  # fmt: skip
    lines = [f"# made\n\nr 2 {FS}/90.5(7) {more.get('length', FRAMES)} 10:20:30 1/2/2003"]
    for k, (name, u, g) in enumerate((("MLII", unit, gain * factor), ("V1", "mV", 100))):
        lines.append(f"r.dat {shape[k]} {g!r}(0)/{u} 12 0 {initial[k]} {sums[k]} 0 {name}")
    (folder / "r.hea").write_bytes(("\n".join(lines) + "\n").encode(encoding))
    rate = clock or FS
    ticks = np.round(beats * rate).astype(int)
    (folder / "r.atr").write_bytes(annotations(ticks, [1] * len(ticks), clock))
    kept = np.append(digits[: len(digits) - skew * per_frame], np.full(skew * per_frame, np.nan))
    return kept / gain, beats, gain


def same(recording, truth, beats, fs, gain):
    """Compare a recording with what was written."""
    assert recording.fs == fs
    np.testing.assert_allclose(recording.signal[:, 0], truth, rtol=2e-6, atol=1e-9)
    np.testing.assert_allclose(recording.beats / fs, beats, atol=1 / FS)
    assert not [note for note in recording.notes if "checksum" in note]


@given(
    st.sampled_from(sorted(BITS)),
    st.sampled_from(UNITS),
    st.sampled_from([(1, 1), (1, 2), (4, 1), (3, 3)]),
    st.sampled_from([None, 360, 720, 1000, 128.5, 4000]),
    st.sampled_from([0, 5]),
    st.sampled_from([0, 100]),
    st.sampled_from(["utf-8", "latin-1", "utf-8-sig"]),
    st.sampled_from([FRAMES, 0]),
)
@settings(max_examples=150)
def test_every_record_of_the_standard_is_read_right(
    tmp_path_factory, fmt, unit, frames, clock, skew, offset, encoding, length
):
    if unit[0] == "μV":
        encoding = "utf-8"  # latin-1 has only the other letter
    folder = tmp_path_factory.mktemp("r")
    truth, beats, gain = write(
        folder, fmt, *unit,
        frames[0], frames[1], skew, offset, clock, encoding, length=length,
    )  # fmt: skip
    fs = FS * frames[0]
    recording = read_record(folder / "r", fs=None)
    same(recording, truth, beats, fs, gain)
    rate, pieces = stream.record_chunks(folder / "r", seconds=0.7)
    assert rate == fs
    np.testing.assert_array_equal(np.concatenate(list(pieces)), recording.signal[:, 0])
    assert recording.leads == ("MLII", "V1")
    assert recording.signal.shape == (FRAMES * frames[0], 2)


@pytest.mark.parametrize(("fmt", "unit_size"), [("508", 100), ("516", 8000), ("524", 1_000_000)])
def test_compressed_records_are_read(tmp_path, fmt, unit_size):
    import wfdb

    truth, beats, _ = write(tmp_path)
    signal = np.stack([truth, truth[::-1]], axis=1)
    size = min(unit_size, 60) if fmt == "508" else unit_size
    wfdb.wrsamp("r", FS, ["mV"] * 2, ["MLII", "V1"], signal, fmt=[fmt] * 2,
                adc_gain=[size] * 2, baseline=[0, 0], write_dir=str(tmp_path))  # fmt: skip
    found = read_record(tmp_path / "r", fs=None)
    np.testing.assert_allclose(found.signal, signal, atol=0.51 / size)
    np.testing.assert_allclose(found.beats / FS, beats, atol=1 / FS)
    _, pieces = stream.record_chunks(tmp_path / "r", seconds=0.7)
    np.testing.assert_array_equal(np.concatenate(list(pieces)), found.signal[:, 0])


SHORT = [  # record line, signal line, leads, rate, millivolts of the sample 400
    ("r 1 360 1440", "r.dat 16", ("signal 1",), 360, 2.0),
    ("r 1", "r.dat 16", ("signal 1",), 250, 2.0),
    ("r 1 3.6e2 0", "r.dat 16 0", ("signal 1",), 360, 2.0),
    ("r 1 360.0/720(1.5) 1440", "r.dat 16 100/mV", ("signal 1",), 360, 4.0),
    ("r 1 360", "r.dat 16 100(100)/uV ECG lead II", ("ECG lead II",), 360, 0.003),
    ("r 1 360", "r.dat 16 MLII", ("MLII",), 360, 2.0),
    ("r 1 360", "r.dat 16 -200 12 -100", ("signal 1",), 360, -2.5),
    ("r 1 360", "r.dat 16 200 12 1024 0 0 0 a b", ("a b",), 360, -3.12),
    ("r 1 360", "r.dat 16 200(0) 12 1024 0 0 0 a", ("a",), 360, 2.0),
]


@pytest.mark.parametrize(("record", "signal", "leads", "fs", "value"), SHORT)
def test_what_a_header_leaves_out_has_the_standards_value(
    tmp_path, record, signal, leads, fs, value
):
    write(tmp_path)
    samples = np.where(np.arange(FRAMES) % 2, 0, 400).astype("<i2")
    (tmp_path / "r.dat").write_bytes(samples.tobytes())
    (tmp_path / "r.hea").write_text(f"{record}\n{signal}\n")
    found = read_record(tmp_path / "r", lead=None, fs=None)
    assert (found.leads, found.fs, len(found.signal)) == (leads, fs, FRAMES)
    assert found.signal[0, 0] == pytest.approx(value)
    uncalibrated = len(signal.split()) < 3 or signal.split()[2] in ("0", "MLII")
    assert any("not calibrated" in note for note in found.notes) == uncalibrated


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("16 16383.5(0)/mV", "16 16383,5(0)/mV", ["line 4", "'16383,5(0)/mV'", "with a point"]),
        ("12 0 -", "12 0,5 -", ["line 4", "ADC zero '0,5'", "with a point"]),
        (" 360/", " 360,5/", ["line 3", "sampling rate '360,5/90.5(7)'", "with a point"]),
        (" 1440 ", " 1.440e3 ", ["line 3", "number of samples '1.440e3'"]),
        ("dat 16 ", "dat 16x0 ", ["line 4", "format '16x0'"]),
        ("(0)/mV", "(0)/mmHg", ["lead MLII is in 'mmHg'", "Write mV, uV"]),
        ("(0)/mV", "(0)/V", ["lead MLII is 1,", "mV high, which no heart gives", "gain and unit"]),
        ("r 2 ", "r 3 ", ["line 3", "promises 3 signals", "2 lines"]),
        ("r 2 ", "r/2 2 ", ["several segments are not supported", "Join them"]),
        ("dat 16 ", "dat 7 ", ["format 7 are not supported", "Convert"]),
        ("dat 16 ", "dat 61 ", ["differ in format"]),
        ("r.dat 16", "../r.dat 16", ["line 4", "'../r.dat' is not in this folder"]),
    ],
)
def test_each_refusal_says_where_and_what(tmp_path, refused, old, new, says):
    write(tmp_path)
    header = (tmp_path / "r.hea").read_text()
    assert old in header
    (tmp_path / "r.hea").write_text(header.replace(old, new, 1))
    refused(read_record, tmp_path / "r", says=["r.hea", *says])
    refused(stream.record_chunks, tmp_path / "r", says=["r.hea", *says])


def test_beats_rise_and_what_is_dropped_is_said(tmp_path):
    _, beats, _ = write(tmp_path)
    ticks = np.round(beats * FS).astype(int)
    doubled = np.sort(np.concatenate([ticks, ticks[1:3], [FRAMES, FRAMES + 5000, -3]]))
    (tmp_path / "r.atr").write_bytes(annotations(doubled, [1] * len(doubled)))
    found = read_record(tmp_path / "r", fs=None)
    assert found.beats.tolist() == ticks.tolist()
    said = ("2 beats annotated twice, counted once", "3 beats outside of the recording, left out")
    assert found.notes[-2:] == said
    assert read_folder(tmp_path).notes[:2] == tuple(f"{note}: r" for note in said)


def test_beats_stay_apart_when_the_rate_falls(tmp_path):
    write(tmp_path, per_frame=4)
    (tmp_path / "r.atr").write_bytes(annotations([720, 721, 3000], [1, 5, 1], 1440))
    found = read_record(tmp_path / "r")
    assert (np.diff(found.beats) > 0).all()
    assert found.beats.tolist() == [180, 750]


def test_every_file_of_a_folder_is_read_or_named(tmp_path):
    write(tmp_path)
    for name in ("no_beats", "segments", "aha"):
        for ending in ("hea", "atr"):
            (tmp_path / f"{name}.{ending}").write_bytes((tmp_path / f"r.{ending}").read_bytes())
    (tmp_path / "no_beats.atr").unlink()
    (tmp_path / "segments.hea").write_text("segments/2 2 360 2880\nr 1440\nr 1440\n")
    (tmp_path / "aha.atr").write_bytes(b"\0N" + b"\0" * 14)
    (tmp_path / "alone.dat").write_bytes(b"\1\2")
    (tmp_path / "r.pdf").write_bytes(b"%PDF")
    (tmp_path / "deeper").mkdir()
    found = read_folder(tmp_path)
    assert [recording.name for recording in found.recordings] == ["r"]
    assert found.notes == (
        "annotations in the American Heart Association's format are not supported, left out: aha",
        "the beat annotations are not there, left out: no_beats",
        "records in several segments are not supported, left out: segments",
        "not read: alone.dat, deeper/, r.pdf",
    )


def test_annotation_files_are_cut_off_or_damaged(tmp_path, refused):
    write(tmp_path)
    path = tmp_path / "r.atr"
    whole = path.read_bytes()
    path.write_bytes(whole + b"\0" * 100)  # padded to a block
    assert len(read_record(tmp_path / "r").beats) == 5
    path.write_bytes(whole[:-2])
    refused(read_record, tmp_path / "r", says=["r.atr", "cut off"])
    path.write_bytes(whole[:4] + (55 << 10).to_bytes(2, "little") + b"\0\0")
    refused(read_record, tmp_path / "r", says=["r.atr", "byte 4 holds code 55"])
    path.write_bytes(annotations([5], [1], "fast"))
    refused(read_record, tmp_path / "r", says=["r.atr", "'## time resolution: fast'"])


@given(st.data(), st.sampled_from(["hea", "atr"]), st.sampled_from(sorted(BITS)))
@settings(max_examples=150)
def test_changed_bytes_give_a_recording_or_one_clear_error(tmp_path_factory, data, ending, fmt):
    folder = tmp_path_factory.mktemp("r")
    write(folder, fmt, clock=720)
    path = folder / f"r.{ending}"
    content = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(content) - 1))
        content[place] = data.draw(st.one_of(st.integers(0, 255), st.sampled_from(b" 0,./x+-#\n")))
    path.write_bytes(content[: data.draw(st.sampled_from([None, None, len(content) // 2]))])
    try:
        found = read_record(folder / "r", lead=None, fs=None)
    except MedtutorError:  # any other exception fails the test
        return
    assert (np.diff(found.beats) > 0).all()
    assert found.beats[0] >= 0
    assert found.beats[-1] < len(found.signal)
    finite = found.signal[np.isfinite(found.signal)]
    assert np.ptp(np.percentile(finite, [1, 99])) < 100
