"""Networks that classify CT crops, and how they are trained.

`nodule_cnn` is the course's network: 50,000 weights, small enough to learn from a few hundred
nodules. `article_cnn` is the network of the course's source article, 44.4 million weights, kept for
comparison.
"""

import os
import tempfile
from collections.abc import Sequence
from pathlib import Path

import keras
import numpy as np
from keras import layers

from medtutor.ct.training import fit
from medtutor.errors import DataError

__all__ = ["article_cnn", "fit", "load", "nodule_cnn", "predict", "save"]


def nodule_cnn(
    input_shape: tuple[int, int, int] = (56, 56, 1),
    classes: int = 2,
    filters: Sequence[int] = (24, 32, 48, 64),
    dropout: float = 0.3,
    seed: int = 0,
) -> keras.Model:
    """Build the course's CNN: four convolution blocks, then averages of the whole and the centre.

    A global average knows nothing of place, so shifting the nodule changes little; the average of
    the centre alone, beside it, keeps the nodule from drowning in a large chest wall.

    Parameters
    ----------
    input_shape : (int, int, int)
        Height, width, channels; at least 24 x 24 pixels.
    classes : int
        Number of classes.
    filters : sequence of int
        Filters of each block. The image is halved between blocks.
    dropout : float
        Share of the pooled features that each training step drops.
    seed : int
        Seed of the first weights.

    Returns
    -------
    keras.Model
        (n, height, width, channels) to probabilities (n, classes). Not compiled: `fit` does that.
    """
    keras.utils.set_random_seed(seed)
    image = keras.Input(input_shape, name="image")
    x = image
    for k, count in enumerate(filters):
        if k > 0:
            x = layers.MaxPooling2D()(x)
        x = layers.Conv2D(count, 3, padding="same", use_bias=False)(x)
        x = layers.BatchNormalization(momentum=0.9)(x)
        x = layers.ReLU()(x)
    whole = layers.GlobalAveragePooling2D(name="whole")(x)
    margin = ((x.shape[1] - 3) // 2, (x.shape[2] - 3) // 2)
    centre = layers.GlobalAveragePooling2D(name="centre")(layers.Cropping2D(margin)(x))
    x = layers.Concatenate()([whole, centre])
    x = layers.Dropout(dropout)(x)
    probability = layers.Dense(classes, activation="softmax", name="probability")(x)
    return keras.Model(image, probability, name="nodule_cnn")


def article_cnn(
    input_shape: tuple[int, int, int] = (224, 224, 3), num_classes: int = 2, seed: int = 0
) -> keras.Model:
    """Build the article's CNN: 44.4 million weights, nearly all of them in its first dense layer.

    Parameters
    ----------
    input_shape : (int, int, int)
        Height, width, channels.
    num_classes : int
        Number of classes.
    seed : int
        Seed of the first weights.

    Returns
    -------
    keras.Model
        Not compiled.
    """
    keras.utils.set_random_seed(seed)
    return keras.Sequential(
        [
            keras.Input(input_shape),
            layers.Conv2D(32, (3, 3), activation="relu"),
            layers.MaxPooling2D((2, 2)),
            layers.Conv2D(64, (3, 3), activation="relu"),
            layers.MaxPooling2D((2, 2)),
            layers.Conv2D(128, (3, 3), activation="relu"),
            layers.MaxPooling2D((2, 2)),
            layers.Flatten(),
            layers.Dense(512, activation="relu"),
            layers.Dropout(0.5),
            layers.Dense(num_classes, activation="softmax"),
        ],
        name="article_cnn",
    )


def predict(
    model: keras.Model | Sequence[keras.Model], x: np.ndarray, flips: bool = True
) -> np.ndarray:
    """Give the probability of each class, averaged over mirror images and over models.

    Parameters
    ----------
    model : keras.Model or sequence of keras.Model
        One trained model, or several whose opinions are averaged.
    x : ndarray of float32, shape (n, s, s, channels)
        Prepared images.
    flips : bool
        Also ask about the image mirrored left-right, up-down and both.

    Returns
    -------
    ndarray of float32, shape (n, classes)
    """
    models = [model] if isinstance(model, keras.Model) else list(model)
    views = [x, x[:, :, ::-1], x[:, ::-1], x[:, ::-1, ::-1]] if flips else [x]
    opinions = [m.predict(v, batch_size=128, verbose=0) for m in models for v in views]
    return np.mean(opinions, axis=0)


def save(model: keras.Model, path: str | Path) -> Path:
    """Write a model in Keras's own format; the file appears whole or not at all.

    Parameters
    ----------
    model : keras.Model
        Any model.
    path : str or Path
        Where to, ending in ``.keras``.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    DataError
        If the name has another ending.
    """
    path = Path(path)
    if path.suffix != ".keras":
        raise DataError("not a .keras file", path=path, remedy='End the name in ".keras".')
    with tempfile.TemporaryDirectory(dir=path.parent) as folder:
        model.save(Path(folder) / path.name)
        os.replace(Path(folder) / path.name, path)
    return path


def load(path: str | Path) -> keras.Model:
    """Read a model that `save` wrote. Code inside the file is never run (`safe_mode`).

    Parameters
    ----------
    path : str or Path
        A ``.keras`` file.

    Returns
    -------
    keras.Model

    Raises
    ------
    DataError
        If the file is missing, or is not a model.
    """
    path = Path(path)
    try:
        return keras.models.load_model(path, safe_mode=True)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataError(
            "this is not a saved model", path=path, remedy="Save it again with models.save."
        ) from error
