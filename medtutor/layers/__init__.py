# ruff: noqa: F401
"""The layers of deep learning in NumPy, forward and backward, by their formulas.

Arguments are arrays or lists: images (batch, height, width, channels), sequences (batch, time,
features), kernels as Keras stores them. float32 stays float32, float64 stays float64; whole numbers
become float64. What does not fit raises `DataError` and says what would.

Each function ``f(x, ...)`` has a partner ``f_backward(dy, x, ...)`` that takes the gradient of the
loss with respect to the output, then the arguments of ``f``, and returns the gradients of the
inputs, in the order and with the shapes of the arguments. Two take less: `conv2d_backward` and
`dense_backward` no bias (no gradient depends on it; they return its gradient), and
`cross_entropy_backward` no ``dy``, for the loss is the end. A `Network` puts layers in a row and
trains them.
"""

from medtutor.layers.images import (
    average_pool2d,
    average_pool2d_backward,
    conv2d,
    conv2d_backward,
    max_pool2d,
    max_pool2d_backward,
    output_size,
)
from medtutor.layers.linear import (
    cross_entropy,
    cross_entropy_backward,
    dense,
    dense_backward,
    numerical_gradient,
    relu,
    relu_backward,
    softmax,
    softmax_backward,
)
from medtutor.layers.network import (
    LSTM,
    Adam,
    Conv2D,
    Dense,
    Flatten,
    MaxPool2D,
    Network,
    ReLU,
    SimpleRNN,
    Softmax,
    glorot_uniform,
    orthogonal,
)
from medtutor.layers.recurrent import lstm, lstm_backward, simple_rnn, simple_rnn_backward
