"""Folders of labelled images: what is read, and each way in which they are refused."""

import os

import numpy as np
import pytest
from PIL import Image

from medtutor import datasets
from medtutor.datasets import folders, images
from medtutor.errors import SplitError


def save(path, values, mode=None):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.asarray(values), mode).save(path)


def noise(size=(20, 20), top=255, dtype=np.uint8, seed=0):
    return np.random.default_rng(seed).integers(0, top, size).astype(dtype)


@pytest.fixture
def folder(tmp_path):
    """Four images of three patients, with labels.csv."""
    root = tmp_path / "mine"
    for i in range(4):
        save(root / "images" / f"{i}.png", noise(seed=i))
    write(root, "file,label,patient", *(f"images/{i}.png,{i % 2},p{i // 2}" for i in range(4)))
    return root


def write(root, *lines):
    (root / "labels.csv").write_text("\n".join(lines) + "\n")


def test_reads_a_manifest(folder):
    write(
        folder,
        "file,label,patient,split,pixel_spacing_mm,eq_diam_mm,margin",
        "images/0.png,sick,p0,train,0.7,9.5,5|4",
        "images/1.png,healthy,p1,test,0.5,,1",
    )
    found = datasets.load_ct(folder)
    assert found.name == "mine"
    assert found.unit == "grey"
    assert found.class_names == ("healthy", "sick")
    assert found.labels.tolist() == [1, 0]
    assert found.labels.dtype == np.int64
    assert found.patients.tolist() == ["p0", "p1"]
    assert found.patients_known
    assert found.split.tolist() == ["train", "test"]
    assert found.images.dtype == np.float32
    np.testing.assert_array_equal(found.images[0], noise(seed=0))
    np.testing.assert_array_equal(found.spacing, np.array([0.7, 0.5], np.float32))
    np.testing.assert_array_equal(found.diameter, np.array([9.5, np.nan], np.float32))
    assert found.table["margin"].tolist() == ["5|4", "1"]
    assert not found.simulated
    assert "2 images (1 healthy, 1 sick); 2 patients" in found.card
    assert repr(found) == ("ImageSet('mine': 2 images in grey, 2 patients; 1 healthy, 1 sick)")


def test_take_keeps_all_columns_together(folder):
    found = datasets.load_ct(folder).take(np.array([3, 0]))
    assert found.files == ("images/3.png", "images/0.png")
    assert found.labels.tolist() == [1, 0]
    assert found.patients.tolist() == ["p1", "p0"]
    np.testing.assert_array_equal(found.images[0], noise(seed=3))


def test_the_environment_names_the_source(folder, monkeypatch):
    monkeypatch.setenv("MEDTUTOR_DATA", str(folder))
    assert datasets.load_ct().name == "mine"


def test_a_manifest_of_another_name(folder):
    (folder / "labels.csv").rename(folder / "other.csv")
    assert len(datasets.load_ct(folder / "other.csv")) == 4


def test_reads_class_folders(tmp_path):
    for name in ("b", "a"):
        save(tmp_path / "set" / name / "1.png", noise())
        (tmp_path / "set" / name / "notes.txt").write_text("not an image")
    found = datasets.load_ct(tmp_path / "set")
    assert found.class_names == ("a", "b")
    assert found.files == ("a/1.png", "b/1.png")
    assert not found.patients_known
    assert found.patients.tolist() == list(found.files)
    assert found.split is None


