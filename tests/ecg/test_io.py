"""WFDB records and folders: what is read, what is said, and each way in which they are refused."""

import shutil

import numpy as np
import pytest
import wfdb
from hypothesis import given
from hypothesis import strategies as st

from medtutor import datasets
from medtutor.ecg import io, quality
from medtutor.ecg.io import DS1, DS2, PACED, read_folder, read_record
from medtutor.errors import SplitError


def make(folder, name="r1", fs=360, leads=("MLII", "V1"), seconds=20, symbols="N", **changes):
    """Write a record: 10 Hz sine waves with a spike at each beat, one beat a second."""
    folder.mkdir(parents=True, exist_ok=True)
    time = np.arange(int(seconds * fs)) / fs
    signal = np.stack([np.sin(2 * np.pi * 10 * time + i) for i in range(len(leads))], axis=1)
    beats = (np.arange(0.5, seconds) * fs).astype(int)
    signal[beats, 0] += 3
    for start, stop, value in changes.pop("gaps", ()):
        signal[int(start * fs) : int(stop * fs)] = value
    options = {"units": ["mV"] * len(leads), "fmt": ["16"] * len(leads), **changes}
    wfdb.wrsamp(
        name, fs=fs, sig_name=list(leads), p_signal=signal, write_dir=str(folder), **options
    )
    codes = (list(symbols) * len(beats))[: len(beats)]
    wfdb.wrann(name, "atr", beats, codes, write_dir=str(folder))
    return signal, beats


def test_reads_signal_beats_and_codes(tmp_path):
    signal, beats = make(tmp_path, symbols="NV+~")
    found = read_record(tmp_path / "r1")
    assert found.name == found.subject == "r1"
    assert found.leads == ("MLII", "V1")
    assert found.fs == 360
    assert found.duration == 20
    assert found.signal.dtype == np.float32
    np.testing.assert_allclose(found.signal, signal, atol=1e-3)
    keep = np.arange(20) % 4 < 2  # rhythm changes and noise marks are no beats
    assert found.beats.tolist() == beats[keep].tolist()
    assert found.beats.dtype == np.int64
    assert found.symbols.tolist() == ["N", "V"] * 5
    assert found.notes == ()
    assert "20 s at 360 Hz" in repr(found)


def test_the_lead_comes_first_whatever_its_place(tmp_path):
    signal, _ = make(tmp_path, leads=("V5", "MLII"))
    found = read_record(tmp_path / "r1.hea")
    assert found.leads == ("MLII", "V5")
    np.testing.assert_allclose(found.signal, signal[:, ::-1], atol=1e-3)
    assert read_record(tmp_path / "r1", lead="v5").leads == ("V5", "MLII")
    assert read_record(tmp_path / "r1", lead=None).leads == ("V5", "MLII")
    assert read_record(tmp_path / "r1", lead="II").leads == ("MLII", "V5")


def test_a_lead_that_is_not_there_is_refused(tmp_path, refused):
    make(tmp_path, leads=("V5", "V2"))
    says = ["r1.hea", "the record has no lead MLII; it has V5, V2", 'lead="V5"']
    refused(read_record, tmp_path / "r1", says=says)


@pytest.mark.parametrize("fs", [250, 128, 1000])
def test_another_rate_is_resampled_and_said(tmp_path, fs):
    make(tmp_path, fs=fs)
    found = read_record(tmp_path / "r1")
    assert found.fs == 360
    assert abs(len(found.signal) - 20 * 360) <= 1
    np.testing.assert_allclose(found.beats / 360, np.arange(0.5, 20), atol=1 / fs)
    assert f"resampled from {fs} to 360 Hz" in found.notes
    # The wave keeps its height, and the spikes stay where the beats are.
    for beat in found.beats[1:-1]:
        assert abs(np.argmax(found.signal[beat - 50 : beat + 50, 0]) - 50) <= 2
    calm = found.signal[400:500, 1]
    assert 0.97 < calm.max() < 1.03
    assert read_record(tmp_path / "r1", fs=None).fs == fs


def test_missing_samples_are_said_and_stay_missing(tmp_path):
    make(tmp_path, fs=250, gaps=[(4, 7.2, np.nan)])
    found = read_record(tmp_path / "r1")
    assert any("lead MLII has 3.2 s of NaN" in note for note in found.notes)
    missing = np.isnan(found.signal[:, 0])
    assert missing.sum() / 360 == pytest.approx(3.2, abs=0.02)
    assert missing[int(4.1 * 360) : int(7.1 * 360)].all()


