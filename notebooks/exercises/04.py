"""Exercises: a CNN in NumPy."""

from itertools import pairwise

import numpy as np

from medtutor.exercises import Exercise, Mistake

WEIGHTS_IN_ALL = Exercise(
    task="the weights of a small CNN, all layers together",
    reference=18_106,
    mistakes=(
        Mistake(18_060, "Each filter and each class has a bias as well."),
        Mistake(15_730, "A filter of the second convolution reads all 12 maps below it."),
        Mistake(22_186, "17 rows are pooled in pairs; the last one has no partner and is lost."),
        Mistake(26_746, 'That is with padding "same". A valid 3 x 3 window loses two rows.'),
        Mistake(3_386, "Flatten keeps all channels: rows x columns x 24 numbers."),
        Mistake(2_736, "Those are the convolutions. The dense layer is missing."),
        Mistake(2_616 + 15_370, "The first convolution has weights, too."),
        Mistake(15_370, "That is the dense layer alone."),
        Mistake(120 + 2_616 + 311_050, "The maxima make the maps smaller before the dense layer."),
        Mistake(120 + 2_616 + 18 * 18 * 24 * 10 + 10, "There are two rounds of pooling."),
    ),
    hints=(
        "Follow the shape through the layers first: 40, 38, 19, ... Then count layer by layer.",
        "Convolution: (rows x columns x channels in + 1) x filters. ReLU, maximum and flatten: "
        "nothing. Dense: (inputs + 1) x classes.",
        "40 to 38 to 19 to 17 to 8, so flatten gives 8 x 8 x 24 numbers.",
    ),
)


def kernel_gradients(dy, inputs, kernels):
    gradients = []
    for x, W in zip(reversed(inputs), reversed(kernels), strict=True):
        gradients.insert(0, x.T @ dy)
        dy = dy @ W.T
    return gradients


def _from_first_to_last(dy, inputs, kernels):
    gradients = []
    for x, W in zip(inputs, kernels, strict=True):
        gradients.append(x.T @ dy)
        dy = dy @ W.T
    return gradients


def _handed_on_too_early(dy, inputs, kernels):
    gradients = []
    for x, W in zip(reversed(inputs), reversed(kernels), strict=True):
        dy = dy @ W.T
        gradients.insert(0, x.T @ dy)
    return gradients


def _kernel_not_turned(dy, inputs, kernels):
    gradients = []
    for x, W in zip(reversed(inputs), reversed(kernels), strict=True):
        gradients.insert(0, x.T @ dy)
        dy = dy @ W
    return gradients


def _of_inputs(dy, inputs, kernels):
    found = []
    for W in reversed(kernels):
        dy = dy @ W.T
        found.insert(0, dy)
    return found


def _stack_cases():
    rng = np.random.default_rng(42)

    def case(batch, sizes):
        kernels = [rng.normal(size=pair) for pair in pairwise(sizes)]
        inputs = [rng.normal(size=(batch, sizes[0]))]
        for W in kernels[:-1]:
            inputs.append(inputs[-1] @ W)
        return rng.normal(size=(batch, sizes[-1])), inputs, kernels

    # Equal sizes first: there a wrong order gives wrong numbers, and no error about shapes.
    return [case(4, (3, 3, 3, 3)), case(2, (4, 3, 2)), case(5, (3, 2))]


KERNEL_GRADIENTS = Exercise(
    task="the gradients of all kernels of a stack",
    reference=kernel_gradients,
    mistakes=(
        Mistake(
            _from_first_to_last,
            "You walk from the first layer to the last. dy belongs to the last output: start "
            "there.",
        ),
        Mistake(
            lambda dy, inputs, kernels: kernel_gradients(dy, inputs, kernels)[::-1],
            "The right gradients, in the order of the way back. Asked for is the order of the "
            "layers.",
        ),
        Mistake(
            lambda dy, inputs, kernels: [x.T @ dy for x in inputs],
            "Every layer got the gradient of the last output. Each must hand its own on: dy @ W.T.",
        ),
        Mistake(
            _handed_on_too_early,
            "dy belongs to the output of the layer. Use it for the kernel before you carry it to "
            "the input.",
        ),
        Mistake(
            _kernel_not_turned, "From output to input the kernel stands the other way round: W.T."
        ),
        Mistake(
            lambda dy, inputs, kernels: kernel_gradients(
                dy, [x @ W for x, W in zip(inputs, kernels, strict=True)], kernels
            ),
            "The kernel met what the layer read, not what it gave.",
        ),
        Mistake(
            lambda dy, inputs, kernels: [g.T for g in kernel_gradients(dy, inputs, kernels)],
            "A gradient has the shape of its kernel: (inputs, outputs).",
        ),
        Mistake(
            lambda dy, inputs, kernels: [inputs[-1].T @ dy],
            "That is the last kernel. The others come after it, on the way back.",
        ),
        Mistake(_of_inputs, "Those are the gradients of the inputs. The kernels are asked for."),
    ),
    hints=(
        "Go through both lists from the back. For each layer: first its kernel, then its input.",
        "The kernel's gradient is x.T @ dy, and what is handed on is dy @ W.T (lesson 03).",
        "gradients.insert(0, ...) puts each in front of those found before.",
    ),
    cases=_stack_cases,
)


