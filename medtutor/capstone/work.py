"""What images and records have in common on their way to a model card."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple, Protocol

import numpy as np

from medtutor.capstone.twins import Twin
from medtutor.types import Flag, Interval

if TYPE_CHECKING:
    import keras

    from medtutor.splits import Split


class Score(NamedTuple):
    """One number of the test.

    Parameters
    ----------
    name : str
        Name in the ledger of results, such as ``"own.test.auc"``.
    what : str
        The same in words.
    interval : Interval
        Value and 95 % interval over patients.
    unit : str
        Unit, or "".
    """

    name: str
    what: str
    interval: Interval
    unit: str = ""


class Example(NamedTuple):
    """A picture of the card: PNG bytes, its alternative text, its caption."""

    png: bytes
    alt: str
    caption: str


@dataclass
class Report:
    """What a test found out: scores, comparisons in words, pictures, and what limits them."""

    scores: list[Score] = field(default_factory=list)
    sentences: list[str] = field(default_factory=list)
    tables: list[tuple[str, list[str], list[list[str]]]] = field(default_factory=list)
    pictures: list[Example] = field(default_factory=list)


class Work(Protocol):
    """What the lesson asks of `pictures.Pictures` and of `records.Records`."""

    kind: str
    name: str
    card: str
    notes: tuple[str, ...]
    simulated: bool
    unit: str
    labels: np.ndarray
    patients: np.ndarray
    given: np.ndarray | None
    class_names: tuple[str, ...]
    preparation: str

    def inspect(self) -> tuple[list[Flag], list[Twin]]:
        """Look for faults and for what is there twice."""

    def take(self, keep: np.ndarray) -> Work:
        """Keep some of the samples."""

    def train(self, split: Split, seed: int = 0) -> dict[str, list[float]]:
        """Train the network on the training part."""

    def test(self, split: Split, groups: np.ndarray) -> Report:
        """Test the network once, beside its baselines."""

    def explain(self, split: Split) -> list[Example]:
        """Show what single answers rest on."""

    def inputs(self, indices: np.ndarray) -> np.ndarray:
        """Give prepared inputs."""

    @property
    def model(self) -> keras.Model:
        """The trained network."""


def difference(first: str, second: str, gap: Interval, more_is_better: bool = True) -> str:
    """Say what the interval of a difference allows to say, as `lesson.verdict` does."""
    text = f"{first} minus {second}: {gap.value:+.3f} (95 % CI {gap.low:+.3f} to {gap.high:+.3f}). "
    if gap.low <= 0 <= gap.high:
        return text + "The interval holds 0: these data do not say which of the two is better."
    better = first if (gap.value > 0) == more_is_better else second
    return text + f"The interval leaves out 0: on these data {better} is better."
