"""What the maps of `explain` share: the score they explain, compiled and run in batches."""

from collections.abc import Callable
from typing import Any, Literal

import keras
import numpy as np
import tensorflow as tf

from medtutor.errors import DataError

Score = Literal["odds", "logit", "probability"]
Classes = int | np.ndarray
KINDS = ("odds", "logit", "probability")


def score_model(model: keras.Model, layer: str | None = None) -> keras.Model:
    """Take the softmax off: a model that gives the logits, with the weights of the first.

    Parameters
    ----------
    model : keras.Model
        A classifier that ends in a dense layer with a softmax or a sigmoid, in a softmax layer, or
        in logits.
    layer : str, optional
        A layer whose output is given as well.

    Returns
    -------
    keras.Model
        Images to logits (n, classes), or to a list of these and the layer's output. One sigmoid
        output becomes two logits, the first of them 0: a softmax of both gives the same
        probability. The layers before the last are shared with `model`, not copied.
    """
    last = model.layers[-1]
    kind = getattr(getattr(last, "activation", None), "__name__", "linear")
    if isinstance(last, keras.layers.Softmax | keras.layers.Activation) and kind in (
        "softmax", "sigmoid", "linear",
    ):  # fmt: skip
        z = last.input
    elif isinstance(last, keras.layers.Dense) and kind in ("softmax", "sigmoid", "linear"):
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


def class_score(z: Any, classes: Any, kind: str) -> Any:
    """Pick the score of one class in each row of logits."""
    one = tf.one_hot(classes, z.shape[-1], dtype=z.dtype)
    if kind == "probability":
        return tf.reduce_sum(one * tf.nn.softmax(z), axis=-1)
    own = tf.reduce_sum(one * z, axis=-1)
    if kind == "logit":
        return own
    others = tf.where(one > 0, tf.constant(-np.inf, z.dtype), z)
    return own - tf.reduce_logsumexp(others, axis=-1)


def gradient_of(model: keras.Model, x: np.ndarray, kind: str) -> Callable[..., Any]:
    """Compile the gradient of the score with respect to the image."""
    heads = score_model(model)

    def gradient(images: Any, classes: Any) -> Any:
        with tf.GradientTape() as tape:
            tape.watch(images)
            s = class_score(heads(images, training=False), classes, kind)
        return tape.gradient(s, images)

    return compiled(gradient, x)


def compiled(function: Callable[..., Any], x: np.ndarray) -> Callable[..., Any]:
    """Trace once for batches of any size."""
    images = tf.TensorSpec((None, *x.shape[1:]), tf.float32)
    # Traced here and not at the first call: TensorFlow warns when many functions of one name are.
    return tf.function(function).get_concrete_function(images, tf.TensorSpec((None,), tf.int32))


def in_batches(
    function: Callable[..., Any], batch_size: int, x: np.ndarray, classes: np.ndarray
) -> np.ndarray:
    """Run a compiled function over a large array and put the results together."""
    pieces = [slice(k, k + batch_size) for k in range(0, len(x), batch_size)]
    return np.concatenate(
        [np.asarray(function(tf.constant(x[p]), tf.constant(classes[p]))) for p in pieces]
    )


def last_maps(model: keras.Model) -> str:
    """Name the last layer whose output still has height and width."""
    kinds = (
        keras.layers.ReLU, keras.layers.Activation, keras.layers.Conv2D,
        keras.layers.BatchNormalization,
    )  # fmt: skip
    for layer in reversed(model.layers):
        if isinstance(layer, kinds) and len(layer.output.shape) == 4:
            return layer.name
    raise DataError(
        "no layer of the model has maps with height and width",
        remedy="Grad-CAM needs a convolution; use another method.",
    )


def checked(
    model: keras.Model, x: np.ndarray, class_index: Classes, kind: str
) -> tuple[np.ndarray, np.ndarray]:
    """Refuse what cannot be explained; give float32 images and a class for each."""
    x = np.asarray(x, np.float32)
    wanted = tuple(model.input_shape[1:])
    if x.ndim != 4 or x.shape[1:] != wanted or len(x) == 0:
        raise DataError(
            f"images of shape {x.shape} where the model reads (n, {str(wanted)[1:-1]})",
            remedy="Give a batch, also of one image: x[[k]].",
        )
    if kind not in KINDS:
        raise DataError(f"no score {kind!r}", remedy=f"Choose one of {', '.join(KINDS)}.")
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
