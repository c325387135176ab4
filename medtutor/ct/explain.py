"""Which pixels a network's answer rests on: five maps, with Keras and `tf.GradientTape` alone.

Every method explains the *score* of a class. The default score is the log odds
``log(p_c / (1 - p_c))``, taken before the softmax, for two reasons. Behind the softmax the gradient
carries a factor p (1 - p), which is next to nothing where the network is sure. And a single logit
is only half of an answer: the same number added to all logits changes no probability, so what a
logit shares with the others means nothing. ``score="logit"`` and ``score="probability"`` are there
for comparison with other software.

Maps have the size of the image. Those of `integrated_gradients` and `occlusion` have a sign: above
0 speaks for the class, below 0 against it.
"""

from typing import Any

import keras
import numpy as np
import tensorflow as tf

from medtutor.ct._explain_score import (
    Classes,
    Score,
    checked,
    class_score,
    compiled,
    gradient_of,
    in_batches,
    last_maps,
    score_model,
)
from medtutor.errors import DataError

__all__ = [
    "grad_cam",
    "integrated_gradients",
    "occlusion",
    "saliency",
    "score_model",
    "scores",
    "smoothgrad",
]


def scores(
    model: keras.Model,
    x: np.ndarray,
    class_index: Classes,
    score: Score = "odds",
    batch_size: int = 128,
) -> np.ndarray:
    """Give the number that the maps explain.

    Parameters
    ----------
    model : keras.Model
        Classifier, as in `score_model`.
    x : ndarray of float32, shape (n, h, w, channels)
        Prepared images.
    class_index : int, or ndarray of int, shape (n,)
        The class to explain, the same for all or one for each image.
    score : {"odds", "logit", "probability"}
        ``log(p / (1 - p))``, the logit of the class alone, or p.
    batch_size : int
        Images at a time.

    Returns
    -------
    ndarray of float32, shape (n,)
    """
    x, classes = checked(model, x, class_index, score)
    heads = score_model(model)
    run = compiled(lambda images, c: class_score(heads(images, training=False), c, score), x)
    return in_batches(run, batch_size, x, classes)


def saliency(
    model: keras.Model,
    x: np.ndarray,
    class_index: Classes,
    score: Score = "odds",
    batch_size: int = 64,
) -> np.ndarray:
    """Size of the gradient: how much the score changes with each pixel, whichever way.

    Parameters
    ----------
    model, x, class_index, score, batch_size
        As in `scores`.

    Returns
    -------
    ndarray of float32, shape (n, h, w)
        0 or more; of several channels the largest.

    References
    ----------
    Simonyan, Vedaldi & Zisserman, arXiv:1312.6034 (2013), section 3.1.
    """
    x, classes = checked(model, x, class_index, score)
    gradient = gradient_of(model, x, score)
    return np.abs(in_batches(gradient, batch_size, x, classes)).max(axis=-1)


def smoothgrad(
    model: keras.Model,
    x: np.ndarray,
    class_index: Classes,
    samples: int = 25,
    noise: float = 0.1,
    seed: int = 0,
    score: Score = "odds",
    batch_size: int = 64,
) -> np.ndarray:
    """Size of the mean gradient of many noisy copies of the image.

    Parameters
    ----------
    model, x, class_index, score, batch_size
        As in `scores`.
    samples : int
        Noisy copies.
    noise : float
        Standard deviation of the noise, as a share of each image's range (maximum minus minimum).
    seed : int
        Seed of the noise.

    Returns
    -------
    ndarray of float32, shape (n, h, w)
        0 or more. Gradients are averaged with their sign, so that what changes from copy to copy
        cancels; the size is taken of the mean.

    References
    ----------
    Smilkov et al., arXiv:1706.03825 (2017).
    """
    if samples < 1 or noise < 0:
        raise DataError(
            f"{samples} samples with noise {noise}", remedy="Use 1 or more, and 0 or more."
        )
    x, classes = checked(model, x, class_index, score)
    gradient = gradient_of(model, x, score)
    sigma = noise * np.ptp(x.reshape(len(x), -1), axis=1).reshape(-1, 1, 1, 1)
    rng = np.random.default_rng(seed)
    total = np.zeros_like(x)
    for _ in range(samples):
        noisy = x + sigma * rng.standard_normal(x.shape, np.float32)
        total += in_batches(gradient, batch_size, noisy.astype(np.float32), classes)
    return np.abs(total / samples).max(axis=-1)


