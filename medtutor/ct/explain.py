"""Which pixels a network's answer rests on: two maps, with Keras and `tf.GradientTape` alone.

Lesson 10 builds them, and three more, from their formulas. Both explain the *score* of a class: the
log odds ``log(p_c / (1 - p_c))``, taken before the softmax, for two reasons. Behind the softmax the
gradient carries a factor p (1 - p), which is next to nothing where the network is sure. And a
single logit is only half of an answer: the same number added to all logits changes no probability,
so what a logit shares with the others means nothing.
"""

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from medtutor.errors import DataError

__all__ = ["energy_inside", "grad_cam", "integrated_gradients", "score_model"]

Classes = int | np.ndarray
BATCH = 64  # images at a time


def score_model(model: keras.Model, layer: str | None = None) -> keras.Model:
    """Take the softmax off: a model that gives the logits, with the weights of the first."""
    last = model.layers[-1]
    kind = getattr(getattr(last, "activation", None), "__name__", "linear")
    known = kind in ("softmax", "sigmoid", "linear")
    if known and isinstance(last, keras.layers.Softmax | keras.layers.Activation):
        z = last.input
    elif known and isinstance(last, keras.layers.Dense):
        plain = keras.layers.Dense(last.units, use_bias=last.use_bias, name="score")
        z = plain(last.input)
        plain.set_weights(last.get_weights())
    else:
        raise DataError(
            f"the model ends in {type(last).__name__} with the activation {kind}",
            remedy="Give a classifier that ends in a softmax, a sigmoid or logits.",
        )
    if z.shape[-1] == 1:
        z = keras.ops.concatenate([keras.ops.zeros_like(z), z], axis=-1)
    # One input is given bare: a list of one makes Keras warn at every call with an array.
    inputs = model.inputs[0] if len(model.inputs) == 1 else model.inputs
    return keras.Model(inputs, z if layer is None else [z, model.get_layer(layer).output])


def integrated_gradients(
    model: keras.Model,
    x: np.ndarray,
    class_index: Classes,
    steps: int = 32,
) -> np.ndarray:
    """Difference from a baseline of 0, times the mean gradient on the straight way from there.

    0 is lung everywhere after `preprocess.prepare`: an image that shows nothing.

    Parameters
    ----------
    model : keras.Model
        A classifier, as in `score_model`.
    x : ndarray of float32, shape (n, h, w, channels)
        Prepared images.
    class_index : int, or ndarray of int, shape (n,)
        The class to explain, the same for all or one for each image.
    steps : int
        Points on the way, at the middle of `steps` equal pieces.

    Returns
    -------
    ndarray of float32, shape (n, h, w)
        Above 0 speaks for the class, below 0 against it; summed over the channels. The sum of a
        map is the score of the image minus that of the baseline, up to the error of the sum over
        steps ("completeness").

    References
    ----------
    Sundararajan, Taly & Yan, ICML 2017, arXiv:1703.01365.

    Examples
    --------
    >>> from medtutor.ct.models import nodule_cnn
    >>> maps = integrated_gradients(nodule_cnn((24, 24, 1)), np.zeros((1, 24, 24, 1)), 1)
    >>> float(np.abs(maps).max())  # the image is the baseline
    0.0
    """
    if steps < 1:
        raise DataError(f"{steps} steps", remedy="Use 1 or more; 32 is usual.")
    x, classes = _checked(model, x, class_index)
    gradient = _gradient_of(model, x)
    total = np.zeros_like(x)
    for k in range(steps):
        total += _in_batches(gradient, np.float32((k + 0.5) / steps) * x, classes)
    return (x * total / steps).sum(axis=-1)


def grad_cam(model: keras.Model, x: np.ndarray, class_index: Classes) -> np.ndarray:
    """Weigh the last feature maps by their mean gradient, add them, keep what is positive.

    The maps are those of the last activation, convolution or normalisation that still has height
    and width. They are brought to the size of the image bilinearly: a cell of the map stands for
    the middle of the square that it covers (half-pixel centres).

    Parameters
    ----------
    model, x, class_index
        As for `integrated_gradients`.

    Returns
    -------
    ndarray of float32, shape (n, h, w)
        0 or more.

    References
    ----------
    Selvaraju et al., ICCV 2017, arXiv:1610.02391, equations 1 and 2.

    Examples
    --------
    >>> from medtutor.ct.models import nodule_cnn
    >>> grad_cam(nodule_cnn((24, 24, 1)), np.ones((1, 24, 24, 1)), 1).shape
    (1, 24, 24)
    """
    x, classes = _checked(model, x, class_index)
    both = score_model(model, _last_maps(model))
    size = x.shape[1:3]

    def cam(images: Any, c: Any) -> Any:
        with tf.GradientTape() as tape:
            z, maps = both(images, training=False)
            s = _class_score(z, c)
        weights = tf.reduce_mean(tape.gradient(s, maps), axis=(1, 2), keepdims=True)
        summed = tf.nn.relu(tf.reduce_sum(weights * maps, axis=-1))
        return tf.image.resize(summed[..., None], size)[..., 0]

    return _in_batches(_compiled(cam, x), x, classes)


