"""Exchange a `Network` with a Keras model, both ways: the same layers and the same weights."""

from typing import TYPE_CHECKING, Any

from medtutor.errors import DataError
from medtutor.layers import stack

if TYPE_CHECKING:
    from medtutor.layers.network import Network

_RECURRENT = ("SimpleRNN", "LSTM", "GRU")
_POOLS = {"MaxPooling2D": stack.MaxPool2D, "AveragePooling2D": stack.AveragePool2D}
_ACTIVATIONS = {"relu": stack.ReLU, "softmax": stack.Softmax}
# Layers that change nothing once a model is trained. Dropout does while it trains.
_SILENT = ("InputLayer", "Dropout")
# What a Network computes; anything else in a Keras layer's configuration is refused.
_FIXED = {
    "use_bias": True, "data_format": "channels_last", "groups": 1, "go_backwards": False,
    "stateful": False, "reset_after": True, "recurrent_activation": "sigmoid",
    "return_state": False, "keepdims": False, "negative_slope": 0.0, "threshold": 0.0,
    "max_value": None, "axis": -1,
}  # fmt: skip


def from_keras(model: Any) -> "Network":
    """Build the same network from a Keras Sequential model, with its weights.

    Parameters
    ----------
    model : keras.Sequential
        Built (its input shape known), of the layers that `medtutor.layers` has. Dropout is left
        out: it does nothing in a prediction.

    Returns
    -------
    Network
        With the model's dtype.

    Raises
    ------
    DataError
        If the model has no input shape, or a layer that has no counterpart here.
    """
    from medtutor.layers.network import Network

    if not getattr(model, "built", False):
        raise DataError("the Keras model has no weights yet", remedy="Start it with keras.Input.")
    inputs = model.inputs
    if len(inputs) != 1 or not _in_a_row(model):
        raise DataError("the Keras model branches; expected a keras.Sequential, layers in a row")
    layers = [new for old in model.layers for new in _from_layer(old)]
    network = Network(layers, tuple(inputs[0].shape[1:]), dtype=model.compute_dtype)
    network.set_weights(model.get_weights())
    return network


def to_keras(network: "Network") -> Any:
    """Build the same model in Keras, with the weights of `network`.

    Returns
    -------
    keras.Sequential
        Not compiled.
    """
    import keras

    layers = [_to_layer(layer, keras.layers, network.dtype.name) for layer in network.layers]
    model = keras.Sequential([keras.Input(network.input_shape, dtype=network.dtype.name), *layers])
    model.set_weights(network.weights)
    return model


def _from_layer(old: Any) -> list[stack.Layer]:
    """Return our layers for one Keras layer; its activation becomes a layer of its own."""
    name, config = type(old).__name__, old.get_config()
    if name in _SILENT:
        return []
    wrong = [key for key, value in _FIXED.items() if config.get(key, value) != value]
    if wrong:
        said = f"{wrong[0]}={config[wrong[0]]!r}"
        raise DataError(f"{old.name} has {said}; expected {wrong[0]}={_FIXED[wrong[0]]!r}")
    activation = config.get("activation", "linear")
    if name == "Conv2D":
        window = config["strides"], config["padding"], config["dilation_rate"]
        layer: stack.Layer = stack.Conv2D(config["filters"], config["kernel_size"], *window)
    elif name in _POOLS:
        layer = _POOLS[name](config["pool_size"], config["strides"], config["padding"])
    elif name in _RECURRENT:
        if activation != "tanh":
            raise DataError(f"{old.name} has activation={activation!r}; expected 'tanh'")
        return [getattr(stack, name)(config["units"], config["return_sequences"])]
    elif name == "Dense":
        layer = stack.Dense(config["units"])
    elif name == "GlobalAveragePooling2D":
        layer = stack.GlobalAveragePool2D()
    elif name in ("Flatten", "ReLU", "Softmax"):
        layer = getattr(stack, name)()
    elif name == "Activation":
        layer = stack.Layer()
    else:
        raise DataError(f"{old.name} is a {name}; medtutor.layers has no such layer")
    return [layer, *_activation(old.name, activation)]


def _activation(owner: str, name: str) -> list[stack.Layer]:
    if name == "linear":
        return []
    if name not in _ACTIVATIONS:
        known = ", ".join(["linear", *_ACTIVATIONS])
        raise DataError(f"{owner} has activation={name!r}; expected one of {known}")
    return [_ACTIVATIONS[name]()]


def _to_layer(layer: stack.Layer, keras_layers: Any, dtype: str) -> Any:
    """Return the Keras layer for one of ours."""
    name = type(layer).__name__
    if isinstance(layer, stack.Conv2D):
        strides, padding, dilation = layer.window
        return keras_layers.Conv2D(
            layer.filters, layer.kernel_size, strides, _named(padding, name),
            dilation_rate=dilation, dtype=dtype,
        )  # fmt: skip
    if isinstance(layer, stack.MaxPool2D):
        size, strides, padding = layer.window
        kind = "AveragePooling2D" if isinstance(layer, stack.AveragePool2D) else "MaxPooling2D"
        return getattr(keras_layers, kind)(size, strides, _named(padding, name), dtype=dtype)
    if isinstance(layer, stack.SimpleRNN):
        kind = getattr(keras_layers, name)
        return kind(layer.units, return_sequences=layer.return_sequences, dtype=dtype)
    if isinstance(layer, stack.Dense):
        return keras_layers.Dense(layer.units, dtype=dtype)
    if isinstance(layer, stack.GlobalAveragePool2D):
        return keras_layers.GlobalAveragePooling2D(dtype=dtype)
    if name in ("Flatten", "ReLU", "Softmax"):
        return getattr(keras_layers, name)(dtype=dtype)
    if name == "Layer":
        return keras_layers.Activation("linear", dtype=dtype)
    raise DataError(f"{name} is a layer of your own; Keras has no counterpart")


def _named(padding: Any, name: str) -> str:
    if not isinstance(padding, str):
        raise DataError(f"{name} has padding={padding!r}; Keras layers know 'valid' and 'same'")
    return padding


def _in_a_row(model: Any) -> bool:
    """Say whether each layer takes the output of the one before it, and nothing else."""
    import keras

    if isinstance(model, keras.Sequential):
        return True
    first, *rest = model.layers
    before = [first, *rest]
    return all(
        isinstance(layer.input, keras.KerasTensor) and layer.input is previous.output
        for previous, layer in zip(before, rest, strict=False)
    )
