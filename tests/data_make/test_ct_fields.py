"""The simulated fields of the lung, with their nodules."""

import zlib

import ct_fields as bundle
import numpy as np
import pytest
from ct_nodules import save
from ct_simulation.simulate import Scanner, simulate_field

from medtutor import paths

BUNDLED = paths.data() / "ct_fields.npz"
QUIET = Scanner(thickness=1.0, cutoff=0.5, boost=0.0, noise=1.0)


def disc(diameter: float) -> np.ndarray:
    at = (np.arange(64) - 31.5) * 0.7
    return (np.hypot(at, at[:, None]) < diameter / 2).astype(float)


@pytest.mark.parametrize("seed", range(4))
def test_nodules_are_where_the_corners_say_and_clear_of_each_other(seed: int):
    rng, nodules = np.random.default_rng(seed), [(disc(d)[None], {}, 2.0) for d in (8.0, 12.0, 6.0)]
    hu, corners = simulate_field(nodules, rng=rng, scanner=QUIET)
    assert hu.shape == (128, 128)
    assert hu.dtype == np.int16
    taken = np.zeros((3, 128, 128), bool)
    for place, (shape, *_), corner in zip(taken, nodules, corners, strict=True):
        rows, columns = (np.argwhere(shape[0]) + corner).T
        place[rows, columns] = True  # none lies outside of the field
    assert taken.sum(0).max() == 1
    for place in taken:
        assert -80 < np.median(hu[place]) < 120  # solid tissue, whatever lies around it


def test_a_field_is_made_the_same_again(database, tmp_path):
    for name in "ab":
        save(bundle.build(database, progress=False), tmp_path / f"{name}.npz")
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()
    other = bundle.build(database, seed=1, progress=False)
    with np.load(tmp_path / "a.npz", allow_pickle=False) as made:
        assert made["patients"].tolist() == ["P-1"]
        assert not np.array_equal(made["images"], other["images"])


@pytest.fixture(scope="module")
def fields() -> dict[str, np.ndarray]:
    with np.load(BUNDLED, allow_pickle=False) as data:
        return dict(data)


def test_the_bundled_fields_keep_their_promises(fields):
    n = len(fields["labels"])
    assert BUNDLED.stat().st_size <= 8_000_000
    assert fields["images"].shape == fields["numbers"].shape == (n, 128, 128)
    assert fields["images"].dtype == np.int16
    assert len(set(fields["patients"])) == n, "one field for each patient"
    tests = [zlib.crc32(p.encode()) % 5 == 0 for p in fields["patients"].tolist()]
    assert sum(tests) > 100
    for count, numbers in zip(fields["labels"], fields["numbers"], strict=True):
        assert set(np.unique(numbers)) == set(range(count + 1))
    assert set(fields["labels"]) == {0, 1, 2, 3}
    inside = fields["numbers"] > 0
    assert np.median(fields["images"][inside]) > np.median(fields["images"][~inside]) + 400
