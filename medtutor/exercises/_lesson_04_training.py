"""Exercises of lesson 04 about Adam and mini-batches."""

import numpy as np

from medtutor.exercises.engine import Exercise, Mistake


def adam_step(w, g, m, v, t, rate=0.001, b1=0.9, b2=0.999, eps=1e-7):
    m = b1 * m + (1 - b1) * g
    v = b2 * v + (1 - b2) * g**2
    m_hat = m / (1 - b1**t)
    v_hat = v / (1 - b2**t)
    return w - rate * m_hat / (np.sqrt(v_hat) + eps), m, v


def adam_step_as_keras(w, g, m, v, t, rate=0.001, b1=0.9, b2=0.999, eps=1e-7):
    m = m + (1 - b1) * (g - m)
    v = v + (1 - b2) * (g * g - v)
    rate = rate * np.sqrt(1 - b2**t) / (1 - b1**t)
    return w - rate * m / (np.sqrt(v) + eps), m, v


def _means(g, m, v, b1, b2):
    return b1 * m + (1 - b1) * g, b2 * v + (1 - b2) * g**2


def _moved(w, m, v, rate, eps):
    return w - rate * m / (np.sqrt(v) + eps)


def _not_corrected(w, g, m, v, t, rate=0.001, b1=0.9, b2=0.999, eps=1e-7):
    m, v = _means(g, m, v, b1, b2)
    return _moved(w, m, v, rate, eps), m, v


def _mean_corrected_only(w, g, m, v, t, rate=0.001, b1=0.9, b2=0.999, eps=1e-7):
    m, v = _means(g, m, v, b1, b2)
    return _moved(w, m / (1 - b1**t), v, rate, eps), m, v


def _square_corrected_only(w, g, m, v, t, rate=0.001, b1=0.9, b2=0.999, eps=1e-7):
    m, v = _means(g, m, v, b1, b2)
    return _moved(w, m, v / (1 - b2**t), rate, eps), m, v


def _corrected_means_kept(w, g, m, v, t, rate=0.001, b1=0.9, b2=0.999, eps=1e-7):
    m, v = _means(g, m, v, b1, b2)
    m, v = m / (1 - b1**t), v / (1 - b2**t)
    return _moved(w, m, v, rate, eps), m, v


def _always_as_at_the_first_step(w, g, m, v, t, rate=0.001, b1=0.9, b2=0.999, eps=1e-7):
    m, v = _means(g, m, v, b1, b2)
    return _moved(w, m / (1 - b1), v / (1 - b2), rate, eps), m, v


def _times_t(w, g, m, v, t, rate=0.001, b1=0.9, b2=0.999, eps=1e-7):
    m, v = _means(g, m, v, b1, b2)
    return _moved(w, m / (1 - b1 * t), np.abs(v / (1 - b2 * t)), rate, eps), m, v


def _counted_from_zero(w, g, m, v, t, rate=0.001, b1=0.9, b2=0.999, eps=1e-7):
    m, v = _means(g, m, v, b1, b2)
    with np.errstate(all="ignore"):
        before = np.float64(t - 1)
        return _moved(w, m / (1 - b1**before), v / (1 - b2**before), rate, eps), m, v


def _betas_exchanged(w, g, m, v, t, rate=0.001, b1=0.9, b2=0.999, eps=1e-7):
    return adam_step(w, g, m, v, t, rate, b2, b1, eps)


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


def _uphill(w, g, m, v, t, rate=0.001, b1=0.9, b2=0.999, eps=1e-7):
    new, m, v = adam_step(w, g, m, v, t, rate, b1, b2, eps)
    return 2 * w - new, m, v


def _step_alone(w, g, m, v, t, rate=0.001, b1=0.9, b2=0.999, eps=1e-7):
    new, m, v = adam_step(w, g, m, v, t, rate, b1, b2, eps)
    return new - w, m, v


def _weights_alone(w, g, m, v, t, rate=0.001, b1=0.9, b2=0.999, eps=1e-7):
    return adam_step(w, g, m, v, t, rate, b1, b2, eps)[0]


def _adam_cases():
    rng = np.random.default_rng(44)
    zeros = np.zeros(3)
    w, g = np.array([1.0, -2.0, 0.5]), np.array([0.1, -20.0, 3.0])
    later = rng.normal(size=(2, 4)), rng.normal(size=(2, 4)), rng.normal(size=(2, 4))
    return [
        (w, g, zeros, zeros, 1, 0.1),
        (w, g, 0.1 * g, 0.001 * g**2, 2, 0.1),
        (*later, rng.uniform(0.5, 2, (2, 4)), 7, 0.5, 0.8, 0.95),
    ]


def batches(x, y, order, size):
    return [
        (x[order[k : k + size]], y[order[k : k + size]]) for k in range(0, len(order), size)
    ]  # fmt: skip


def batches_by_split(x, y, order, size):
    pieces = np.split(np.asarray(order), range(size, len(order), size))
    return [(np.take(x, rows, axis=0), np.take(y, rows)) for rows in pieces]


def _labels_left(x, y, order, size):
    return [
        (x[order[k : k + size]], y[k : k + size]) for k in range(0, len(order), size)
    ]  # fmt: skip