@pytest.mark.skipif(os.name == "nt", reason="links need a right there")
def test_files_come_in_the_order_of_their_parts_and_links_are_not_climbed(tmp_path):
    root = tmp_path / "root"
    for name in ("a/b", "a-b/c", "a.c", "a/B/d", "b.d/.e", "z"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(b"")
    (root / "a" / "loop").symlink_to(root)
    (root / "a" / "gone").symlink_to(root / "none")
    (root / "a" / "self").symlink_to(root / "a" / "self")
    (root / "link").symlink_to(root / "z")
    os.mkfifo(root / "pipe")
    expected = ["a/B/d", "a/b", "a-b/c", "a.c", "b.d/.e", "link", "z"]
    assert list(folders._files(str(root))) == expected


def test_every_file_is_read_or_left_out_with_the_reason(tmp_path):
    read = ["a/1.png", "a/deeper/2.tif", "b/3.bmp", "b/x/y/4.jpg"]
    outlines = ["masks/1.png", "masks/a/deeper/2.png", "masks/3.tif", "masks/b/x/y/4.png"]
    left = {
        "lonely.png": "it lies in no class folder",
        "a/scan.gif": "files .gif are not read here",
        "README": "files without a suffix are not read here",
        "b/.hidden.png": "it is hidden",
        "_old/9.png": "it is hidden",
        "masks/7.png": "an outline of no image that is read",
    }
    for file in [*read, *outlines, *left]:
        if "." in file[1:]:
            save(tmp_path / file, noise())
        else:
            (tmp_path / file).touch()
    found = folders.survey(tmp_path)
    assert found.images.files == tuple(read)
    assert found.images.masks.shape == (4, 20, 20)
    assert {f.item: f.reason for f in found.flags if f.check == "left out"} == left
    strict = datasets.load_ct(tmp_path)
    assert strict.files == tuple(read)
    assert [strict.class_names[k] for k in strict.labels] == ["a", "a", "b", "b"]
    assert "2 file(s) left out: it is hidden (_old/9.png …)" in strict.notes
    assert sum(int(n.split()[0]) for n in strict.notes if "left out" in n) == len(left)


def test_what_a_table_does_not_list_is_accounted_for(folder):
    save(folder / "images" / "new.tif", noise())
    (folder / "notes.txt").touch()
    found = folders.survey(folder)
    assert {flag[:2] for flag in found.flags if flag.check == "left out"} == {
        ("images/new.tif", "left out"),
        ("notes.txt", "left out"),
    }
    assert "2 file(s) left out: not in labels.csv" in datasets.load_ct(folder).notes[-1]


def test_parts_beside_other_folders_and_inside_classes(tmp_path, refused):
    for part in ("train", "test"):
        for name in ("a", "b"):
            save(tmp_path / part / name / "1.png", noise())
    save(tmp_path / "extra" / "x" / "1.png", noise())
    found = datasets.load_ct(tmp_path)
    assert found.class_names == ("a", "b")
    assert found.notes[-1] == "1 file(s) left out: it lies in no class folder (extra/x/1.png …)"
    for name in ("c", "d"):
        save(tmp_path / "inside" / name / "train" / "1.png", noise())
    refused(datasets.load_ct, tmp_path / "inside", says=["the parts lie inside the classes"])


def test_labels_saved_as_floats_and_lines_of_the_file(folder, refused):
    write(
        folder,
        "file;label;patient;spacing_mm;;",
        "",
        'images/0.png;1.0;"p\n0";0,7;;',
        "images/1.png;0.0;p1;0,5;;",
    )
    found = datasets.load_ct(folder)
    assert found.class_names == ("0", "1")
    assert found.labels.tolist() == [1, 0]
    np.testing.assert_array_equal(found.spacing, np.array([0.7, 0.5], np.float32))
    write(folder, "file,label,patient,spacing_mm", "", FINE + ",1", "", "images/1.png,1,p1,x")
    refused(datasets.load_ct, folder, says=["line 5: spacing_mm is 'x'"])
    write(folder, "file,label,patient", '"images/0.png",0,"p\n0"', "", "../1.png,1,p1")
    refused(datasets.load_ct, folder, says=["line 5: the file '../1.png' is not a path inside"])


def test_reads_class_folders_in_train_and_test(tmp_path):
    for part in ("train", "test"):
        for name in ("a", "b"):
            save(tmp_path / part / name / "1.jpg", noise())
    found = datasets.load_ct(tmp_path)
    assert found.split.tolist() == ["test", "test", "train", "train"]
    assert found.class_names == ("a", "b")


def test_sizes_may_differ(folder):
    save(folder / "images" / "0.png", noise((10, 30)))
    found = datasets.load_ct(folder)
    assert [image.shape for image in found.images] == [(10, 30), *3 * [(20, 20)]]
    assert found.take(np.array([0])).images[0].shape == (10, 30)


def test_masks_follow_the_names(folder):
    for i in range(4):
        save(folder / "masks" / f"{i}.png", np.eye(20, dtype=np.uint8) * 255 * (i > 0))
    masks = datasets.load_ct(folder).masks
    assert masks.dtype == bool
    assert masks.sum(axis=(1, 2)).tolist() == [0, 20, 20, 20]


def test_masks_that_do_not_fit_are_refused(folder, refused):
    save(folder / "masks" / "0.png", noise())
    refused(datasets.load_ct, folder, says=["masks", "3 of 4 images have no outline", "1.png"])
    for i in range(4):
        save(folder / "masks" / f"{i}.png", noise((5, 5)))
    refused(datasets.load_ct, folder, says=["0.png", "5 x 5 pixels, its image 20 x 20"])


def test_one_mask_never_serves_two_images(tmp_path, refused):
    for name in ("a", "b"):
        save(tmp_path / name / "1.png", noise())
    save(tmp_path / "masks" / "1.png", noise())
    refused(datasets.load_ct, tmp_path, says=["masks", "share one outline"])
    (tmp_path / "masks" / "1.png").unlink()
    for name in ("a", "b"):
        save(tmp_path / "masks" / name / "1.png", noise())
    assert datasets.load_ct(tmp_path).masks.shape == (2, 20, 20)


def test_16_bits_stay_16_bits(tmp_path):
    values = noise(top=65_536, dtype=np.uint16)
    save(tmp_path / "deep.png", values)
    np.testing.assert_array_equal(images.read_image(tmp_path / "deep.png"), values)


def test_colour_palette_and_alpha_become_grey(tmp_path):
    grey = noise()
    Image.fromarray(np.dstack([grey] * 3)).save(tmp_path / "rgb.png")
    Image.fromarray(np.dstack([grey] * 3)).convert("P").save(tmp_path / "palette.png")
    Image.fromarray(np.dstack([grey] * 4)).save(tmp_path / "rgba.png")
    Image.fromarray(np.dstack([grey] * 2), "LA").save(tmp_path / "la.png")
    for name in ("rgb", "rgba", "la"):
        np.testing.assert_array_equal(images.read_image(tmp_path / f"{name}.png"), grey)
    assert np.abs(images.read_image(tmp_path / "palette.png") - grey).max() < 60  # 216 colours


def test_jpeg(tmp_path):
    smooth = np.add.outer(np.arange(64), np.arange(64)).astype(np.uint8)
    save(tmp_path / "smooth.jpg", smooth)
    assert np.abs(images.read_image(tmp_path / "smooth.jpg") - smooth).mean() < 3


@pytest.mark.parametrize("name", ["0.png", "0.jpg"])
@pytest.mark.parametrize("part", [0.0, 0.3, 0.9])
def test_a_truncated_image_is_refused(folder, refused, name, part):
    path = folder / "images" / name
    save(path, noise((200, 200)))
    path.write_bytes(path.read_bytes()[: int(part * path.stat().st_size)])
    write(folder, "file,label,patient", f"images/{name},0,p0", "images/1.png,1,p1")
    refused(datasets.load_ct, folder, says=[name, "image", "again"])


def test_a_flipped_byte_in_a_png_is_refused(tmp_path, refused):
    path = tmp_path / "bad.png"
    save(path, noise((50, 50)))
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 255
    path.write_bytes(data)
    refused(images.read_image, path, says=["bad.png", "cut off or damaged"])


def test_what_is_no_image_is_refused(tmp_path, refused):
    path = tmp_path / "text.png"
    path.write_text("hello")
    refused(images.read_image, path, says=["text.png", "not a PNG, JPEG"])
    refused(images.read_image, tmp_path / "none.png", says=["none.png", "not there"])


@pytest.mark.parametrize("side", [9_000, 20_000])
def test_a_decompression_bomb_is_refused(tmp_path, refused, side):
    path = tmp_path / "bomb.png"
    Image.new("1", (side, side)).save(path)
    refused(images.read_image, path, says=["bomb.png", "64 million pixels"])


def test_missing_and_empty_folders(tmp_path, refused):
    refused(datasets.load_ct, tmp_path / "none", says=["none", "it is not there"])
    (tmp_path / "empty").mkdir()
    refused(
        datasets.load_ct, tmp_path / "empty", says=["empty", "the folder is empty", "labels.csv"]
    )
    (tmp_path / "text").mkdir()
    (tmp_path / "text" / "a.txt").write_text("a")
    refused(datasets.load_ct, tmp_path / "text", says=["text", "no labelled PNG"])
    refused(datasets.load_ct, tmp_path / "text" / "a.txt", says=["a.txt", "no folder"])


def test_folders_of_another_kind_point_to_their_lessons(tmp_path, refused):
    (tmp_path / "1.dcm").touch()
    refused(datasets.load_ct, tmp_path, says=["DICOM series without labels", "read_series"])
    (tmp_path / "1.dcm").rename(tmp_path / "1.hea")
    refused(datasets.load_ct, tmp_path, says=["ECG records", "lessons 14 and 15"])


FINE = "images/0.png,0,p0"


@pytest.mark.parametrize(
    ("header", "rows", "says"),
    [
        ("file,label", ["images/0.png,0"], "the column patient is missing"),
        ("", ["images/0.png,,p0"], "line 2 has no label"),
        ("", [FINE, "images/1.png,0,"], "line 3 has no patient"),
        ("", [FINE, "images/1.png,0,p1"], "all images have one label (0)"),
        ("", [FINE, FINE], "images/0.png is listed twice"),
        ("", [FINE, "8.png,0,p0", "9.png,1,p0"], "2 of the 3 images it lists are not there: 8.png"),
        ("", ["../0.png,0,p0"], "'../0.png' is not a path inside this folder"),
        ("", ["images/../../0.png,0,p0"], "is not a path inside"),
        ("", ["/etc/passwd,0,p0"], "is not a path inside"),
        ("", ["C:\\a.png,0,p0"], "is not a path inside"),
        ("", ["..\\a.png,0,p0"], "is not a path inside"),
        ("", [",0,p0"], "is not a path inside"),
        ("", [".,0,p0"], "is not a path inside"),
        ("", ["a" * 300 + ".png,0,p0"], "1 of the 1 images it lists are not there"),
        ("", ["images/\0.png,0,p0"], "1 of the 1 images it lists are not there"),
        (
            "file,label,patient,spacing_mm",
            [f"{FINE},x", "images/1.png,1,p1,1"],
            "spacing_mm is 'x'",
        ),
    ],
)
def test_a_wrong_manifest_is_refused(folder, refused, header, rows, says):
    write(folder, header or "file,label,patient", *rows)
    refused(datasets.load_ct, folder, says=["labels.csv", says])


def test_a_patient_in_both_parts_is_refused(folder, refused):
    write(
        folder,
        "file,label,patient,split",
        "images/0.png,0,p0,train",
        "images/1.png,1,p1,test",
        "images/2.png,1,p0,test",
    )
    error = refused(datasets.load_ct, folder, says=["labels.csv", "more than one part", "p0"])
    assert isinstance(error, SplitError)


def test_one_class_folder_is_refused(tmp_path, refused):
    save(tmp_path / "a" / "1.png", noise())
    refused(datasets.load_ct, tmp_path, says=["all images have one label (a)"])


def test_real_crops(real_ct):
    found = datasets.load_ct(real_ct, progress=False)
    assert found.images.shape == (641, 128, 128)
    assert found.masks.shape == found.images.shape
    assert np.bincount(found.labels).tolist() == [342, 299]
    assert found.class_names == ("benign", "malignant")
    area = found.masks.sum(axis=(1, 2)) * found.spacing**2
    assert np.corrcoef(np.sqrt(area), found.diameter)[0, 1] > 0.95