def grad_cam(
    model: keras.Model,
    x: np.ndarray,
    class_index: Classes,
    layer: str | None = None,
    resize: bool = True,
    score: Score = "odds",
    batch_size: int = 64,
) -> np.ndarray:
    """Weigh the feature maps of a layer by their mean gradient, add them, keep what is positive.

    Parameters
    ----------
    model, x, class_index, score, batch_size
        As in `scores`.
    layer : str, optional
        Name of the layer; the last activation, convolution or normalisation that still has height
        and width when not given.
    resize : bool
        Whether to bring the map to the size of the image, bilinearly. A cell of the map stands for
        the middle of the square that it covers (half-pixel centres).

    Returns
    -------
    ndarray of float32, shape (n, h, w), or without `resize` (n, h_layer, w_layer)
        0 or more.

    References
    ----------
    Selvaraju et al., ICCV 2017, arXiv:1610.02391, equations 1 and 2.
    """
    x, classes = checked(model, x, class_index, score)
    both = score_model(model, layer or last_maps(model))
    size = x.shape[1:3]

    def cam(images: Any, c: Any) -> Any:
        with tf.GradientTape() as tape:
            z, maps = both(images, training=False)
            s = class_score(z, c, score)
        weights = tf.reduce_mean(tape.gradient(s, maps), axis=(1, 2), keepdims=True)
        summed = tf.nn.relu(tf.reduce_sum(weights * maps, axis=-1))
        return tf.image.resize(summed[..., None], size)[..., 0] if resize else summed

    return in_batches(compiled(cam, x), batch_size, x, classes)


def integrated_gradients(
    model: keras.Model,
    x: np.ndarray,
    class_index: Classes,
    baseline: np.ndarray | float = 0.0,
    steps: int = 32,
    score: Score = "odds",
    batch_size: int = 64,
) -> np.ndarray:
    """Difference from a baseline, times the mean gradient on the straight way from there.

    Parameters
    ----------
    model, x, class_index, score, batch_size
        As in `scores`.
    baseline : float, or ndarray that broadcasts to `x`
        The image that shows nothing. 0 is lung everywhere after `preprocess.prepare`.
    steps : int
        Points on the way, at the middle of `steps` equal pieces.

    Returns
    -------
    ndarray of float32, shape (n, h, w)
        With sign, summed over the channels. The sum of a map is the score of the image minus that
        of the baseline, up to the error of the sum over steps ("completeness").

    References
    ----------
    Sundararajan, Taly & Yan, ICML 2017, arXiv:1703.01365.
    """
    if steps < 1:
        raise DataError(f"{steps} steps", remedy="Use 1 or more; 32 is usual.")
    x, classes = checked(model, x, class_index, score)
    gradient = gradient_of(model, x, score)
    start = np.broadcast_to(np.asarray(baseline, np.float32), x.shape)
    total = np.zeros_like(x)
    for k in range(steps):
        on_the_way = start + np.float32((k + 0.5) / steps) * (x - start)
        total += in_batches(gradient, batch_size, on_the_way, classes)
    return ((x - start) * total / steps).sum(axis=-1)


def occlusion(
    model: keras.Model,
    x: np.ndarray,
    class_index: Classes,
    patch: int = 8,
    stride: int = 4,
    fill: float = 0.0,
    score: Score = "odds",
    batch_size: int = 128,
) -> np.ndarray:
    """Cover each place in turn and see how far the score drops. Needs no gradient.

    Parameters
    ----------
    model, x, class_index, score, batch_size
        As in `scores`.
    patch : int
        Side of the square that covers, in pixels.
    stride : int
        Pixels from one place to the next. Where the steps do not end at the border, the last place
        is moved there.
    fill : float
        What it covers with: 0 is lung after `preprocess.prepare`.

    Returns
    -------
    ndarray of float32, shape (n, h, w)
        With sign: the mean drop of all the squares that covered a pixel.

    References
    ----------
    Zeiler & Fergus, ECCV 2014, arXiv:1311.2901, section 4.2.
    """
    x, classes = checked(model, x, class_index, score)
    h, w = x.shape[1:3]
    if not 1 <= stride <= patch <= min(h, w):
        raise DataError(
            f"a patch of {patch} and a stride of {stride} on images of {h} x {w}",
            remedy="Use 1 <= stride <= patch <= side of the image.",
        )
    heads = score_model(model)
    run = compiled(lambda images, c: class_score(heads(images, training=False), c, score), x)
    whole = in_batches(run, batch_size, x, classes)
    drops = np.zeros(x.shape[:3], np.float32)
    times = np.zeros((h, w), np.float32)
    for top in _places(h, patch, stride):
        for left in _places(w, patch, stride):
            at = (slice(top, top + patch), slice(left, left + patch))
            covered = x.copy()
            covered[:, at[0], at[1]] = fill
            drop = whole - in_batches(run, batch_size, covered, classes)
            drops[:, at[0], at[1]] += drop[:, None, None]
            times[at] += 1
    return drops / times


def _places(size: int, patch: int, stride: int) -> list[int]:
    places = list(range(0, size - patch + 1, stride))
    return places if places[-1] == size - patch else [*places, size - patch]
