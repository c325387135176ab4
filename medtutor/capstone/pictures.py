"""Labelled images: from the pixels to a tested network."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from medtutor import metrics, plots
from medtutor.capstone import inspection, twins
from medtutor.capstone.work import Example, Report, Score, difference
from medtutor.ct import preprocess
from medtutor.errors import DataError
from medtutor.types import Flag, ImageSet

if TYPE_CHECKING:
    import keras

    from medtutor.splits import Split

SIDE = 56  # pixels that the network reads
PASSES = 24_000  # training images looked at in all
SCALE = ("Each image: from its 1st percentile (0) to its 99th (1), resized to "
         f"{SIDE} x {SIDE} pixels.")  # fmt: skip


@dataclass
class Pictures:
    """A folder of labelled images on its way to a model card.

    Parameters
    ----------
    data : ImageSet
        The readable images; unknown patients are empty.
    flags : list of Flag
        What reading them brought to light.
    colour : ndarray of shape (n, 56, 56, 3), optional
        Red, green and blue, 0 to 255.
    truth : dict of str to list of str
        Planted faults, if there are any.
    """

    data: ImageSet
    flags: list[Flag] = field(default_factory=list)
    colour: np.ndarray | None = None
    truth: dict[str, list[str]] = field(default_factory=dict)
    network: keras.Model | None = None
    kind: str = "images"
    unit: str = "patient"

    @property
    def name(self) -> str:
        """Name of the data set."""
        return self.data.name

    @property
    def card(self) -> str:
        """Data card in Markdown."""
        return self.data.card

    @property
    def simulated(self) -> bool:
        """Whether the data were simulated."""
        return self.data.simulated

    @property
    def notes(self) -> tuple[str, ...]:
        """What reading has to say."""
        return self.data.notes

    @property
    def labels(self) -> np.ndarray:
        """Class of each image."""
        return self.data.labels

    @property
    def patients(self) -> np.ndarray:
        """Patient of each image, empty where unknown."""
        return self.data.patients

    @property
    def given(self) -> np.ndarray | None:
        """Part of each image, where the data prescribe it."""
        return self.data.split

    @property
    def class_names(self) -> tuple[str, ...]:
        """Names of the classes."""
        return self.data.class_names

    @property
    def around_a_finding(self) -> bool:
        """Whether the images are crops around a nodule, so that scale counts and side does not."""
        return self.data.diameter is not None or "cx" in self.data.table

    @property
    def preparation(self) -> str:
        """How an image becomes an input, for the card."""
        if self.colour is not None:
            return f"Colours as (value / 255 - 0.5) / 0.25, resized to {SIDE} x {SIDE} pixels."
        if self.around_a_finding or self.data.unit == "HU":
            return (
                "medtutor.ct.preprocess.prepare: lung becomes 0 and soft tissue 1; "
                f"{SIDE} x {SIDE} pixels"
                + (" of 0.7 mm around the finding." if self._scaled().spacing is not None else ".")
            )
        return SCALE

    def inspect(self) -> tuple[list[Flag], list[twins.Twin]]:
        """Look for faults, for pictures that are there twice, and for what the label goes with."""
        found = twins.pairs(list(self.data.images))
        flags = [
            *self.flags,
            *inspection.shared_patients(self.data),
            *inspection.duplicates(self.data, found),
            *inspection.faults(self.data),
        ]
        return flags + inspection.shortcuts(self.data, flags), found

    def take(self, keep: np.ndarray) -> Pictures:
        """Keep some of the images."""
        colour = None if self.colour is None else self.colour[keep]
        return replace(self, data=self.data.take(keep), colour=colour, network=None)

    def inputs(self, indices: np.ndarray) -> np.ndarray:
        """Prepare images for the network: shape (n, 56, 56, channels), float32."""
        if self.colour is not None:
            return ((self.colour[indices] / 255 - 0.5) / 0.25).astype(np.float32)
        if self.around_a_finding or self.data.unit == "HU":
            return preprocess.prepare(self._scaled().take(indices), SIDE)
        result = np.empty((len(indices), SIDE, SIDE, 1), np.float32)
        for row, k in enumerate(indices):
            image = np.asarray(self.data.images[k])
            low, high = np.percentile(image, [1, 99])
            grey = np.clip((image - low) / max(high - low, 1e-6), 0, 1)
            result[row, ..., 0] = preprocess.resize(grey, SIDE)
        return result

    def _scaled(self) -> ImageSet:
        """Keep the millimetres only where the images are crops: else most would be cut away."""
        return self.data if self.around_a_finding else replace(self.data, spacing=None)

    @property
    def model(self) -> keras.Model:
        """The trained network."""
        if self.network is None:
            raise DataError("nothing has been trained yet", remedy="Call train first.")
        return self.network

    def train(self, split: Split, seed: int = 0) -> dict[str, list[float]]:
        """Train `ct.models.nodule_cnn` on the training part; the validation part says when to stop.

        Images that are not crops around a finding are not mirrored: left may mean something.
        """
        from medtutor.ct import models, training
        from medtutor.ct.augment import Ranges

        x = self.inputs(np.arange(len(self.data)))
        self.network = models.nodule_cnn(x.shape[1:], len(self.class_names), seed=seed)
        epochs = int(np.clip(PASSES // len(split.train), 1, 30))
        ranges = Ranges(upright=not self.around_a_finding)
        return training.fit(
            self.network, x, self.labels, split, epochs=epochs, ranges=ranges, seed=seed
        )

    def predict(self, indices: np.ndarray) -> np.ndarray:
        """Give the probability of each class, shape (n, classes)."""
        from medtutor.ct import models

        return models.predict(self.model, self.inputs(indices), flips=self.around_a_finding)

    def test(self, split: Split, groups: np.ndarray) -> Report:
        """Test once: accuracy and AUC with intervals over `groups`, beside the baselines."""
        y, who, p = self.labels[split.test], groups[split.test], self.predict(split.test)
        called, names = p.argmax(axis=1), self.class_names
        commonest = np.bincount(self.labels[split.train]).argmax()
        always = np.full(len(y), commonest)
        report = Report()

        def add(name: str, what: str, interval: metrics.Interval) -> None:
            report.scores.append(Score(f"own.{name}", what, interval))

        add("test.accuracy", "accuracy of the network", metrics.accuracy(y, called, who))
        add("baseline.accuracy", f"accuracy of always saying {names[commonest]}",
            metrics.accuracy(y, always, who))  # fmt: skip

        def right(truth: np.ndarray, answer: np.ndarray) -> float:
            return float(np.mean(truth == answer))

        gap = metrics.paired_difference(right, y, called, always, who)
        report.sentences.append(difference("accuracy of the network", "accuracy of always saying "
                                           + names[commonest], gap))  # fmt: skip
        present = np.unique(y)
        if len(present) < 2:
            report.sentences.append("The test part has one class only: no AUC can be given.")
        else:
            columns = [1] if len(names) == 2 else list(present)

            def auc(truth: np.ndarray, scores: np.ndarray) -> float:
                areas = [metrics.area_under_roc(truth == c, scores[:, c]) for c in columns]
                return float(np.mean(areas))

            add("test.auc", "AUC of the network", metrics.bootstrap(auc, y, p, groups=who))
            self._ruler(report, y, p, who, split)
        report.tables.append(self._per_class(y, called, who))
        return report

    def _ruler(
        self, report: Report, y: np.ndarray, p: np.ndarray, who: np.ndarray, split: Split
    ) -> None:
        """Set the diameter beside the network, where it is known for all."""
        size = self.data.diameter
        if size is None or len(self.class_names) != 2 or not np.isfinite(size).all():
            return
        size = size[split.test]
        report.scores.append(
            Score("own.baseline.auc", "AUC of the diameter alone", metrics.auc(y, size, who))
        )
        gap = metrics.paired_difference(metrics.area_under_roc, y, p[:, 1], size, who)
        report.sentences.append(difference("AUC of the network", "AUC of the diameter", gap))

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
            found = metrics.accuracy(y[mine], called[mine], who[mine])
            rows.append([name, str(int(mine.sum())), str(found)])
        return "What is found of each class", ["class", "test images", "share found"], rows

    def explain(self, split: Split) -> list[Example]:
        """Show Grad-CAM and integrated gradients of test images that were right and wrong."""
        from medtutor.ct import explain

        p = self.predict(split.test)
        called, y = p.argmax(axis=1), self.labels[split.test]
        sure = np.argsort(-p.max(axis=1), kind="stable")
        right, wrong = (sure[(called[sure] == y[sure]) == ok] for ok in (True, False))
        first = [r for c in np.unique(y) for r in right[y[right] == c][:1]][:2]
        shown = np.array([*first, *wrong[: 4 - len(first)]])
        x = self.inputs(split.test[shown])
        maps = {
            "Grad-CAM": explain.grad_cam(self.model, x, called[shown]),
            "integrated gradients": explain.integrated_gradients(self.model, x, called[shown]),
        }
        rows = [f"says {self.class_names[called[k]]}\n{p[k].max():.2f}, "
                f"{'right' if called[k] == y[k] else 'is ' + self.class_names[y[k]]}"
                for k in shown]  # fmt: skip
        pictures = [np.clip(i * 0.25 + 0.5, 0, 1) if i.shape[-1] == 3 else i[..., 0] for i in x]
        return [plots.capstone.maps(pictures, maps, rows)]

    def inside(self, split: Split) -> tuple[metrics.Interval, float] | None:
        """Share of Grad-CAM inside the outlines of test images, and the share of their area.

        Returns
        -------
        Interval, float
            None without outlines.
        """
        from medtutor.ct import explain
        from medtutor.ct.explain_scores import energy_inside, outlines

        if self.data.masks is None:
            return None
        masks = outlines(self._scaled().take(split.test), SIDE)
        some = masks.any(axis=(1, 2))
        if not some.any():
            return None
        chosen = split.test[some]
        called = self.predict(chosen).argmax(axis=1)
        heat = explain.grad_cam(self.model, self.inputs(chosen), called)
        share = energy_inside(heat, masks[some])
        who = np.where(self.patients[chosen] == "", chosen.astype(str), self.patients[chosen])
        kept = np.isfinite(share)
        interval = metrics.bootstrap(lambda s: float(np.mean(s)), share[kept], groups=who[kept])
        return interval, float(masks[some].mean())
