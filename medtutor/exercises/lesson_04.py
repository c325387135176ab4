"""Exercises of lesson 04, a CNN in NumPy."""

from itertools import pairwise

import numpy as np

from medtutor.exercises._lesson_04_training import TRAINING
from medtutor.exercises.engine import Exercise, Mistake


def kernel_gradients(dy, inputs, kernels):
    gradients = []
    for x, W in zip(reversed(inputs), reversed(kernels), strict=True):
        gradients.insert(0, x.T @ dy)
        dy = dy @ W.T
    return gradients


def kernel_gradients_by_number(dy, inputs, kernels):
    found = [None] * len(kernels)
    for k in range(len(kernels) - 1, -1, -1):
        found[k] = np.einsum("ni,no->io", inputs[k], dy)
        dy = np.einsum("no,io->ni", dy, kernels[k])
    return found


def _from_first_to_last(dy, inputs, kernels):
    gradients = []
    for x, W in zip(inputs, kernels, strict=True):
        gradients.append(x.T @ dy)
        dy = dy @ W.T
    return gradients


def _in_reverse(dy, inputs, kernels):
    return kernel_gradients(dy, inputs, kernels)[::-1]


def _not_handed_on(dy, inputs, kernels):
    return [x.T @ dy for x in inputs]


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


def _outputs_for_inputs(dy, inputs, kernels):
    outputs = [x @ W for x, W in zip(inputs, kernels, strict=True)]
    return kernel_gradients(dy, outputs, kernels)


def _gradients_turned(dy, inputs, kernels):
    return [g.T for g in kernel_gradients(dy, inputs, kernels)]


def _last_only(dy, inputs, kernels):
    return [inputs[-1].T @ dy]


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


def relative_error(a, n):
    size = max(np.abs(a).max(), np.abs(n).max())
    return np.abs(a - n).max() / size if size > 0 else 0.0


def relative_error_of_both(a, n):
    both = np.concatenate([np.ravel(a), np.ravel(n)])
    if not np.any(both):
        return 0.0
    return np.linalg.norm(np.ravel(a - n), np.inf) / np.linalg.norm(both, np.inf)


def _zeros_divided(a, n):
    with np.errstate(invalid="ignore"):
        return np.abs(a - n).max() / max(np.abs(a).max(), np.abs(n).max())


def _not_divided(a, n):
    return np.abs(a - n).max()


def _sign_kept(a, n):
    size = max(np.abs(a).max(), np.abs(n).max())
    return (a - n).max() / size if size > 0 else 0.0


def _mean(a, n):
    size = max(np.abs(a).max(), np.abs(n).max())
    return np.abs(a - n).mean() / size if size > 0 else 0.0


def _each_by_itself(a, n):
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.nan_to_num(np.abs(a - n) / np.maximum(np.abs(a), np.abs(n))).max()


def _by_ours_alone(a, n):
    size = np.abs(a).max()
    with np.errstate(divide="ignore"):
        return np.abs(a - n).max() / size if np.any(a) or np.any(n) else 0.0


def _by_theirs_alone(a, n):
    size = np.abs(n).max()
    return np.abs(a - n).max() / size if np.any(a) or np.any(n) else 0.0


def _by_largest_signed(a, n):
    size = max(a.max(), n.max())
    return np.abs(a - n).max() / size if np.any(a) or np.any(n) else 0.0


def _each_one(a, n):
    size = max(np.abs(a).max(), np.abs(n).max())
    return np.abs(a - n) / size if size > 0 else 0.0 * a


def _by_the_sum(a, n):
    size = np.abs(a).max() + np.abs(n).max()
    return np.abs(a - n).max() / size if size > 0 else 0.0


def _error_cases():
    rng = np.random.default_rng(43)
    n = rng.normal(size=(4, 3))
    return [
        (np.array([1.0, -5.0, 2.0]), np.array([1.0, -4.0, 2.5])),
        (n + 1e-3 * rng.normal(size=n.shape), n),
        (np.array([0.0, 1e-9, -8.0]), np.array([1e-9, 0.0, -10.0])),
        (np.zeros(3), np.array([0.0, 2.0, 0.0])),
        (np.zeros(2), np.zeros(2)),
    ]


