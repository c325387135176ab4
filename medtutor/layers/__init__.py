# ruff: noqa: F401
"""The layers of deep learning in NumPy, forward and backward, by their formulas.

Images are (batch, height, width, channels), sequences (batch, time, features), and kernels are
laid out as Keras stores them. float32 stays float32, float64 stays float64; whole numbers become
float64.

Each function ``f(x, ...)`` has a partner ``f_backward(dy, x, ...)`` that takes the gradient of the
loss with respect to the output, then the arguments of ``f``, and returns the gradients of the
inputs, in the order of the arguments. A `Network` puts layers in a row and trains them.
"""

from medtutor.layers.conv import conv2d, conv2d_backward, output_size
from medtutor.layers.linear import (
    dense,
    dense_backward,
    relu,
    relu_backward,
    softmax,
    softmax_backward,
)
from medtutor.layers.losses import (
    cross_entropy,
    cross_entropy_backward,
    mean_squared_error,
    mean_squared_error_backward,
    numerical_gradient,
)
from medtutor.layers.network import (
    LSTM,
    AveragePool2D,
    Conv2D,
    Dense,
    Flatten,
    GlobalAveragePool2D,
    Layer,
    MaxPool2D,
    Network,
    ReLU,
    SimpleRNN,
    Softmax,
    glorot_uniform,
    he_normal,
    orthogonal,
)
from medtutor.layers.optimisers import SGD, Adam
from medtutor.layers.pool import (
    average_pool2d,
    average_pool2d_backward,
    max_pool2d,
    max_pool2d_backward,
)
from medtutor.layers.recurrent import (
    LSTMTrace,
    lstm,
    lstm_backward,
    simple_rnn,
    simple_rnn_backward,
)
