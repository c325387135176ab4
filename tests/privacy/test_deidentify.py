"""De-identification, judged by what it leaves: plant, clean, hunt, and read with another reader."""

import base64
import gzip
import hashlib
import json
import shutil
import stat
import subprocess
import tempfile
import warnings
import zipfile
from pathlib import Path

import numpy as np
import pydicom
import pytest
import wfdb
from hypothesis import given, settings
from hypothesis import strategies as st
from imageio.plugins._dicom import SimpleDicomReader
from pydicom.data import get_testdata_file
from pydicom.dataset import Dataset

from medtutor import paths
from medtutor.ct import phantom, read_series
from medtutor.ecg import read_record
from medtutor.privacy import deidentify, dicom, hunt
from medtutor.privacy.burned_in import find_text, frames_of, paint_over
from medtutor.privacy.hunting import CAPTURE, Planted
from medtutor.privacy.pseudonyms import Pseudonyms, shifted
from medtutor.privacy.wfdb import annotations

KEY = b"a key for tests, and not a secret"
planting = paths.load(paths.notebooks() / "figures" / "20.py")
TEST_FILES = Path(pydicom.__file__).parent / "data" / "test_files"


def read(path):
    with warnings.catch_warnings(action="ignore"):
        return pydicom.dcmread(path, force=True)


@pytest.fixture(scope="module")
def room(tmp_path_factory):
    """A simulated chest, the same with planted words, and what became of it."""
    room = tmp_path_factory.mktemp("room")
    (room / "series").mkdir()
    phantom.write_series(room / "series", slices=8)
    planted = planting.plant(room / "series", room / "planted", capture=True)
    report = deidentify(room / "planted", room / "clean", KEY)
    return room, planted, report


@pytest.fixture
def one(room, tmp_path):
    """A single file to spoil, in a folder of its own."""
    (tmp_path / "in").mkdir()
    path = tmp_path / "in" / "a.dcm"
    shutil.copy(next((room[0] / "series").iterdir()), path)
    return path


def cleaned(path, target, **options):
    report = deidentify(path.parent, target, KEY, **options)
    return read(report.written[0].target) if report.written else report.refused[0].reason


class TestHunt:
    @pytest.mark.parametrize(
        "write",
        [
            lambda w: w.encode(),
            lambda w: w.upper().encode(),
            lambda w: w.encode("utf-16-le"),
            lambda w: w.encode("utf-16-be"),
            lambda w: w.encode("utf-32-le"),
            lambda w: w.encode("cp037"),
            lambda w: w[::-1].encode(),
            lambda w: w.encode().hex().encode(),
            lambda w: base64.b64encode(b"." + w.encode() + b"!"),
            lambda w: base64.b64encode(b".." + w.encode() + b"!"),
            lambda w: base64.b64encode(b"..." + w.encode() + b"!"),
            lambda w: gzip.compress(b"--" + w.encode()),
        ],
    )
    def test_every_way_of_writing_is_found(self, tmp_path, write):
        (tmp_path / "x").write_bytes(write("Zqmarbela"))
        assert {t.place for t in hunt(tmp_path, [Planted("p", "Zqmarbela")])} == {"p"}
        assert hunt(tmp_path, [Planted("q", "Zqmirbela")]) == []

    @pytest.mark.parametrize("text", ["19480719", "1948-07-19", "19.07.1948", "07/19/1948"])
    def test_dates_are_found_in_every_order(self, tmp_path, text):
        (tmp_path / "x").write_text(text)
        assert len({t.place for t in hunt(tmp_path, [Planted("date", "19480719")])}) == 1

    def test_names_of_files_and_members_of_archives_are_found(self, tmp_path):
        (tmp_path / "zqmarbela.txt").write_text("")
        with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("b.txt", "so Zqsecondy said " * 20)
        words = [Planted("name", "Zqmarbela"), Planted("zip", "Zqsecondy")]
        assert {t.place for t in hunt(tmp_path, words)} == {"name", "zip"}

    def test_deflated_data_sets_are_unpacked(self, tmp_path):
        data = read(TEST_FILES / "image_dfl.dcm")
        data.PatientComments = "Zqmarbela " * 30
        data.save_as(tmp_path / "a.dcm")
        assert b"Zqmarbela" not in (tmp_path / "a.dcm").read_bytes()
        assert hunt(tmp_path, [Planted("p", "Zqmarbela")])

    def test_the_control_finds_every_word(self, room):
        folder, planted, _ = room
        assert len(planted) >= 40
        assert len({p.word for p in planted}) == len(planted)
        assert {t.place for t in hunt(folder / "planted", planted)} == {p.place for p in planted}


