"""The test vectors of ONNX's backend, an independent referee, through a thin adapter.

ONNX stores images as (batch, channels, height, width), kernels as (filters, channels, height,
width), sequences as (time, batch, features) and gates in orders of its own. The adapter only
rearranges; every number comes from `medtutor.layers`. What lies outside the interface is listed in
`SKIPPED` with the reason, and a test makes sure that nothing else is missing.
"""

import importlib
import warnings

import numpy as np
import pytest

from medtutor import layers

OPERATORS = ("Conv", "MaxPool", "AveragePool", "Softmax", "RNN", "LSTM", "Gemm", "Relu")
THREE_D = "volumes: the interface is two-dimensional"
DILATED = "pooling has no dilation, as in Keras"
SKIPPED = {
    "test_maxpool_3d_default": THREE_D,
    "test_maxpool_3d_dilations": THREE_D,
    "test_maxpool_3d_dilations_use_ref_impl": THREE_D,
    "test_maxpool_3d_dilations_use_ref_impl_large": THREE_D,
    "test_averagepool_3d_default": THREE_D,
    "test_averagepool_3d_dilations_small": THREE_D,
    "test_averagepool_3d_dilations_large_count_include_pad_is_0_ceil_mode_is_True": THREE_D,
    "test_averagepool_3d_dilations_large_count_include_pad_is_0_ceil_mode_is_False": THREE_D,
    "test_averagepool_3d_dilations_large_count_include_pad_is_1_ceil_mode_is_True": THREE_D,
    "test_averagepool_3d_dilations_large_count_include_pad_is_1_ceil_mode_is_False": THREE_D,
    "test_maxpool_2d_dilations": DILATED,
    "test_averagepool_2d_dilations": DILATED,
    "test_lstm_with_peepholes": "the LSTM has no peepholes, as in Keras",
}


def _collect():
    """Return the cases of each operator; importing a case's module writes it into a list."""
    from onnx.backend.test.case import node

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the cases overflow on purpose
        state = np.random.get_state()
        for name in OPERATORS:
            importlib.import_module(f"{node.__name__}.{name.lower()}")
        np.random.set_state(state)
    cases = [case for case in node._NodeTestCases if len(case.model.graph.node) == 1]
    return {case.name: case for case in cases if case.model.graph.node[0].op_type in OPERATORS}


CASES = _collect()


@pytest.mark.parametrize("name", sorted(CASES.keys() - SKIPPED.keys()))
def test_vector(name):
    case = CASES[name]
    node = case.model.graph.node[0]
    inputs, expected = case.data_sets[0]
    given = dict(zip([i for i in node.input if i], inputs, strict=True))
    wanted = [o for o in node.output if o]
    found = ADAPTERS[node.op_type](node, [given.get(i) for i in node.input], _attributes(node))
    found = {key: value for key, value in zip(node.output, found, strict=False) if key}
    assert found.keys() == set(wanted)
    for key, value in zip(wanted, expected, strict=True):
        assert found[key].shape == value.shape
        np.testing.assert_allclose(found[key], value, rtol=case.rtol, atol=max(case.atol, 1e-6))


def test_skipped_vectors_exist_and_enough_remain():
    assert SKIPPED.keys() <= CASES.keys()
    in_scope = [c for n, c in CASES.items() if n not in SKIPPED]
    assert sum(c.model.graph.node[0].op_type != "Relu" for c in in_scope) >= 45


def _attributes(node):
    from onnx.helper import get_attribute_value

    return {a.name: get_attribute_value(a) for a in node.attribute}


