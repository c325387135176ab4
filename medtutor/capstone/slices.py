"""Whole slices, which the article classifies: find the body, window it, and read it large enough.

Keras is imported when a network is built.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from medtutor.ct.preprocess import LUNG_WINDOW, SOFT_TISSUE_WINDOW, body, crop, resize, window
from medtutor.language import say
from medtutor.splits import Split
from medtutor.types import ImageSet

if TYPE_CHECKING:
    import keras

SIDES = (56, 112, 224)  # pixels that a network may read
LEAST = 112  # pixels per side of a picture below which nothing is gained by a larger input
NEARLY_ALL = 0.9  # share of the pictures in which a body lies in air
DARK = 0.25  # part of the grey scale that the second window spreads
Square = tuple[float, float, int]  # of `preprocess.body`
ROOM = 4e8  # bytes of prepared pictures
SEEN = 14_000  # pictures that a training looks at, at each size
TAUGHT, BATCH = 3000, 32  # images that the article's network sees, and those of a step


def squares(images: ImageSet) -> list[Square] | None:
    """Find the body in every picture; None unless nearly all are whole slices."""
    pictures = [np.asarray(image) for image in images.images]
    if np.median([min(picture.shape) for picture in pictures]) < LEAST:
        return None
    if images.unit == "HU":  # around the scanned field lies padding, darker than air
        pictures = [np.maximum(picture, -1000) for picture in pictures]
    found = [body(picture) for picture in pictures]
    if np.mean([place is not None for place in found]) < NEARLY_ALL:
        return None
    whole = [((p.shape[0] - 1) / 2, (p.shape[1] - 1) / 2, max(p.shape)) for p in pictures]
    return [place or all_of_it for place, all_of_it in zip(found, whole, strict=True)]


def sides(found: Sequence[Square]) -> list[int]:
    """Name the sizes to try: up to the one nearest to what the bodies hold, and the memory."""
    held = np.median([side for _, _, side in found])
    fitting = [side for side in SIDES if side <= held * 2**0.5]
    return [side for side in fitting if 8 * len(found) * side**2 <= ROOM] or [SIDES[0]]


def cut(image: np.ndarray, square: Square, side: int) -> np.ndarray:
    """Bring the square to `side` pixels; outside of the picture lies what is darkest in it."""
    row, column, across = square
    room = across // 2 + 1
    padded = np.pad(np.asarray(image, np.float32), room, constant_values=np.min(image))
    return resize(crop(padded, across, (row + room, column + room)), side)


def prepare(image: np.ndarray, square: Square, unit: str, side: int) -> np.ndarray:
    """Show a body through two windows, the lung's and that of the rest: (side, side, 2)."""
    shown = cut(image, square, side)
    if unit == "HU":
        views = [window(shown, *SOFT_TISSUE_WINDOW), window(shown, *LUNG_WINDOW)]
    else:  # HU are lost: lung is what is dark
        low, high = np.percentile(image, [0, 99.9])
        whole = np.clip((shown - low) / max(high - low, 1e-6), 0, 1)
        views = [whole, np.minimum(whole / DARK, 1)]
    return np.stack(views, axis=-1).astype(np.float32)


def network(input_shape: tuple[int, int, int], classes: int, seed: int = 0) -> keras.Model:
    """Build convolution blocks down to maps of 7 x 7, pooled by mean and by maximum."""
    import keras
    from keras import layers

    keras.utils.set_random_seed(seed)
    image = keras.Input(input_shape, name="image")
    stride = 1 if input_shape[0] == SIDES[0] else 2
    blocks = int(np.log2(input_shape[0] / stride / 7)) + 1
    x = image
    for k, filters in enumerate((16, 24, 32, 48, 64)[-blocks:]):
        if k > 0:
            x = layers.MaxPooling2D()(x)
        size, step = (5, stride) if k == 0 else (3, 1)
        x = layers.Conv2D(filters, size, strides=step, padding="same", use_bias=False)(x)
        x = layers.BatchNormalization(momentum=0.9)(x)
        x = layers.ReLU()(x)
    # A lesion is a small part of a slice: a mean alone would drown it.
    pooled = [layers.GlobalAveragePooling2D()(x), layers.GlobalMaxPooling2D()(x)]
    x = layers.Dropout(0.3)(layers.Concatenate()(pooled))
    probability = layers.Dense(classes, activation="softmax", name="probability")(x)
    return keras.Model(image, probability, name="slice_cnn")


def article(images: Sequence[np.ndarray], labels: np.ndarray, split: Split) -> np.ndarray:
    """Train the article's CNN as printed, and give its class for each test image."""
    import keras
    from keras import layers

    def x(chosen: np.ndarray) -> np.ndarray:  # a batch, when it is needed
        small = np.stack([resize(images[k], SIDES[-1]) for k in chosen])[..., None]
        return np.repeat(small / 255, 3, axis=-1)

    keras.utils.set_random_seed(0)
    stages: list[keras.Layer] = []
    for filters in (32, 64, 128):
        stages += [layers.Conv2D(filters, 3, activation="relu"), layers.MaxPooling2D()]
    stages += [layers.Flatten(), layers.Dense(512, activation="relu"), layers.Dropout(0.5)]
    last = layers.Dense(int(labels.max()) + 1, activation="softmax")
    model = keras.Sequential([keras.Input((SIDES[-1], SIDES[-1], 3)), *stages, last])
    model.compile(keras.optimizers.Adam(0.001), "sparse_categorical_crossentropy")
    count = len(split.train)
    epochs = max(1, TAUGHT // count)
    print(say(f"training the article's CNN on {count} images, {epochs} epochs"))
    rng = np.random.default_rng(0)
    for _ in range(epochs):
        for batch in np.array_split(rng.permutation(split.train), -(-count // BATCH)):
            model.train_on_batch(x(batch), labels[batch])
    parts = np.array_split(split.test, -(-len(split.test) // BATCH))
    return np.concatenate([model.predict_on_batch(x(part)).argmax(axis=1) for part in parts])


def torn(groups: np.ndarray) -> tuple[int, int]:
    """Draw a fifth at random, and count those whose patient or copy is in the rest."""
    order = np.random.default_rng(0).permutation(groups)
    tested, rest = np.split(order, [max(1, len(order) // 5)])
    return int(np.isin(tested, rest).sum()), len(tested)