class TestSeries:
    def test_no_planted_word_is_left(self, room):
        folder, planted, report = room
        assert hunt(folder / "clean", planted) == []
        assert len(report.written) == 8
        assert len(list((folder / "clean").rglob("*.dcm"))) == 8

    def test_pixels_are_the_same_bytes_and_hu_the_same(self, room):
        folder, _, report = room
        for pair in report.written:
            assert read(pair.source).PixelData == read(pair.target).PixelData
        before, after = read_series(folder / "series"), read_series(folder / "clean")
        np.testing.assert_array_equal(before.hu, after.hu)
        assert before.spacing == after.spacing
        np.testing.assert_array_equal(before.origin, after.origin)

    def test_another_reader_agrees(self, room):
        """imageio parses DICOM with code of its own; dcmdump is asked too where it is installed."""
        _, planted, report = room
        names = Pseudonyms(KEY)
        word = {p.place: p.word for p in planted}
        for pair in report.written:
            info = SimpleDicomReader(str(pair.target))
            assert info.info["PatientID"] == names.patient(word["PatientID"].upper())
            assert info.info["PatientName"] == info.info["PatientID"]
            assert info.info["StudyInstanceUID"].startswith("2.25.")
            original = read(pair.source)
            np.testing.assert_array_equal(info.get_numpy_array(), original.pixel_array * 1.0 - 1024)
            if shutil.which("dcmdump"):
                shown = subprocess.run(
                    ["dcmdump", "+L", pair.target], capture_output=True, text=True, check=True
                ).stdout
                assert not any(p.word.lower() in shown.lower() for p in planted)

    def test_a_reader_by_the_standard_alone_finds_no_private_attribute(self, room):
        """PS3.5, 7.1.2, explicit VR little endian, in a few lines: no library in between."""
        for path in (room[0] / "clean").rglob("*.dcm"):
            raw = path.read_bytes()
            assert raw[:128] == bytes(128)
            tags = [tag for tag, _ in elements(raw[132:])]
            assert tags == sorted(tags)
            assert (0x0012, 0x0062) in tags
            assert not any(group % 2 for group, _ in tags)
            assert not any(0x5000 <= group < 0x7000 for group, _ in tags)
            assert not any(g == 2 and e in (0x16, 0x17, 0x18, 0x100, 0x102) for g, e in tags)

    def test_it_says_what_was_done(self, room):
        data = read(room[2].written[0].target)
        assert data.PatientIdentityRemoved == "YES"
        codes = {c.CodeValue for c in data.DeidentificationMethodCodeSequence}
        assert codes == {"113100", "113107"}
        assert any("PS3.15" in text for text in data.DeidentificationMethod)
        assert data.file_meta.MediaStorageSOPInstanceUID == data.SOPInstanceUID

    def test_references_hold(self, room):
        data = [read(pair.target) for pair in room[2].written]
        for keyword in ("StudyInstanceUID", "SeriesInstanceUID", "FrameOfReferenceUID"):
            assert len({d[keyword].value for d in data}) == 1
        assert len({d.SOPInstanceUID for d in data}) == len(data)

    def test_the_screenshot_is_refused_or_painted_over(self, room, tmp_path):
        folder, planted, report = room
        assert [r.path.name[-7:] for r in report.refused] == ["999.dcm"]
        assert "text is burned" in report.refused[0].reason
        blanked = deidentify(folder / "planted", tmp_path / "out", KEY, burned_in="blank")
        assert not blanked.refused
        assert hunt(tmp_path / "out", planted) == []
        ((path, boxes),) = blanked.blanked.items()
        pair = next(w for w in blanked.written if w.source == path)
        old, new = read(pair.source).pixel_array, read(pair.target).pixel_array
        expected = paint_over(old, list(boxes))
        np.testing.assert_array_equal(new, expected)
        assert (new == old).mean() > 0.8
        codes = {c.CodeValue for c in read(pair.target).DeidentificationMethodCodeSequence}
        assert "113101" in codes
        assert read(pair.target).BurnedInAnnotation == "NO"

    def test_one_key_one_pseudonym_another_key_another(self, room, tmp_path):
        folder = room[0]
        deidentify(folder / "planted", tmp_path / "again", KEY)
        deidentify(folder / "planted", tmp_path / "other", KEY[::-1])
        first, again, other = (
            {p.relative_to(f): p.read_bytes() for p in f.rglob("*.dcm")}
            for f in (folder / "clean", tmp_path / "again", tmp_path / "other")
        )
        assert first == again
        assert not first.keys() & other.keys()
        dates = {
            read(next(f.rglob("*.dcm"))).StudyDate for f in (folder / "clean", tmp_path / "other")
        }
        assert len(dates) == 2

    def test_the_source_is_as_it_was(self, one, tmp_path):
        before = hashlib.sha256(one.read_bytes()).digest()
        deidentify(one.parent, tmp_path / "out", KEY)
        assert hashlib.sha256(one.read_bytes()).digest() == before
        assert list(one.parent.iterdir()) == [one]

    def test_the_report_counts_what_changed(self, room):
        report = room[2]
        rows = {(name, action): count for name, action, count in report.table()}
        assert rows["private attribute", "removed"] == 8 * 4
        assert rows["StudyDate", "shifted"] == rows["SOPInstanceUID", "new UID"] == 8
        assert rows["PatientIdentityRemoved", "added"] == 8
        assert sum(report.totals().values()) == sum(rows.values())
        assert "8 files written, 1 refused" in repr(report)
        assert "| private attribute | removed |" in report._repr_markdown_()


def elements(raw):
    """Read the top level of a data set of explicit VR, little endian."""
    at = 0
    while at < len(raw):
        group, element = (int.from_bytes(raw[at + k : at + k + 2], "little") for k in (0, 2))
        vr = raw[at + 4 : at + 6].decode()
        if vr in ("OB", "OW", "OF", "OD", "OL", "OV", "SQ", "UC", "UN", "UR", "UT", "SV", "UV"):
            length, start = int.from_bytes(raw[at + 8 : at + 12], "little"), at + 12
        else:
            length, start = int.from_bytes(raw[at + 6 : at + 8], "little"), at + 8
        if length == 0xFFFFFFFF:
            length = raw.index(b"\xfe\xff\xdd\xe0\0\0\0\0", start) + 8 - start
        yield (group, element), raw[start : start + length]
        at = start + length


