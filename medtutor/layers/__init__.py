# ruff: noqa: F401
"""The layers of deep learning in NumPy, forward and backward, by their formulas.

Arguments are arrays or lists: images (batch, height, width, channels), sequences (batch, time,
features), kernels as Keras stores them. float32 stays float32, float64 stays float64; whole numbers
become float64. What does not fit raises `DataError` and says what would.

Each ``f(x, ...)`` has a partner ``f_backward(dy, x, ...)``: from the gradient of the loss with
respect to the output and the arguments of ``f`` it gives those of the inputs, in the order and
shapes of the arguments. `conv2d_backward` and `dense_backward` take no bias, on which no gradient
depends, and `cross_entropy_backward` no ``dy``. A `Network` trains layers in a row.
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