def test_flat_stretches_are_said(tmp_path):
    make(tmp_path, gaps=[(4, 7, 0.0), (10, 12, 1.0), (14, 14.5, 0.0)])
    assert read_record(tmp_path / "r1").notes == ("lead MLII has 2 flat stretches, 5.0 s together",)


@given(
    samples=st.integers(3, 3000),
    fs=st.sampled_from([1.0, 2.0, 3.0, 4.5, 100.0, 360.0]),
    tall=st.sampled_from([0, 0.005, 0.02, 0.1, 0.5]),
    still=st.integers(0, 400),
    lost=st.sampled_from([0, 0.02, 0.6]),
    comb=st.booleans(),
    seed=st.integers(0, 10**6),
)
def test_short_cuts_find_what_the_definitions_find(samples, fs, tall, still, lost, comb, seed):
    rng = np.random.default_rng(seed)
    signal = rng.normal(0, 0.001, samples).astype(np.float32)
    signal[rng.random(samples) < tall] += np.float32(rng.choice([-0.008, 0.009, 0.02]))
    if comb:  # one in a hundred is tall, and those are the ones that the bound looks at
        signal[::200], signal[100::200] = -0.1, 0.1
    at = rng.integers(samples)
    signal[at : at + still] = signal[at]
    signal[rng.random(samples) < lost] = np.nan
    signal[1:3] = 0.0, 0.001
    found = " ".join(io._gaps(signal, fs, "II", None))
    low, high = np.nanpercentile(signal, [1, 99])
    assert ("lower than" in found) == (high - low < 0.01)
    flat = quality.runs(np.diff(signal) == 0) + 1
    assert ("flat stretch" in found) == bool((flat > fs).any())


@pytest.mark.parametrize("value", [np.nan, 0.5])
def test_a_lead_without_signal_is_refused(tmp_path, refused, value):
    make(tmp_path, gaps=[(0, 20, value)], adc_gain=[200, 200], baseline=[0, 0])
    refused(read_record, tmp_path / "r1", says=["r1.dat", "lead MLII carries no signal"])


def test_microvolts_become_millivolts_and_other_units_are_said(tmp_path, refused):
    signal, _ = make(tmp_path, units=["uV", "mmHg"])
    found = read_record(tmp_path / "r1")
    np.testing.assert_allclose(found.signal[:, 0], signal[:, 0] * 1e-3, atol=1e-6)
    assert found.leads == ("MLII",)
    assert found.notes == (
        "lead V1 is in 'mmHg', no voltage, left out",
        "lead MLII is lower than 0.01 mV: check its gain and unit",
    )
    says = ["r1.hea", "lead V1 is in 'mmHg'", "not understood as a voltage", "mV, uV"]
    refused(read_record, tmp_path / "r1", lead="V1", says=says)


@pytest.mark.parametrize("ending", ["hea", "dat", "atr"])
def test_a_missing_file_is_named(tmp_path, refused, ending):
    make(tmp_path)
    (tmp_path / f"r1.{ending}").unlink()
    refused(read_record, tmp_path / "r1", says=[f"r1.{ending}: ", "not there"])
    refused(read_folder, tmp_path, says=["r1.", " "])


def test_other_annotations_are_offered(tmp_path, refused):
    make(tmp_path)
    (tmp_path / "r1.atr").rename(tmp_path / "r1.qrs")
    refused(read_record, tmp_path / "r1", says=["r1.atr", "Or copy r1.qrs to r1.atr"])


@pytest.mark.parametrize("ending", ["dat", "atr"])
@pytest.mark.parametrize("part", [0.0, 0.4, 0.99])
def test_a_truncated_file_is_named(tmp_path, refused, ending, part):
    make(tmp_path)
    path = tmp_path / f"r1.{ending}"
    path.write_bytes(path.read_bytes()[: int(part * path.stat().st_size)])
    refused(read_record, tmp_path / "r1", says=[f"r1.{ending}", "cut off", "again"])