class TestPydicomFiles:
    @pytest.fixture(scope="class")
    @classmethod
    def outcome(cls, tmp_path_factory):
        room = tmp_path_factory.mktemp("strange")
        planted = planting.plant(TEST_FILES, room / "planted")
        return room, planted, deidentify(room / "planted", room / "clean", KEY)

    def test_no_planted_word_is_left(self, outcome):
        room, planted, report = outcome
        assert len(report.written) >= 140
        assert len(report.written) + len(report.refused) == len(list(room.rglob("planted/*/*")))
        assert hunt(room / "clean", planted) == []

    def test_pixels_are_the_same(self, outcome):
        compressed = set()
        for pair in outcome[2].written:
            old, new = read(pair.source), read(pair.target)
            if "PixelData" in new:
                assert not new.file_meta.TransferSyntaxUID.is_compressed
                with warnings.catch_warnings(action="ignore"):
                    np.testing.assert_array_equal(old.pixel_array, new.pixel_array)
                compressed.add(old.file_meta.TransferSyntaxUID)
        assert len(compressed) >= 8

    def test_what_is_refused_has_a_reason(self, outcome):
        reasons = {item.reason.split(",")[0] for item in outcome[2].refused}
        assert len(reasons) == 4  # one is a false alarm: a ramp of grey values reads 12345678
        assert any("DICOMDIR" in reason for reason in reasons)

    def test_files_without_a_preamble_are_read_too(self, tmp_path):
        for name in ("ExplVR_LitEndNoMeta.dcm", "ExplVR_BigEndNoMeta.dcm"):
            report = deidentify(TEST_FILES / name, tmp_path / name[:-4], KEY)
            new = pydicom.dcmread(report.written[0].target)
            assert new.RTPlanGeometry == read(TEST_FILES / name).RTPlanGeometry
            assert new.PatientIdentityRemoved == "YES"


class TestRefusals:
    def test_wrong_calls(self, one, tmp_path, refused):
        full = tmp_path / "full"
        full.mkdir()
        (full / "x").write_text("precious")
        inside = [one.parent / "sub", one.parent, tmp_path]
        refused(deidentify, one.parent, full, KEY, says=["not empty"])
        for target in inside:
            refused(deidentify, one.parent, target, KEY, says=["lie in each other"])
        (tmp_path / "empty").mkdir()
        out = tmp_path / "out"
        refused(deidentify, tmp_path / "no", out, KEY, says=["not there"])
        refused(deidentify, tmp_path / "empty", out, KEY, says=["empty"])
        refused(deidentify, one.parent, out, b"short", says=["at least 16"])
        refused(deidentify, one.parent, out, out / "key", says=["give away"])
        refused(deidentify, one.parent, out, full / "x", says=["not a key"])
        refused(deidentify, one.parent, out, KEY, says=["burned_in"], burned_in="yes")

    def test_what_cannot_be_read_is_named_and_not_copied(self, one, tmp_path):
        folder = one.parent
        (folder / "cut.dcm").write_bytes(one.read_bytes()[:-5000])
        (folder / "short.dcm").write_bytes(one.read_bytes()[:200])
        (folder / "notes.txt").write_text("Jane Doe")
        (folder / "no-suffix").write_bytes(b"")
        report = deidentify(folder, tmp_path / "out", KEY)
        assert [w.source for w in report.written] == [one]
        assert {r.path.name for r in report.refused} == {
            "cut.dcm",
            "short.dcm",
            "notes.txt",
            "no-suffix",
        }
        assert len([p for p in (tmp_path / "out").rglob("*") if p.is_file()]) == 1

    @pytest.mark.parametrize("failure", [KeyboardInterrupt, MemoryError])
    def test_a_run_that_stops_leaves_nothing(self, one, tmp_path, monkeypatch, failure):
        def stop(*_):
            raise failure

        monkeypatch.setattr(dicom, "clean", stop)
        before = sorted(tmp_path.rglob("*"))
        with pytest.raises(failure):
            deidentify(one.parent, tmp_path / "out")
        assert sorted(tmp_path.rglob("*")) == before

    @pytest.mark.parametrize(
        ("spoil", "says"),
        [
            (lambda d: setattr(d, "BurnedInAnnotation", "YES"), "it says that text"),
            (lambda d: setattr(d, "SOPClassUID", "1.3.12.2.1107.5.9.1"), "private"),
            (lambda d: setattr(d, "EncapsulatedDocument", b"%PDF"), "document"),
            (lambda d: setattr(d, "PixelData", d.PixelData[:-100]), "decoded"),
            (
                lambda d: (
                    setattr(d, "BitsStored", 12),
                    setattr(d, "HighBit", 11),
                    setattr(d, "PixelData", b"\0\x10" + d.PixelData[2:]),
                ),
                "above",
            ),
            (
                lambda d: (
                    setattr(d, "PatientName", "Rumpelstilz^X"),
                    setattr(d, "PixelData", b"RUMPELSTILZ." + d.PixelData[12:]),
                ),
                "bytes of",
            ),
        ],
    )
    def test_dangerous_files_are_refused(self, one, tmp_path, spoil, says):
        data = read(one)
        spoil(data)
        data.save_as(one)
        for mode in ("refuse", "blank"):
            assert says in cleaned(one, tmp_path / mode, burned_in=mode) or mode == "blank"

    def test_a_declared_text_that_is_not_found_is_refused_even_when_blanking(self, one, tmp_path):
        data = read(one)
        data.BurnedInAnnotation = "YES"
        data.save_as(one)
        assert "does not find where" in cleaned(one, tmp_path / "out", burned_in="blank")


