"""ECG records, from the samples to trees that name each beat.

The table is that of lesson 17: the rhythm around a beat, and how it differs from the median beat of
its own recording. So are the settings of the trees; nothing is chosen on validation subjects.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, replace
from functools import partial
from operator import attrgetter
from typing import Any

import numpy as np

from medtutor import metrics, plots
from medtutor.capstone import inspect
from medtutor.capstone.card import CardPicture, picture
from medtutor.capstone.records import Records
from medtutor.capstone.work import Outcome, Score, difference, right, surest
from medtutor.ecg.beats import AAMI
from medtutor.ecg.segments import band_pass
from medtutor.errors import DataError
from medtutor.splits import Split
from medtutor.types import Flag, Interval, Recording

ENOUGH, PEOPLE = 50, 4  # beats of a class, and subjects who have it, below which it is not named
TREES, LEAVES = 60, 7
GRID = np.arange(-108, 162, 3)  # samples at 360 Hz: 0.3 s before R to 0.45 s after it
QRS, P, T = np.abs(GRID) < 58, (GRID > -86) & (GRID < -22), GRID > 36


@dataclass(frozen=True)
class Rows:
    """Beats as rows of a table, with whose they are and where they lie."""

    features: np.ndarray
    label: np.ndarray
    record: np.ndarray
    subject: np.ndarray
    start: np.ndarray

    def __getitem__(self, index: np.ndarray) -> "Rows":
        """Take some of the beats."""
        return Rows(*(getattr(self, f.name)[index] for f in fields(self)))


@dataclass
class Beats(Records):
    """A folder of ECG records whose beats are named, on its way to a model card."""

    task = "beats"

    @classmethod
    def of(cls, work: Records) -> "Beats":
        """Ask of records which class each beat is of, in place of the heart rate."""
        tapes = [r for r in work.data.recordings if len(r.beats) > 2]
        lengths = [len(r.beats) for r in tapes]
        who = np.repeat([r.subject for r in tapes], lengths)
        class_of = {code: name for name, codes in AAMI.items() for code in codes}
        letters = np.array([class_of[code] for r in tapes for code in r.symbols], dtype=str)
        names, why = named(letters, who)
        kept = np.isin(letters, names)
        rows = Rows(
            table(tapes)[kept],
            np.array([names.index(name) for name in letters[kept]]),
            np.repeat([r.name for r in tapes], lengths)[kept],
            who[kept],
            np.concatenate([r.beats for r in tapes])[kept],
        )
        data = replace(work.data, notes=(*work.data.notes, *why))
        return cls(data, rows, work.flags, work.subjects_known, class_names=names)

    labels = property(attrgetter("windows.label"), doc="Class of each beat.")

    @property
    def preparation(self) -> str:
        """How a beat becomes a row, for the card."""
        return (
            "Intervals around a beat as ratios; its shape and its difference from the median beat "
            "of the recording (lesson 17), with the rows of both neighbours. Beats must have been "
            "found before. Validation subjects teach too: no setting is chosen on them."
        )

    @property
    def described(self) -> tuple[str, str]:
        """Name the model and its input, for the card."""
        count = f"{TREES} rounds of trees with {LEAVES} leaves"
        columns = f"{self.windows.features.shape[1]} columns"
        return f"gradient boosting, {count}, scikit-learn", columns

    def _uneven(self) -> list[Flag]:
        return inspect.imbalance(self.labels, self.patients, self.class_names)

    def inputs(self, indices: np.ndarray) -> np.ndarray:
        """Give the rows of the table: shape (n, columns), float32."""
        return self.windows.features[indices]

    def train(self, split: Split, seed: int = 0) -> dict[str, list[float]]:
        """Grow the trees of lesson 17, rare classes weighted softly."""
        from sklearn.ensemble import HistGradientBoostingClassifier

        taught = np.r_[split.train, split.validation]
        y = self.labels[taught]
        if len(np.unique(y)) < 2:
            raise DataError(
                "the beats of the training subjects are of one class only",
                remedy="Move a subject who has another into the training part.",
            )
        weight = (np.maximum(np.bincount(y), 1.0) ** -0.25)[y]
        self.network = HistGradientBoostingClassifier(
            max_iter=TREES,
            max_leaf_nodes=LEAVES,
            learning_rate=0.15,
            l2_regularization=1.0,
            early_stopping=False,
            max_bins=63,
            random_state=seed,
        ).fit(self.inputs(taught), y, sample_weight=weight / weight.mean())
        return {}

    def predict(self, indices: np.ndarray) -> np.ndarray:
        """Give the probability of each class, shape (n, classes); 0 of one that nobody taught."""
        p = np.zeros((len(indices), len(self.class_names)))
        trees: Any = self.model
        p[:, trees.classes_] = trees.predict_proba(self.inputs(indices))
        return p

    def test(self, split: Split, groups: np.ndarray) -> Outcome:
        """Test once: each class by its sensitivity, PPV and F1, over subjects."""
        y, who = self.labels[split.test], groups[split.test]
        said = self.predict(split.test).argmax(axis=1)
        always = np.zeros_like(y)  # N
        taught = self.labels[np.r_[split.train, split.validation]]
        people, code = np.unique(who, return_inverse=True)
        counts = np.zeros((len(people), *[len(self.class_names)] * 2), int)
        np.add.at(counts, (code, y, said), 1)
        outcome, rows = Outcome(), []
        for k, name in enumerate(self.class_names):
            owned = counts[:, k].sum(axis=1)
            if k not in taught or not owned.any():
                lacks = "asked" if k in taught else "taught"
                outcome.sentences.append(f"{name} was not {lacks}: it has no score.")
                continue
            for short, word in (("f1", "F1"), ("sensitivity", "sensitivity"), ("ppv", "PPV")):
                score = partial(measure, k=k, name=short)
                found = metrics.bootstrap(score, counts, groups=people, bounds=(0, 1))
                outcome.scores.append(
                    Score(f"own.beats.{name.lower()}.{short}", f"{word} of {name}", found)
                )
            most = f"{owned.max() / owned.sum():.0%}"
            rows.append([name, str(owned.sum()), str(np.count_nonzero(owned)), most])
        baseline = "accuracy of always saying N"
        outcome.scores += [
            Score("own.beats.accuracy", "accuracy of the trees", metrics.accuracy(y, said, who)),
            Score("own.beats.baseline.accuracy", baseline, metrics.accuracy(y, always, who)),
        ]
        gap = metrics.paired_difference(right, y, said, always, who)
        outcome.sentences += [
            difference("accuracy of the trees", baseline, gap),
            "Always saying N finds no beat of any other class: there its sensitivity is 0.",
        ]
        head = ["class", "test beats", "of subjects", "share of the one who has most"]
        outcome.tables.append(("Whose beats they are", head, rows))
        return outcome

    @plots.styled
    def explain(self, split: Split) -> list[CardPicture]:
        """Show beats named with most certainty, right and wrong, over their own median beat."""
        p, y = self.predict(split.test), self.labels[split.test]
        said, shown = p.argmax(axis=1), surest(p, y)
        fig, axes = plots.figure(1, len(shown), height=2.4, sharey=True)
        for ax, k in zip(axes[0], shown, strict=True):
            row = split.test[k]
            tape = next(r for r in self.data.recordings if r.name == self.windows.record[row])
            beats, usual = compared(tape)
            own = beats[np.searchsorted(tape.beats, self.windows.start[row]), :, 0]
            ax.plot(GRID / 360, usual[:, 0], "--", color=plots.COLOURS["grey"])
            ax.plot(GRID / 360, own, color=plots.COLOURS["blue"])
            is_, says = self.class_names[y[k]], self.class_names[said[k]]
            ax.set_title(f"is {is_}, called {says} ({p[k].max():.2f})", fontsize=9)
        axes[0, 0].set_ylabel("heights of the median beat")
        fig.supxlabel("time in s from R; broken line: the median beat", fontsize=10)
        text = (
            "Beats that the trees are surest of, right ones and then wrong ones, each over the "
            "median beat of its recording."
        )
        caption = "Beats over the median beat of their recording (broken line)."
        return [picture(fig, text, caption, of_patients=True)]

    def inside(self, split: Split) -> tuple[Interval, float] | None:
        """Give nothing: trees have no map."""
        return None


def named(letters: np.ndarray, who: np.ndarray) -> tuple[tuple[str, ...], list[str]]:
    """Say which classes have enough beats of enough people to be named, and why the others not."""
    names, why = [], []
    for name in list(AAMI)[:4]:
        beats, people = np.sum(letters == name), len(np.unique(who[letters == name]))
        enough = beats >= ENOUGH and people >= PEOPLE
        names += [name] * bool(enough)
        why.append(
            f"{name} {'is' if enough else 'is not'} named: {beats:,} beats of {people} subjects"
        )
    if "N" not in names or len(names) < 2:
        raise DataError(
            f"these beats cannot be named ({'; '.join(why)})",
            remedy=f"N and one more class need {ENOUGH} beats of {PEOPLE} subjects. Bring more "
            "records, or ask for the heart rate.",
        )
    return tuple(names), why


def measure(counts: np.ndarray, k: int, name: str) -> float:
    """Score a class against all others from confusion matrices (subject, true, called)."""
    counts = counts.sum(axis=0)
    hit, true, called = counts[k, k], counts[k].sum(), counts[:, k].sum()
    table = metrics.Table(hit, true - hit, called - hit, counts.sum() - true - called + hit)
    return float(getattr(table, name))


def table(recordings: Sequence[Recording]) -> np.ndarray:
    """Describe every beat by itself and by its two neighbours: shape (beats, columns), float32."""
    leads = min(2, *(r.signal.shape[1] for r in recordings), 2)
    parts = []
    for recording in recordings:
        x, usual = compared(recording, leads)
        f = np.hstack([shape(x[..., lead], usual[:, lead]) for lead in range(leads)])
        low, middle, high = np.quantile(f, [0.25, 0.5, 0.75], axis=0)
        in_own_spread = np.clip((f - middle) / (high - low + 0.05), -8, 8)
        own = np.hstack([rhythm(recording), f, in_own_spread]).astype(np.float32)
        parts.append(np.hstack([own, np.roll(own, 1, axis=0), np.roll(own, -1, axis=0)]))
    return np.concatenate(parts)


def rhythm(recording: Recording) -> np.ndarray:
    """Compare the intervals before and after each beat with those of its neighbourhood."""

    def around(x: np.ndarray, half: int, statistic: Callable[..., np.ndarray]) -> np.ndarray:
        half = min(half, (len(x) - 1) // 2)
        padded = np.pad(x, half, mode="reflect")
        near = np.lib.stride_tricks.sliding_window_view(padded, 2 * half + 1)
        return statistic(near, axis=-1)

    def upper(x: np.ndarray, axis: int) -> np.ndarray:
        return np.quantile(x, 0.75, axis=axis)

    rr = np.clip(np.diff(recording.beats) / recording.fs, 0.15, 4)
    ends = np.median(rr)  # the first beat has none before it, the last none after
    before, after = np.log(np.r_[ends, rr]), np.log(np.r_[rr, ends])
    mean, middle = (around(before, 20, f) for f in (np.mean, np.median))
    slow = around(before, 100, upper)
    uneven = 0.03 + around(np.abs(np.diff(before, prepend=before[0])), 20, np.median)
    columns = [before, before - mean, after - mean, before - after, before - slow, after - slow]
    columns += [np.log(uneven), *((x - middle) / uneven for x in (before, after))]
    return np.stack([*columns, (before - slow) / uneven], axis=1)


def compared(recording: Recording, leads: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Cut out each beat, and the median beat, both in heights of the median beat."""
    x = band_pass(np.nan_to_num(recording.signal[:, :leads].T), recording.fs)
    at = np.clip(recording.beats[:, None] + GRID, 0, x.shape[1] - 1)
    beats = x[:, at].transpose(1, 2, 0)
    usual = np.median(beats, axis=0)
    height = np.maximum(np.ptp(usual, axis=0), 1e-3)
    return beats / height, usual / height


def shape(x: np.ndarray, usual: np.ndarray) -> np.ndarray:
    """Measure how each beat of one lead differs from the median beat, in QRS, P and T."""

    def alike(a: np.ndarray, b: np.ndarray) -> np.ndarray:
        a, b = a - a.mean(axis=1, keepdims=True), b - b.mean()
        return a @ b / (np.linalg.norm(a, axis=1) * np.linalg.norm(b) + 1e-3)

    def width(a: np.ndarray) -> np.ndarray:
        return np.abs(a).sum(axis=-1) / (np.abs(a).max(axis=-1) + 1e-6) + 1e-3

    q, v = x[:, QRS], usual[QRS]
    columns = [
        np.log(1.003 - alike(q, v)),
        np.log(np.ptp(q, axis=1) + 0.05),
        q.max(axis=1) - v.max(),
        q.min(axis=1) - v.min(),
        np.log(width(q) / width(v)),
        alike(x[:, P], usual[P]),
        *(np.log(0.02 + (x - usual)[:, part].std(axis=1)) for part in (QRS, P, T)),
    ]
    return np.stack(columns, axis=1)
