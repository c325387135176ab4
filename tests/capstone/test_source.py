import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from medtutor import cli, datasets, ledger, runner
from medtutor.capstone import source
from medtutor.capstone import split as grouping
from medtutor.ct import phantom
from medtutor.datasets import folders


def picture(path, seed, colour=False, size=40):
    path.parent.mkdir(parents=True, exist_ok=True)
    shape = (size, size, 3) if colour else (size, size)
    Image.fromarray(np.random.default_rng(seed).integers(0, 256, shape, np.uint8)).save(path)


@pytest.fixture
def classes(tmp_path):
    for k in range(12):
        picture(tmp_path / "mine" / "ab"[k % 2] / f"{k}.jpg", k)
    return tmp_path / "mine"


def test_class_folders_have_no_patients(classes):
    work = source.open_source(classes)
    assert work.kind == "images"
    assert set(work.patients) == {""}
    assert work.colour is None
    assert work.inputs(np.arange(3)).shape == (3, 56, 56, 1)


def test_colour_stays_colour(tmp_path):
    for k in range(6):
        picture(tmp_path / "ab"[k % 2] / f"{k}.png", k, colour=True)
    work = source.open_source(tmp_path)
    assert work.inputs(np.arange(2)).shape == (2, 56, 56, 3)
    assert work.take(np.array([0, 1])).colour.shape == (2, 56, 56, 3)


def test_faults_of_a_table_are_listed_and_the_rest_is_read(tmp_path):
    for k in range(4):
        picture(tmp_path / f"{k}.png", k)
    (tmp_path / "bad.png").write_bytes((tmp_path / "0.png").read_bytes()[:60])
    rows = [
        "0.png,x,p0",
        "1.png,y,p1",
        "2.png,x,",
        "3.png,,p3",
        "0.png,x,p0",
        "no.png,x,p4",
        "bad.png,y,p5",
        "../0.png,x,p6",
    ]
    (tmp_path / "labels.csv").write_text("\n".join(["file,label,patient", *rows]))
    found = folders.survey(tmp_path)
    assert found.images.files == ("0.png", "1.png", "2.png")
    assert found.images.patients.tolist() == ["p0", "p1", ""]
    assert sorted((f.item, f.check) for f in found.flags) == [
        ("0.png", "listed twice"),
        ("2.png", "no patient"),
        ("3.png", "no label"),
        ("bad.png", "unreadable"),
        ("line 9", "unreadable"),
        ("no.png", "unreadable"),
    ]


def test_a_table_without_patients_is_read(tmp_path):
    for k in range(4):
        picture(tmp_path / f"{k}.png", k)
    rows = [f"{k}.png,{k % 2}" for k in range(4)]
    (tmp_path / "labels.csv").write_text("\n".join(["file,label", *rows]))
    work = source.open_source(tmp_path)
    assert set(work.patients) == {""}
    assert any("not known" in note for note in work.notes)


def test_large_images_are_made_small_and_many_are_thinned(classes):
    picture(classes / "a" / "large.png", 99, size=300)
    found = folders.survey(classes, most=8)
    assert len(found.images) == 8
    assert "8 of 13 images were drawn at random" in found.images.notes[-1]
    assert max(max(i.shape) for i in folders.survey(classes).images.images) == folders.LONGEST


@pytest.mark.parametrize("spacing", [None, 0.1])
def test_a_huge_image_becomes_light_and_keeps_its_place_and_scale(spacing):
    count, big = 3, 5 * source.LONGEST
    images = [
        np.zeros((64, 64), np.float32),
        np.zeros((big, big + 3), np.float32),
        np.ones((700, 900), np.float32),
    ]
    images[1][1000:1100, 1500:1700] = 100
    base = datasets.load_ct("default").take(np.arange(count))
    masks = [image > 50 for image in images]
    scale = None if spacing is None else np.full(count, spacing, np.float32)
    place = {"cx": np.array(["32", "1599.5", "0"]), "cy": np.array(["32", "1049.5", "0"])}
    light = source.lighter(replace(base, images=images, masks=masks, spacing=scale, table=place))
    assert [i.shape for i in light.images] == [(64, 64), (512, 512), (700, 900)]
    for found in (light.images[1] > 50, light.masks[1]):
        rows, columns = np.nonzero(found)
        assert rows.mean() == pytest.approx(float(light.table["cy"][1]), abs=0.01)
        assert columns.mean() == pytest.approx(float(light.table["cx"][1]), abs=0.01)
    if spacing:
        assert light.spacing.tolist() == pytest.approx([0.1, 0.5, 0.1])