WORD = "Zqfirimolu"
HIDDEN = {
    "private": lambda d: d.private_block(0x71, "X", create=True).add_new(1, "OB", WORD.encode()),
    "pixels: tail": lambda d: setattr(d, "PixelData", d.PixelData + WORD.encode() * 4),
    "double numbers": lambda d: setattr(d, "TableTopVerticalPosition", FLOAT),
    "array of floats": lambda d: setattr(d, "VectorGridData", WORD.encode("utf-16-le")),
    "profile of colours": lambda d: setattr(d, "ICCProfile", WORD.encode()),
    "UID of a class": lambda d: setattr(d, "RelatedGeneralSOPClassUID", "1.2.840.10008.19480719"),
    "time": lambda d: setattr(d, "AcquisitionTime", "19480719"),
    "icon": lambda d: setattr(
        d, "IconImageSequence", [_item(BitsAllocated=8, PixelData=WORD.encode())]
    ),
    "nested pixels' neighbours": lambda d: setattr(
        d, "ReferencedImageSequence", [_item(PatientComments=WORD, LUTExplanation="")]
    ),
    "preamble": lambda d: setattr(d, "preamble", WORD.encode().ljust(128, b"\0")),
    "sender": lambda d: setattr(d.file_meta, "SourceApplicationEntityTitle", WORD),
    "private information": lambda d: (
        setattr(d.file_meta, "PrivateInformationCreatorUID", "1.2.19480719"),
        setattr(d.file_meta, "PrivateInformation", WORD.encode()),
    ),
    "version": lambda d: setattr(d.file_meta, "ImplementationVersionName", WORD),
}
FLOAT = float(np.frombuffer(WORD[:8].encode(), "<f8")[0])


def _item(**values):
    item = Dataset()
    for keyword, value in values.items():
        setattr(item, keyword, value)
    return item


@settings(max_examples=15, deadline=None, derandomize=True)
@given(where=st.sets(st.sampled_from(sorted(HIDDEN)), min_size=1), behind=st.booleans())
def test_no_planted_byte_of_a_dicom_file_comes_through(where, behind):
    with tempfile.TemporaryDirectory() as room:
        path = Path(room, "in", "a", "x.dcm")
        path.parent.mkdir(parents=True)
        data = read(TEST_FILES / "CT_small.dcm")
        before = data.pixel_array
        for place in where:
            HIDDEN[place](data)
        data.save_as(path)
        if behind:
            path.write_bytes(path.read_bytes() + WORD.encode("utf-16-be"))
        (path.parent / "x.txt").write_text(WORD)
        (path.parent / "gone.dcm").symlink_to("nowhere")
        report = deidentify(Path(room, "in"), Path(room, "out"), KEY)
        named = [w.source for w in report.written] + [r.path for r in report.refused]
        assert sorted(named) == sorted(p for p in Path(room, "in", "a").iterdir())
        parts = [Planted("w", WORD), Planted("8", WORD[:8]), Planted("date", "19480719")]
        assert hunt(Path(room, "out"), parts) == []
        for pair in report.written:
            np.testing.assert_array_equal(read(pair.target).pixel_array, before)


def test_comments_in_a_compressed_stream_go_and_pixels_stay(tmp_path):
    data = read(TEST_FILES / "SC_rgb_jpeg_dcmtk.dcm")
    before, (frame,) = (
        data.pixel_array,
        pydicom.encaps.generate_frames(data.PixelData, number_of_frames=1),
    )
    comment = b"\xff\xfe" + (2 + len(WORD)).to_bytes(2, "big") + WORD.encode()
    data.PixelData = pydicom.encaps.encapsulate([frame[:2] + comment + frame[2:] + WORD.encode()])
    data["PixelData"].is_undefined_length = True
    (tmp_path / "in").mkdir()
    data.save_as(tmp_path / "in" / "a.dcm")
    assert hunt(tmp_path / "in", [Planted("w", WORD)])
    report = deidentify(tmp_path / "in", tmp_path / "out", KEY)
    np.testing.assert_array_equal(read(report.written[0].target).pixel_array, before)
    assert hunt(tmp_path / "out", [Planted("w", WORD)]) == []


class TestKey:
    def test_it_is_made_outside_of_the_target_and_used_again(self, one, tmp_path):
        first = deidentify(one.parent, tmp_path / "a")
        assert first.key_file == tmp_path / "deidentify.key"
        assert stat.S_IMODE(first.key_file.stat().st_mode) == 0o600
        secret = bytes.fromhex(first.key_file.read_text())
        assert len(secret) == 32
        second = deidentify(one.parent, tmp_path / "b")
        names = [
            sorted(p.relative_to(r.target) for p in r.target.rglob("*")) for r in (first, second)
        ]
        assert names[0] == names[1]
        assert not any(secret in p.read_bytes() for p in first.target.rglob("*") if p.is_file())

    def test_a_key_in_the_source_is_not_copied_and_not_made(self, one, tmp_path, refused):
        key = one.parent / "key"
        refused(deidentify, one.parent, tmp_path / "out", key, says=["in the source"])
        key.write_text(KEY.hex())
        report = deidentify(one.parent, tmp_path / "out", key)
        assert len(report.written) == 1
        assert [(r.path, r.reason) for r in report.refused] == [(key, "the key of this run")]

    def test_pseudonyms_are_well_formed(self):
        names = Pseudonyms(KEY)
        uids = {names.uid(f"1.2.{k}") for k in range(500)}
        assert len(uids) == 500
        assert all(pydicom.uid.UID(uid).is_valid for uid in uids)
        assert names.uid("1.2.3\0") == names.uid("1.2.3")
        shifts = {names.days(f"P{k}") for k in range(300)}
        assert min(shifts) >= -3650
        assert max(shifts) <= -366
        assert len(shifts) > 200