def _crops_left(x, y, order, size):
    return [
        (x[k : k + size], y[order[k : k + size]]) for k in range(0, len(order), size)
    ]  # fmt: skip


def _not_shuffled(x, y, order, size):
    return [(x[k : k + size], y[k : k + size]) for k in range(0, len(x), size)]


def _other_way_round(x, y, order, size):
    return batches(x, y, np.argsort(order), size)


def _labels_other_way_round(x, y, order, size):
    there, back = batches(x, y, order, size), batches(x, y, np.argsort(order), size)
    return [(a, b) for (a, _), (_, b) in zip(there, back, strict=True)]


def _rest_dropped(x, y, order, size):
    return [b for b in batches(x, y, order, size) if len(b[1]) == size]


def _one_row_left_out(x, y, order, size):
    return [
        (x[order[k : k + size - 1]], y[order[k : k + size - 1]])
        for k in range(0, len(order), size)
    ]  # fmt: skip


def _one_batch(x, y, order, size):
    return [(x[order[:size]], y[order[:size]])]


def _sliding(x, y, order, size):
    return [(x[order[k : k + size]], y[order[k : k + size]]) for k in range(len(order))]


def _crops_only(x, y, order, size):
    return [b[0] for b in batches(x, y, order, size)]


def _labels_first(x, y, order, size):
    return [b[::-1] for b in batches(x, y, order, size)]


def _two_lists(x, y, order, size):
    pairs = batches(x, y, order, size)
    return [b[0] for b in pairs], [b[1] for b in pairs]


def _order_of_batches_only(x, y, order, size):
    found = _not_shuffled(x, y, order, size)
    return [found[k] for k in order if k < len(found)]


def _batch_cases():
    rng = np.random.default_rng(45)

    def case(n, shape, size):
        order = rng.permutation(n)
        return rng.normal(size=(n, *shape)).round(3), np.arange(n) * 10, order, size

    return [case(7, (), 3), case(8, (2, 2, 1), 4), case(5, (3,), 8)]


TRAINING = (
    Exercise(
        key="04.4",
        task="one step of Adam with bias correction",
        reference=adam_step,
        second=adam_step_as_keras,
        mistakes=(
            Mistake(
                _not_corrected,
                "Your first step is too long. Divide both means by what their weights sum to.",
            ),
            Mistake(_mean_corrected_only, "v started from zero, too."),
            Mistake(_square_corrected_only, "m started from zero, too."),
            Mistake(
                _corrected_means_kept,
                "Return m and v as they were before the correction. It is made anew at each step; "
                "corrected means would be corrected again at the next.",
            ),
            Mistake(
                _always_as_at_the_first_step,
                "The correction must fade away with the steps: where does t come in?",
            ),
            Mistake(_times_t, "beta to the power of t, not times t: b1**t."),
            Mistake(_counted_from_zero, "t is 1 at the first step already; do not subtract 1."),
            Mistake(_betas_exchanged, "b1 belongs to m, b2 to v."),
            Mistake(
                _weights_exchanged,
                "The old mean keeps the large share, b1, and the new gradient gets 1 - b1.",
            ),
            Mistake(_square_of_the_mean, "v is the mean of g**2, not of m**2."),
            Mistake(_not_squared, "v is the mean of the squares of the gradients."),
            Mistake(_no_root, "Divide by the root of v: only then does the unit cancel."),
            Mistake(_last_gradient, "Follow the mean of the gradients, m, not the last one."),
            Mistake(_uphill, "You climb. The gradient points uphill: subtract."),
            Mistake(_step_alone, "That is the step. Return the weights after it."),
            Mistake(_weights_alone, "The next step needs the means as well: return w, m, v."),
        ),
        hints=(
            "Four lines: the new m, the new v, both corrected, the new w.",
            "m_hat = m / (1 - b1**t), and v_hat alike with b2.",
            "w - rate * m_hat / (np.sqrt(v_hat) + eps), and return the m and v without a hat.",
        ),
        cases=_adam_cases,
    ),
    Exercise(
        key="04.5",
        task="mini-batches in a random order",
        reference=batches,
        second=batches_by_split,
        mistakes=(
            Mistake(
                _labels_left,
                "The labels stayed behind: each crop now has another's label. No error will tell.",
            ),
            Mistake(_crops_left, "The crops stayed behind: each label now has another's crop."),
            Mistake(
                _not_shuffled, "The order is not used. The batches would be the same for ever."
            ),
            Mistake(
                _other_way_round,
                "argsort of the order is its inverse. order[0] names the sample that comes first.",
            ),
            Mistake(_labels_other_way_round, "Crops and labels need the same order, not inverses."),
            Mistake(_rest_dropped, "The last batch may be smaller, but it must not be lost."),
            Mistake(_one_row_left_out, "A slice leaves out its end: k to k + size has size rows."),
            Mistake(_one_batch, "That is the first batch. Go on to the last sample."),
            Mistake(_sliding, "Batches do not overlap: the next one starts size samples later."),
            Mistake(_crops_only, "Each batch is a pair of crops and labels."),
            Mistake(_labels_first, "Crops first, then labels."),
            Mistake(_two_lists, "One list of pairs, not a pair of lists."),
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
    ),
)