def dicom(tmp_path, rows, header="file,label,patient"):
    for k in range(3):
        (tmp_path / f"s{k}").mkdir()
        phantom.write_series(tmp_path / f"s{k}", slices=6, size=32)
    (tmp_path / "labels.csv").write_text("\n".join([header, *rows]))
    return tmp_path


def test_dicom_series_with_a_table_of_labels(tmp_path):
    folder = dicom(tmp_path, ["s0,x,p0,", "s1,y,p1,2", "s2,x,p2,99"], "file,label,patient,slice")
    found = folders.survey(folder)
    assert found.images.unit == "HU"
    assert found.images.patients.tolist() == ["p0", "p1"]
    assert found.flags[0].check == "unreadable"
    assert "99" in found.flags[0].reason
    from medtutor.ct import read_series

    assert np.array_equal(found.images.images[1], read_series(folder / "s1").hu[2])


def test_dicom_slices_are_cut_around_their_place_and_take_the_ids_of_the_files(tmp_path):
    folder = dicom(tmp_path, [])
    files = [sorted((folder / f"s{k}").iterdir())[0].relative_to(folder) for k in range(2)]
    rows = [f"{file},{k},10,12" for k, file in enumerate(files)]
    (folder / "labels.csv").write_text("\n".join(["file,label,cx,cy", *rows]))
    work = source.open_source(folder)
    assert work.data.images[0].shape == (folders.AROUND, folders.AROUND)
    assert work.data.spacing is not None
    assert all(work.patients)
    assert work.inputs(np.arange(2)).shape == (2, 56, 56, 1)


def test_dicom_without_labels_is_explained(real_dicom, refused):
    refused(source.open_source, real_dicom, says=["have no labels", "labels.csv"])


def medmnist(path, colour=""):
    rng = np.random.default_rng(0)
    shape = {"": (28, 28), "last": (28, 28, 3), "first": (3, 28, 28)}[colour]
    arrays = {}
    for part, count in (("train", 40), ("val", 10), ("test", 20)):
        arrays[f"{part}_images"] = rng.integers(0, 256, (count, *shape), np.uint8)
        arrays[f"{part}_labels"] = rng.integers(0, 11, (count, 1)).astype(np.uint8)
    np.savez(path, **arrays)
    return path


@pytest.mark.parametrize("colour", ["", "last", "first"])
def test_medmnist_files_keep_their_parts(tmp_path, colour):
    work = source.open_source(medmnist(tmp_path / "organamnist.npz", colour))
    assert work.class_names[0] == "bladder"
    assert (work.given == "test").sum() == 20
    assert work.inputs(np.arange(2)).shape == (2, 56, 56, 3 if colour else 1)
    assert len(source.open_source(tmp_path).labels) == 70


def test_one_class_is_one_clear_error(tmp_path, refused):
    picture(tmp_path / "only" / "0.png", 0)
    refused(source.open_source, tmp_path, says=["all images have one label (only)"])
    refused(source.open_source, tmp_path / "nowhere", says=["it is not there"])


