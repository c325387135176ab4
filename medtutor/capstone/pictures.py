"""Labelled images, from the samples to a tested network.

TensorFlow is imported when a network is built.
"""

from dataclasses import dataclass, field, replace
from functools import cached_property
from operator import attrgetter
from typing import Any

import numpy as np

from medtutor import metrics, plots
from medtutor.capstone import copies, inspect, slices
from medtutor.capstone import split as grouping
from medtutor.capstone.card import CardPicture, picture
from medtutor.capstone.work import Outcome, Score, Trained, difference, right, surest, with_width
from medtutor.ct import preprocess
from medtutor.datasets.images import shrunk
from medtutor.language import say
from medtutor.splits import Split
from medtutor.types import Flag, ImageSet, Interval

SIDE = 56  # pixels that the network reads
MAP = "viridis"  # of a map of importance
EPOCH, EPOCHS = 400, 30  # images in an epoch at least, and epochs at most
MOST_SEEN = 24_000  # images that a training looks at, repetitions counted


@dataclass
class Pictures(Trained):
    """A folder of labelled images on its way to a model card."""

    kind, task, unit = "images", "classes", "patient"

    data: ImageSet
    flags: list[Flag] = field(default_factory=list)
    colour: np.ndarray | None = None  # shape (n, 56, 56, 3), 0 to 255
    network: Any = None
    side: int = SIDE  # pixels that the network reads; for whole slices, training chooses

    notes = property(attrgetter("data.notes"), doc="What reading has to say.")
    items = property(attrgetter("data.files"), doc="File of each image.")
    labels = property(attrgetter("data.labels"), doc="Class of each image.")
    patients = property(attrgetter("data.patients"), doc="Empty where it is not known.")
    given = property(attrgetter("data.split"), doc="Part of each image, where it is prescribed.")
    class_names = property(attrgetter("data.class_names"), doc="Names of the classes.")

    @cached_property
    def small(self) -> list[np.ndarray]:
        """Each image as it is inspected: one of 64 megapixels costs no more than another."""
        return [shrunk(np.asarray(i, np.float32), inspect.LARGEST) for i in self.data.images]

    @cached_property
    def squares(self) -> list[slices.Square] | None:
        """Where the body lies in each image; None unless they are whole slices."""
        crops = self.colour is not None or self.around_a_finding
        return None if crops else slices.squares(self.data)

    @property
    def around_a_finding(self) -> bool:
        """Whether the images are crops around a nodule, so that scale counts and side does not."""
        return self.data.diameter is not None or "cx" in self.data.table

    @property
    def preparation(self) -> str:
        """How an image becomes an input, for the card."""
        if self.colour is not None:
            return f"Colours as (value / 255 - 0.5) / 0.25, resized to {SIDE} x {SIDE} pixels."
        if self.squares is not None:
            windows = "of soft tissue and of lung"
            if self.data.unit != "HU":
                windows = "the file's whole range, and its darkest quarter"
            return (
                "The square around the body (medtutor.ct.preprocess.body), resized to "
                f"{self.side} x {self.side} pixels, in two windows: {windows}."
            )
        if self.around_a_finding or self.data.unit == "HU":
            return (
                "medtutor.ct.preprocess.prepare: lung becomes 0 and soft tissue 1; "
                f"{self.side} x {self.side} pixels"
                + (" of 0.7 mm around the finding." if self._scaled().spacing is not None else ".")
            )
        side = f"{self.side} x {self.side}"
        return f"Its 1st percentile becomes 0, its 99th 1; resized to {side} pixels."

    def inspect(self) -> tuple[list[Flag], list[copies.Twin]]:
        """Look for faults, for pictures that are there twice, and for what the label goes with."""
        found = copies.pairs(self.small)
        natural = () if self.squares is None else ("padding",)  # a body lies in air
        groups = grouping.groups(self.patients, [(twin.first, twin.second) for twin in found])
        flags = [
            *self.flags,
            *inspect.shared_patients(self.data),
            *inspect.duplicates(self.data, found),
            *(f for f in inspect.faults(self.items, self.small) if f.check not in natural),
            *inspect.imbalance(self.labels, groups, self.class_names),
        ]
        return flags + inspect.shortcuts(self.data, flags), found

    def take(self, keep: np.ndarray) -> "Pictures":
        """Keep some of the images."""
        colour = None if self.colour is None else self.colour[keep]
        return replace(self, data=self.data.take(keep), colour=colour, network=None)

    def inputs(self, indices: np.ndarray) -> np.ndarray:
        """Prepare images for the network: shape (n, side, side, channels), float32."""
        if self.colour is not None:
            return ((self.colour[indices] / 255 - 0.5) / 0.25).astype(np.float32)
        if self.squares is not None:
            images, where, unit = self.data.images, self.squares, self.data.unit
            return np.stack([slices.prepare(images[k], where[k], unit, self.side) for k in indices])
        if self.around_a_finding or self.data.unit == "HU":
            return preprocess.prepare(self._scaled().take(indices), self.side)
        result = np.empty((len(indices), self.side, self.side, 1), np.float32)
        for row, k in enumerate(indices):
            image = np.asarray(self.data.images[k])
            low, high = np.percentile(image, [1, 99])
            grey = np.clip((image - low) / max(high - low, 1e-6), 0, 1)
            result[row, ..., 0] = preprocess.resize(grey, self.side)
        return result

    def drawn(self, indices: np.ndarray) -> np.ndarray:
        """Bring outlines to the grid of `inputs`: shape (n, side, side), bool."""
        masks = self.data.masks
        if masks is None or self.squares is None:
            return preprocess.outlines(self._scaled().take(indices), self.side)
        cut = [slices.cut(masks[k], self.squares[k], self.side) for k in indices]
        return np.stack(cut) > 0.5

    def _scaled(self) -> ImageSet:
        """Keep the millimetres only where the images are crops: else most would be cut away."""
        return self.data if self.around_a_finding else replace(self.data, spacing=None)

    def train(self, split: Split, seed: int = 0) -> dict[str, list[float]]:
        """Train `ct.models.nodule_cnn`, or `slices.network`; validation says when to stop.

        Few images pass several times in an epoch: what a network needs is updates, and batch
        normalisation needs them as well before its averages can be used. Whole slices are tried at
        several sizes, and the one of the lowest validation loss is kept.
        """
        from medtutor.ct import models, training
        from medtutor.ct.augment import Ranges

        seen = np.tile(split.train, -(-EPOCH // len(split.train)))
        again = replace(split, train=seen)
        build = models.nodule_cnn if self.squares is None else slices.network
        sides = [SIDE] if self.squares is None else slices.sides(self.squares)
        most = MOST_SEEN if len(sides) == 1 else slices.SEEN
        epochs = int(np.clip(most // len(seen), 1, EPOCHS))
        tried = {}
        for self.side in sides if len(split.validation) else sides[:1]:
            ranges = Ranges(shift=2 * self.side / SIDE, upright=not self.around_a_finding)
            x = self.inputs(np.arange(len(self.labels)))
            network = build(x.shape[1:], classes=len(self.class_names), seed=seed)
            history = training.fit(
                network, x, self.labels, again, epochs=epochs, seed=seed, ranges=ranges
            )
            lowest = min(history.get("val_loss", history["loss"]))
            tried[lowest] = self.side, network, history
            if len(sides) > 1:
                said = f"{self.side} x {self.side} pixels: lowest validation loss {lowest:.3f}"
                print(say(said))
        self.side, self.network, history = tried[min(tried)]
        return history

    def predict(self, indices: np.ndarray) -> np.ndarray:
        """Give the probability of each class, shape (n, classes)."""
        from medtutor.ct import models

        return models.predict(self.model, self.inputs(indices), flips=self.around_a_finding)

    def test(self, split: Split, groups: np.ndarray) -> Outcome:
        """Test once: accuracy and AUC with intervals over `groups`, beside the baselines."""
        y, who, p = self.labels[split.test], groups[split.test], self.predict(split.test)
        called, names = p.argmax(axis=1), self.class_names
        commonest = np.bincount(self.labels[split.train]).argmax()
        always = np.full(len(y), commonest)
        outcome, everyone = Outcome(), len(np.unique(who))

        def add(name: str, what: str, interval: Interval, people: int = everyone) -> None:
            outcome.scores.append(Score(f"own.{name}", what, with_width(interval, people)))

        add("test.accuracy", "accuracy of the network", metrics.accuracy(y, called, who))
        baseline = f"accuracy of always saying {names[commonest]}"
        add("baseline.accuracy", baseline, metrics.accuracy(y, always, who))

        if len(np.unique(called)) == 1:
            outcome.sentences.append(
                f"The network gives ONE answer to all {len(y)} test images, {names[called[0]]}: at "
                "this threshold it tells nothing apart, whatever its scores."
            )
        else:
            gap = metrics.paired_difference(right, y, called, always, who)
            outcome.sentences.append(difference("accuracy of the network", baseline, gap))
        present = np.unique(y)
        if len(present) < 2:
            outcome.sentences.append("The test part has one class only: no AUC can be given.")
        else:
            columns = [1] if len(names) == 2 else list(present)

            def auc(truth: np.ndarray, scores: np.ndarray) -> float:
                areas = [metrics.area_under_roc(truth == c, scores[:, c]) for c in columns]
                return float(np.mean(areas))

            # So many pairs of two classes share nobody: each is one trial of the AUC.
            fewest = min(len(np.unique(who[y == c])) for c in present)
            add("test.auc", "AUC of the network", metrics.bootstrap(auc, y, p, groups=who), fewest)
            self._ruler(outcome, y, p, who, split)
        if self.squares is not None:
            said = slices.article(list(self.data.images), self.labels, split)
            add("article.accuracy", "accuracy of the article's CNN", metrics.accuracy(y, said, who))
            gap = metrics.paired_difference(right, y, called, said, who)
            beside = "accuracy of the network", "accuracy of the article's CNN"
            outcome.sentences.append(difference(*beside, gap))
            lost, drawn = slices.torn(groups)
            outcome.sentences.append(
                f"Had images been split at random, as the article does it, {lost} of {drawn} test "
                f"images would have had their {self.unit}, or a copy, in the training part."
            )
        outcome.tables.append(self._per_class(y, called, who))
        return outcome

    def _ruler(
        self, outcome: Outcome, y: np.ndarray, p: np.ndarray, who: np.ndarray, split: Split
    ) -> None:
        """Set the diameter beside the network, where it is known for all."""
        size = self.data.diameter
        if size is None or len(self.class_names) != 2 or not np.isfinite(size).all():
            return
        size = size[split.test]
        fewest = min(len(np.unique(who[y == c])) for c in np.unique(y))
        alone = with_width(metrics.auc(y, size, who), fewest)
        outcome.scores.append(Score("own.baseline.auc", "AUC of the diameter alone", alone))
        gap = metrics.paired_difference(metrics.area_under_roc, y, p[:, 1], size, who)
        outcome.sentences.append(difference("AUC of the network", "AUC of the diameter", gap))

    def _per_class(
        self, y: np.ndarray, called: np.ndarray, who: np.ndarray
    ) -> tuple[str, list[str], list[list[str]]]:
        """Say for each class how much of it is found, with its interval."""
        rows = []
        for c, name in enumerate(self.class_names):
            mine = y == c
            if not mine.any():
                rows.append([name, "0", "-"])
                continue
            people = len(np.unique(who[mine]))
            found = with_width(metrics.accuracy(y[mine], called[mine], who[mine]), people)
            rows.append([name, str(int(mine.sum())), str(found)])
        return "What is found of each class", ["class", "test images", "share found"], rows

    @plots.styled
    def explain(self, split: Split) -> list[CardPicture]:
        """Show Grad-CAM and integrated gradients of test images that were right and wrong."""
        from medtutor.ct import explain

        p = self.predict(split.test)
        called, y = p.argmax(axis=1), self.labels[split.test]
        shown = surest(p, y)
        x = self.inputs(split.test[shown])
        maps = {
            "Grad-CAM": explain.grad_cam(self.model, x, called[shown]),
            "integrated gradients": explain.integrated_gradients(self.model, x, called[shown]),
        }
        fig, axes = plots.figure(len(shown), 3, width=6.85, height=1.75 * len(shown) + 0.4)
        for row, k in enumerate(shown):
            first, *others = axes[row]
            colour = x.shape[-1] == 3
            first.imshow(np.clip(x[row] * 0.25 + 0.5, 0, 1) if colour else x[row, ..., 0])
            truth = "right" if called[k] == y[k] else "is " + self.class_names[y[k]]
            said = f"says {self.class_names[called[k]]}\n{p[k].max():.2f}, {truth}"
            first.set_ylabel(said, rotation=0, ha="right", va="center", fontsize=9)
            for ax, found in zip(others, maps.values(), strict=True):
                ax.imshow(np.maximum(found[row], 0), cmap=MAP)  # what is below 0 is shown as 0
            for ax in axes[row]:
                ax.set(xticks=[], yticks=[])
        for ax, title in zip(axes[0], ["image", *maps], strict=True):
            ax.set_title(title, fontsize=10)
        text = (
            "Test images, one a row, each with what the network said, and beside it two maps of "
            "where its answer rests. Bright places count most."
        )
        caption = "What single answers rest on. Bright is much; each map by itself."
        return [picture(fig, text, caption, of_patients=True)]

    def inside(self, split: Split) -> tuple[Interval, float] | None:
        """Share of Grad-CAM inside the outlines of test images, and the share of their area."""
        from medtutor.ct import explain

        if self.data.masks is None:
            return None
        masks = self.drawn(split.test)
        some = masks.any(axis=(1, 2))
        if not some.any():
            return None
        chosen = split.test[some]
        called = self.predict(chosen).argmax(axis=1)
        heat = explain.grad_cam(self.model, self.inputs(chosen), called)
        share = explain.energy_inside(heat, masks[some])
        who = split.patients[chosen]
        interval = metrics.bootstrap(np.mean, share, groups=who, bounds=(0, 1))
        return interval, float(masks[some].mean())
