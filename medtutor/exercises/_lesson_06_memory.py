"""Exercises of lesson 06 about how long a cell remembers."""

import numpy as np

from medtutor.exercises.engine import Exercise, Mistake


def belt(i, f):
    left = np.ones_like(f)
    for t in reversed(range(len(f) - 1)):
        left[t] = left[t + 1] * f[t + 1]
    return left


def belt_by_cumprod(i, f):
    after = np.concatenate([f[1:], np.ones((1, f.shape[1]))])
    return np.cumprod(after[::-1], axis=0)[::-1]


def _own_gate_too(i, f):
    return np.cumprod(f[::-1], axis=0)[::-1]


def _forwards(i, f):
    return np.cumprod(f, axis=0)


def _sums(i, f):
    after = np.concatenate([f[1:], np.ones((1, f.shape[1]))])
    return np.cumsum(after[::-1], axis=0)[::-1]


def _through_the_input_gate(i, f):
    return belt(i, f) * i


def _both_gates(i, f):
    return belt(i, f * i)


def _input_gates(i, f):
    return belt(i, i)


def _added_gates(i, f):
    return belt(i, f + i)


def _from_first_to_last(i, f):
    return np.prod(f, axis=0)


def _one_step(i, f):
    return np.concatenate([f[1:], np.ones((1, f.shape[1]))])


def _belt_cases():
    rng = np.random.default_rng(63)
    return [
        (np.array([[0.9], [0.2], [0.4]]), np.array([[0.3], [0.5], [0.8]])),
        (rng.uniform(0.1, 0.9, (7, 3)), rng.uniform(0.2, 1, (7, 3))),
    ]


def half_life(f):
    return np.log(0.5) / np.log(f)


def half_life_in_base_two(f):
    return -1 / np.log2(f)


def _upside_down(f):
    return np.log(f) / np.log(0.5)


def _half_over_f(f):
    return 0.5 / f


def _to_one_part_in_e(f):
    return -1 / np.log(f)


def _mean_stay(f):
    return 1 / (1 - f)


def _straight_line(f):
    return 0.5 / (1 - f)


def _negative(f):
    return np.log(2) / np.log(f)


def _whole_steps(f):
    return np.ceil(half_life(f))


def _life_cases():
    return [(0.5,), (0.99,), (np.array([0.25, 0.731, 0.9]),)]


MEMORY = (
    Exercise(
        key="06.3",
        task="the gradient along the belt",
        reference=belt,
        second=belt_by_cumprod,
        mistakes=(
            Mistake(
                _own_gate_too,
                "One factor too many: f[t] acts before c[t] is there. Only later gates touch it.",
            ),
            Mistake(
                _forwards,
                "You multiply from the first step on. The gates that matter come after t.",
            ),
            Mistake(_sums, "The steps follow each other, so their factors multiply."),
            Mistake(_through_the_input_gate, "i decides what is written, not what stays."),
            Mistake(_both_gates, "On the belt only f multiplies; i stands on the road beside it."),
            Mistake(_input_gates, "You took the input gates. Which gate multiplies the old c?"),
            Mistake(_added_gates, "i is added with g to the belt; c_{t-1} does not appear there."),
            Mistake(_from_first_to_last, "Asked for is one value for each step, shape of f."),
            Mistake(_one_step, "That is one step of the belt. Go on to the last."),
        ),
        hints=(
            "Start at the end: the last cell is itself, so its gradient is 1. Then walk backwards.",
            "left[t] = left[t + 1] * f[t + 1].",
        ),
        cases=_belt_cases,
    ),
    Exercise(
        key="06.4",
        task="steps until half of a memory is left",
        reference=half_life,
        second=half_life_in_base_two,
        mistakes=(
            Mistake(_upside_down, "A larger f should give a longer life: turn the fraction round."),
            Mistake(_half_over_f, "After n steps f to the power n is left, not f times n."),
            Mistake(_to_one_part_in_e, "That is when 1/e, about 37 %, is left."),
            Mistake(_mean_stay, "1 / (1 - f) is how long it stays on average."),
            Mistake(_straight_line, "What is lost in a step is a part of what is left."),
            Mistake(_negative, "The logarithm of a number below 1 is negative; is a time?"),
            Mistake(_whole_steps, "Do not round: a fraction of a step is fine here."),
        ),
        hints=(
            "Solve f**n = 0.5 for n.",
            "Take the logarithm of both sides: n * log(f) = log(0.5).",
        ),
        cases=_life_cases,
    ),
)
