"""Exercises: your own data."""

import numpy as np

from medtutor.exercises import Exercise, Mistake


def likeness(a, b):
    a, b = a - a.mean(), b - b.mean()
    return (a * b).sum() / np.sqrt((a**2).sum() * (b**2).sum())


def _likeness_cases():
    rng = np.random.default_rng(20)
    a = rng.normal(100, 20, (6, 8))
    return [
        (a, 1.3 * a + 15),
        (a, a + rng.normal(0, 10, a.shape)),
        (a, 200 - a),
        (a, rng.normal(90, 30, a.shape)),
    ]


LIKENESS = Exercise(
    task="how alike two pictures are, whatever their brightness and contrast",
    reference=likeness,
    mistakes=(
        Mistake(
            lambda a, b: (a * b).sum() / np.sqrt((a**2).sum() * (b**2).sum()),
            "Brightness still counts: subtract the mean of each picture first.",
        ),
        Mistake(
            lambda a, b: np.mean((a - a.mean()) * (b - b.mean())),
            "Contrast still counts: divide by the length of both pictures.",
        ),
        Mistake(
            lambda a, b: np.mean((a - b) ** 2),
            "A difference grows with every change of brightness. Multiply.",
        ),
        Mistake(
            lambda a, b: np.mean(a == b),
            "No pixel of a brighter copy is equal. Compare how they vary.",
        ),
        Mistake(
            lambda a, b: abs(likeness(a, b)),
            "A negative picture is not the same picture: keep the sign.",
        ),
        Mistake(lambda a, b: likeness(a, b) ** 2, "That is the square. It loses the sign."),
        Mistake(
            lambda a, b: np.mean([likeness(x, y) for x, y in zip(a, b, strict=True)]),
            "One mean and one length for the whole picture, not for each row.",
        ),
    ),
    hints=(
        "Subtract from each picture its mean. Then brightness is gone.",
        "Multiply pixel by pixel, add, and divide by the square root of both sums of squares.",
    ),
    cases=_likeness_cases,
)


def families(count, pairs):
    family = list(range(count))
    for i, j in pairs:
        low, high = sorted((family[i], family[j]))
        family = [low if f == high else f for f in family]
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


def _largest(count, pairs):
    family = np.array(families(count, pairs))
    return np.array([np.flatnonzero(family == f).max() for f in family])


def _sizes(count, pairs):
    family = np.array(families(count, pairs))
    return np.array([np.sum(family == f) for f in family])


FAMILIES = Exercise(
    task="families of pictures that hang together",
    reference=families,
    mistakes=(
        Mistake(
            _direct_only,
            "If 0 is like 1 and 1 is like 2, all three are one family, also through others.",
        ),
        Mistake(
            _one_pass,
            "The order of the pairs matters to you. When two families meet, rename all of one.",
        ),
        Mistake(
            lambda count, pairs: np.unique(families(count, pairs), return_inverse=True)[1],
            "The right families. Name each by its smallest index.",
        ),
        Mistake(_largest, "The right families. Name each by its smallest index, not largest."),
        Mistake(_sizes, "These are sizes. Return for each picture the name of its family."),
    ),
    hints=(
        "Start with each picture as its own family: list(range(count)).",
        "For each pair take the two family names. Everybody who has the larger gets the smaller.",
    ),
    cases=lambda: [
        (5, [(0, 3), (1, 4)]),
        (6, [(0, 1), (1, 2), (4, 5)]),
        (7, [(2, 3), (5, 6), (3, 6), (0, 1)]),
        (8, [(6, 7), (4, 6), (2, 4), (0, 2)]),
        (6, [(0, 5), (3, 5)]),
        (3, []),
    ],
)


def honest_count(n, m, rho):
    return n / (1 + (m - 1) * rho)


HONEST_COUNT = Exercise(
    task="how many independent samples a clustered set is worth",
    reference=honest_count,
    mistakes=(
        Mistake(
            lambda n, m, rho: n / m,
            "That is right where all samples of a patient are alike, rho = 1. And where rho = 0?",
        ),
        Mistake(
            lambda n, m, rho: n / (1 + (n - 1) * rho),
            "A sample resembles the others of its patient, not those of all.",
        ),
        Mistake(
            lambda n, m, rho: n / (1 + m * rho),
            "A sample has m - 1 others of the same patient, not m.",
        ),
        Mistake(
            lambda n, m, rho: n * (1 + (m - 1) * rho),
            "Resemblance makes the set worth less. Divide.",
        ),
        Mistake(lambda n, m, rho: 1 + (m - 1) * rho, "That is the design effect. Divide n by it."),
        Mistake(
            lambda n, m, rho: n * (1 - rho),
            "With more samples of each patient the loss grows: m has to come in.",
        ),
    ),
    hints=(
        "The design effect is 1 + (m - 1) rho.",
        "n divided by the design effect. At rho = 1 that is n / m, the number of patients.",
    ),
    cases=lambda: [(200, 1, 0.5), (200, 5, 0.0), (200, 5, 1.0), (300, 4, 0.3), (1000, 20, 0.6)],
)


def at_most(n):
    return 1 - 0.05 ** (1 / n)


AT_MOST = Exercise(
    task="what no error among n patients allows to say",
    reference=at_most,
    mistakes=(
        Mistake(
            lambda n: 3 / n,
            "The rule of three is a good approximation for many patients; with 1 it says 300 %. "
            "Solve the equation.",
        ),
        Mistake(
            lambda n: 0.0 * n,
            "None seen is not none there. With 5 patients you would not bet on 0.",
        ),
        Mistake(
            lambda n: 1 - 0.025 ** (1 / n),
            "The rate cannot be below 0: all of the 5 % is on one side.",
        ),
        Mistake(
            lambda n: 1 - 0.95 ** (1 / n),
            "At that rate 95 % of the studies would see none. Take 5 %.",
        ),
        Mistake(
            lambda n: 0.05 ** (1 / n),
            "That is the share that goes well. Return the share that fails.",
        ),
        Mistake(lambda n: 1 / n, "One error among n is a guess. Solve (1 - p) ** n = 0.05 for p."),
    ),
    hints=(
        "If the true rate is p, the chance of no error among n patients is (1 - p) ** n.",
        "Set it to 0.05 and solve for p: take the n-th root.",
    ),
    cases=lambda: [(1,), (5,), (20,), (100,), (1000,)],
)