@pytest.mark.parametrize(
    ("value", "days", "expected"),
    [
        ("20240301", -1, "20240229"),
        ("20240229", 366, "20250301"),
        ("2024", -400, "2023"),
        ("202403", -31, "202402"),
        ("20240301120000.5+0100", -1, "20240229120000.5+0100"),
        ("2024.03.01", -1, "20240229"),
        ("", -1, ""),
        ("Smith", -1, ""),
        ("20241301", -1, ""),
        ("00010101", -5, ""),
        ("20240301-20240401", -1, ""),
    ],
)
def test_dates_move(value, days, expected):
    assert shifted(value, days) == expected


class TestRules:
    def test_time_between_examinations_is_kept_for_each_patient(self, one, tmp_path):
        days = ("20230115", "20240301")
        for who in ("A", "B"):
            for k, day in enumerate(days):
                data = read(one)
                data.PatientID, data.StudyDate, data.StudyTime = who, day, "101500"
                data.SOPInstanceUID = f"1.2.3.{ord(who)}.{k}"
                data.file_meta.MediaStorageSOPInstanceUID = data.SOPInstanceUID
                data.save_as(one.with_name(f"{who}{k}.dcm"))
        one.unlink()
        report = deidentify(one.parent, tmp_path / "out", KEY)
        found = {}
        for pair in report.written:
            data = read(pair.target)
            assert data.StudyTime == "101500"
            found.setdefault(data.PatientID, []).append(
                np.datetime64(f"{data.StudyDate[:4]}-{data.StudyDate[4:6]}-{data.StudyDate[6:]}")
            )
        gaps = [np.ptp(dates) for dates in found.values()]
        assert gaps == [np.timedelta64(411, "D")] * 2
        assert len({min(dates) for dates in found.values()}) == 2

    def test_a_name_is_found_in_attributes_that_stay(self, one, tmp_path):
        data = read(one)
        data.PatientName, data.BodyPartExamined = "Rumpelstilz^Anna", "CHEST"
        data.ConvolutionKernel, data.Manufacturer = "for RUMPELSTILZ", "Scanners Inc"
        data.save_as(one)
        new = cleaned(one, tmp_path / "out")
        assert new.ConvolutionKernel == ""
        assert (new.BodyPartExamined, new.Manufacturer) == ("CHEST", "Scanners Inc")

    def test_what_a_person_types_goes_though_nobody_is_known_by_that_name(self, one, tmp_path):
        data, ours, public = read(one), Dataset(), Dataset()
        typed = "WindowCenterWidthExplanation LUTExplanation ContrastBolusRoute SeriesDescription"
        for keyword in typed.split():
            setattr(data, keyword, "Dr. Weaver")
        data.RescaleType, data.ManufacturerModelName = "HU", "Tube 7"
        ours.CodeValue, ours.CodingSchemeDesignator, ours.CodeMeaning = "7", "99WARD", "Dr. Weaver"
        public.CodeValue, public.CodingSchemeDesignator = "51185008", "SCT"
        public.CodeMeaning = "Thorax"
        data.AnatomicRegionSequence = [ours, public]
        data.save_as(one)
        assert hunt(one, [Planted("typed", "Weaver")])
        new = cleaned(one, tmp_path / "out")
        assert hunt(tmp_path / "out", [Planted("typed", "Weaver")]) == []
        assert (new.RescaleType, new.ManufacturerModelName) == ("HU", "Tube 7")
        assert [code.CodeMeaning for code in new.AnatomicRegionSequence] == ["", "Thorax"]

    def test_nested_sequences_are_cleaned_and_well_known_uids_stay(self, one, tmp_path):
        data, item, deeper = read(one), Dataset(), Dataset()
        deeper.PatientID, deeper.StudyDate = "4711", "20240301"
        deeper.ReferencedSOPInstanceUID = data.SOPInstanceUID
        item.ReferencedSOPClassUID = data.SOPClassUID
        item.PurposeOfReferenceCodeSequence = [deeper]
        data.SourceImageSequence = [item]
        data.save_as(one)
        new = cleaned(one, tmp_path / "out")
        found = new.SourceImageSequence[0].PurposeOfReferenceCodeSequence[0]
        assert found.PatientID == Pseudonyms(KEY).patient("4711")
        assert found.StudyDate not in ("", "20240301")
        assert found.ReferencedSOPInstanceUID == new.SOPInstanceUID
        assert new.SourceImageSequence[0].ReferencedSOPClassUID == data.SOPClassUID

    def test_free_text_outside_the_table_goes_and_times_that_are_none(self, one, tmp_path):
        data = read(one)
        data.BeamName = "Doe"
        data.ManufacturerModelName, data.SoftwareVersions = "of 19480719", "release 20240101"
        data.add_new("AcquisitionTime", "TM", b"Doe, J")
        data.add_new("ImageType", "CS", ["ORIGINAL", "DOE^JANE"])
        data.save_as(one)
        new = cleaned(one, tmp_path / "out")
        assert (new.BeamName, new.AcquisitionTime, new.ImageType) == ("", "", "")
        assert (new.ManufacturerModelName, new.SoftwareVersions) == ("", "release 20240101")

    def test_a_single_file_can_go_to_a_single_file(self, one, tmp_path):
        report = deidentify(one, tmp_path / "b.dcm", KEY)
        assert report.written[0].target == tmp_path / "b.dcm"
        assert read(tmp_path / "b.dcm").PatientIdentityRemoved == "YES"
        assert sorted(p.name for p in tmp_path.iterdir()) == ["b.dcm", "in"]

    def test_patients_without_a_number_are_told_apart_by_name(self):
        a, b = Dataset(), Dataset()
        a.PatientName, b.PatientName = "Doe^Jane", "Doe^John"
        assert dicom.identity(a) != dicom.identity(b)
        a.PatientID = b.PatientID = "1"
        assert dicom.identity(a) == dicom.identity(b)


