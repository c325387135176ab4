"""Answers to the exercises of lesson 11 on shares, noisy labels and missing slices."""

import numpy as np

from medtutor.exercises.engine import Exercise, Mistake


def other_share(p, before, after):
    odds = p / (1 - p) * (after / (1 - after)) / (before / (1 - before))
    return odds / (1 + odds)


def other_share_by_bayes(p, before, after):
    yes = p * after / before
    no = (1 - p) * (1 - after) / (1 - before)
    return yes / (yes + no)


def _wrong_way(p, before, after):
    return other_share(p, after, before)


def _times_the_ratio(p, before, after):
    return p * after / before


def _odds_returned(p, before, after):
    return p / (1 - p) * (after / (1 - after)) / (before / (1 - before))


def _shares_for_odds(p, before, after):
    odds = p / (1 - p) * after / before
    return odds / (1 + odds)


def _only_after(p, before, after):
    odds = p / (1 - p) * after / (1 - after)
    return odds / (1 + odds)


def _share_cases():
    return [
        (np.array([0.1, 0.5, 0.9]), 0.5, 0.1),
        (np.array([0.02, 0.4, 0.75, 0.97]), 0.1, 0.5),
        (np.array([0.3, 0.6]), 0.4, 0.05),
    ]


def missing_positions(z):
    z = np.sort(z)
    step = np.median(np.diff(z))
    found = []
    for low, gap in zip(z, np.diff(z), strict=False):
        for k in range(1, round(gap / step)):
            found.append(low + k * step)
    return found


def missing_on_a_grid(z):
    step = np.median(np.diff(np.sort(z)))
    places = np.round((z - z.min()) / step).astype(int)
    return z.min() + step * np.setdiff1d(np.arange(places.max() + 1), places)


def _unsorted(z):
    step = np.median(np.diff(z))
    found = []
    for low, gap in zip(z, np.diff(z), strict=False):
        for k in range(1, round(gap / step)):
            found.append(low + k * step)
    return found


def _one_for_each_gap(z):
    z = np.sort(z)
    gaps = np.diff(z)
    wide = gaps > 1.5 * np.median(gaps)
    return z[:-1][wide] + np.median(gaps)


def _one_too_many(z):
    z = np.sort(z)
    step = np.median(np.diff(z))
    found = []
    for low, gap in zip(z, np.diff(z), strict=False):
        for k in range(1, round(gap / step) + 1):
            if round(gap / step) > 1:
                found.append(low + k * step)
    return found


def _no_tolerance(z):
    z = np.sort(z)
    step = np.median(np.diff(z))
    found = []
    for low, gap in zip(z, np.diff(z), strict=False):
        for k in range(1, int(np.ceil(gap / step))):
            found.append(low + k * step)
    return found


def _rounded_down(z):
    z = np.sort(z)
    step = np.median(np.diff(z))
    found = []
    for low, gap in zip(z, np.diff(z), strict=False):
        for k in range(1, int(gap / step)):
            found.append(low + k * step)
    return found


def _mean_step(z):
    z = np.sort(z)
    step = np.mean(np.diff(z))
    found = []
    for low, gap in zip(z, np.diff(z), strict=False):
        for k in range(1, round(gap / step)):
            found.append(low + k * step)
    return found


def _how_many(z):
    return len(missing_positions(z))


def _positions_cases():
    return [
        (np.array([0.0, 5.0, 10.0, 20.0, 25.0, 30.0]),),
        (np.array([7.5, 0.0, 2.5, 17.5, 20.0, 15.0, 5.0, 22.5]),),
        (np.array([-31.0, -29.02, -26.99, -25.0, -18.97, -17.0, -15.03, -11.05, -9.0]),),
    ]


NOISE = Exercise(
    key="11.3",
    task="what a network says that has learned flipped labels perfectly",
    reference=0.74,
    second=0.8 * 0.9 + 0.2 * (1 - 0.9),
    mistakes=(
        Mistake(
            0.72,
            "Those are the malignant ones that kept their label. Some benign ones have it too.",
        ),
        Mistake(0.9, "That is the share of truly malignant ones. The labels say something else."),
        Mistake(0.7, "Flipping takes labels away on one side and adds some on the other."),
        Mistake(0.8, "That would be the share among nodules that are all malignant."),
        Mistake(0.26, "That is the share of the label benign."),
        Mistake(74, "Give a probability between 0 and 1."),
    ),
    hints=(
        "Take 100 such nodules. How many are malignant and keep their label? How many are benign "
        "and lose theirs?",
        "90 malignant of which 72 keep the label, 10 benign of which 2 get it.",
    ),
)

SHARE = Exercise(
    key="11.4",
    task="a probability where the class has another share",
    reference=other_share,
    second=other_share_by_bayes,
    mistakes=(
        Mistake(_wrong_way, "You go from the new share to the old one. Which odds divide?"),
        Mistake(_times_the_ratio, "That may exceed 1. Scale the odds, not the probability."),
        Mistake(_odds_returned, "These are odds. Turn them back: odds / (1 + odds)."),
        Mistake(
            _shares_for_odds,
            "You scale by the ratio of the shares; the formula has the ratio of their odds.",
        ),
        Mistake(_only_after, "The old share is already inside p. Divide its odds out."),
    ),
    hints=(
        "Odds of p are p / (1 - p). Scale them as the formula says, and turn them back.",
        "odds / (1 + odds) gives the probability.",
    ),
    cases=_share_cases,
)

MISSING = Exercise(
    key="11.5",
    task="the positions of missing slices",
    reference=missing_positions,
    second=missing_on_a_grid,
    mistakes=(
        Mistake(_unsorted, "The second case comes in the order of the file names. Sort first."),
        Mistake(_one_for_each_gap, "A gap of three steps has lost two slices, not one."),
        Mistake(_one_too_many, "The last position that you name is that of a slice that is there."),
        Mistake(
            _no_tolerance,
            "Positions are rounded: a gap of 1.01 steps has lost nothing. Round to whole steps.",
        ),
        Mistake(
            _rounded_down, "Positions are rounded: a gap of 1.99 steps is 2. Round, do not cut off."
        ),
        Mistake(_mean_step, "Gaps make the mean step longer than the usual one. The median stays."),
        Mistake(_how_many, "Return where they should lie, not how many they are."),
    ),
    hints=(
        "Sort, take differences, and compare each with their median.",
        "A gap of about m steps has lost m - 1 slices, at low + k * step for k from 1 to m - 1.",
    ),
    cases=_positions_cases,
    rtol=0,
    atol=0.2,
)
