"""What pictures and records have in common: the same face (`Trained`) and the same outcome."""

from __future__ import annotations

from dataclasses import dataclass, field
from operator import attrgetter
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from medtutor import metrics
from medtutor.capstone.card import CardPicture
from medtutor.errors import DataError
from medtutor.types import EcgSet, ImageSet, Interval

if TYPE_CHECKING:
    import keras


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

    name = property(attrgetter("data.name"), doc="Name of the data set.")
    card = property(attrgetter("data.card"), doc="Data card in Markdown.")
    simulated = property(attrgetter("data.simulated"), doc="Whether the data were simulated.")

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
