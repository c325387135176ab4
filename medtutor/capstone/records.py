"""ECG records, from the samples to a tested network that reads the heart rate.

TensorFlow is imported when a network is built.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from operator import attrgetter
from typing import Any

import numpy as np

from medtutor import metrics, plots
from medtutor.capstone import copies
from medtutor.capstone.card import CardPicture, picture
from medtutor.capstone.work import Outcome, Score, Trained, difference
from medtutor.errors import DataError
from medtutor.splits import Split
from medtutor.types import EcgSet, Flag, Interval

LENGTH = 2000  # samples in a window
STEPS = 350  # training steps at most
FEWEST = 10  # windows below which a subject says little
MISSING = 0.1  # share of a record that may be missing or stand still


@dataclass
class Records(Trained):
    """A folder of ECG records on its way to a model card."""

    kind, task, unit = "records", "rate", "subject"

    data: EcgSet
    windows: Any  # the samples: `types.Windows`, or `beats.Rows`
    flags: list[Flag] = field(default_factory=list)
    subjects_known: bool = True
    network: Any = None
    scales: Any = None  # `segments.Normaliser`, once trained
    class_names: tuple[str, ...] = ()

    labels = property(attrgetter("windows.rate"), doc="Heart rate of each window in bpm.")
    patients = property(attrgetter("windows.subject"), doc="Subject of each window.")

    @property
    def output(self) -> str:
        """What the network says, for the card."""
        return (
            "where the beats lie (250 bins), heart rate and its change, in units of their spread."
        )

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
            how = "the same heartbeats" + ", of other polarity," * twin.mirrored + " as "
            worse = [] if one.subject == two.subject else ["two subjects"]
            split = self.data.split or {}
            parts = {split.get(one.subject), split.get(two.subject)}
            worse += [f"in {' and '.join(sorted(map(str, parts)))}"] if len(parts) > 1 else []
            reason = how + one.name + (f" ({'; '.join(worse)})" if worse else "")
            flags.append(Flag(two.name, "duplicate", reason))
        if not self.subjects_known:
            reason = "no split.csv says which are of one person; each record counts as one"
            flags.append(Flag("all records", "no subject", reason))
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
        counts = Counter(map(str, self.windows.subject)).items()
        flags = [Flag(s, "few windows", f"{n} windows only") for s, n in counts if n < FEWEST]
        rate = self.windows.rate
        for name, part in (("below 60 bpm", rate < 60), ("above 100 bpm", rate > 100)):
            people = len(np.unique(self.windows.subject[part]))
            if people < FEWEST:
                flags.append(Flag(f"rates {name}", "rare class", f"{people} subjects only"))
        return flags

    def take(self, keep: np.ndarray) -> "Records":
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
        rows = [
            [f"the worst, no. {k}", str(int(np.sum(who == s))), f"{error:.2f} bpm"]
            for k, (error, s) in enumerate(by[:5], 1)
        ]
        head = ["subject", "windows", "mean absolute error"]
        outcome.tables.append(("Test subjects with the largest error", head, rows))
        return outcome

    def _detector(self, indices: np.ndarray) -> np.ndarray:
        """Give the rate that sleepecg's detector finds; the training mean where it finds none."""
        from medtutor.ecg.beats import detector_rate

        found = np.full(len(self.windows), np.nan)
        for recording in self.data.recordings:
            mine = self.windows.record == recording.name
            if mine[indices].any():
                found[mine] = detector_rate(recording, self.windows)
        return np.where(np.isnan(found), self.scales.rate_mean, found)[indices]

    @plots.styled
    def explain(self, split: Split) -> list[CardPicture]:
        """Show the beat maps of the test window read best, a typical one, and the worst."""
        from medtutor.ecg import models

        part = self.windows[split.test]
        said = models.read(self.model, part, self.scales)
        rate = said.rate
        order = np.argsort(np.abs(rate - part.rate), kind="stable")
        shown = [order[0], order[len(order) // 2], order[-1]]
        signals, time = self.scales.signal(part.signal[shown, :, 0]), np.arange(LENGTH) / part.fs
        wide = LENGTH / said.beats.shape[1] / part.fs
        ratios = {"height_ratios": [1.6, 1] * len(shown)}
        fig, axes = plots.figure(2 * len(shown), height=5.75, sharex=True, gridspec_kw=ratios)
        for row, name in enumerate(("best", "typical", "worst")):
            k, top, bottom = shown[row], *axes[2 * row : 2 * row + 2, 0]
            top.plot(time, signals[row], color="black", linewidth=0.9)
            about = f"{name}: true {part.rate[k]:.0f}, read {rate[k]:.0f} bpm"
            top.set_title(about, loc="left", fontsize=10)
            top.set_ylabel("beat = 1")
            bins = (np.arange(said.beats.shape[1]) + 0.5) * wide
            bottom.bar(bins, said.beats[k], wide, color=plots.COLOURS["blue"])
            bottom.set(ylim=(0, 1.02), ylabel="beat map")
            beats = part.beats[k][np.isfinite(part.beats[k])] / part.fs
            for ax in (top, bottom):
                for beat in beats:
                    ax.axvline(beat, color=plots.COLOURS["orange"], linewidth=0.8, linestyle=":")
                ax.margins(x=0)
        axes[-1, 0].set_xlabel("time in s; dotted: annotated beats")
        text = (
            "Three test windows, read best, typically and worst, each with the network's beat map "
            "below and dotted lines at the annotated beats."
        )
        caption = "Where the network sees beats. Dotted: annotated beats."
        return [picture(fig, text, caption, of_patients=True)]

    def inside(self, split: Split) -> tuple[Interval, float] | None:
        """Share of the beat map within 50 ms of a true beat, and of the time that is."""
        from medtutor.ecg import models

        part = self.windows[split.test]
        beat_map = models.read(self.model, part, self.scales).beats
        centres = (np.arange(beat_map.shape[1]) + 0.5) * LENGTH / beat_map.shape[1]
        near = np.zeros(beat_map.shape, bool)
        for column in part.beats.T:
            near |= np.abs(centres - column[:, None]) <= 0.05 * part.fs
        share = (beat_map * near).sum(axis=1) / np.maximum(beat_map.sum(axis=1), 1e-9)
        who = split.patients[split.test]
        interval = metrics.bootstrap(np.mean, share, groups=who, bounds=(0, 1))
        return interval, float(near.mean())
