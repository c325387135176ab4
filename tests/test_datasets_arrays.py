"""Data sets in one .npz file: MedMNIST's layout, the bundled one, and files that are refused."""

import pickle
import zipfile

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from medtutor import datasets
from medtutor.datasets import arrays
from medtutor.errors import DataError


def medmnist(path, shape=(28, 28), count=6, **changes):
    rng = np.random.default_rng(0)
    content = {}
    for part in ("train", "val", "test"):
        content[f"{part}_images"] = rng.integers(0, 256, (count, *shape)).astype(np.uint8)
        content[f"{part}_labels"] = (np.arange(count) % 2).astype(np.uint8)[:, None]
    content.update(changes)
    np.savez(path, **{key: value for key, value in content.items() if value is not None})
    return content


def test_reads_medmnist(tmp_path):
    content = medmnist(tmp_path / "set.npz")
    found = datasets.load_ct(tmp_path / "set.npz")
    assert found.name == "set"
    assert found.images.shape == (18, 28, 28)
    assert found.images.dtype == np.float32
    np.testing.assert_array_equal(found.images[6:12], content["val_images"])
    assert np.unique(found.split, return_counts=True)[1].tolist() == [6, 6, 6]
    assert found.class_names == ("0", "1")
    assert found.labels[:3].tolist() == [0, 1, 0]
    assert not found.patients_known
    assert found.files[6] == "val/0"


def test_takes_the_central_slice_of_a_volume(tmp_path):
    content = medmnist(tmp_path / "nodulemnist3d.npz", (28, 28, 28))
    found = arrays.load_npz(tmp_path / "nodulemnist3d.npz")
    np.testing.assert_array_equal(found.images[:6], content["train_images"][:, 14])
    assert found.class_names == ("benign", "malignant")
    assert any("central slice" in note for note in found.notes)


def test_colour_becomes_grey(tmp_path):
    content = medmnist(tmp_path / "set.npz", (28, 28, 3))
    found = arrays.load_npz(tmp_path / "set.npz")
    expected = content["train_images"] @ np.array([0.299, 0.587, 0.114])
    np.testing.assert_allclose(found.images[:6], expected, rtol=1e-5)


def test_class_numbers_may_have_gaps(tmp_path):
    medmnist(tmp_path / "set.npz", train_labels=np.array([2, 2, 2, 7, 7, 7]))
    found = arrays.load_npz(tmp_path / "set.npz")
    assert found.class_names == ("0", "1", "2", "7")
    assert found.labels[:6].tolist() == [2, 2, 2, 3, 3, 3]


def test_organ_names_follow_the_label_numbers(tmp_path):
    medmnist(tmp_path / "organamnist.npz", train_labels=np.array([10, 3, 0, 0, 0, 0]))
    found = arrays.load_npz(tmp_path / "organamnist.npz")
    assert [found.class_names[i] for i in found.labels[:3]] == ["spleen", "heart", "bladder"]


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"test_images": None}, "no train or no test images"),
        ({"val_labels": None}, "val_labels is not in it"),
        ({"train_labels": np.zeros((6, 14), np.uint8)}, "the shape (6, 14) for 6 images"),
        ({"train_labels": np.zeros(5, np.uint8)}, "the shape (5,) for 6 images"),
        ({"train_images": np.zeros((6, 28), np.uint8)}, "images have the shape (6, 28)"),
        ({"train_labels": np.array([0, 1, 0, 1, 0, 0.5])}, "is not whole"),
        ({"train_labels": np.array([0, 1, 0, 1, 0, np.nan])}, "is not whole"),
        ({"val_images": np.zeros((6, 30, 28), np.uint8)}, "val_images has another shape"),
        ({"val_images": np.zeros((6, 28, 28, 28), np.uint8)}, "val_images has another shape"),
        ({"val_images": np.full((6, 28, 28), np.nan)}, "NaN"),
        ({"train_images": np.full((6, 28, 28), "a")}, "images are of the type <U1"),
        ({f"{p}_labels": np.zeros(6, int) for p in ("train", "val", "test")}, "one label"),
        ({"train_images": None}, "are not those of a labelled set"),
    ],
)
def test_a_wrong_layout_is_refused(tmp_path, refused, changes, says):
    medmnist(tmp_path / "set.npz", **changes)
    refused(datasets.load_ct, tmp_path / "set.npz", says=["set.npz", says])