COUNT = Exercise(
    key="04.1",
    task="the weights of a small CNN, all layers together",
    reference=18_106,
    second=(9 + 1) * 12 + (12 * 9 + 1) * 24 + (8 * 8 * 24 + 1) * 10,
    mistakes=(
        Mistake(18_060, "Each filter and each class has a bias as well."),
        Mistake(15_730, "A filter of the second convolution reads all 12 maps below it."),
        Mistake(22_186, "17 rows are pooled in pairs; the last one has no partner and is lost."),
        Mistake(26_746, "That is with padding \"same\". A valid 3 x 3 window loses two rows."),
        Mistake(3_386, "Flatten keeps all channels: rows x columns x 24 numbers."),
        Mistake(2_736, "Those are the convolutions. The dense layer is missing."),
        Mistake(2_616 + 15_370, "The first convolution has weights, too."),
        Mistake(15_370, "That is the dense layer alone."),
        Mistake(120 + 2_616 + 346_570, "The maxima make the maps smaller before the dense layer."),
        Mistake(120 + 2_616 + 18 * 18 * 24 * 10 + 10, "There are two rounds of pooling."),
    ),
    hints=(
        "Follow the shape through the layers first: 40, 38, 19, ... Then count layer by layer.",
        "Convolution: (rows x columns x channels in + 1) x filters. ReLU, maximum and flatten: "
        "nothing. Dense: (inputs + 1) x classes.",
        "40 to 38 to 19 to 17 to 8, so flatten gives 8 x 8 x 24 numbers.",
    ),
)  # fmt: skip

CHAIN = Exercise(
    key="04.2",
    task="the gradients of all kernels of a stack",
    reference=kernel_gradients,
    second=kernel_gradients_by_number,
    mistakes=(
        Mistake(_from_first_to_last, "You walk from the first layer to the last. dy belongs to the "
                "last output: start there."),
        Mistake(_in_reverse, "The right gradients, in the order of the way back. Asked for is the "
                "order of the layers."),
        Mistake(_not_handed_on, "Every layer got the gradient of the last output. Each must hand "
                "its own on: dy @ W.T."),
        Mistake(_handed_on_too_early, "dy belongs to the output of the layer. Use it for the "
                "kernel before you carry it to the input."),
        Mistake(_kernel_not_turned, "From output to input the kernel stands the other way round: "
                "W.T."),
        Mistake(_outputs_for_inputs, "The kernel met what the layer read, not what it gave."),
        Mistake(_gradients_turned, "A gradient has the shape of its kernel: (inputs, outputs)."),
        Mistake(_last_only, "That is the last kernel. The others come after it, on the way back."),
        Mistake(_of_inputs, "Those are the gradients of the inputs. The kernels are asked for."),
    ),
    hints=(
        "Go through both lists from the back. For each layer: first its kernel, then its input.",
        "The kernel's gradient is x.T @ dy, and what is handed on is dy @ W.T (lesson 03).",
        "gradients.insert(0, ...) puts each in front of those found before.",
    ),
    cases=_stack_cases,
)  # fmt: skip

ERROR = Exercise(
    key="04.3",
    task="the relative error of two gradients",
    reference=relative_error,
    second=relative_error_of_both,
    mistakes=(
        Mistake(_zeros_divided, "0 / 0 is nan. Ask first whether both are all zeros."),
        Mistake(_not_divided, "Divide by the size of the gradients."),
        Mistake(_sign_kept, "A difference may be negative and still be large: absolute values."),
        Mistake(_mean, "A mean hides one wrong entry among many. Take the largest difference."),
        Mistake(_each_by_itself, "You divide entry by entry. Where both are nearly 0 that is noise "
                "by noise; divide by one number for the whole array."),
        Mistake(_by_ours_alone, "If a is all zeros (a forgotten gradient!) this divides by 0. Take "
                "the larger of both sizes."),
        Mistake(_by_theirs_alone, "Take the larger of both sizes, not always that of n."),
        Mistake(_by_largest_signed, "The largest in size may be negative: np.abs before max."),
        Mistake(_each_one, "One number is asked for, the largest."),
        Mistake(_by_the_sum, "The larger of both, not their sum."),
    ),
    hints=(
        "Three maxima: of |a - n|, of |a|, and of |n|.",
        "np.abs(a - n).max() divided by max(np.abs(a).max(), np.abs(n).max()), unless that is 0.",
    ),
    cases=_error_cases,
    rtol=1e-6,
    atol=1e-12,
)  # fmt: skip

EXERCISES = (COUNT, CHAIN, ERROR, *TRAINING)
