"""Convolution and pooling against TensorFlow, against central differences, and at the edges."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from medtutor import layers
from medtutor.errors import DataError

SETTINGS = settings(max_examples=30, deadline=None, derandomize=True)
POOLS = {
    "max_pool2d": (layers.max_pool2d, layers.max_pool2d_backward),
    "average_pool2d": (layers.average_pool2d, layers.average_pool2d_backward),
}


@st.composite
def convolutions(draw, dilation=3):
    """Draw (x, kernel, bias, options) such that at least one window fits."""
    two = lambda low, high: (draw(st.integers(low, high)), draw(st.integers(low, high)))  # noqa: E731
    taps, dilation = two(1, 4), two(1, dilation)
    span = [(k - 1) * d + 1 for k, d in zip(taps, dilation, strict=True)]
    padding = draw(st.sampled_from(["valid", "same", "explicit"]))
    if padding == "explicit":
        padding = (two(0, 3), two(0, 3))
    room = span if padding == "valid" else [1, 1]
    if not isinstance(padding, str):
        room = [max(1, s - sum(p)) for s, p in zip(span, padding, strict=True)]
    image = [r + draw(st.integers(0, 6)) for r in room]
    n, c, f = draw(st.integers(1, 3)), draw(st.integers(1, 3)), draw(st.integers(1, 3))
    rng = np.random.default_rng(draw(st.integers(0, 2**16)))
    x, kernel = rng.normal(size=(n, *image, c)), rng.normal(size=(*taps, c, f))
    options = {"strides": two(1, 3), "padding": padding, "dilation": dilation}
    return x, kernel, rng.normal(size=f), options, rng


def tensorflow_conv(x, kernel, bias, dy, options):
    """Return y and the gradients.

    TensorFlow has no gradient of a dilated convolution on a CPU: put zeros between the taps of an
    ordinary kernel instead, and differentiate through that.
    """
    import tensorflow as tf

    (kh, kw), (dh, dw) = kernel.shape[:2], options["dilation"]
    spread_h, spread_w = (np.zeros(((k - 1) * d + 1, k)) for k, d in ((kh, dh), (kw, dw)))
    spread_h[::dh], spread_w[::dw] = np.eye(kh), np.eye(kw)
    padding = options["padding"]
    named = isinstance(padding, str)
    padding = padding.upper() if named else [(0, 0), *padding, (0, 0)]
    with tf.GradientTape() as tape:
        values = [tf.constant(v) for v in (x, kernel, bias)]
        tape.watch(values)
        wide = tf.einsum(
            "ap,bq,pqcf->abcf", *(s.astype(x.dtype) for s in (spread_h, spread_w)), values[1]
        )
        y = tf.nn.conv2d(values[0], wide, options["strides"], padding) + values[2]
    gradients = tape.gradient(y, values, tf.constant(dy(y.shape)))
    return y.numpy(), [g.numpy() for g in gradients]


@SETTINGS
@given(convolutions())
def test_conv_equals_tensorflow(case):
    x, kernel, bias, options, rng = case
    x, kernel, bias = (v.astype(np.float32) for v in (x, kernel, bias))
    dy = {}

    def gradient(shape):
        dy["value"] = rng.normal(size=shape).astype(np.float32)
        return dy["value"]

    expected, gradients = tensorflow_conv(x, kernel, bias, gradient, options)
    y = layers.conv2d(x, kernel, bias, **options)
    assert y.dtype == np.float32
    np.testing.assert_allclose(y, expected, rtol=1e-5, atol=1e-5)
    found = layers.conv2d_backward(dy["value"], x, kernel, **options)
    for mine, theirs in zip(found, gradients, strict=True):
        assert mine.dtype == np.float32
        np.testing.assert_allclose(mine, theirs, rtol=1e-5, atol=1e-5)


@SETTINGS
@given(convolutions(dilation=2))
def test_conv_backward_equals_central_differences(case):
    x, kernel, bias, options, rng = case
    dy = rng.normal(size=layers.conv2d(x, kernel, bias, **options).shape)
    dx, dkernel, dbias = layers.conv2d_backward(dy, x, kernel, **options)
    for found, at, loss in (
        (dx, x, lambda v: (layers.conv2d(v, kernel, bias, **options) * dy).sum()),
        (dkernel, kernel, lambda v: (layers.conv2d(x, v, bias, **options) * dy).sum()),
        (dbias, bias, lambda v: (layers.conv2d(x, kernel, v, **options) * dy).sum()),
    ):
        assert found.dtype == np.float64
        np.testing.assert_allclose(found, layers.numerical_gradient(loss, at), atol=1e-6)


@pytest.mark.parametrize("strides", [1, 2])
def test_conv_is_the_formula(strides):
    rng = np.random.default_rng(0)
    x, k = rng.normal(size=(3, 11, 9, 2)), rng.normal(size=(3, 2, 2, 4))
    y = layers.conv2d(x, k, strides=strides)
    for n, i, j, f in np.ndindex(y.shape):
        window = x[n, i * strides : i * strides + 3, j * strides : j * strides + 2]
        assert y[n, i, j, f] == pytest.approx((window * k[..., f]).sum(), abs=1e-12)
    dy = rng.normal(size=y.shape)
    dk = layers.conv2d_backward(dy, x, k, strides)[1]
    loss = lambda v: (layers.conv2d(x, v, strides=strides) * dy).sum()  # noqa: E731
    np.testing.assert_allclose(dk, layers.numerical_gradient(loss, k), atol=1e-6)


def test_conv_equals_scipy():
    from scipy.signal import correlate

    rng = np.random.default_rng(1)
    image, k = rng.normal(size=(40, 31)), rng.normal(size=(5, 5))
    y = layers.conv2d(image[None, :, :, None], k[:, :, None, None], padding="same")[0, :, :, 0]
    np.testing.assert_allclose(y, correlate(image, k, mode="same"), atol=1e-12)


def test_conv_takes_views_and_leaves_its_arguments_alone():
    rng = np.random.default_rng(2)
    base, k = rng.normal(size=(2, 3, 16, 18)), rng.normal(size=(3, 3, 3, 2))
    x = base.transpose(0, 2, 3, 1)[:, ::2, ::-1]
    kept, plain = x.copy(), np.ascontiguousarray(x)
    np.testing.assert_allclose(layers.conv2d(x, k), layers.conv2d(plain, k))
    dy = np.asfortranarray(rng.normal(size=layers.conv2d(x, k).shape))
    pairs = zip(layers.conv2d_backward(dy, x, k), layers.conv2d_backward(dy, plain, k), strict=True)
    for found, expected in pairs:
        np.testing.assert_allclose(found, expected, atol=1e-12)
    np.testing.assert_array_equal(x, kept)


def test_empty_batch():
    k = np.ones((3, 3, 2, 4), np.float32)
    x = np.zeros((0, 8, 8, 2), np.float32)
    y = layers.conv2d(x, k, np.ones(4, np.float32), padding="same")
    assert y.shape == (0, 8, 8, 4)
    assert y.dtype == np.float32
    dx, dk, db = layers.conv2d_backward(y, x, k, padding="same")
    assert dx.shape == x.shape
    assert not dk.any() and dk.shape == k.shape  # noqa: PT018
    assert not db.any() and db.shape == (4,)  # noqa: PT018
    for forward, backward in POOLS.values():
        assert forward(x).shape == (0, 4, 4, 2)
        assert backward(forward(x), x).shape == x.shape


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"x": np.zeros((8, 8))}, r"x has shape \(8, 8\); expected 4 axes, \(batch, height, width"),
        ({"kernel": np.zeros((3, 3))}, r"expected 4 axes, \(height, width, channels, filters\)"),
        ({"kernel": np.zeros((3, 3, 5, 4))}, r"expected \(3, 3, 2, 4\) \(x has 2 channels"),
        ({"kernel": np.zeros((9, 3, 2, 4))}, "spans 9 pixels of height, .* has only 8"),
        ({"dilation": (1, 4)}, "spans 9 pixels of width, .* has only 8"),
        ({"bias": np.zeros(3)}, r"bias has shape \(3,\); expected \(4,\)"),
        ({"strides": (0, 1)}, "strides is .* at least 1"),
        ({"strides": 1.5}, "strides is 1.5"),
        ({"padding": "full"}, 'expected "valid", "same" or'),
        ({"padding": ((-1, 0), (0, 0))}, 'expected "valid", "same" or'),
        ({"x": np.full((1, 8, 8, 2), "a")}, "holds text; expected numbers of type float32"),
        ({"x": np.zeros((1, 8, 8, 2), complex)}, "complex128; expected numbers of type float32"),
        ({"x": [[1, 2], [3]]}, "ragged"),
    ],
)
def test_conv_says_what_it_expected(arguments, says):
    defaults = {"x": np.zeros((1, 8, 8, 2)), "kernel": np.zeros((3, 3, 2, 4))}
    with pytest.raises(DataError, match=says):
        layers.conv2d(**(defaults | arguments))


def test_backward_says_which_gradient_it_expected():
    x, k = np.zeros((1, 8, 8, 2)), np.zeros((3, 3, 2, 4))
    with pytest.raises(DataError, match=r"dy has shape .* expected \(1, 6, 6, 4\)"):
        layers.conv2d_backward(np.zeros((1, 8, 8, 4)), x, k)
    for _, backward in POOLS.values():
        with pytest.raises(DataError, match=r"expected \(1, 4, 4, 2\)"):
            backward(x, x)
    with pytest.raises(DataError, match="without a pixel of the image"):
        layers.max_pool2d(x, 2, padding=((2, 0), (0, 0)))
    with pytest.raises(DataError, match="spans 9 pixels"):
        layers.average_pool2d(x, 9)


@st.composite
def poolings(draw):
    """Draw (x, options, rng); values are whole numbers, so that there are ties."""
    two = lambda low, high: (draw(st.integers(low, high)), draw(st.integers(low, high)))  # noqa: E731
    size, padding = two(1, 4), draw(st.sampled_from(["valid", "same"]))
    image = [k + draw(st.integers(0, 6)) for k in size]
    rng = np.random.default_rng(draw(st.integers(0, 2**16)))
    x = rng.integers(-3, 3, (draw(st.integers(1, 3)), *image, draw(st.integers(1, 3))))
    strides = draw(st.one_of(st.none(), st.just(two(1, 3))))
    return x.astype(np.float32), {"pool_size": size, "strides": strides, "padding": padding}, rng


@pytest.mark.parametrize("name", POOLS)
@SETTINGS
@given(case=poolings())
def test_pooling_equals_tensorflow(name, case):
    import tensorflow as tf

    x, options, rng = case
    function = {"max_pool2d": tf.nn.max_pool2d, "average_pool2d": tf.nn.avg_pool2d}[name]
    forward, backward = POOLS[name]
    strides = options["strides"] or options["pool_size"]
    with tf.GradientTape() as tape:
        value = tf.constant(x)
        tape.watch(value)
        expected = function(value, options["pool_size"], strides, options["padding"].upper())
    dy = rng.normal(size=expected.shape).astype(np.float32)
    y, dx = forward(x, **options), backward(dy, x, **options)
    assert y.dtype == dx.dtype == np.float32
    np.testing.assert_allclose(y, expected.numpy(), rtol=1e-5, atol=1e-5)
    gradient = tape.gradient(expected, value, tf.constant(dy)).numpy()
    np.testing.assert_allclose(dx, gradient, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("name", POOLS)
@SETTINGS
@given(case=poolings(), top=st.integers(0, 3), left=st.integers(0, 3))
def test_pooling_backward_equals_central_differences(name, case, top, left):
    x, options, rng = case
    x = x + rng.permutation(x.size).reshape(x.shape) / x.size  # no ties: a kink has no derivative
    high, wide = options["pool_size"]
    options["padding"] = ((min(top, high - 1), 0), (min(left, wide - 1), wide - 1))
    forward, backward = POOLS[name]
    dy = rng.normal(size=forward(x, **options).shape)
    expected = layers.numerical_gradient(lambda v: (forward(v, **options) * dy).sum(), x)
    np.testing.assert_allclose(backward(dy, x, **options), expected, atol=1e-6)


def test_average_of_a_corner_leaves_the_padding_out():
    x = np.arange(9.0).reshape(1, 3, 3, 1)
    y = layers.average_pool2d(x, 3, 1, "same")[0, :, :, 0]
    assert y[0, 0] == np.mean([0, 1, 3, 4])
    assert y[1, 1] == 4