@given(
    axes=st.lists(st.sampled_from([1, 2, 3, 4, 5, 28, 30]), min_size=1, max_size=4).map(tuple),
    seed=st.integers(0, 10**6),
)
@settings(max_examples=300)
@example(axes=(28, 28, 1), seed=0)
@example(axes=(1, 28, 28), seed=0)
@example(axes=(3, 28, 30), seed=0)
@example(axes=(28, 30, 3), seed=0)
@example(axes=(28, 28, 28), seed=0)
@example(axes=(5, 30, 30), seed=0)
@example(axes=(1, 28, 28, 28), seed=0)
@example(axes=(28, 28, 28, 1), seed=0)
@example(axes=(28, 28, 5), seed=0)
def test_every_layout_is_decided_by_all_its_axes(tmp_path_factory, axes, seed):
    path = tmp_path_factory.getbasetemp() / "layout.npz"
    shape = (2, *axes)
    values = np.random.default_rng(seed).integers(0, 256, shape).astype(np.uint8)
    label = np.array([0.0, 1.0])
    np.savez(path, train_images=values, train_labels=label, test_images=values, test_labels=label)
    long = [n >= 5 for n in axes]
    middle = len(axes) > 2 and axes[0] // 2
    if long == [True, True]:
        expected = values
    elif long == [True, True, False] and axes[2] in (1, 3):
        expected = values[..., 0] if axes[2] == 1 else values @ np.array([0.299, 0.587, 0.114])
    elif long == [False, True, True] and axes[0] in (1, 3):
        expected = np.moveaxis(values, 1, -1)
        expected = expected[..., 0] if axes[0] == 1 else expected @ np.array([0.299, 0.587, 0.114])
    elif long == [True] * 3 and axes[1] == axes[2]:
        expected = values[:, middle]
    elif long == [True, True, True, False] and axes[1] == axes[2] and axes[3] in (1, 3):
        expected = values[:, middle]
        expected = expected @ (np.array([0.299, 0.587, 0.114]) if axes[3] == 3 else np.ones(1))
    elif long == [False, True, True, True] and axes[2] == axes[3] and axes[0] in (1, 3):
        expected = np.moveaxis(values[:, :, axes[1] // 2], 1, -1)
        expected = expected @ (np.array([0.299, 0.587, 0.114]) if axes[0] == 3 else np.ones(1))
    else:
        with pytest.raises(DataError, match=r"layout.npz: its images have the shape .* Save \(n, "):
            arrays.load_npz(path)
        return
    found = arrays.load_npz(path)
    np.testing.assert_allclose(found.images[:2], expected, atol=1e-4)
    assert found.labels.tolist() == [0, 1, 0, 1]
    assert found.class_names == ("0", "1")


class Trap:
    """What a hostile file does when it is unpickled."""

    def __reduce__(self):
        return (exec, ("raise SystemExit('unpickled')",))


def test_pickled_objects_are_refused_and_not_run(tmp_path, refused):
    path = tmp_path / "set.npz"
    medmnist(path, train_labels=np.array([Trap()], dtype=object))
    refused(datasets.load_ct, path, says=["set.npz", "pickled Python objects", "np.savez"])
    path.write_bytes(pickle.dumps(Trap()))
    refused(datasets.load_ct, path, says=["set.npz", "cut off or no .npz"])


@pytest.mark.parametrize("part", [0.0, 0.5, 0.99])
def test_a_truncated_file_is_refused(tmp_path, refused, part):
    path = tmp_path / "set.npz"
    medmnist(path)
    path.write_bytes(path.read_bytes()[: int(part * path.stat().st_size)])
    refused(datasets.load_ct, path, says=["set.npz", "cut off", "again"])
    path.unlink()
    refused(datasets.load_ct, path, says=["set.npz", "not there"])


def test_damaged_bytes_are_refused(tmp_path, refused):
    path = tmp_path / "set.npz"
    medmnist(path)
    data = bytearray(path.read_bytes())
    data[2000] ^= 255
    path.write_bytes(data)
    refused(datasets.load_ct, path, says=["set.npz", "cut off or no .npz", "again"])


def test_a_zip_bomb_is_refused(tmp_path, refused, monkeypatch):
    monkeypatch.setattr(arrays, "MOST_GB", 0.001)
    path = tmp_path / "set.npz"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("train_images.npy", bytes(5_000_000))
    refused(datasets.load_ct, path, says=["set.npz", "unpacks to"])


def test_reads_the_bundled_layout(tmp_path):
    counts = np.zeros((2, 4, 4), np.uint8)
    counts[:, 1, 1], counts[:, 2, 2], counts[:, 3, 3] = 3, 2, 1
    np.savez(
        tmp_path / "set.npz",
        images=np.full((2, 4, 4), -600, np.int16),
        masks=counts,
        labels=np.array([0, 1], np.uint8),
        patients=np.array(["p0", "p1"]),
        spacing=np.array([0.7, 0.6], np.float32),
        diameter_mm=np.array([8, 9], np.float32),
        malignancy=np.array([[1, 2, 2, 0], [5, 5, 4, 4]], np.int8),
        nodule=np.array([0, 3], np.int16),
    )
    found = arrays.load_npz(tmp_path / "set.npz")
    assert found.unit == "HU"
    assert found.simulated
    assert found.images.dtype == np.float32
    assert found.table["malignancy"].tolist() == ["1|2|2", "5|5|4|4"]
    assert found.files == ("p0_n00", "p1_n03")
    # 3 readers: 2 of them are at least half, 1 is not; 4 readers: 2 are half, 1 is not.
    assert found.masks[:, [1, 2, 3], [1, 2, 3]].tolist() == [[True, True, False]] * 2


def test_the_bundled_layout_must_agree_with_itself(tmp_path, refused):
    path = tmp_path / "set.npz"
    right = {"images": np.zeros((2, 4, 4)), "patients": np.array(["a", "b"]), "spacing": np.ones(2)}
    for labels in (np.zeros(3), ["a", "b"], [0, 2], [0.5, 1]):
        np.savez(path, labels=labels, **right)
        refused(arrays.load_npz, path, says=["set.npz", "labels does not fit the 2 images"])
    np.savez(path, labels=[0, 1], numbers=np.zeros((2, 4, 3), np.uint8), **right)
    refused(arrays.load_npz, path, says=["set.npz", "numbers does not fit the 2 images"])


def test_fields_of_several_nodules_keep_their_numbers():
    fields = datasets.load_ct("ct_fields")
    assert fields.name == "ct_fields"
    assert fields.simulated
    assert fields.class_names == ("0", "1", "2", "3")
    np.testing.assert_array_equal(fields.masks.max((1, 2)), fields.labels)
    assert fields.readers is None


def test_counts_of_readers_come_along():
    nodules = datasets.load_ct("default")
    drew = nodules.table["outlines"]
    assert nodules.readers.shape == nodules.images.shape
    assert np.all(nodules.readers.max((1, 2)) <= drew)
    half = (2 * nodules.readers >= drew[:, None, None]) & (nodules.readers > 0)
    np.testing.assert_array_equal(nodules.masks, half)
    across = 2 * nodules.spacing * np.sqrt(nodules.masks.sum((1, 2)) / np.pi)
    np.testing.assert_allclose(across, nodules.diameter, rtol=1e-5)