def relative_error(a, n):
    size = max(np.abs(a).max(), np.abs(n).max())
    return np.abs(a - n).max() / size if size > 0 else 0.0


def _over(difference, size):
    return difference / size if size > 0 else 0.0


def _larger(a, n):
    return max(np.abs(a).max(), np.abs(n).max())


def _each_one(a, n):
    size = _larger(a, n)
    return np.abs(a - n) / size if size > 0 else 0.0 * a


def _error_cases():
    rng = np.random.default_rng(43)
    n = rng.normal(size=(4, 3))
    return [
        (np.array([1.0, -5.0, 2.0]), np.array([1.0, -4.0, 2.5])),
        (n + 1e-3 * rng.normal(size=n.shape), n),
        (np.array([0.0, 1e-9, -8.0]), np.array([1e-9, 0.0, -10.0])),
        (np.zeros(3), np.array([0.0, 2.0, 0.0])),
        (np.array([1e-5, 3e-6]), np.array([1.1e-5, 3e-6])),
        (np.zeros(2), np.zeros(2)),
    ]


RELATIVE_ERROR = Exercise(
    task="the relative error of two gradients",
    reference=relative_error,
    mistakes=(
        Mistake(
            lambda a, n: np.abs(a - n).max() / _larger(a, n),
            "0 / 0 is nan. Ask first whether both are all zeros.",
        ),
        Mistake(lambda a, n: np.abs(a - n).max(), "Divide by the size of the gradients."),
        Mistake(
            lambda a, n: _over((a - n).max(), _larger(a, n)),
            "A difference may be negative and still be large: absolute values.",
        ),
        Mistake(
            lambda a, n: _over(np.abs(a - n).mean(), _larger(a, n)),
            "A mean hides one wrong entry among many. Take the largest difference.",
        ),
        Mistake(
            lambda a, n: np.nan_to_num(np.abs(a - n) / np.maximum(np.abs(a), np.abs(n))).max(),
            "You divide entry by entry. Where both are nearly 0 that is noise by noise; divide "
            "by one number for the whole array.",
        ),
        Mistake(
            lambda a, n: np.abs(a - n).max() / np.abs(a).max() if np.any(a) or np.any(n) else 0.0,
            "If a is all zeros (a forgotten gradient!) this divides by 0. Take the larger of "
            "both sizes.",
        ),
        Mistake(
            lambda a, n: np.abs(a - n).max() / np.abs(n).max() if np.any(a) or np.any(n) else 0.0,
            "Take the larger of both sizes, not always that of n.",
        ),
        Mistake(
            lambda a, n: (
                np.abs(a - n).max() / max(a.max(), n.max()) if np.any(a) or np.any(n) else 0.0
            ),
            "The largest in size may be negative: np.abs before max.",
        ),
        Mistake(_each_one, "One number is asked for, the largest."),
        Mistake(
            lambda a, n: _over(np.abs(a - n).max(), np.abs(a).max() + np.abs(n).max()),
            "The larger of both, not their sum.",
        ),
    ),
    hints=(
        "Three maxima: of |a - n|, of |a|, and of |n|.",
        "np.abs(a - n).max() divided by max(np.abs(a).max(), np.abs(n).max()), unless that is 0.",
    ),
    cases=_error_cases,
    rtol=1e-6,
    atol=1e-12,
)


def adam_step(w, g, m, v, t, rate=0.001, b1=0.9, b2=0.999, eps=1e-7):
    m = b1 * m + (1 - b1) * g
    v = b2 * v + (1 - b2) * g**2
    m_hat = m / (1 - b1**t)
    v_hat = v / (1 - b2**t)
    return w - rate * m_hat / (np.sqrt(v_hat) + eps), m, v


def _means(g, m, v, b1, b2):
    return b1 * m + (1 - b1) * g, b2 * v + (1 - b2) * g**2


def _moved(w, m, v, rate, eps):
    return w - rate * m / (np.sqrt(v) + eps)


