"""The network that classifies CT crops, small enough to learn from a few hundred nodules."""

from collections.abc import Sequence

import keras
import numpy as np
from keras import layers

from medtutor.ct.training import fit

__all__ = ["fit", "nodule_cnn", "predict"]


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
    filters : sequence of int
        Filters of each block. The image is halved between blocks.
    dropout : float
        Share of the pooled features that each training step drops.
    seed : int
        Of the first weights.

    Returns
    -------
    keras.Model
        (n, height, width, channels) to probabilities (n, classes). Not compiled: `fit` does that.

    Examples
    --------
    >>> nodule_cnn((56, 56, 1), classes=3).output_shape
    (None, 3)
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


def predict(
    model: keras.Model | Sequence[keras.Model], x: np.ndarray, flips: bool = True
) -> np.ndarray:
    """Give the probability of each class, averaged over mirror images and over models."""
    models = [model] if isinstance(model, keras.Model) else list(model)
    views = [x, x[:, :, ::-1], x[:, ::-1], x[:, ::-1, ::-1]] if flips else [x]
    joined = np.concatenate(views)  # a call has a price of its own
    opinions = np.stack([m.predict(joined, batch_size=128, verbose=0) for m in models])
    return opinions.reshape(-1, len(x), opinions.shape[-1]).mean(axis=0)