def _geometry(x, kernel, attributes):
    """Return strides, and padding as ((top, bottom), (left, right)), in our words."""
    strides = attributes.get("strides", [1] * len(kernel))
    dilation = attributes.get("dilations", [1] * len(kernel))
    mode = attributes.get("auto_pad", b"NOTSET").decode()
    axes = range(len(kernel))
    if mode == "VALID":
        pads = [(0, 0) for _ in axes]
    elif mode == "NOTSET":
        flat = attributes.get("pads", [0] * (2 * len(kernel)))
        pads = [(flat[a], flat[a + len(kernel)]) for a in axes]
    else:
        pads = []
        for a in axes:
            places = -(-x.shape[2 + a] // strides[a])
            span = (kernel[a] - 1) * dilation[a] + 1
            total = max((places - 1) * strides[a] + span - x.shape[2 + a], 0)
            small, large = total // 2, total - total // 2
            pads.append((small, large) if mode == "SAME_UPPER" else (large, small))
    if attributes.get("ceil_mode"):  # room for one more window, unless it would start in the border
        for a in axes:
            rest = (x.shape[2 + a] + sum(pads[a]) - kernel[a]) % strides[a]
            last = x.shape[2 + a] + sum(pads[a]) - rest + strides[a] - kernel[a]
            if rest and last < x.shape[2 + a] + pads[a][0]:
                pads[a] = (pads[a][0], pads[a][1] + strides[a] - rest)
    return strides, dilation, pads


def _conv(node, inputs, attributes):
    x, kernel, *bias = inputs
    strides, dilation, pads = _geometry(x, kernel.shape[2:], attributes)
    x, kernel = x.transpose(0, 2, 3, 1), kernel.transpose(2, 3, 1, 0)
    y = layers.conv2d(x, kernel, *bias, strides=strides, padding=pads, dilation=dilation)
    return [y.transpose(0, 3, 1, 2)]


def _pool(node, inputs, attributes):
    (x,) = inputs
    size = list(attributes["kernel_shape"])
    strides, _, pads = _geometry(x, size, attributes)
    one_d = len(size) == 1
    if one_d:  # a signal is an image one pixel high
        x, size, strides, pads = x[:, :, None], [1, *size], [1, *strides], [(0, 0), *pads]
    images = x.transpose(0, 2, 3, 1)
    function = layers.max_pool2d if node.op_type == "MaxPool" else layers.average_pool2d
    if attributes.get("count_include_pad"):
        images, pads = np.pad(images, [(0, 0), *pads, (0, 0)]), "valid"
    y = function(images, size, strides, pads).transpose(0, 3, 1, 2)
    found = [(y[:, :, 0] if one_d else y).astype(x.dtype)]
    if len(node.output) == 2:
        order = "F" if attributes.get("storage_order") else "C"
        found.append(_indices(images, y.shape, size, strides, pads, order))
    return found


def _indices(images, shape, size, strides, pads, order):
    """Ask the backward pass, window by window, which pixel was the largest."""
    _, height, width, channels = images.shape
    assert channels == len(images) == 1
    indices = np.empty(shape, np.int64)
    for place in np.ndindex(shape):
        dy = np.zeros(shape, images.dtype)
        dy[place] = 1
        dx = layers.max_pool2d_backward(dy.transpose(0, 2, 3, 1), images, size, strides, pads)
        (pixel,) = np.argwhere(dx[0, :, :, 0])
        indices[place] = np.ravel_multi_index(pixel, (height, width), order=order)
    return indices


def _softmax(node, inputs, attributes):
    return [layers.softmax(inputs[0], attributes.get("axis", -1))]


def _relu(node, inputs, attributes):
    return [layers.relu(inputs[0])]


def _gemm(node, inputs, attributes):
    a, b, *c = inputs
    a = a.T if attributes.get("transA") else a
    b = b.T if attributes.get("transB") else b
    y = layers.dense(a * np.float32(attributes.get("alpha", 1)), b)
    return [y + np.float32(attributes.get("beta", 1)) * c[0] if c else y]


def _gates(array, order, axis):
    """Cut an axis into gates and put them in another order."""
    parts = np.split(array, len(order), axis=axis)
    return np.concatenate([parts[k] for k in order], axis=axis)


def _recurrent(node, inputs, attributes):
    x, w, r, b = [*inputs, None][:4]
    if attributes.get("layout", 0) == 0:
        x = x.swapaxes(0, 1)
    order = {"RNN": [0], "LSTM": [0, 2, 3, 1]}[node.op_type]
    direction = attributes.get("direction", b"forward").decode()
    turns = {"forward": [1], "reverse": [-1], "bidirectional": [1, -1]}[direction]
    states, last_c = [], []
    for d, turn in enumerate(turns):
        kernels = [_gates(k[d], order, 0).T for k in (w, r)]
        bias = None if b is None else sum(_gates(half, order, 0) for half in np.split(b[d], 2))
        if node.op_type == "RNN":
            h = layers.simple_rnn(x[:, ::turn], *kernels, bias)
        else:
            trace = layers.lstm(x[:, ::turn], *kernels, bias, return_trace=True)
            h = trace.h
            last_c.append(trace.c[:, -1])
        states.append(h)
    y = np.stack([h[:, ::turn] for h, turn in zip(states, turns, strict=True)])  # d, b, t, u
    y_h, y_c = np.stack([h[:, -1] for h in states]), np.array(last_c)
    if attributes.get("layout", 0):
        return [y.transpose(1, 2, 0, 3), y_h.swapaxes(0, 1), y_c]
    return [y.transpose(2, 0, 1, 3), y_h, y_c]


ADAPTERS = {
    "Conv": _conv, "MaxPool": _pool, "AveragePool": _pool, "Softmax": _softmax, "Relu": _relu,
    "Gemm": _gemm, "RNN": _recurrent, "LSTM": _recurrent,
}  # fmt: skip
