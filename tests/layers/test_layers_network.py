"""A network: trains, differentiates, and exchanges weights with Keras both ways."""

from dataclasses import fields

import numpy as np
import pytest

from medtutor import layers
from medtutor.errors import DataError
from medtutor.layers import Network


def cnn(dtype=np.float32):
    steps = [
        layers.Conv2D(4, 3, padding="same"), layers.ReLU(), layers.MaxPool2D(),
        layers.Conv2D(6, (3, 2), strides=(1, 2)), layers.ReLU(),
        layers.MaxPool2D(2, 1, "same"), layers.Flatten(),
        layers.Dense(8), layers.ReLU(), layers.Dense(3), layers.Softmax(),
    ]  # fmt: skip
    return randomised(Network(steps, (12, 12, 2), dtype=dtype))


def rnn(kind, dtype=np.float32):
    steps = [kind(5, return_sequences=True), kind(4), layers.Dense(1)]
    return randomised(Network(steps, (9, 2), dtype=dtype))


def in_keras(network):
    """Build the same model in Keras, which has the same names of layers and of settings."""
    import keras

    model = keras.Sequential([keras.Input(network.input_shape)])
    for layer in network.layers:
        settings = {each.name: getattr(layer, each.name) for each in fields(layer) if each.init}
        model.add(getattr(keras.layers, type(layer).__name__)(**settings))
    model.set_weights(network.weights)
    return model


def randomised(network):
    rng = np.random.default_rng(0)
    network.set_weights([0.3 * rng.standard_normal(w.shape) for w in network.weights])
    return network


NETWORKS = {
    "cnn": cnn,
    "SimpleRNN": lambda dtype=np.float32: rnn(layers.SimpleRNN, dtype),
    "LSTM": lambda dtype=np.float32: rnn(layers.LSTM, dtype),
}


@pytest.mark.parametrize("name", NETWORKS)
def test_exchange_with_keras_both_ways(name):
    network = NETWORKS[name]()
    x = np.random.default_rng(1).normal(size=(5, *network.input_shape)).astype(np.float32)
    model = in_keras(network)
    expected = network.predict(x)
    assert expected.dtype == np.float32
    np.testing.assert_allclose(model(x, training=False).numpy(), expected, atol=1e-5)
    back = NETWORKS[name]()
    back.set_weights([2 * w for w in network.weights])
    back.set_weights(model.get_weights())
    np.testing.assert_array_equal(back.predict(x), expected)


@pytest.mark.parametrize("name", NETWORKS)
def test_gradients_and_ten_adam_steps_equal_keras(name):
    import keras
    import tensorflow as tf

    network = NETWORKS[name]()
    model = in_keras(network)
    rng = np.random.default_rng(2)
    x = rng.normal(size=(6, *network.input_shape)).astype(np.float32)
    if name == "cnn":
        y, loss = rng.integers(0, 3, 6), "cross_entropy"
        criterion = keras.losses.SparseCategoricalCrossentropy()
    else:
        y, loss = rng.normal(size=(6, 1)).astype(np.float32), "mean_squared_error"
        criterion = keras.losses.MeanSquaredError()
    ours, theirs = layers.Adam(0.01), keras.optimizers.Adam(0.01)
    for step in range(10):
        with tf.GradientTape() as tape:
            expected = criterion(y, model(x, training=False))
        gradients = tape.gradient(expected, model.trainable_variables)
        value = network.loss_and_gradients(x, y, loss)
        assert value == pytest.approx(float(expected), abs=1e-4)
        if step == 0:
            for mine, g in zip(network.gradients, gradients, strict=True):
                np.testing.assert_allclose(mine, g.numpy(), rtol=1e-5, atol=1e-5)
        ours.step(network.weights, network.gradients)
        theirs.apply(gradients, model.trainable_variables)
    np.testing.assert_allclose(network.predict(x), model(x, training=False).numpy(), atol=1e-4)


@pytest.mark.parametrize("name", ["cnn", "LSTM"])
def test_whole_network_passes_the_gradient_check(name):
    network = NETWORKS[name](np.float64)
    rng = np.random.default_rng(3)
    x = rng.normal(size=(3, *network.input_shape))
    loss = "cross_entropy" if name == "cnn" else "mean_squared_error"
    y = np.array([0, 2, 1]) if name == "cnn" else rng.normal(size=(3, 1))
    network.loss_and_gradients(x, y, loss)
    kept = [g.copy() for g in network.gradients]
    for weight, gradient in zip(network.weights, kept, strict=True):
        index = tuple(rng.integers(0, s) for s in weight.shape)
        here = weight[index]
        either = []
        for step in (1e-5, -1e-5):
            weight[index] = here + step
            either.append(network.loss(x, y, loss))
        weight[index] = here
        assert gradient[index] == pytest.approx((either[0] - either[1]) / 2e-5, abs=1e-6)