def energy_inside(maps: np.ndarray, masks: np.ndarray) -> np.ndarray:
    """Give the share of the importance that lies inside the outline.

    Wang et al., Score-CAM, CVPR Workshops 2020, arXiv:1910.01279, section 4.3.
    """
    flat = np.maximum(np.reshape(maps, (len(maps), -1)), 0).astype(float)
    flat[flat.sum(axis=1) == 0] = 1
    inside = np.reshape(masks, (len(masks), -1)).astype(bool)
    return (flat * inside).sum(axis=1) / flat.sum(axis=1)


def _checked(
    model: keras.Model, x: np.ndarray, class_index: Classes
) -> tuple[np.ndarray, np.ndarray]:
    """Refuse what cannot be explained; give float32 images and a class for each."""
    x = np.asarray(x, np.float32)
    wanted = tuple(model.input_shape[1:])
    if x.ndim != 4 or x.shape[1:] != wanted or len(x) == 0:
        raise DataError(
            f"images of shape {x.shape} where the model reads (n, {str(wanted)[1:-1]})",
            remedy="Give a batch, also of one image: x[[k]].",
        )
    classes = np.asarray(class_index, np.int32)
    if classes.ndim > 1 or (classes.ndim == 1 and len(classes) != len(x)):
        raise DataError(
            f"classes of shape {classes.shape} for {len(x)} images",
            remedy="Give one class for all, or one for each image.",
        )
    count = max(2, int(model.output_shape[-1]))
    if classes.min() < 0 or classes.max() >= count:
        raise DataError(
            f"class {classes.max() if classes.max() >= count else classes.min()} where the model "
            f"has {count}",
            remedy=f"Use 0 to {count - 1}.",
        )
    return x, np.broadcast_to(classes, len(x)).copy()


def _class_score(z: Any, classes: Any) -> Any:
    """Give the log odds of one class in each row of logits."""
    one = tf.one_hot(classes, z.shape[-1], dtype=z.dtype)
    own = tf.reduce_sum(one * z, axis=-1)
    others = tf.where(one > 0, tf.constant(-np.inf, z.dtype), z)
    return own - tf.reduce_logsumexp(others, axis=-1)


def _gradient_of(model: keras.Model, x: np.ndarray) -> Callable[..., Any]:
    """Compile the gradient of the score with respect to the image."""
    heads = score_model(model)

    def gradient(images: Any, classes: Any) -> Any:
        with tf.GradientTape() as tape:
            tape.watch(images)
            s = _class_score(heads(images, training=False), classes)
        return tape.gradient(s, images)

    return _compiled(gradient, x)


def _compiled(function: Callable[..., Any], x: np.ndarray) -> Callable[..., Any]:
    """Trace once for batches of any size."""
    images = tf.TensorSpec((None, *x.shape[1:]), tf.float32)
    # Traced here and not at the first call: TensorFlow warns when many functions of one name are.
    return tf.function(function).get_concrete_function(images, tf.TensorSpec((None,), tf.int32))


def _in_batches(function: Callable[..., Any], x: np.ndarray, classes: np.ndarray) -> np.ndarray:
    """Run a compiled function over a large array and put the results together."""
    pieces = [slice(k, k + BATCH) for k in range(0, len(x), BATCH)]
    return np.concatenate(
        [np.asarray(function(tf.constant(x[p]), tf.constant(classes[p]))) for p in pieces]
    )


def _last_maps(model: keras.Model) -> str:
    """Name the last layer whose output still has height and width."""
    kinds = (
        keras.layers.ReLU,
        keras.layers.Activation,
        keras.layers.Conv2D,
        keras.layers.BatchNormalization,
    )
    for layer in reversed(model.layers):
        if isinstance(layer, kinds) and len(layer.output.shape) == 4:
            return layer.name
    raise DataError(
        "no layer of the model has maps with height and width",
        remedy="Grad-CAM needs a convolution; use another method.",
    )
