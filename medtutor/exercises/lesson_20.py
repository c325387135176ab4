"""Answers to the exercises of lesson 20: likeness and families of pictures."""

import numpy as np

from medtutor.exercises._lesson_20_numbers import HONEST, NONE_WRONG
from medtutor.exercises.engine import Exercise, Mistake


def likeness(a, b):
    a, b = a - a.mean(), b - b.mean()
    return (a * b).sum() / np.sqrt((a**2).sum() * (b**2).sum())


def likeness_by_corrcoef(a, b):
    return np.corrcoef(np.ravel(a), np.ravel(b))[0, 1]


def _no_mean(a, b):
    return (a * b).sum() / np.sqrt((a**2).sum() * (b**2).sum())


def _covariance(a, b):
    return np.mean((a - a.mean()) * (b - b.mean()))


def _difference(a, b):
    return np.mean((a - b) ** 2)


def _share_equal(a, b):
    return np.mean(a == b)


def _size_only(a, b):
    return abs(likeness(a, b))


def _squared(a, b):
    return likeness(a, b) ** 2


def _rows(a, b):
    return np.mean([likeness(x, y) for x, y in zip(a, b, strict=True)])


def _likeness_cases():
    rng = np.random.default_rng(20)
    a = rng.normal(100, 20, (6, 8))
    return [(a, 1.3 * a + 15), (a, a + rng.normal(0, 10, a.shape)), (a, 200 - a),
            (a, rng.normal(90, 30, a.shape))]  # fmt: skip


def families(count, pairs):
    family = list(range(count))
    for i, j in pairs:
        low, high = sorted((family[i], family[j]))
        family = [low if f == high else f for f in family]
    return family


def families_by_spreading(count, pairs):
    family = np.arange(count)
    changed = True
    while changed:
        before = family.copy()
        for i, j in pairs:
            family[i] = family[j] = min(family[i], family[j])
        changed = bool(np.any(family != before))
    return family


def _direct_only(count, pairs):
    family = list(range(count))
    for i, j in pairs:
        family[max(i, j)] = min(i, j)
    return family


def _one_pass(count, pairs):
    family = np.arange(count)
    for i, j in pairs:
        family[i] = family[j] = min(family[i], family[j])
    return family


def _numbered(count, pairs):
    return np.unique(families(count, pairs), return_inverse=True)[1]


def _largest(count, pairs):
    family = np.array(families(count, pairs))
    return np.array([np.flatnonzero(family == f).max() for f in family])


def _sizes(count, pairs):
    family = np.array(families(count, pairs))
    return np.array([np.sum(family == f) for f in family])


def _family_cases():
    return [
        (5, [(0, 3), (1, 4)]),
        (6, [(0, 1), (1, 2), (4, 5)]),
        (7, [(2, 3), (5, 6), (3, 6), (0, 1)]),
        (8, [(6, 7), (4, 6), (2, 4), (0, 2)]),
        (3, []),
    ]


EXERCISES = (
    Exercise(
        key="20.1",
        task="how alike two pictures are, whatever their brightness and contrast",
        reference=likeness,
        second=likeness_by_corrcoef,
        mistakes=(
            Mistake(_no_mean, "Brightness still counts: subtract the mean of each picture first."),
            Mistake(_covariance, "Contrast still counts: divide by the length of both pictures."),
            Mistake(_difference, "A difference grows with every change of brightness. Multiply."),
            Mistake(_share_equal, "No pixel of a brighter copy is equal. Compare how they vary."),
            Mistake(_size_only, "A negative picture is not the same picture: keep the sign."),
            Mistake(_squared, "That is the square. It loses the sign."),
            Mistake(_rows, "One mean and one length for the whole picture, not for each row."),
        ),
        hints=(
            "Subtract from each picture its mean. Then brightness is gone.",
            "Multiply pixel by pixel, add, and divide by the square root of both sums of squares.",
        ),
        cases=_likeness_cases,
    ),
    Exercise(
        key="20.2",
        task="families of pictures that hang together",
        reference=families,
        second=families_by_spreading,
        mistakes=(
            Mistake(
                _direct_only,
                "If 0 is like 1 and 1 is like 2, all three are one family, also through others.",
            ),
            Mistake(
                _one_pass,
                "The order of the pairs matters to you. When two families meet, rename all of one.",
            ),
            Mistake(_numbered, "The right families. Name each by its smallest index."),
            Mistake(_largest, "The right families. Name each by its smallest index, not largest."),
            Mistake(_sizes, "These are sizes. Return for each picture the name of its family."),
        ),
        hints=(
            "Start with each picture as its own family: list(range(count)).",
            "For each pair take the two family names. Everybody who has the larger gets the "
            "smaller.",
        ),
        cases=_family_cases,
    ),
    HONEST,
    NONE_WRONG,
)