class TestText:
    @pytest.mark.parametrize("size", [10, 14, 24])
    @pytest.mark.parametrize("dark", [False, True])
    def test_it_is_found_and_covered(self, size, dark):
        rng = np.random.default_rng(size)
        back = rng.normal(200 if dark else 60, 5, (120, 300))
        text = planting.draw(back, "Jane Doe 1948", 40, 20, 0.0 if dark else 250.0, size)
        boxes = find_text(text)
        ink = np.abs(text - back) > 60
        for box in boxes:
            ink[box.top : box.bottom, box.left : box.right] = False
        assert ink.sum() == 0
        assert find_text(paint_over(text, boxes)) == []

    def test_there_is_none_in_the_phantom_and_in_noise(self):
        images = [*phantom.chest()[0], *np.random.default_rng(0).normal(size=(5, 128, 128))]
        assert not any(find_text(image) for image in images)
        assert find_text(np.zeros((64, 64))) == []
        assert find_text(np.zeros((3, 3))) == []

    def test_it_is_found_in_colour_images_of_the_test_files(self):
        for name in ("examples_rgb_color.dcm", "examples_palette.dcm"):
            assert any(find_text(f) for f in frames_of(read(TEST_FILES / name)))

    def test_colour_and_compressed_images_are_painted_over(self, tmp_path):
        for name in ("examples_rgb_color.dcm", "examples_jpeg2k.dcm"):
            report = deidentify(TEST_FILES / name, tmp_path / name[:-4], KEY, burned_in="blank")
            assert len(report.written) == 1
            new = read(report.written[0].target)
            old = read(TEST_FILES / name).pixel_array
            assert new.pixel_array.shape == old.shape
            assert find_text(new.pixel_array) == []
            assert (new.pixel_array == old).mean() > 0.5


BEATS = b"".join((1 << 10 | step).to_bytes(2, "little") for step in (3, 4)) + b"\0\0"
NAMED = b"Zqfiri 19480719 "
WIDE = "Zqfiri".encode("utf-16-le") + "Zqfiri".encode("utf-16-be")


def _beside(name, data):
    def put(folder, line, planted):
        if planted:
            (folder / name).write_bytes(data)
        return line

    return put


def _prolog(folder, line, planted):
    path = folder / "r.dat"
    path.write_bytes(NAMED * planted + path.read_bytes())
    return line.replace("OFFSET", f"+{len(NAMED)}") if planted else line


def _tail(folder, line, planted):
    path = folder / "r.dat"
    path.write_bytes(path.read_bytes() + (NAMED + WIDE) * planted)
    return line


def _word(mark, text, usual):
    return lambda _, line, planted: line.replace(mark, text if planted else usual)


PLACES = {
    "a: prolog": _prolog,
    "tail": _tail,
    "date": _word("DATE", " 10:15:00 19/07/1948", ""),
    "comment": lambda _, line, planted: line + "\n# Zqfiri" * planted,
    "unit": _word("UNIT", "Zqfiri", "mV"),
    "checksum": _word("CHECK", "19480719", "0"),
    "lead": _word("LEAD", "Zqfiri 19480719", "MLII"),
    "text": _beside("r.txt", NAMED * 9),
    "padded text": _beside("r.doc", b"Zqfiri" * 8 + bytes(8)),
    "wide text": _beside("r.rtf", "Zqfiri".encode("utf-16-be") * 3 + bytes(2)),
    "document": _beside("r.pdf", b"%PDF" + bytes(range(256)) + NAMED + bytes(4)),
    "end of annotations": _beside("r.atr", BEATS + NAMED),
    "cut annotations": _beside("r.qrs", BEATS[:-2]),
    "name of an annotator": _beside("r.zqfiri", BEATS),
    "empty": _beside("r.ari", b""),
}


