"""Images with outlines, from the folder to a tested network; how good it is matters little here."""

import ast
from dataclasses import replace

import nbformat
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image

from medtutor import datasets, paths, splits
from medtutor.capstone import card, outlines, source
from medtutor.capstone.outlines import Outlines
from medtutor.capstone.pictures import Pictures

FUNCTIONS = ("block", "unet")  # of lesson 13


def write(folder, count=24, size=40, seed=0, inside="images"):
    """Write pictures of a bright disc on noise, each with its outline."""
    rng = np.random.default_rng(seed)
    rows, columns = np.mgrid[:size, :size]
    for k in range(count):
        centre = rng.uniform(14, size - 14, 2)
        mask = np.hypot(rows - centre[0], columns - centre[1]) < rng.uniform(4, 12)
        picture = np.clip(rng.normal(60, 10, mask.shape) + 120 * mask, 0, 255)
        for part, pixels in ((inside, picture), ("masks", 255 * mask)):
            (folder / part).mkdir(parents=True, exist_ok=True)
            Image.fromarray(pixels.astype(np.uint8)).save(folder / part / f"{k}.png")
    return folder


@pytest.fixture
def quick(monkeypatch):
    for name, value in {"WHOLE": 32, "STEPS": 60, "EPOCHS": 3}.items():
        monkeypatch.setattr(outlines, name, value)


@pytest.mark.usefixtures("quick")
def test_a_folder_without_labels_is_outlined_and_its_card_says_so(tmp_path):
    work = source.open_source(write(tmp_path / "mine"))
    assert isinstance(work, Outlines)
    assert work.class_names == ("smaller", "larger")
    people = np.arange(len(work.labels)).astype(str)
    split = splits.by_patient(work.labels, people, class_names=work.class_names)
    assert set(work.train(split)) == {"loss", "val_loss"}
    outcome = work.test(split, people)
    scores = {score.name: score.interval for score in outcome.scores}
    assert list(scores) == ["own.outline.dice", "own.outline.baseline.dice"]
    assert scores["own.outline.dice"].value > 0.5
    assert scores["own.outline.baseline.dice"].value > 0.9  # a threshold is all that it takes
    assert work.inside(split) is None
    pictures = work.explain(split)
    text = card.fill(work, split, outcome, [], [], pictures, 1e-6)
    assert "Task: outline the finding" in text
    assert "Dice of the network" in text
    assert "small\\_unet" in text


def test_outlines_are_the_first_choice_only_where_labels_are_missing(tmp_path):
    folder = write(tmp_path, inside="a")
    write(tmp_path, inside="b", seed=1)
    for k in range(24):  # two classes with files of the same names: each has its own outlines
        for name in "ab":
            (tmp_path / "masks" / name).mkdir(exist_ok=True)
            file = tmp_path / "masks" / f"{k}.png"
            (tmp_path / "masks" / name / file.name).write_bytes(file.read_bytes())
    assert source.open_source(folder).task == "classes"
    assert source.open_source(folder, "outlines").class_names == ("a", "b")


def test_the_task_may_stand_in_the_environment(tmp_path, monkeypatch):
    monkeypatch.setenv(source.TASK, "outlines")
    assert source.open_source("default").task == "outlines"


@pytest.mark.parametrize("table", ["file,patient\n{k}.png,p{k}\n", "file,label\n{k}.png,\n"])
def test_a_table_needs_no_labels_beside_outlines(tmp_path, table):
    write(tmp_path, inside=".")
    head, row = table.splitlines()
    (tmp_path / "labels.csv").write_text("\n".join([head, *(row.format(k=k) for k in range(24))]))
    work = source.open_source(tmp_path)
    assert work.task == "outlines"
    assert set(work.patients) == ({f"p{k}" for k in range(24)} if "patient" in head else {""})


def test_what_cannot_be_outlined_is_refused(tmp_path, refused):
    refused(
        source.open_source, write(tmp_path / "a"), "classes", says=["all images have one label"]
    )
    refused(
        source.open_source, tmp_path / "a", "beats", says=["cannot be asked of images", "--task"]
    )
    for file in (tmp_path / "a" / "masks").iterdir():
        Image.new("L", (40, 40)).save(file)
    refused(source.open_source, tmp_path / "a", says=["0 of 24 outlines are not empty", "masks/"])
    Image.new("L", (20, 40)).save(tmp_path / "a" / "masks" / "3.png")
    refused(
        source.open_source, tmp_path / "a", says=["is 20 x 40 pixels, its image 40 x 40", "3.png"]
    )
    (tmp_path / "a" / "masks" / "3.png").unlink()
    refused(source.open_source, tmp_path / "a", says=["1 of 24 images have no outline", "3.png"])
    plain = replace(datasets.load_ct("default").take(np.arange(4)), masks=None)
    refused(Outlines.of, Pictures(plain), says=["no outlines to learn from", "masks/"])