def test_damaged_records_are_listed_and_the_rest_is_read(real_ecg, tmp_path):
    for name in ("101", "106", "108"):
        for suffix in (".hea", ".dat", ".atr"):
            shutil.copy(real_ecg / f"{name}{suffix}", tmp_path)
    (tmp_path / "106.dat").write_bytes((tmp_path / "106.dat").read_bytes()[:5000])
    header = (tmp_path / "108.hea").read_text()  # signals may lie in a file of any name
    (tmp_path / "108.hea").write_text(header.replace("108.dat", "night.d16"))
    (tmp_path / "108.dat").rename(tmp_path / "night.d16")
    (tmp_path / "none.hea").write_text("none 0 360 0\n")  # sound, and of no use
    rows = ["record,subject,split", "101,a,train", "106,b,train", "108,c,test", "none,d,test"]
    (tmp_path / "split.csv").write_text("\n".join(rows))
    work = source.open_source(tmp_path)
    assert work.kind == "records"
    assert {r.name for r in work.data.recordings} == {"101", "108"}
    assert [(f.item, f.check) for f in work.flags] == [("106", "unreadable")]
    assert set(work.given) == {"train", "test"}
    assert any("none" in note and "left out" in note for note in work.notes)


def test_the_results_never_land_in_the_data(tmp_path, monkeypatch, refused):
    monkeypatch.setenv(ledger.RESULTS, str(tmp_path / "data" / "out" / "results.json"))
    (tmp_path / "data").mkdir()
    refused(source.output_folder, tmp_path / "data", says=["into the folder of your data", "--out"])
    monkeypatch.setenv(ledger.RESULTS, str(tmp_path / "out" / "results.json"))
    assert source.output_folder(tmp_path / "data") == tmp_path / "out" / source.FOLDER


def test_without_a_run_the_results_go_to_the_workspace_or_go_with_the_kernel(
    classes, monkeypatch, tmp_path
):
    monkeypatch.delenv(ledger.RESULTS, raising=False)
    monkeypatch.setenv("MEDTUTOR_WORKSPACE", str(tmp_path / "lessons"))
    monkeypatch.setenv("MEDTUTOR_DATA", str(classes))
    assert source.output_folder() == tmp_path / "lessons" / "results" / source.FOLDER
    code = "from medtutor.capstone import source; print(source.output_folder())"
    bundled = {**os.environ, "MEDTUTOR_DATA": ""}
    done = subprocess.run([sys.executable, "-c", code], env=bundled, capture_output=True, text=True)
    assert not Path(done.stdout.strip()).exists()
    assert done.stdout.strip().endswith(source.FOLDER)


def test_each_sample_that_stays_out_is_named(classes):
    work = source.open_source(classes)
    given_parts = np.array(["train"] * 6 + ["test"] * 6)
    proposal = grouping.propose(work.patients, [(0, 7), (1, 2)], given_parts)
    gone = grouping.left_out(proposal, work.items, work.unit)
    assert [flag.item for flag in gone] == ["a/0.jpg"]
    assert set(work.items[k] for k in proposal.keep) | {"a/0.jpg"} == set(work.items)


def test_all_that_was_planted_is_found(tmp_path, plant):
    truth = plant.folder(tmp_path / "planted", datasets.load_ct("default"))
    work = source.open_source(tmp_path / "planted")
    flags, _ = work.inspect()
    flagged = {(f.item, f.check) for f in flags}
    own = ("washed out", "padding", "unreadable", "no patient")
    for kind, files in truth.items():
        check = kind if kind in own else "duplicate"
        assert all((file, check) in flagged for file in files), kind
    assert len(flagged & {(f, "duplicate") for f in work.data.files}) == 6 * 6
    assert any(f.check == "shortcut" and f.item == "washed out" for f in flags)


def test_the_bundled_data_stay_as_they_are():
    before = datasets.load_ct("default").images.sum()
    source.open_source("default")
    assert datasets.load_ct("default").images.sum() == before


def test_the_command_hands_the_task_to_the_lesson(monkeypatch, tmp_path):
    monkeypatch.setenv(source.TASK, "")  # and takes back what the command sets
    monkeypatch.setattr(runner, "run", lambda *_: tmp_path / "lesson.ipynb")
    assert cli.main(["run", "23", "--task", "beats"]) == 0
    assert os.environ[source.TASK] == "beats"
    with pytest.raises(SystemExit):
        cli.main(["run", "23", "--task", "names"])