class TestWfdb:
    @pytest.fixture
    def record(self, tmp_path):
        folder = tmp_path / "ecg"
        folder.mkdir()
        signal = np.sin(np.arange(2000) / 30)[:, None] * [1, 0.5]
        wfdb.wrsamp(
            "doe",
            360,
            ["mV", "mV"],
            ["MLII", "doe left"],
            signal,
            fmt=["16", "16"],
            comments=["Jane Doe, 54"],
            write_dir=str(folder),
        )
        header = (folder / "doe.hea").read_text().splitlines()
        header[0] += " 10:15:00 01/03/2024"
        (folder / "doe.hea").write_text("\n".join(header) + "\n")
        wfdb.wrann(
            "doe",
            "atr",
            np.array([100, 400, 1900]),
            ["N", "V", "N"],
            aux_note=["(N", "call Mrs Doe", ""],
            write_dir=str(folder),
        )
        return folder

    def test_names_go_and_samples_and_beats_stay(self, record, tmp_path):
        report = deidentify(record, tmp_path / "out", KEY)
        new = report.written[0].target.with_suffix("")
        everything = b"".join(p.name.encode() + p.read_bytes() for p in new.parent.iterdir())
        assert b"doe" not in everything.lower()
        assert b"2024" not in everything
        assert (record / "doe.dat").read_bytes() == new.with_suffix(".dat").read_bytes()
        old_beats, beats = wfdb.rdann(str(record / "doe"), "atr"), wfdb.rdann(str(new), "atr")
        np.testing.assert_array_equal(old_beats.sample, beats.sample)
        assert beats.symbol == old_beats.symbol
        assert beats.aux_note[0].startswith("(N")
        assert wfdb.rdheader(str(new)).sig_name == ["MLII", "signal 2"]
        assert report.changes["header comment", "removed"] == 1
        assert report.changes["annotation remark", "removed"] == 1

    def test_a_broken_record_is_refused_with_all_its_files(self, record, tmp_path):
        (record / "doe.dat").unlink()
        report = deidentify(record, tmp_path / "out", KEY)
        assert not report.written
        reasons = {item.path.name: item.reason for item in report.refused}
        assert reasons.keys() == {"doe.hea", "doe.atr"}
        assert "doe.dat is not there" in reasons["doe.hea"]

    def test_every_file_beside_a_record_is_written_or_named(self, record, tmp_path):
        text = b"Jane Doe came by ambulance.\n" * 9
        (record / "doe.txt").write_bytes(text)
        (record / "doe.pdf").write_bytes(b"%PDF-1.7 Jane Doe\n" + bytes(range(256)) * 9 + bytes(4))
        (record / "doe.doc").write_bytes(text + bytes(2))  # letters read as annotations
        cut = (record / "doe.atr").read_bytes()
        (record / "doe.qrs").write_bytes(cut[:-2])
        (record / "doe.end").write_bytes(b"\xff\x07" * 9 + bytes(2))  # behind the last sample
        report = deidentify(record, tmp_path / "out", KEY)
        assert {w.source.suffix for w in report.written} == {".hea", ".dat", ".atr"}
        named = {w.source for w in report.written} | {r.path for r in report.refused}
        assert named == set(record.iterdir())
        assert hunt(tmp_path / "out", [Planted("name", "Jane"), Planted("id", "doe")]) == []
        assert {w.target for w in report.written} == set((tmp_path / "out").iterdir())

    @pytest.mark.parametrize(("fmt", "count"), [("16", 2000), ("212", 1999), ("310", 1999)])
    def test_bytes_around_the_samples_stay_behind(self, tmp_path, fmt, count):
        """An EDF file is read by WFDB through a header that skips its own, with name and date."""
        folder = tmp_path / "ecg"
        folder.mkdir()
        signal = np.sin(np.arange(count) / 30)[:, None]
        given = {"fmt": ["16" if fmt == "310" else fmt], "write_dir": str(folder)}
        wfdb.wrsamp("a", 360, ["mV"], ["MLII"], signal, **given)
        if fmt == "310":  # wfdb writes it not
            size = -(-count // 3) * 4
            raw = (np.arange(size // 2, dtype="<u2") * 7919).tobytes()[:size]
        else:
            raw = (folder / "a.dat").read_bytes()
        (folder / "a.dat").write_bytes(b"DOE^JANE 19480719".ljust(256) + raw + b"Jane Doe" * 3)
        header = (folder / "a.hea").read_text().replace(" 16 ", f" {fmt} ", 1)
        (folder / "a.hea").write_text(header.replace(f"dat {fmt} ", f"dat {fmt}+256 "))
        report = deidentify(folder, tmp_path / "out", KEY)
        new = report.written[0].target.with_suffix("")
        assert hunt(tmp_path / "out", [Planted("name", "Jane"), Planted("date", "19480719")]) == []
        assert fmt == "310" or new.with_suffix(".dat").read_bytes() == raw
        old, clean = (wfdb.rdrecord(str(path)) for path in (folder / "a", new))
        np.testing.assert_array_equal(old.p_signal, clean.p_signal)
        counted = report.changes["bytes around the samples", "removed"]
        assert fmt == "310" or counted == 256 + 24

    def test_what_is_no_format_or_not_in_it_is_refused(self, record, tmp_path):
        header = (record / "doe.hea").read_text()
        for form, says in (("17", "format 17"), ("516", "cannot be decoded")):
            (record / "doe.hea").write_text(header.replace("dat 16 ", f"dat {form} "))
            report = deidentify(record, tmp_path / form, KEY)
            assert not report.written
            assert any(says in item.reason for item in report.refused)

    @settings(max_examples=12, deadline=None, derandomize=True)
    @given(
        form=st.sampled_from(["16", "212", "80", "24", "32"]),
        numbers=st.lists(st.integers(-100, 100), min_size=21, max_size=40),
        where=st.sets(st.sampled_from(sorted(PLACES)), min_size=1),
        frame=st.sampled_from([1, 2]),
    )
    def test_no_planted_byte_comes_through_and_no_file_is_lost(self, form, numbers, where, frame):
        """Names in whatever place bytes can stand, in three encodings."""
        with tempfile.TemporaryDirectory() as room:
            folder = Path(room, "in", "deeper")
            folder.mkdir(parents=True)
            samples = np.array(numbers[: len(numbers) // 2 * 2])
            record = wfdb.Record("r", 1, 360, sig_len=len(samples) // frame, file_name=["r.dat"])
            record.fmt, record.samps_per_frame, record.e_d_signal = [form], [frame], [samples]
            record.wr_dat_files(expanded=True, write_dir=str(folder))
            layout = f"{form}{'x2' if frame == 2 else ''}"
            line = f"r 1 360 {record.sig_len}DATE\nr.dat {layout}OFFSET "
            line += "200(0)/UNIT 12 0 0 CHECK 0 LEAD"
            for place in PLACES:
                line = PLACES[place](folder, line, place in where)
            (folder / "r.hea").write_text(line.replace("OFFSET", ""), encoding="utf-8")
            report = deidentify(Path(room, "in"), Path(room, "out"), KEY)
            named = [w.source for w in report.written] + [r.path for r in report.refused]
            assert len(named) == len(set(named))
            assert set(named) == {p for p in folder.parent.rglob("*") if not p.is_dir()}
            assert (
                hunt(Path(room, "out"), [Planted("name", "Zqfiri"), Planted("n", "19480719")]) == []
            )
            new = wfdb.rdrecord(
                str(report.written[0].target.with_suffix("")), physical=False, smooth_frames=False
            )
            np.testing.assert_array_equal(new.e_d_signal[0], samples)

    def test_units_are_kept_and_a_name_in_their_place_is_not(self, record, tmp_path):
        header = (record / "doe.hea").read_text().replace("/mV", "/µV", 1)
        (record / "doe.hea").write_text(header.replace("/mV", "/Zqfiri"), encoding="latin-1")
        report = deidentify(record, tmp_path / "out", KEY)
        units = wfdb.rdheader(str(report.written[0].target.with_suffix(""))).units
        assert units == ["uV", "NU"]
        assert report.changes["unit", "replaced"] == 1

    def test_two_records_of_one_name_do_not_mix(self, record, tmp_path):
        other = record / "other"
        other.mkdir()
        wfdb.wrsamp(
            "doe",
            360,
            ["mV"],
            ["V1"],
            np.cos(np.arange(500) / 30)[:, None],
            fmt=["16"],
            write_dir=str(other),
        )
        report = deidentify(record, tmp_path / "out", KEY)
        assert len(report.written) == 3
        assert any("same name" in item.reason for item in report.refused)
        assert len(report.written) + len(report.refused) == 5

    def test_remarks_are_cut_out_of_the_bytes(self):
        beat, end = (1 << 10 | 100).to_bytes(2, "little"), b"\0\0"

        def note(text):
            return (63 << 10 | len(text)).to_bytes(2, "little") + text + b"\0" * (len(text) % 2)

        data = beat + note(b"(AFIB") + beat + note(b"Smith") + beat + end
        assert annotations(data, 400, 360) == (beat + note(b"(AFIB") + beat + beat + end, 1)
        assert annotations(data, 200, 360) is None  # the last beat lies behind the last sample

    def test_real_records_read_the_same(self, real_ecg, tmp_path):
        (tmp_path / "in").mkdir()
        for path in real_ecg.glob("208.*"):
            shutil.copy(path, tmp_path / "in")
        report = deidentify(tmp_path / "in", tmp_path / "out", KEY)
        old, new = read_record(real_ecg / "208"), read_record(report.written[0].target)
        np.testing.assert_array_equal(old.signal, new.signal)
        np.testing.assert_array_equal(old.beats, new.beats)
        assert "PVC" not in report.written[0].target.read_text()


def test_a_real_series_keeps_its_hu(real_dicom, tmp_path):
    report = deidentify(real_dicom, tmp_path / "out", KEY)
    old, new = read_series(real_dicom), read_series(tmp_path / "out")
    np.testing.assert_array_equal(old.hu, new.hu)
    assert old.spacing == new.spacing
    assert len(report.written) == len(old.files)
    assert hunt(tmp_path / "out", [Planted("id", old.patient_id)]) == []


def test_importing_the_room_loads_nothing_heavy():
    code = "import sys, json, medtutor.privacy; print(json.dumps(sorted(sys.modules)))"
    import sys

    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(json.loads(out.stdout))
    assert not loaded & {"pydicom", "numpy", "cryptography", "flwr", "tensorflow", "scipy"}


def test_the_drawn_word_is_part_of_the_hunt(room):
    folder, planted, _ = room
    word = [p for p in planted if p.place == CAPTURE]
    assert [t.how for t in hunt(folder / "planted", word)] == ["drawn"]


@pytest.mark.parametrize(
    ("word", "written"), [("Müllerstein", "MÜLLERSTEIN"), ("Žižkovský", "Žižkovský")]
)
def test_a_hunt_finds_names_of_other_alphabets(tmp_path, word, written):
    (tmp_path / "note.txt").write_bytes(b"seen " + written.encode() + b" today")
    assert [trace.place for trace in hunt(tmp_path, [Planted("name", word)])] == ["name"]


@pytest.mark.parametrize("code", ["utf-16-le", "utf-16-be"])
def test_a_hunt_finds_chinese_names(tmp_path, code):
    (tmp_path / "note.bin").write_bytes("李小明".encode(code))
    assert hunt(tmp_path, [Planted("name", "李小明")])


def test_an_overlay_in_the_unused_bits_is_refused(tmp_path):
    file = pydicom.dcmread(get_testdata_file("CT_small.dcm"))
    file.BitsStored, file.HighBit, file.PixelRepresentation = 12, 11, 0
    words = np.frombuffer(file.PixelData, "<u2") & 0x0FFF
    words[1000:1100] |= 0xF000
    file.PixelData = words.tobytes()
    source = tmp_path / "in"
    source.mkdir()
    file.save_as(source / "a.dcm")
    report = deidentify(source, tmp_path / "out", key=b"0" * 32)
    assert not report.written
    assert "bits above" in report.refused[0].reason