def test_an_empty_outline_and_one_without_an_image_are_flagged(tmp_path):
    write(tmp_path)
    Image.new("L", (40, 40)).save(tmp_path / "masks" / "5.png")
    Image.new("L", (40, 40)).save(tmp_path / "masks" / "nobody.png")
    flags, _ = source.open_source(tmp_path).inspect()
    found = {(flag.item, flag.check) for flag in flags}
    assert {("images/5.png", "empty outline"), ("masks/nobody.png", "left out")} <= found


def test_a_training_part_of_empty_outlines_is_refused(refused):
    data = datasets.load_ct("default").take(np.arange(40))
    masks = np.array(data.masks)
    masks[:20] = 0
    work = Outlines.of(Pictures(replace(data, masks=masks)))
    parts = np.array(["train"] * 20 + ["test"] * 20)
    split = splits.by_patient(work.labels, np.arange(40).astype(str), parts)
    refused(work.train, split, says=["every outline of the training part is empty"])


sets = arrays(bool, (1, 5, 5))


@given(sets, sets)
@settings(max_examples=50, deadline=None, derandomize=True)
def test_dice_of_two_outlines(a, b):
    (found,) = outlines.dice(a, b.astype(float))
    total = a.sum() + b.sum()
    assert found == pytest.approx(2 * np.sum(a & b) / total if total else 1)
    assert found == outlines.dice(b, a.astype(float))[0]


@given(st.lists(sets, min_size=2, max_size=4), sets)
@settings(max_examples=30, deadline=None, derandomize=True)
def test_dice_with_several_readers_is_mean_overlap_over_mean_size(drawn, mask):
    (found,) = outlines.dice(mask, np.mean(drawn, axis=0))
    overlap = np.mean([2 * np.sum(mask & one) for one in drawn])
    size = np.mean([mask.sum() + one.sum() for one in drawn])
    assert found == pytest.approx(overlap / size if size else 1)


def test_readers_stand_beside_the_network_where_they_are_known(monkeypatch):
    data = datasets.load_ct("default").take(np.arange(60))
    work = Outlines.of(Pictures(data))
    monkeypatch.setattr(Outlines, "predict", lambda self, rows: self.drawn(rows).astype(float))
    split = splits.by_patient(data.labels, np.arange(60).astype(str))
    outcome = work.test(split, split.patients)
    scores = {score.name: score.interval.value for score in outcome.scores}
    assert 0.7 < scores["own.outline.readers.dice"] < scores["own.outline.dice"] < 1
    assert scores["own.outline.baseline.dice"] < scores["own.outline.dice"]


@pytest.mark.parametrize("upright", [True, False])
def test_image_and_outline_move_together(upright):
    rng = np.random.default_rng(0)
    inside = np.zeros((3, 32, 32), bool)
    inside[:, 10:18, 12:24] = True
    x, target = next(outlines.batches(inside[..., None].astype(float), inside, rng, upright))
    assert x.shape == target.shape == (outlines.BATCH, 32, 32, 1)  # three images fill a batch
    assert np.array_equal(x, target)
    assert len({row.tobytes() for row in x}) > 3


def test_the_network_is_that_of_lesson_13():
    """The lesson builds in the open what the package builds: they must not drift apart."""
    import keras
    from keras import layers

    book = nbformat.read(next(paths.notebooks().glob("13_*.ipynb")), 4)
    space = {"keras": keras, "layers": layers}
    for cell in book.cells:
        if cell.cell_type == "code":
            kept = [n for n in ast.parse(cell.source).body if getattr(n, "name", "") in FUNCTIONS]
            exec(compile(ast.Module(kept, []), "lesson", "exec"), space)
    theirs, ours = space["unet"](3), outlines.unet((64, 64, 1), 3)
    for a, b in zip(theirs.get_weights(), ours.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    x = np.random.default_rng(0).normal(size=(2, 64, 64, 1)).astype(np.float32)
    np.testing.assert_array_equal(theirs(x), ours(x))
