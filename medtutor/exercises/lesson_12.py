"""Exercises of lesson 12, deep or classical."""

import numpy as np

from medtutor.exercises._lesson_12_patterns import PATTERNS
from medtutor.exercises.engine import Exercise, Mistake


def circularity(area, perimeter):
    result = np.zeros(len(area))
    found = perimeter > 0
    result[found] = 4 * np.pi * area[found] / perimeter[found] ** 2
    return result


def circularity_of_circles(area, perimeter):
    own = np.sqrt(4 * np.pi * area)  # perimeter of the circle with this area
    return np.array([(o / p) ** 2 if p else 0.0 for o, p in zip(own, perimeter, strict=True)])


def _divide(above, below):
    return np.divide(above, below, out=np.zeros(len(below)), where=below > 0)


def _not_a_number(area, perimeter):
    with np.errstate(invalid="ignore"):
        return 4 * np.pi * area / perimeter**2


def _one_for_nothing(area, perimeter):
    return np.where(perimeter > 0, _divide(4 * np.pi * area, perimeter**2), 1.0)


def _perimeter_once(area, perimeter):
    return _divide(4 * np.pi * area, perimeter)


def _upside_down(area, perimeter):
    return _divide(perimeter**2, 4 * np.pi * area)


def _no_pi(area, perimeter):
    return _divide(4 * area, perimeter**2)


def _no_four(area, perimeter):
    return _divide(np.pi * area, perimeter**2)


def _precedence(area, perimeter):
    return _divide(4 * np.pi * area, perimeter) ** 2


def _root(area, perimeter):
    return np.sqrt(_divide(4 * np.pi * area, perimeter**2))


def _outline_cases():
    sides = np.array([1.0, 5.0, 12.0])
    radii = np.array([2.0, 7.5])
    area = np.concatenate([np.pi * radii**2, sides * 4, [0.0]])
    perimeter = np.concatenate([2 * np.pi * radii, 2 * (sides + 4), [0.0]])
    return [
        (area, perimeter),
        (np.array([30.0, 0.0, 151.2]), np.array([20.1, 0.0, 61.0])),
    ]


def standardise(x, train):
    mean, sd = x[train].mean(axis=0), x[train].std(axis=0)
    return (x - mean) / np.where(sd > 0, sd, 1)


def standardise_by_scikit_learn(x, train):
    from sklearn.preprocessing import StandardScaler

    return StandardScaler().fit(x[train]).transform(x)


def _scaled(x, mean, sd):
    return (x - mean) / np.where(sd > 0, sd, 1)


def _of_everybody(x, train):
    return _scaled(x, x.mean(axis=0), x.std(axis=0))


def _each_part_alone(x, train):
    rest = np.setdiff1d(np.arange(len(x)), train)
    result = np.empty(x.shape)
    for part in (train, rest):
        result[part] = _scaled(x[part], x[part].mean(axis=0), x[part].std(axis=0))
    return result


def _one_for_all_columns(x, train):
    return (x - x[train].mean()) / x[train].std()


def _each_row(x, train):
    return (x - x.mean(axis=1, keepdims=True)) / x.std(axis=1, keepdims=True)


def _variance(x, train):
    return _scaled(x, x[train].mean(axis=0), x[train].var(axis=0))


def _mean_only(x, train):
    return x - x[train].mean(axis=0)


def _only_training_rows(x, train):
    return standardise(x, train)[train]


def _divided_by_zero(x, train):
    with np.errstate(all="ignore"):
        return (x - x[train].mean(axis=0)) / x[train].std(axis=0)


def _smallest_to_largest(x, train):
    low = x[train].min(axis=0)
    return _scaled(x, low, x[train].max(axis=0) - low)


def _feature_cases():
    rng = np.random.default_rng(125)
    x = rng.normal([50, -300, 0.9, 0.02], [20, 150, 0.1, 0.005], (12, 4))
    flat = np.column_stack([x[:, :2], np.where(np.arange(12) < 8, 3.0, 4.0)])
    return [
        (x, np.arange(8)),
        (x[::-1].copy(), np.array([11, 1, 5, 6, 2])),
        (flat, np.arange(8)),
    ]


EXERCISES = (
    Exercise(
        key="12.1",
        task="circularity of several outlines",
        reference=circularity,
        second=circularity_of_circles,
        mistakes=(
            Mistake(
                _not_a_number,
                "Where nothing was found, 0 is divided by 0. Decide on a value before you divide: "
                "0 is asked for.",
            ),
            Mistake(
                _one_for_nothing,
                "An outline that was not found is no circle. It gets 0.",
            ),
            Mistake(
                _perimeter_once,
                "mm² over mm is not a pure number: your result grows with the nodule. Square P.",
            ),
            Mistake(_upside_down, "Your long, thin outlines get more than 1. Turn it over."),
            Mistake(_no_pi, "A circle does not get 1. A factor is missing: put A = πr² in."),
            Mistake(_no_four, "A circle gets 1/4. Put A = πr² and P = 2πr in."),
            Mistake(_precedence, "Only the perimeter is squared, not the whole fraction."),
            Mistake(_root, "That is its root. The formula has none."),
        ),
        hints=(
            "Test with a circle: A = πr², P = 2πr must give 1, whatever r is.",
            "4 * np.pi * area / perimeter**2 where perimeter > 0, and 0 elsewhere: begin with "
            "np.zeros and fill in, or use np.divide with where=.",
        ),
        cases=_outline_cases,
    ),
    *PATTERNS,
    Exercise(
        key="12.5",
        task="standardise features by the training rows",
        reference=standardise,
        second=standardise_by_scikit_learn,
        mistakes=(
            Mistake(
                _of_everybody,
                "Mean and SD came from all rows, so those of the test patients have leaked into "
                "the training. Compute them on x[train].",
            ),
            Mistake(
                _each_part_alone,
                "Each part was scaled by its own mean. Then the same nodule gets other numbers in "
                "another part. One mean and one SD, those of the training rows, serve all.",
            ),
            Mistake(
                _one_for_all_columns,
                "One mean for all columns mixes mm and HU. Each column has its own: axis=0.",
            ),
            Mistake(_each_row, "You standardised each nodule. Each feature (column) is asked for."),
            Mistake(_variance, "You divided by the variance. Its root has the feature's unit."),
            Mistake(_mean_only, "The mean is right. Now divide by the standard deviation."),
            Mistake(
                _only_training_rows,
                "Return all rows, scaled: only mean and SD are of the training rows.",
            ),
            Mistake(
                _divided_by_zero,
                "In the last case a column is constant on the training rows and its SD is 0. "
                "Divide that one by 1.",
            ),
            Mistake(
                _smallest_to_largest,
                "That maps smallest and largest to 0 and 1. Mean 0 and SD 1 are asked for.",
            ),
        ),
        hints=(
            "Two arrays with one number for each column, from x[train]; then all of x.",
            "mean, sd = x[train].mean(axis=0), x[train].std(axis=0); where sd is 0 use 1; "
            "(x - mean) / sd.",
        ),
        cases=_feature_cases,
    ),
)
