"""Exercises of lesson 13 on samples and beats; `lesson_13` has the others."""

import numpy as np

from medtutor.exercises.engine import Exercise, Mistake


def to_mv(stored, gain, baseline):
    return (np.asarray(stored, np.float32) - baseline) / gain


def to_mv_sample_by_sample(stored, gain, baseline):
    flat = [(float(s) - baseline) / gain for s in np.ravel(stored)]
    return np.reshape(flat, np.shape(stored))


def _times_gain(stored, gain, baseline):
    return (np.asarray(stored, float) - baseline) * gain


def _no_baseline(stored, gain, baseline):
    return np.asarray(stored, float) / gain


def _baseline_in_mv(stored, gain, baseline):
    return np.asarray(stored, float) / gain - baseline


def _baseline_added(stored, gain, baseline):
    return (np.asarray(stored, float) + baseline) / gain


def _whole_millivolts(stored, gain, baseline):
    return (np.asarray(stored).astype(int) - int(baseline)) // int(gain)


def _stays_unsigned(stored, gain, baseline):
    return (np.asarray(stored) - np.asarray(stored).dtype.type(baseline)) / gain


def _to_mv_cases():
    stored = np.array([[1024, 1224], [924, 1423], [0, 2047]], np.uint16)
    return [(stored, 200, 1024), (np.array([-50, 0, 430], np.int16), 1000, 0), (stored, 500, 900)]


def score(true, found, tolerance):
    free = list(found)
    hits = 0
    for beat in true:
        near = [f for f in free if abs(f - beat) <= tolerance]
        if near:
            free.remove(min(near, key=lambda f: abs(f - beat)))
            hits += 1
    return hits / len(true), hits / len(found)


def score_with_two_pointers(true, found, tolerance):
    i = j = hits = 0
    while i < len(true) and j < len(found):
        distance = found[j] - true[i]
        if abs(distance) <= tolerance:
            hits, i, j = hits + 1, i + 1, j + 1
        elif distance < 0:
            j += 1
        else:
            i += 1
    return hits / len(true), hits / len(found)


def _near(a, b, tolerance):
    return np.abs(np.asarray(a)[:, None] - np.asarray(b)[None]) <= tolerance


def _double_counting(true, found, tolerance):
    near = _near(true, found, tolerance)
    return near.any(axis=1).mean(), near.any(axis=0).mean()


def _all_pairs(true, found, tolerance):
    pairs = _near(true, found, tolerance).sum()
    return pairs / len(true), pairs / len(found)


def _swapped(true, found, tolerance):
    return score(true, found, tolerance)[::-1]


def _exact_only(true, found, tolerance):
    hits = len(np.intersect1d(true, found))
    return hits / len(true), hits / len(found)


def _by_rank(true, found, tolerance):
    hits = sum(abs(t - f) <= tolerance for t, f in zip(true, found, strict=False))
    return hits / len(true), hits / len(found)


def _only_the_number(true, found, tolerance):
    return len(found) / len(true), len(true) / len(found)


def _strictly_less(true, found, tolerance):
    return score(true, found, tolerance - 1)


def _in_percent(true, found, tolerance):
    return tuple(100 * s for s in score(true, found, tolerance))


def _score_cases():
    true = np.array([100, 400, 700, 1000])
    return [
        (true, np.array([102, 398, 640, 754, 1003]), 54),
        (true, np.array([90, 120, 410, 1000]), 54),
        (np.array([300, 700]), np.array([20, 310, 690, 950]), 10),
        (np.array([100, 200]), np.array([151]), 54),
    ]


BEATS = (
    Exercise(
        key="13.1",
        task="stored numbers to millivolts",
        reference=to_mv,
        second=to_mv_sample_by_sample,
        mistakes=(
            Mistake(
                _times_gain,
                "The gain is in steps for one millivolt. 200 steps are 1 mV; how many has yours?",
            ),
            Mistake(
                _no_baseline,
                "Where is 0 mV? The electronics stored it as the number `baseline`.",
            ),
            Mistake(
                _baseline_in_mv,
                "The baseline is a stored number, not a voltage: take it off before you divide.",
            ),
            Mistake(_baseline_added, "A sample that equals the baseline must become 0 mV."),
            Mistake(
                _whole_millivolts,
                "Your result has whole millivolts only. // drops the fraction; use /.",
            ),
            Mistake(
                _stays_unsigned,
                "A value below the baseline wrapped around to a large number: the array is "
                "unsigned. Convert the type before you subtract.",
            ),
        ),
        hints=(
            "0 mV is stored as `baseline`, and 1 mV as `baseline + gain`.",
            "Convert to float32, subtract the baseline, divide by the gain.",
        ),
        cases=_to_mv_cases,
    ),
    Exercise(
        key="13.2",
        task="sensitivity and positive predictive value of a detector",
        reference=score,
        second=score_with_two_pointers,
        mistakes=(
            Mistake(
                _double_counting,
                "Two detections near one beat: you count both as right. A beat may be used once.",
            ),
            Mistake(
                _all_pairs,
                "You count pairs. One beat with two detections near it makes two pairs, but it was "
                "found once.",
            ),
            Mistake(
                _swapped,
                "The two numbers are in the other order: sensitivity first. It is a share of the "
                "true beats.",
            ),
            Mistake(_exact_only, "A detection need not hit the very sample: use the tolerance."),
            Mistake(
                _by_rank,
                "You compare first with first, second with second. After one false beat all later "
                "pairs are out of step.",
            ),
            Mistake(
                _only_the_number,
                "You compare how many there are. The right number in the wrong places is wrong.",
            ),
            Mistake(_strictly_less, "A distance of exactly the tolerance still counts as a match."),
            Mistake(_in_percent, "Give shares between 0 and 1."),
        ),
        hints=(
            "Go through the true beats. For each, look for a detection within the tolerance that "
            "no earlier beat has used.",
            "Count the matches once; divide by len(true) for one number, by len(found) for the "
            "other.",
        ),
        cases=_score_cases,
    ),
)