def small_cnn(seed=0):
    return Network(
        [
            layers.Conv2D(4, 3, padding="same"), layers.ReLU(), layers.MaxPool2D(),
            layers.Flatten(), layers.Dense(2), layers.Softmax(),
        ],
        input_shape=(8, 8, 1), seed=seed,
    )  # fmt: skip


def stripes(n=120):
    """Return images with stripes that run across (0) or down (1)."""
    rng = np.random.default_rng(0)
    y = rng.integers(0, 2, n)
    x = np.where(np.arange(8) % 2, 1.0, -1.0) * np.ones((n, 8, 8))
    x = np.where(y[:, None, None] == 1, x, x.transpose(0, 2, 1))
    return (x + 0.3 * rng.normal(size=x.shape))[..., None].astype(np.float32), y


def test_training_learns_and_repeats():
    x, y = stripes()
    options = {"epochs": 15, "batch_size": 16, "validation": (x[:20], y[:20])}
    network, twin = small_cnn(), small_cnn()
    history = network.fit(x, y, optimiser=layers.Adam(0.02), **options)
    assert [len(history[k]) for k in ("loss", "val_loss")] == [15, 15]
    assert history["loss"][-1] < 0.1 < history["loss"][0]
    p = network.predict(x)
    assert (p.argmax(axis=1) == y).mean() > 0.97
    np.testing.assert_allclose(p.sum(axis=1), 1, rtol=1e-5)
    assert twin.fit(x, y, optimiser=layers.Adam(0.02), **options) == history
    assert small_cnn(1).fit(x, y, epochs=1)["loss"] != small_cnn(2).fit(x, y, epochs=1)["loss"]


def test_shapes_of_any_number_of_samples():
    network = small_cnn()
    assert network.shapes[1:] == [(8, 8, 4), (8, 8, 4), (4, 4, 4), (64,), (2,), (2,)]
    assert sum(w.size for w in network.weights) == 170
    nobody = np.zeros((0, 8, 8, 1))
    assert network.predict(nobody).shape == (0, 2)
    assert network.loss(nobody, np.zeros(0, int)) == 0
    x, y = stripes(300)  # more than are computed at a time
    parts = [network.loss(x[k], y[k]) for k in (slice(100), slice(100, 300))]
    assert network.loss(x, y) == pytest.approx((parts[0] + 2 * parts[1]) / 3)


def test_softmax_in_the_middle_differentiates():
    network = Network([layers.Dense(4), layers.Softmax(), layers.Dense(1)], (3,), dtype=np.float64)
    x, y = np.random.default_rng(0).normal(size=(5, 3)), np.ones((5, 1))
    network.loss_and_gradients(x, y, "mean_squared_error")
    found = network.gradients[0].copy()

    def loss(kernel):
        network.layers[0].weights[0][...] = kernel
        return network.loss(x, y, "mean_squared_error")

    at = network.weights[0].copy()
    np.testing.assert_allclose(found, layers.numerical_gradient(loss, at), atol=1e-6)


def test_says_what_it_expected():
    with pytest.raises(DataError, match=r"x has shape \(1, 3\); expected 4 axes, \(batch, height"):
        Network([layers.Conv2D(2)], (3,))
    one = layers.ReLU()
    with pytest.raises(DataError, match="twice"):
        Network([one, one], (3,))
    network = small_cnn()
    with pytest.raises(DataError, match=r"x has shape \(2, 8, 8\); expected \(2, 8, 8, 1\)"):
        network.predict(np.zeros((2, 8, 8)))
    with pytest.raises(DataError, match="unknown; expected one of cross_entropy"):
        network.loss(np.zeros((1, 8, 8, 1)), [0], "hinge")
    with pytest.raises(DataError, match="3 samples and 2 labels"):
        network.fit(np.zeros((3, 8, 8, 1)), [0, 1])
    with pytest.raises(DataError, match="batch_size is 0; expected at least 1"):
        network.fit(np.zeros((2, 8, 8, 1)), [0, 1], batch_size=0)
    with pytest.raises(DataError, match="1 weights; expected 4"):
        network.set_weights([np.zeros(3)])
    kept = network.weights[0].copy()
    with pytest.raises(DataError, match=r"weight 1 has shape \(3,\); expected \(4,\)"):
        network.set_weights([kept + 1, np.zeros(3), *network.weights[2:]])
    np.testing.assert_array_equal(network.weights[0], kept)
