"""The article's two networks, mended only so that they run, and the data for all networks."""

from functools import cache
from typing import NamedTuple

import common  # noqa: F401  before Keras
import keras
import numpy as np
from keras import layers

from medtutor import datasets, splits
from medtutor.ct import preprocess
from medtutor.ecg import segments
from medtutor.types import ImageSet, Windows


def article_cnn(side: int = 224) -> keras.Model:
    """Build the CNN that lesson 08 quotes; two softmax outputs, where the article has one."""
    keras.utils.set_random_seed(0)
    network = [keras.Input((side, side, 3))]
    for filters in (32, 64, 128):
        network += [layers.Conv2D(filters, 3, activation="relu"), layers.MaxPooling2D()]
    network += [layers.Flatten(), layers.Dense(512, activation="relu"), layers.Dropout(0.5)]
    return keras.Sequential([*network, layers.Dense(2, activation="softmax")])


def article_lstm(steps: int = 2000, activation: str = "relu") -> keras.Model:
    """Build the two LSTM layers that lesson 15 quotes."""
    keras.utils.set_random_seed(0)
    first = layers.LSTM(50, activation=activation, return_sequences=True)
    second = layers.LSTM(50, activation=activation)
    return keras.Sequential([keras.Input((steps, 1)), first, second, layers.Dense(1)])


class Nodules(NamedTuple):
    """The bundled simulated nodules, prepared as lesson 08 does, and dealt by patient."""

    raw: ImageSet
    x: np.ndarray
    labels: np.ndarray
    split: splits.Split


@cache
def nodules() -> Nodules:
    data = datasets.load_ct("default")
    split = splits.by_patient(data.labels, data.patients, data.split)
    return Nodules(data, preprocess.prepare(data), data.labels, split)


class Hearts(NamedTuple):
    """The bundled simulated ECGs in windows, as lesson 15 cuts them, and dealt by subject."""

    windows: Windows
    split: splits.Split
    scales: segments.Normaliser


@cache
def hearts() -> Hearts:
    data = datasets.load_ecg("default")
    windows = segments.cut(data.recordings)
    split = splits.by_patient(windows.rate, windows.subject, data.split, unit="subject")
    return Hearts(windows, split, segments.normaliser(windows, split.train))