@pytest.mark.parametrize("text", ["", "nonsense", "r1 2 360\n", "r1 x 360 100\n"])
def test_a_damaged_header_is_named(tmp_path, refused, text):
    make(tmp_path)
    (tmp_path / "r1.hea").write_text(text)
    refused(read_record, tmp_path / "r1", says=["r1.hea", "header", "again"])


@pytest.mark.parametrize("elsewhere", ["../b/r1.dat", "/etc/passwd", ".."])
def test_a_header_cannot_point_elsewhere(tmp_path, refused, elsewhere):
    make(tmp_path / "a")
    header = tmp_path / "a" / "r1.hea"
    header.write_text(header.read_text().replace("r1.dat", elsewhere))
    refused(read_record, tmp_path / "a" / "r1", says=[str(tmp_path / "a"), "Copy"])


def test_samples_that_differ_from_their_checksum_are_said(tmp_path):
    make(tmp_path)
    path = tmp_path / "r1.dat"
    data = bytearray(path.read_bytes())
    data[1000] ^= 1
    path.write_bytes(data)
    assert "do not match the checksum" in read_record(tmp_path / "r1").notes[0]


def test_a_record_without_beats_is_refused(tmp_path, refused):
    make(tmp_path, symbols="+~")
    refused(read_record, tmp_path / "r1", says=["r1.atr", "no beat is annotated"])


def test_a_folder_goes_on_without_the_records_that_do_not_fit(tmp_path):
    make(tmp_path, "a")
    make(tmp_path, "b", leads=("V5", "V2"))
    make(tmp_path, "c", symbols="//N")
    make(tmp_path, "d", symbols="/NN")
    (tmp_path / "RECORDS").write_text("a\nb\nc\nd\n")
    found = read_folder(tmp_path)
    assert [recording.name for recording in found.recordings] == ["a", "d"]
    assert found.notes == (
        "without lead MLII, left out: b",
        "most beats paced, left out: c",
        "not read: RECORDS",
    )
    assert found.split is None


def test_without_the_lead_anywhere_the_first_is_read(tmp_path):
    make(tmp_path, "a", leads=("ECG1", "ECG2"))
    found = read_folder(tmp_path)
    assert found.recordings[0].leads[0] == "ECG1"
    said = "no record in use has lead MLII: the first lead of each is read instead"
    assert said in found.notes


def test_what_may_be_wrong_with_a_record_is_said_of_the_folder(tmp_path):
    make(tmp_path, "a")
    make(tmp_path, "b")
    data = bytearray((tmp_path / "a.dat").read_bytes())
    data[200:600] = bytes(400)
    (tmp_path / "a.dat").write_bytes(data)
    assert read_folder(tmp_path).notes == (
        "the samples do not match the checksum in the header: a",
    )


def test_records_left_out_are_still_named_where_another_lead_is_read(tmp_path):
    for name in "abc":
        make(tmp_path, name, leads=("ECG1",))
    (tmp_path / "split.csv").write_text("record,subject,split\na,p,train\nb,q,test\n")
    assert "not in split.csv, left out: c" in read_folder(tmp_path).notes


def test_another_record_202_is_a_person_of_its_own(tmp_path):
    for name in ("201", "202", "mine"):
        make(tmp_path, name)
    assert [r.subject for r in read_folder(tmp_path).recordings] == ["201", "202", "mine"]


def test_beats_stay_on_their_waves_at_an_odd_rate(tmp_path):
    make(tmp_path, fs=360.1, seconds=600)
    found = read_record(tmp_path / "r1", fs=360)
    last = found.signal[found.beats[-1] - 10 : found.beats[-1] + 11, 0]
    assert abs(int(last.argmax()) - 10) <= 2


def test_files_that_macos_leaves_are_no_records(tmp_path):
    make(tmp_path, "a")
    (tmp_path / "._a.hea").write_bytes(b"\0\5\x16\7")
    assert [r.name for r in read_folder(tmp_path).recordings] == ["a"]


def test_a_folder_without_records_is_refused(tmp_path, refused):
    refused(read_folder, tmp_path / "none", says=["none", "this folder is not there"])
    refused(read_folder, tmp_path, says=[str(tmp_path), "no WFDB record"])
    make(tmp_path, symbols="/")
    refused(read_folder, tmp_path, says=["no record is left", "most beats paced, left out: r1"])