def _corrected(m_by, v_by):
    """Give an Adam step that divides m and v by other numbers, of a beta and t."""

    def step(w, g, m, v, t, rate=0.001, b1=0.9, b2=0.999, eps=1e-7):
        m, v = _means(g, m, v, b1, b2)
        return _moved(w, m / m_by(b1, t), v / v_by(b2, t), rate, eps), m, v

    return step


def _right(beta, t):
    return 1 - beta**t


def _one(beta, t):
    return 1


def _times_t(beta, t):
    return 1 - beta * t


def _corrected_means_kept(w, g, m, v, t, rate=0.001, b1=0.9, b2=0.999, eps=1e-7):
    m, v = _means(g, m, v, b1, b2)
    m, v = m / (1 - b1**t), v / (1 - b2**t)
    return _moved(w, m, v, rate, eps), m, v


def _weights_exchanged(w, g, m, v, t, rate=0.001, b1=0.9, b2=0.999, eps=1e-7):
    m, v = (1 - b1) * m + b1 * g, (1 - b2) * v + b2 * g**2
    return _moved(w, m / (1 - b1**t), v / (1 - b2**t), rate, eps), m, v


def _square_of_the_mean(w, g, m, v, t, rate=0.001, b1=0.9, b2=0.999, eps=1e-7):
    m = b1 * m + (1 - b1) * g
    v = b2 * v + (1 - b2) * m**2
    return _moved(w, m / (1 - b1**t), v / (1 - b2**t), rate, eps), m, v


def _not_squared(w, g, m, v, t, rate=0.001, b1=0.9, b2=0.999, eps=1e-7):
    m, v = b1 * m + (1 - b1) * g, b2 * v + (1 - b2) * np.abs(g)
    return _moved(w, m / (1 - b1**t), v / (1 - b2**t), rate, eps), m, v


def _no_root(w, g, m, v, t, rate=0.001, b1=0.9, b2=0.999, eps=1e-7):
    m, v = _means(g, m, v, b1, b2)
    return w - rate * m / (1 - b1**t) / (v / (1 - b2**t) + eps), m, v


def _last_gradient(w, g, m, v, t, rate=0.001, b1=0.9, b2=0.999, eps=1e-7):
    m, v = _means(g, m, v, b1, b2)
    return _moved(w, g, v / (1 - b2**t), rate, eps), m, v


def _adam_cases():
    rng = np.random.default_rng(44)
    zeros = np.zeros(4)
    w, g = np.array([1.0, -2.0, 0.5, 3.0]), np.array([0.1, -20.0, 3.0, 0.0])
    later = rng.normal(size=(2, 4)), rng.normal(size=(2, 4)), rng.normal(size=(2, 4))
    return [
        (w, g, zeros, zeros, 1, 0.1),
        (w, g, 0.1 * g, 0.001 * g**2, 2, 0.1),
        (w / 100, g, -g, g**2, 3),
        (*later, rng.uniform(0.5, 2, (2, 4)), 7, 0.5, 0.8, 0.95),
    ]


ADAM_STEP = Exercise(
    task="one step of Adam with bias correction",
    reference=adam_step,
    mistakes=(
        Mistake(
            _corrected(_one, _one),
            "Your first step is too long. Divide both means by what their weights sum to.",
        ),
        Mistake(_corrected(_right, _one), "v started from zero, too."),
        Mistake(_corrected(_one, _right), "m started from zero, too."),
        Mistake(
            _corrected_means_kept,
            "Return m and v as they were before the correction. It is made anew at each step; "
            "corrected means would be corrected again at the next.",
        ),
        Mistake(
            _corrected(lambda beta, t: 1 - beta, lambda beta, t: 1 - beta),
            "The correction must fade away with the steps: where does t come in?",
        ),
        Mistake(_corrected(_times_t, _times_t), "beta to the power of t, not times t: b1**t."),
        Mistake(
            _corrected(lambda beta, t: 1 - beta ** (t - 1), lambda beta, t: 1 - beta ** (t - 1)),
            "t is 1 at the first step already; do not subtract 1.",
        ),
        Mistake(
            lambda w, g, m, v, t, rate=0.001, b1=0.9, b2=0.999, eps=1e-7: adam_step(
                w, g, m, v, t, rate, b2, b1, eps
            ),
            "b1 belongs to m, b2 to v.",
        ),
        Mistake(
            _weights_exchanged,
            "The old mean keeps the large share, b1, and the new gradient gets 1 - b1.",
        ),
        Mistake(_square_of_the_mean, "v is the mean of g**2, not of m**2."),
        Mistake(_not_squared, "v is the mean of the squares of the gradients."),
        Mistake(_no_root, "Divide by the root of v: only then does the unit cancel."),
        Mistake(_last_gradient, "Follow the mean of the gradients, m, not the last one."),
        Mistake(
            lambda w, *rest: (2 * w - adam_step(w, *rest)[0], *adam_step(w, *rest)[1:]),
            "You climb. The gradient points uphill: subtract.",
        ),
        Mistake(
            lambda w, *rest: (adam_step(w, *rest)[0] - w, *adam_step(w, *rest)[1:]),
            "That is the step. Return the weights after it.",
        ),
        Mistake(
            lambda *step: adam_step(*step)[0],
            "The next step needs the means as well: return w, m, v.",
        ),
    ),
    hints=(
        "Four lines: the new m, the new v, both corrected, the new w.",
        "m_hat = m / (1 - b1**t), and v_hat alike with b2.",
        "w - rate * m_hat / (np.sqrt(v_hat) + eps), and return the m and v without a hat.",
    ),
    cases=_adam_cases,
)


