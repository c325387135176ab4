"""Dense layers, activations, losses, initialisers and Adam against Keras and definitions."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from medtutor import layers
from medtutor.errors import DataError
from medtutor.layers.linear import mean_squared_error

SETTINGS = settings(max_examples=30, deadline=None, derandomize=True)
SHAPES = st.tuples(st.integers(1, 4), st.integers(1, 5), st.integers(1, 3))
SEEDS = st.integers(0, 2**16)


@SETTINGS
@given(shape=SHAPES, units=st.integers(1, 4), seed=SEEDS)
def test_dense_backward_equals_central_differences(shape, units, seed):
    rng = np.random.default_rng(seed)
    x, w, b = rng.normal(size=shape), rng.normal(size=(shape[-1], units)), rng.normal(size=units)
    dy = rng.normal(size=(*shape[:-1], units))
    for found, at, loss in zip(
        layers.dense_backward(dy, x, w),
        (x, w, b),
        (
            lambda v: (layers.dense(v, w, b) * dy).sum(),
            lambda v: (layers.dense(x, v, b) * dy).sum(),
            lambda v: (layers.dense(x, w, v) * dy).sum(),
        ),
        strict=True,
    ):
        np.testing.assert_allclose(found, layers.numerical_gradient(loss, at), atol=1e-6)


@SETTINGS
@given(shape=SHAPES, axis=st.integers(-3, 2), seed=SEEDS)
def test_softmax_equals_tensorflow_and_central_differences(shape, axis, seed):
    import tensorflow as tf

    rng = np.random.default_rng(seed)
    x, dy = 3 * rng.normal(size=shape), rng.normal(size=shape)
    p = layers.softmax(x, axis)
    np.testing.assert_allclose(p, tf.nn.softmax(x, axis).numpy(), atol=1e-12)
    np.testing.assert_allclose(p.sum(axis), 1)
    expected = layers.numerical_gradient(lambda v: (layers.softmax(v, axis) * dy).sum(), x)
    np.testing.assert_allclose(layers.softmax_backward(dy, x, axis), expected, atol=1e-6)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_softmax_does_not_overflow_and_keeps_its_type(dtype):
    with np.errstate(all="raise", under="ignore"):
        p = layers.softmax(np.array([[1e4, 0, -1e4]], dtype))
    assert p.dtype == dtype
    np.testing.assert_array_equal(p, [[1, 0, 0]])


def test_relu():
    x = np.array([-1.0, 0.0, 2.0])
    np.testing.assert_array_equal(layers.relu(x), [0, 0, 2])
    np.testing.assert_array_equal(layers.relu_backward(np.ones(3), x), [0, 0, 1])
    assert layers.relu(x.astype(np.float32)).dtype == np.float32


@SETTINGS
@given(n=st.integers(1, 5), classes=st.integers(1, 4), soft=st.booleans(), seed=SEEDS)
def test_cross_entropy_equals_tensorflow_and_central_differences(n, classes, soft, seed):
    import tensorflow as tf

    rng = np.random.default_rng(seed)
    logits, numbers = 3 * rng.normal(size=(n, classes)), rng.integers(0, classes, n)
    labels = rng.dirichlet(np.ones(classes), n) if soft else numbers
    targets = labels if soft else np.eye(classes)[numbers]
    expected = tf.nn.softmax_cross_entropy_with_logits(targets, logits).numpy().mean()
    assert layers.cross_entropy(logits, labels) == pytest.approx(expected, abs=1e-12)
    found = layers.cross_entropy_backward(logits, labels)
    np.testing.assert_allclose(found, (layers.softmax(logits) - targets) / n, atol=1e-12)
    expected = layers.numerical_gradient(lambda v: layers.cross_entropy(v, labels), logits)
    np.testing.assert_allclose(found, expected, atol=1e-6)


def test_cross_entropy_at_the_edges():
    far = np.array([[1e4, 0.0]])
    assert layers.cross_entropy(far, [1]) == 1e4
    assert layers.cross_entropy(np.zeros((0, 3)), np.zeros(0, int)) == 0
    assert layers.cross_entropy_backward(np.zeros((0, 3)), np.zeros(0, int)).shape == (0, 3)
    same = layers.cross_entropy(far, np.array([[0, 1]]))
    assert same == layers.cross_entropy(far, np.array([1], np.uint8))
    assert layers.cross_entropy_backward(far.astype(np.float32), [1]).dtype == np.float32


def test_mean_squared_error():
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(4, 2)), rng.normal(size=(4, 2))
    value, gradient = mean_squared_error(a, b)
    assert value == pytest.approx(np.mean((a - b) ** 2))
    expected = layers.numerical_gradient(lambda v: mean_squared_error(v, b)[0], a)
    np.testing.assert_allclose(gradient, expected, atol=1e-6)


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (
            lambda: layers.dense(np.ones((2, 3)), np.ones((4, 5))),
            r"expected \(2, 4\) \(kernel has shape \(4, 5\)",
        ),
        (lambda: layers.dense(np.ones((2, 3)), np.ones(3)), r"2 axes, \(features, units\)"),
        (lambda: layers.softmax(np.ones(3), axis=1), "expected one of its axes"),
        (lambda: layers.softmax(["a"]), "holds text"),
        (lambda: layers.relu_backward(np.ones(3), np.ones(2)), r"expected \(2,\)"),
        (lambda: layers.cross_entropy(np.ones((2, 3)), [0, 3]), "class numbers from 0 to 2"),
        (lambda: layers.cross_entropy(np.ones((2, 3)), [0.0, 1.0]), "expected whole numbers"),
        (lambda: layers.cross_entropy(np.ones((2, 3)), [0]), r"expected \(2,\)"),
        (lambda: layers.cross_entropy(np.ones((2, 3)), np.ones((2, 2))), r"expected \(2, 3\)"),
        (lambda: mean_squared_error(np.ones((2, 1)), np.ones(2)), r"expected \(2, 1\)"),
    ],
)
def test_says_what_it_expected(call, says):
    with pytest.raises(DataError, match=says):
        call()


def test_initialisers_have_the_spread_they_promise():
    rng = np.random.default_rng(0)
    shape = (3, 3, 20, 30)
    w = layers.glorot_uniform(shape, rng)
    limit = np.sqrt(6 / (9 * 50))
    assert w.dtype == np.float32
    assert abs(w).max() <= limit
    assert w.std() == pytest.approx(limit / np.sqrt(3), rel=0.03)
    for shape in ((5, 5), (4, 12), (12, 4)):
        w = layers.orthogonal(shape, rng, np.float64)
        gram = w @ w.T if shape[0] <= shape[1] else w.T @ w
        np.testing.assert_allclose(gram, np.eye(min(shape)), atol=1e-12)
    same = [layers.orthogonal((4, 4), np.random.default_rng(3)) for _ in range(2)]
    np.testing.assert_array_equal(*same)
    with pytest.raises(DataError, match="at least two axes"):
        layers.glorot_uniform((3,), rng)


@pytest.mark.parametrize("options", [(0.01,), (0.1, 0.8, 0.9, 1e-3)])
def test_adam_steps_as_in_keras(options):
    import keras

    rng = np.random.default_rng(0)
    weights = [rng.normal(size=shape).astype(np.float32) for shape in ((3, 2), (2,))]
    variables = [keras.Variable(w) for w in weights]
    names = ("learning_rate", "beta_1", "beta_2", "epsilon")
    ours = layers.Adam(*options)
    reference = keras.optimizers.Adam(**dict(zip(names, options, strict=False)))
    for _ in range(10):
        gradients = [rng.normal(size=w.shape).astype(np.float32) * 1e-3 for w in weights]
        ours.step(weights, gradients)
        reference.apply([keras.ops.convert_to_tensor(g) for g in gradients], variables)
    for mine, variable in zip(weights, variables, strict=True):
        assert mine.dtype == np.float32
        np.testing.assert_allclose(mine, variable.numpy(), rtol=1e-6, atol=1e-6)


def test_adam_wants_a_gradient_for_each_weight():
    with pytest.raises(DataError, match="1 gradients; expected 2"):
        layers.Adam().step([np.ones(2), np.ones(2)], [np.ones(2)])
    with pytest.raises(DataError, match=r"gradient 0 has shape \(3,\); expected \(2,\)"):
        layers.Adam().step([np.ones(2)], [np.ones(3)])
