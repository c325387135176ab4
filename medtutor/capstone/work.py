"""What pictures and records have in common: the same face (`Trained`) and the same outcome."""

from dataclasses import dataclass, field
from operator import attrgetter
from typing import Any, NamedTuple

import numpy as np

from medtutor import metrics
from medtutor.errors import DataError
from medtutor.types import EcgSet, ImageSet, Interval


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


QUESTIONS = {  # the tasks, as the card writes them
    "classes": "say which class an image is of",
    "outlines": "outline the finding in an image",
    "rate": "read the heart rate, and how it changes, off 5.6 seconds of an ECG",
    "beats": "name each beat of an ECG by the classes of ANSI/AAMI EC57",
}
LIMITS = {
    "outlines": "Dice is measured on the network's grid of pixels, and a mean over images: small "
    "outlines have lower ones. Agreement with those who drew is not truth.",
    "beats": "The places of the beats were given; a machine would have to find them first. A class "
    "hangs on the few subjects who own it: see whose beats they are.",
}


class Trained:
    """What images and records have in common."""

    data: ImageSet | EcgSet
    network: Any  # of Keras, or trees of scikit-learn
    task: str
    class_names: tuple[str, ...]

    name = property(attrgetter("data.name"), doc="Name of the data set.")
    card = property(attrgetter("data.card"), doc="Data card in Markdown.")
    simulated = property(attrgetter("data.simulated"), doc="Whether the data were simulated.")

    @property
    def model(self) -> Any:
        """The trained model."""
        if self.network is None:
            raise DataError("nothing has been trained yet", remedy="Train first.")
        return self.network

    @property
    def question(self) -> str:
        """What is asked, for the card."""
        return QUESTIONS[self.task]

    @property
    def output(self) -> str:
        """What the model says, for the card."""
        return "probability of each class: " + ", ".join(self.class_names) + "."

    @property
    def limits(self) -> tuple[str, ...]:
        """What limits this task, for the card."""
        return (
            LIMITS.get(self.task, "Maps show what an answer rests on, not whether it is right."),
        )

    @property
    def described(self) -> tuple[str, str]:
        """Name the model and its input, for the card."""
        model = self.model
        shape = " x ".join(str(n) for n in model.input_shape[1:])
        return f"{model.name}, {model.count_params():,} weights, Keras", shape


def difference(first: str, second: str, gap: Interval, more_is_better: bool = True) -> str:
    """Say what the interval of a difference allows to say, as `lesson.verdict` does."""
    return ". ".join(metrics.compare(gap, first, second, more_is_better))


def with_width(found: Interval, people: int) -> Interval:
    """Give Wilson's interval, people counted once, where the bootstrap sees no spread."""
    ends = found.low, found.high
    if people and not found.low < found.high and np.isfinite(found.value):
        low, high = metrics.wilson(np.array(found.value), np.array(people))
        ends = float(low), float(high)
    kept = Interval(found.value, *map(float, np.clip(ends, 0, 1)))
    kept.groups = found.groups
    return kept


def right(truth: np.ndarray, answer: np.ndarray) -> float:
    """Share of right answers."""
    return float(np.mean(truth == answer))


def surest(p: np.ndarray, y: np.ndarray, most: int = 4) -> np.ndarray:
    """Pick samples answered with most certainty: right ones of the last classes, then wrong."""
    called, sure = p.argmax(axis=1), np.argsort(-p.max(axis=1), kind="stable")
    good, bad = (sure[(called[sure] == y[sure]) == ok] for ok in (True, False))
    first = [k for c in np.unique(y)[::-1] for k in good[y[good] == c][:1]][: most // 2]
    return np.array([*first, *bad[: most - len(first)]])
