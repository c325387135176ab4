"""From samples to a tested network: labelled images (`Pictures`) and ECG records (`Records`).

Both show the lesson the same face (`Work`), so that it need not ask which of the two it has.
TensorFlow is imported when a network is built.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from medtutor import metrics, plots
from medtutor.capstone import copies, inspect
from medtutor.capstone import split as grouping
from medtutor.capstone.card import CardPicture, picture
from medtutor.ct import preprocess
from medtutor.errors import DataError
from medtutor.types import EcgSet, Flag, ImageSet, Interval

if TYPE_CHECKING:
    import keras

    from medtutor.ecg.segments import Normaliser
    from medtutor.splits import Split
    from medtutor.types import Windows

SIDE = 56  # pixels that the network reads
SCALE = (
    f"Each image: from its 1st percentile (0) to its 99th (1), resized to {SIDE} x {SIDE} pixels."
)
LENGTH = 2000  # samples in a window
STEPS = 350  # training steps at most, for records
FEWEST = 10  # windows below which a subject says little
MAP = "viridis"  # of a map of importance
EPOCH, EPOCHS = 400, 30  # images in an epoch at least, and epochs at most
MOST_SEEN = 24_000  # images that a training looks at, repetitions counted
MISSING = 0.1  # share of a record that may be missing or stand still


class Score(NamedTuple):
    """One number of the test: its name in the ledger, the same in words, value, unit."""

    name: str
    what: str
    interval: Interval
    unit: str = ""


@dataclass
class Outcome:
    """What a test found out: scores, comparisons in words, pictures, and what limits them."""

    scores: list[Score] = field(default_factory=list)
    sentences: list[str] = field(default_factory=list)
    tables: list[tuple[str, list[str], list[list[str]]]] = field(default_factory=list)
    pictures: list[CardPicture] = field(default_factory=list)


class Trained:
    """What images and records have in common."""

    data: ImageSet | EcgSet
    network: keras.Model | None

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
    def model(self) -> keras.Model:
        """The trained network."""
        if self.network is None:
            raise DataError("nothing has been trained yet", remedy="Train first.")
        return self.network


def difference(first: str, second: str, gap: Interval, more_is_better: bool = True) -> str:
    """Say what the interval of a difference allows to say, as `lesson.verdict` does."""
    return ". ".join(metrics.compare(gap, first, second, more_is_better))


def with_width(found: Interval, people: int) -> Interval:
    """Give Wilson's interval over people where the bootstrap sees no spread, as at 0 and at 1.

    People are counted once, however many samples they have: that is careful, never too narrow.
    """
    ends = found.low, found.high
    if people and not found.low < found.high and np.isfinite(found.value):
        low, high = metrics.wilson(np.array(found.value), np.array(people))
        ends = float(low), float(high)
    kept = Interval(found.value, *map(float, np.clip(ends, 0, 1)))
    kept.groups = found.groups
    return kept


@dataclass
class Pictures(Trained):
    """A folder of labelled images on its way to a model card."""

    data: ImageSet
    flags: list[Flag] = field(default_factory=list)
    colour: np.ndarray | None = None  # shape (n, 56, 56, 3), 0 to 255
    network: keras.Model | None = None
    kind: str = "images"
    unit: str = "patient"

    @property
    def notes(self) -> tuple[str, ...]:
        """What reading has to say."""
        return self.data.notes

    @property
    def items(self) -> Sequence[str]:
        """File of each image."""
        return self.data.files

    @cached_property
    def small(self) -> list[np.ndarray]:
        """Each image at the size at which it is inspected."""
        return inspect.small(self.data)

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

    @property
    def output(self) -> str:
        """What the network says, for the card."""
        return "probability of each class: " + ", ".join(self.class_names) + "."

    def inspect(self) -> tuple[list[Flag], list[copies.Twin]]:
        """Look for faults, for pictures that are there twice, and for what the label goes with."""
        found = copies.pairs(self.small)
        groups = grouping.groups(self.patients, [(twin.first, twin.second) for twin in found])
        flags = [
            *self.flags,
            *inspect.shared_patients(self.data),
            *inspect.duplicates(self.data, found),
            *inspect.faults(self.items, self.small),
            *inspect.imbalance(self.labels, groups, self.class_names),
        ]
        return flags + inspect.shortcuts(self.data, flags), found

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

    def train(self, split: Split, seed: int = 0) -> dict[str, list[float]]:
        """Train `ct.models.nodule_cnn`; validation says when to stop.

        Few images pass several times in an epoch: what a network needs is updates, and batch
        normalisation needs them as well before its averages can be used.
        """
        from medtutor.ct import models, training
        from medtutor.ct.augment import Ranges

        x = self.inputs(np.arange(len(self.labels)))
        self.network = models.nodule_cnn(x.shape[1:], len(self.class_names), seed=seed)
        seen = np.tile(split.train, -(-EPOCH // len(split.train)))
        epochs = int(np.clip(MOST_SEEN // len(seen), 1, EPOCHS))
        ranges = Ranges(upright=not self.around_a_finding)
        return training.fit(self.network, x, self.labels, replace(split, train=seen),
                            epochs=epochs, seed=seed, ranges=ranges)  # fmt: skip

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
        add("baseline.accuracy", f"accuracy of always saying {names[commonest]}",
            metrics.accuracy(y, always, who))  # fmt: skip

        def right(truth: np.ndarray, answer: np.ndarray) -> float:
            return float(np.mean(truth == answer))

        if len(np.unique(called)) == 1:
            outcome.sentences.append(
                f"The network gives ONE answer to all {len(y)} test images, {names[called[0]]}: at "
                "this threshold it tells nothing apart, whatever its scores."
            )
        else:
            gap = metrics.paired_difference(right, y, called, always, who)
            outcome.sentences.append(difference(
                "accuracy of the network", f"accuracy of always saying {names[commonest]}", gap
            ))  # fmt: skip
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

    def explain(self, split: Split) -> list[CardPicture]:
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
        shown_as = [np.clip(i * 0.25 + 0.5, 0, 1) if i.shape[-1] == 3 else i[..., 0] for i in x]
        return [maps_beside(shown_as, maps, rows)]

    def inside(self, split: Split) -> tuple[Interval, float] | None:
        """Share of Grad-CAM inside the outlines of test images, and the share of their area."""
        from medtutor.ct import explain
        from medtutor.ct.explain import energy_inside
        from medtutor.ct.preprocess import outlines

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
        interval = metrics.bootstrap(np.mean, share[kept], groups=who[kept], bounds=(0, 1))
        return interval, float(masks[some].mean())


@dataclass
class Records(Trained):
    """A folder of ECG records on its way to a model card."""

    data: EcgSet
    windows: Windows
    flags: list[Flag] = field(default_factory=list)
    subjects_known: bool = True
    network: keras.Model | None = None
    scales: Normaliser | None = None
    kind: str = "records"
    unit: str = "subject"
    output: str = (
        "where the beats lie (250 bins), heart rate and its change, in units of their spread."
    )
    class_names: tuple[str, ...] = ()

    @property
    def preparation(self) -> str:
        """How a signal becomes an input, and an output a rate, for the card."""
        text = (
            "Windows of 2,000 samples at 360 Hz, band-passed from 1 to 35 Hz, divided by the "
            "typical height of a beat (medtutor.ecg.segments.Normaliser.signal)."
        )
        if (fitted := self.scales) is None:
            return text
        return text + (
            f" Smallest height {fitted.floor:.4g} mV. Rate in bpm: output times "
            f"{fitted.rate_std:.4g} plus {fitted.rate_mean:.4g}; change: output times "
            f"{fitted.change_std:.4g}."
        )

    @property
    def notes(self) -> tuple[str, ...]:
        """What reading has to say."""
        if self.subjects_known:
            return self.data.notes
        return (
            "NO SUBJECT IDS: without split.csv (record,subject,split) each record counts as one "
            "person. If two are of one person, results are too good and intervals too narrow.",
            *self.data.notes,
        )

    @property
    def items(self) -> Sequence[str]:
        """Recording of each window, and the sample of it at which the window begins."""
        return [
            f"{r} from {k}" for r, k in zip(self.windows.record, self.windows.start, strict=True)
        ]

    @property
    def labels(self) -> np.ndarray:
        """Heart rate of each window in beats a minute."""
        return self.windows.rate

    @property
    def patients(self) -> np.ndarray:
        """Subject of each window."""
        return self.windows.subject

    @property
    def given(self) -> np.ndarray | None:
        """Part of each window, where the data prescribe it."""
        if self.data.split is None:
            return None
        return np.array([self.data.split[subject] for subject in self.windows.subject])

    def inspect(self) -> tuple[list[Flag], list[copies.Twin]]:
        """Look for records that are there twice, lost signal, and subjects with few windows."""
        recordings = self.data.recordings
        found = copies.record_pairs(recordings)
        flags = list(self.flags)
        for twin in found:
            one, two = recordings[twin.first], recordings[twin.second]
            how = "the same heartbeats, of other polarity, as " if twin.mirrored else (
                "the same heartbeats as ")  # fmt: skip
            worse = [] if one.subject == two.subject else ["two subjects"]
            split = self.data.split or {}
            parts = {split.get(one.subject), split.get(two.subject)}
            worse += [f"in {' and '.join(sorted(map(str, parts)))}"] if len(parts) > 1 else []
            reason = how + one.name + (f" ({'; '.join(worse)})" if worse else "")
            flags.append(Flag(two.name, "duplicate", reason))
        if not self.subjects_known:
            flags.append(Flag("all records", "no subject", "no split.csv says which are of one "
                              "person; each record counts as one"))  # fmt: skip
        flags += self._lost() + self._uneven()
        first = {r.name: np.flatnonzero(self.windows.record == r.name) for r in recordings}
        pairs = [
            copies.Twin(int(first[a][0]), int(first[b][0]), twin.likeness, twin.mirrored)
            for twin in found
            if len(first[a := recordings[twin.first].name])
            and len(first[b := recordings[twin.second].name])
        ]
        return flags, pairs

    def _lost(self) -> list[Flag]:
        flags = []
        for recording in self.data.recordings:
            lead = recording.signal[:, 0]
            block = max(2, int(recording.fs / 2))
            grid = np.nan_to_num(lead[: len(lead) // block * block].reshape(-1, block))
            still = float(np.mean(np.ptp(grid, axis=1) == 0)) if len(grid) else 1.0
            if still > MISSING:
                reason = f"{still:.0%} of it is missing or stands still"
                flags.append(Flag(recording.name, "lost signal", reason))
            there = lead[np.isfinite(lead)]
            extreme = (there == there.max(initial=-np.inf)) | (there == there.min(initial=np.inf))
            top = float(extreme.mean()) if len(there) else 0.0
            if top > 0.01 and still <= MISSING:
                reason = f"{top:.0%} of it has the highest or lowest value"
                flags.append(Flag(recording.name, "clipped", reason))
        return flags

    def _uneven(self) -> list[Flag]:
        names, counts = np.unique(self.windows.subject, return_counts=True)
        flags = [Flag(str(n), "few windows", f"{c} windows only")
                 for n, c in zip(names, counts, strict=True) if c < FEWEST]  # fmt: skip
        rate = self.windows.rate
        for name, part in (("below 60 bpm", rate < 60), ("above 100 bpm", rate > 100)):
            people = len(np.unique(self.windows.subject[part]))
            if people < FEWEST:
                flags.append(Flag(f"rates {name}", "rare class", f"{people} subjects only"))
        return flags

    def take(self, keep: np.ndarray) -> Records:
        """Keep some of the windows."""
        return replace(self, windows=self.windows[keep], network=None, scales=None)

    def inputs(self, indices: np.ndarray) -> np.ndarray:
        """Prepare windows for the network: shape (n, 2000, 1), float32."""
        if self.scales is None:
            raise DataError("the scales have not been fitted yet", remedy="Call train first.")
        return self.scales.signal(self.windows.signal[indices, :, 0])[:, :, None]

    def train(self, split: Split, seed: int = 0) -> dict[str, list[float]]:
        """Train `ecg.models.rate_lstm` on the training subjects; validation says when to stop."""
        from medtutor.ecg import models, segments, training

        self.scales = segments.normaliser(self.windows, split.train)
        self.network = models.rate_lstm(LENGTH, seed=seed)
        return training.fit(self.network, self.windows, split, self.scales, steps=STEPS, seed=seed)

    def test(self, split: Split, groups: np.ndarray) -> Outcome:
        """Test once: mean absolute error with intervals over subjects, beside two baselines."""
        from medtutor.ecg import models

        assert self.scales is not None
        part = self.windows[split.test]
        truth, who, mean = part.rate, groups[split.test], self.scales.rate_mean
        said, _ = models.predict(self.model, part, self.scales)
        answers = {
            "own.test.mae_bpm": ("network", said),
            "own.detector.mae_bpm": ("R-peak detector", self._detector(split.test)),
            "own.baseline.mae_bpm": ("training mean", np.full(len(truth), mean)),
        }
        outcome = Outcome()
        for name, (what, answer) in answers.items():
            score = metrics.mae(answer - truth, who)
            outcome.scores.append(Score(name, f"mean absolute error of the {what}", score, "bpm"))

        def mae(true: np.ndarray, answer: np.ndarray) -> float:
            return float(np.mean(np.abs(answer - true)))

        for what, answer in list(answers.values())[1:]:
            gap = metrics.paired_difference(mae, truth, said, answer, who)
            outcome.sentences.append(
                difference("error of the network", f"error of the {what}", gap, False)
            )
        people = np.unique(who)
        by = sorted(((mae(truth[who == s], said[who == s]), s) for s in people), reverse=True)
        rows = [[f"the worst, no. {k + 1}", str(int(np.sum(who == s))), f"{error:.2f} bpm"]
                for k, (error, s) in enumerate(by[:5])]  # fmt: skip
        outcome.tables.append(("Test subjects with the largest error",
                              ["subject", "windows", "mean absolute error"], rows))  # fmt: skip
        return outcome

    def _detector(self, indices: np.ndarray) -> np.ndarray:
        """Give the rate that sleepecg's detector finds; the training mean where it finds none."""
        from medtutor.ecg.beats import detector_rate

        assert self.scales is not None
        found = np.full(len(self.windows), np.nan)
        for recording in self.data.recordings:
            mine = self.windows.record == recording.name
            if mine[indices].any():
                found[mine] = detector_rate(recording, self.windows)
        return np.where(np.isnan(found), self.scales.rate_mean, found)[indices]

    def explain(self, split: Split) -> list[CardPicture]:
        """Show the beat maps of the test window read best, a typical one, and the worst."""
        from medtutor.ecg import models

        assert self.scales is not None
        part = self.windows[split.test]
        said = models.read(self.model, part, self.scales)
        rate = np.where(np.isnan(said.from_map), said.direct, said.from_map)
        order = np.argsort(np.abs(rate - part.rate), kind="stable")
        chosen: Sequence[int] = [order[0], order[len(order) // 2], order[-1]]
        names = ("best", "typical", "worst")
        titles = [f"{name}: true {part.rate[k]:.0f}, read {rate[k]:.0f} bpm"
                  for name, k in zip(names, chosen, strict=True)]  # fmt: skip
        x = self.scales.signal(part.signal[chosen, :, 0])
        return [beat_maps(x, said.beats[chosen], part.beats[chosen], titles, part.fs)]

    def inside(self, split: Split) -> tuple[Interval, float] | None:
        """Share of the beat map within 50 ms of a true beat, and of the time that is."""
        from medtutor.ecg import models

        assert self.scales is not None
        part = self.windows[split.test]
        beat_map = models.read(self.model, part, self.scales).beats
        centres = (np.arange(beat_map.shape[1]) + 0.5) * LENGTH / beat_map.shape[1]
        near = np.zeros(beat_map.shape, bool)
        for column in part.beats.T:
            near |= np.abs(centres - column[:, None]) <= 0.05 * part.fs
        share = (beat_map * near).sum(axis=1) / np.maximum(beat_map.sum(axis=1), 1e-9)
        interval = metrics.bootstrap(np.mean, share, groups=part.subject, bounds=(0, 1))
        return interval, float(near.mean())


@plots.styled
def maps_beside(
    images: Sequence[np.ndarray], maps: Mapping[str, np.ndarray], rows: Sequence[str]
) -> CardPicture:
    """Show images and beside each its maps of importance; what is below 0 is shown as 0."""
    side, columns = 1.75, len(maps) + 1
    fig, axes = plots.figure(
        len(images), columns, width=side * columns + 1.6, height=side * len(images) + 0.4
    )
    for k, image in enumerate(images):
        axes[k, 0].imshow(image)
        axes[k, 0].set_ylabel(rows[k], rotation=0, ha="right", va="center", fontsize=9)
        for ax, found in zip(axes[k, 1:], maps.values(), strict=True):
            ax.imshow(np.maximum(found[k], 0), cmap=MAP)
        for ax in axes[k]:
            ax.set(xticks=[], yticks=[])
    for ax, title in zip(axes[0], ["image", *maps], strict=True):
        ax.set_title(title, fontsize=10)
    return picture(
        fig,
        "Test images, one a row, each with what the network said, and beside it two maps of "
        "where its answer rests. Bright places count most.",
        "What single answers rest on. Bright is much; each map by itself.",
        of_patients=True,
    )


@plots.styled
def beat_maps(
    windows: np.ndarray, found: np.ndarray, beats: np.ndarray, titles: Sequence[str], fs: float
) -> CardPicture:
    """Show windows of an ECG, each with the network's beat map below; beats may be NaN."""
    fig, axes = plots.figure(
        2 * len(windows),
        height=1.75 * len(windows) + 0.5,
        sharex=True,
        gridspec_kw={"height_ratios": [1.6, 1] * len(windows)},
    )
    length = windows.shape[1]
    wide = length / found.shape[1] / fs
    blue, orange = plots.COLOURS["blue"], plots.COLOURS["orange"]
    for k, title in enumerate(titles):
        top, bottom = axes[2 * k, 0], axes[2 * k + 1, 0]
        top.plot(np.arange(length) / fs, windows[k], color="black", linewidth=0.9)
        top.set_title(title, loc="left", fontsize=10)
        top.set_ylabel("beat = 1")
        bottom.bar((np.arange(found.shape[1]) + 0.5) * wide, found[k], wide, color=blue)
        bottom.set(ylim=(0, 1.02), ylabel="beat map")
        for ax in (top, bottom):
            for beat in beats[k][np.isfinite(beats[k])]:
                ax.axvline(beat / fs, color=orange, linewidth=0.8, linestyle=":")
            ax.margins(x=0)
    axes[-1, 0].set_xlabel("time in s; dotted: annotated beats")
    return picture(
        fig,
        "Three test windows, read best, typically and worst, each with the network's beat map "
        "below and dotted lines at the annotated beats.",
        "Where the network sees beats. Dotted: annotated beats.",
        of_patients=True,
    )


Work = Pictures | Records