def batches(x, y, order, size):
    return [(x[order[k : k + size]], y[order[k : k + size]]) for k in range(0, len(order), size)]


def _labels_other_way_round(x, y, order, size):
    there, back = batches(x, y, order, size), batches(x, y, np.argsort(order), size)
    return [(a, b) for (a, _), (_, b) in zip(there, back, strict=True)]


def _order_of_batches_only(x, y, order, size):
    found = batches(x, y, np.arange(len(x)), size)
    return [found[k] for k in order if k < len(found)]


def _batch_cases():
    rng = np.random.default_rng(45)

    def case(n, shape, size):
        order = rng.permutation(n)
        return rng.normal(size=(n, *shape)).round(3), np.arange(n) * 10, order, size

    return [case(7, (), 3), case(8, (2, 2, 1), 4), case(5, (3,), 8)]


BATCHES = Exercise(
    task="mini-batches in a random order",
    reference=batches,
    mistakes=(
        Mistake(
            lambda x, y, order, size: [
                (x[order[k : k + size]], y[k : k + size]) for k in range(0, len(order), size)
            ],
            "The labels stayed behind: each crop now has another's label. No error will tell.",
        ),
        Mistake(
            lambda x, y, order, size: [
                (x[k : k + size], y[order[k : k + size]]) for k in range(0, len(order), size)
            ],
            "The crops stayed behind: each label now has another's crop.",
        ),
        Mistake(
            lambda x, y, order, size: batches(x, y, np.arange(len(x)), size),
            "The order is not used. The batches would be the same for ever.",
        ),
        Mistake(
            lambda x, y, order, size: batches(x, y, np.argsort(order), size),
            "argsort of the order is its inverse. order[0] names the sample that comes first.",
        ),
        Mistake(_labels_other_way_round, "Crops and labels need the same order, not inverses."),
        Mistake(
            lambda x, y, order, size: [b for b in batches(x, y, order, size) if len(b[1]) == size],
            "The last batch may be smaller, but it must not be lost.",
        ),
        Mistake(
            lambda x, y, order, size: [
                (x[order[k : k + size - 1]], y[order[k : k + size - 1]])
                for k in range(0, len(order), size)
            ],
            "A slice leaves out its end: k to k + size has size rows.",
        ),
        Mistake(
            lambda x, y, order, size: [(x[order[:size]], y[order[:size]])],
            "That is the first batch. Go on to the last sample.",
        ),
        Mistake(
            lambda x, y, order, size: [
                (x[order[k : k + size]], y[order[k : k + size]]) for k in range(len(order))
            ],
            "Batches do not overlap: the next one starts size samples later.",
        ),
        Mistake(
            lambda x, y, order, size: [b[0] for b in batches(x, y, order, size)],
            "Each batch is a pair of crops and labels.",
        ),
        Mistake(
            lambda x, y, order, size: [b[::-1] for b in batches(x, y, order, size)],
            "Crops first, then labels.",
        ),
        Mistake(
            lambda x, y, order, size: tuple(
                map(list, zip(*batches(x, y, order, size), strict=True))
            ),
            "One list of pairs, not a pair of lists.",
        ),
        Mistake(
            _order_of_batches_only,
            "You shuffle whole batches; the same samples would meet in each epoch.",
        ),
    ),
    hints=(
        "Cut the order into pieces of size, and take those rows of x and of y.",
        "Loop k over range(0, len(order), size): rows = order[k : k + size]; x[rows], y[rows].",
    ),
    cases=_batch_cases,
)