def test_one_damaged_record_stops_the_folder(tmp_path, refused):
    make(tmp_path, "a")
    make(tmp_path, "b")
    (tmp_path / "b.dat").write_bytes(b"0")
    refused(read_folder, tmp_path, says=["b.dat", "cut off: 1 of 28,800 bytes"])


def records(folder, *names):
    for name in names:
        make(folder, name, seconds=4)


def test_split_csv_decides(tmp_path):
    records(tmp_path, "a", "b", "c", "d")
    (tmp_path / "split.csv").write_text("record,subject,split\na,x,train\nb,x,train\nc,y,test\n")
    found = datasets.load_ecg(tmp_path)
    assert found.split == {"x": "train", "y": "test"}
    assert [recording.subject for recording in found.recordings] == ["x", "x", "y"]
    assert found.notes == ("not in split.csv, left out: d",)
    assert found.name == tmp_path.name
    assert not found.simulated
    assert "3 recordings of 2 subjects" in found.card
    assert "3 recordings of 2 subjects" in repr(found)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("record,split\na,train\nb,test\n", "the column subject is missing"),
        (
            "record,subject,split\na,x,train\na,x,train\nb,y,test\n",
            "line 3: record a is listed twice",
        ),
        (
            "record,subject,split\na,x,train\nz,y,test\n",
            "1 of the 2 records it lists are not there",
        ),
        ("record,subject,split\na,x,train\nb,y,both\n", "line 3: split is 'both'"),
        ("record,subject,split\na,x,train\nb,y,train\n", "no test part"),
        ("record,subject,split\na,,train\nb,y,test\n", "line 2 has no subject"),
    ],
)
def test_a_wrong_split_is_refused(tmp_path, refused, text, says):
    records(tmp_path, "a", "b")
    (tmp_path / "split.csv").write_text(text)
    refused(read_folder, tmp_path, says=["split.csv", says])


def test_a_subject_in_two_parts_is_refused(tmp_path, refused):
    records(tmp_path, "a", "b")
    (tmp_path / "split.csv").write_text("record,subject,split\na,x,train\nb,x,test\n")
    error = refused(read_folder, tmp_path, says=["split.csv", "a subject is in more than one", "x"])
    assert isinstance(error, SplitError)


def test_mit_bih_is_known_by_its_names(tmp_path):
    records(tmp_path, "101", "201", "202", "100")
    found = read_folder(tmp_path)
    assert [recording.subject for recording in found.recordings] == ["100", "101", "201", "201"]
    assert found.split == {"100": "test", "101": "train", "201": "train"}
    assert "202 is the same person as 201" in found.notes[-1]
    (tmp_path / "100.hea").unlink()
    (tmp_path / "100.dat").unlink()
    (tmp_path / "202.hea").unlink()
    (tmp_path / "202.dat").unlink()
    assert read_folder(tmp_path).split is None


def test_a_split_that_parts_one_person_of_mit_bih_is_said(tmp_path):
    records(tmp_path, "201", "202")
    (tmp_path / "split.csv").write_text("record,subject,split\n201,201,train\n202,202,test\n")
    assert "201 and 202 are one person" in read_folder(tmp_path).notes[-1]


def test_the_parts_of_mit_bih_are_its_48_records():
    assert len({*DS1, *DS2, *PACED}) == len(DS1) + len(DS2) + len(PACED) == 48


def test_real_records(real_ecg):
    found = datasets.load_ecg(real_ecg)
    assert [recording.name for recording in found.recordings] == list(DS1)
    assert found.split is None
    assert found.notes == (
        "without lead MLII, left out: 102, 104",
        "most beats paced, left out: 107, 217",
        "not read: RECORDS, SHA256SUMS.txt",
    )
    for recording in found.recordings:
        assert recording.leads[0] == "MLII"
        assert recording.signal.shape == (650_000, 2)
        assert (np.diff(recording.beats) > 0).all()
    assert found.recordings[0].notes == ()


def test_a_real_record_cut_off(real_ecg, tmp_path, refused):
    for ending in ("hea", "dat", "atr"):
        shutil.copyfile(real_ecg / f"114.{ending}", tmp_path / f"114.{ending}")
    path = tmp_path / "114.dat"
    path.write_bytes(path.read_bytes()[:1_000_000])
    refused(read_record, tmp_path / "114", says=["114.dat", "1,000,000 of 1,950,000 bytes"])
