"""Recurrent layers against Keras, against central differences, and at the edges."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from medtutor import layers
from medtutor.errors import DataError
from medtutor.layers.recurrent import sigmoid

KINDS = {
    "SimpleRNN": (1, layers.simple_rnn, layers.simple_rnn_backward),
    "LSTM": (4, layers.lstm, layers.lstm_backward),
}


@st.composite
def sequences(draw):
    """Draw (batch, time, features, units, with a bias?, with a state?, rng)."""
    sizes = [draw(st.integers(1, high)) for high in (3, 6, 3, 4)]
    rng = np.random.default_rng(draw(st.integers(0, 2**16)))
    return *sizes, draw(st.booleans()), draw(st.booleans()), rng


def arguments(kind, case, dtype):
    """Return x, kernel, recurrent kernel, bias and state; the last two may be None."""
    n, steps, features, units, with_bias, with_state, rng = case
    gates = KINDS[kind][0]

    def new(*shape):
        return rng.normal(size=shape).astype(dtype)

    values = [new(n, steps, features), new(features, gates * units), new(units, gates * units)]
    values.append(new(gates * units) if with_bias else None)
    state = (new(n, units), new(n, units)) if kind == "LSTM" else new(n, units)
    values.append(state if with_state else None)
    return values, new(n, steps, units)


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=12, deadline=None, derandomize=True)
@given(case=sequences())
def test_equals_keras(kind, case):
    import keras
    import tensorflow as tf

    (x, w, u, bias, state), dy = arguments(kind, case, np.float32)
    _, forward, backward = KINDS[kind]
    layer = getattr(keras.layers, kind)(len(u), return_sequences=True, use_bias=bias is not None)
    layer.build(x.shape)
    layer.set_weights([w, u] + [bias] * (bias is not None))
    start = [] if state is None else list(state) if kind == "LSTM" else [state]
    with tf.GradientTape() as tape:
        value, start = tf.constant(x), [tf.constant(s) for s in start]
        tape.watch([value, *start])
        expected = layer(value, initial_state=start or None)
    gradients = tape.gradient(
        expected, [value, *layer.trainable_variables, *start], tf.constant(dy)
    )
    y = forward(x, w, u, bias, state)
    assert y.dtype == np.float32
    np.testing.assert_allclose(y, expected.numpy(), rtol=1e-5, atol=1e-5)
    *found, dstate = backward(dy, x, w, u, bias, state)
    found = found[: 3 + (bias is not None)]
    if start:
        found += dstate if kind == "LSTM" else [dstate]
    for mine, theirs in zip(found, gradients, strict=True):
        assert mine.dtype == np.float32
        assert mine.shape == theirs.shape
        np.testing.assert_allclose(mine, theirs.numpy(), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=12, deadline=None, derandomize=True)
@given(case=sequences())
def test_backward_equals_central_differences(kind, case):
    values, dy = arguments(kind, case, np.float64)
    _, forward, backward = KINDS[kind]
    *found, dstate = backward(dy, *values)
    for position, gradient in enumerate([*found, dstate]):
        if values[position] is None:
            continue
        pair = isinstance(values[position], tuple)
        for part in range(2 if pair else 1):

            def loss(v, position=position, part=part, pair=pair):
                changed = list(values)
                changed[position] = v
                if pair:
                    changed[position] = tuple(
                        v if k == part else old for k, old in enumerate(values[position])
                    )
                return (forward(*changed) * dy).sum()

            at = values[position][part] if pair else values[position]
            expected = layers.numerical_gradient(loss, at)
            mine = gradient[part] if pair else gradient
            assert mine.shape == at.shape
            np.testing.assert_allclose(mine, expected, rtol=1e-6, atol=1e-6)


def test_lstm_trace_obeys_the_formulas():
    rng = np.random.default_rng(0)
    x, w, u = rng.normal(size=(2, 7, 3)), rng.normal(size=(3, 20)), rng.normal(size=(5, 20))
    trace = layers.lstm(x, w, u, return_trace=True)
    before = np.concatenate([np.zeros((2, 1, 5)), trace.c[:, :-1]], axis=1)
    np.testing.assert_allclose(trace.c, trace.f * before + trace.i * trace.g)
    np.testing.assert_allclose(trace.h, trace.o * np.tanh(trace.c))
    np.testing.assert_array_equal(trace.h, layers.lstm(x, w, u))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("shape", [(0, 5, 3), (2, 0, 3)])
def test_empty(kind, shape):
    gates, forward, backward = KINDS[kind]
    x, w, u = np.zeros(shape), np.ones((3, gates * 4)), np.ones((4, gates * 4))
    y = forward(x, w, u)
    assert y.shape == (*shape[:2], 4)
    dx, dw, du, *_ = backward(y, x, w, u)
    assert (dx.shape, dw.shape, du.shape) == (x.shape, w.shape, u.shape)
    assert not dw.any()
    assert not du.any()


@pytest.mark.parametrize("kind", KINDS)
def test_arguments_stay_as_they_were(kind):
    case = (2, 5, 3, 4, True, True, np.random.default_rng(0))
    values, dy = arguments(kind, case, np.float64)
    _, forward, backward = KINDS[kind]
    kept = [np.copy(v) for v in (*values, dy)]
    forward(*values)
    backward(dy, *values)
    for now, then in zip((*values, dy), kept, strict=True):
        np.testing.assert_array_equal(np.asarray(now), then)


def test_large_arguments_do_not_overflow():
    x, w, u = np.full((1, 3, 1), 1e4), np.ones((1, 8)), np.ones((2, 8))
    with np.errstate(all="raise", under="ignore"):
        assert np.isfinite(layers.lstm(x, w, u)).all()
        assert np.isfinite(layers.lstm(-x, w, u)).all()


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        (
            {"x": np.zeros((5, 3))},
            r"x has shape \(5, 3\); expected 3 axes, \(batch, time, features",
        ),
        ({"kernel": np.zeros((3, 12))}, r"kernel has shape \(3, 12\); expected \(3, 16\)"),
        ({"recurrent_kernel": np.zeros((4, 12))}, r"expected \(4, 16\) \(4 x 4 units\)"),
        ({"bias": np.zeros(4)}, r"bias has shape \(4,\); expected \(16,\)"),
        ({"initial_state": np.zeros((2, 4))}, r"expected \(h, c\)"),
        ({"initial_state": (np.zeros((1, 4)), None)}, r"\[0\] has shape .* expected \(2, 4\)"),
    ],
)
def test_lstm_says_what_it_expected(changed, says):
    x, w, u = np.zeros((2, 5, 3)), np.zeros((3, 16)), np.zeros((4, 16))
    sound = {"x": x, "kernel": w, "recurrent_kernel": u}
    with pytest.raises(DataError, match=says):
        layers.lstm(**(sound | changed))


def test_wrong_gradient():
    x = np.zeros((2, 5, 3))
    with pytest.raises(
        DataError, match=r"expected \(2, 5, 4\) \(a gradient for the state of every"
    ):
        layers.simple_rnn_backward(np.zeros((2, 4)), x, np.zeros((3, 4)), np.zeros((4, 4)))


def test_sigmoid_leaves_its_argument_alone():
    x = np.array([-800.0, 0.0, 800.0])
    np.testing.assert_array_equal(sigmoid(x), [0, 0.5, 1])
    np.testing.assert_array_equal(x, [-800, 0, 800])
