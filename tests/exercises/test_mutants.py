"""No small change of a reference answer passes, but for those that change nothing."""

from pathlib import Path

from medtutor import exercises, paths
from medtutor.exercises import engine
from medtutor.exercises.engine import difference, results

mutants = paths.load(Path(__file__).with_name("mutants.py")).mutants
FUNCTIONS = [
    exercise for exercise in map(exercises.find, exercises.keys()) if exercise.cases is not None
]
OVERWRITTEN = "every element is written before it is returned"
UNORDERED = "a mean or a sum over two axes does not ask for their order"
LIST = "a list of the same numbers is as good as an array"
SYMMETRIC = "the absolute value or the square of a difference has no direction"
COPIED = "the argument is the caller's or a copy; what is returned is the same"
ROOM = "the other factor is an int32, so the product is one as well"
WHICH = "where several detections are near, the task leaves open which is used; here the earliest"
NAN = "NaN either way: the mean of no interval is NaN, and NaN has no sign"
GUARD = "the guard against rounding only matters for products that miss a whole number by a hair"
ZERO = "0 / 0 of NumPy's integers is NaN too"
SAME_TYPE = "a number of another type, and of the same value; the task asks for no type"

# Mutants that pass, by exercise: the changed line, and why it is the same on all valid input.
SURVIVORS = {
    "01.2": {
        "y = np.ones((x.shape[0] - k.shape[0] + 1, x.shape[1] - k.shape[1] + 1))": OVERWRITTEN
    },
    "01.4": {"y = np.ones((down, across))": OVERWRITTEN},
    "01.6": {"dk = np.ones((rows, columns))": OVERWRITTEN},
    "02.3": {"return np.nanmean(windows[::s, ::s], axis=(3, 2))": UNORDERED},
    "02.6": {"return x.mean(axis=(2, 1))": UNORDERED},
    "04.3": {"return np.abs(n - a).max() / size if size > 0 else 0.0": SYMMETRIC},
    "04.4": {
        "def adam_step(w, g, m, v, t, rate=0.001, b1=0.9, b2=0.999, eps=1.1e-07):": (
            "epsilon only keeps 0/0 away; Keras, just as right, adds it at another place"
        ),
        "return (w - rate * m_hat / (np.sqrt(v_hat) - eps), m, v)": (
            "epsilon only keeps 0/0 away, and 0 divided by either sign of it is 0"
        ),
    },
    "09.2": {
        "return found[int(np.ceil(sensitivity * len(found))) - 1]": GUARD,
        "return found[int(np.ceil(sensitivity * len(found) - 1.1000000000000001e-09)) - 1]": GUARD,
    },
    "09.3": {
        "total += inside.sum() * abs(labels[inside].mean() - p[inside].mean())": SYMMETRIC,
    },
    "10.3": {"weights = gradients.mean(axis=(1, 0))": UNORDERED},
    "10.4": {"return mask[row, column]": SAME_TYPE},
    "12.2": {
        "return [magnitude[inside].sum() for inside in bins]": LIST,
        "bins = [(angle >= low) & (angle <= low + 20) for low in range(0, 180, 20)]": (
            "no ratio of two floats has an arctangent of exactly 20, 40, ... 160 degrees"
        ),
        "bins = [(angle >= low) & (angle < low + 20) for low in range(0, 179, 20)]": (
            "the last step of 20 before 179 and before 180 is 160"
        ),
    },
    "14.2": {
        "free.remove(min(near))": WHICH,
        "free.remove(min(near, key=lambda f: f - beat))": WHICH,
        "free.remove(min(near, key=lambda f: abs(f + beat)))": WHICH,
        "free.remove(min(near, key=lambda f: abs(f)))": WHICH,
        "free.remove(min(near, key=lambda f: abs(beat)))": WHICH,
        "free.remove(min(near, key=lambda f: abs(beat - f)))": SYMMETRIC,
        "near = [f for f in free if abs(beat - f) <= tolerance]": SYMMETRIC,
    },
    "14.3": {"return -np.nan": NAN, "if len(inside) < 1:": NAN},
    "14.4": {"return [signal[s:s + length] for s in starts]": LIST},
    "15.5": {
        "left, here, right = (padded[2:], padded[1:-1], padded[:-2])": (
            "larger than both neighbours, whichever is called left"
        ),
        "padded = np.pad(beat_map, 2)": "all peaks move by one bin, and their distances stay",
        "return -np.nan": NAN,
        "if len(peaks) < 1:": NAN,
    },
    "18.2": {"filled = x": COPIED},
    "18.3": {"return np.sqrt(np.mean((truth[hidden] - filled[hidden]) ** 2))": SYMMETRIC},
    "19.1": {"kept = 1000 * seconds[warm_up:]": "the times come as an array"},
    "19.3": {"return np.clip(np.round(x / scale) + zero, -128, 127)": SAME_TYPE},
    "19.4": {
        "total = np.sum((qx.astype(np.int32) - zero_x) * qw)": ROOM,
        "total = np.sum((qx.astype(np.int32) - zero_x) * qw.astype(np.int8))": ROOM,
        "total = np.sum((qx.astype(np.int32) - zero_x) * qw.astype(np.int16))": ROOM,
        "total = np.sum((qx.astype(np.int16) - zero_x) * qw.astype(np.int32))": ROOM,
    },
    "21.1": {
        "return [sum((count / n * w for count, w in zip(ws, counts, strict=True))) "
        "for ws in zip(*models, strict=True)]": "w / n * count is count / n * w",
    },
    "21.2": {
        "result = update": COPIED,
        "mask = np.random.default_rng(seed).integers(1, 2 ** 32, update.shape, np.uint32)": (
            "another number only where the generator draws 0, once in four thousand million"
        ),
    },
    "22.3": {"return np.ceil((n - k) / s) + 1": SAME_TYPE},
    "23.1": {"a, b = (b - b.mean(), a - a.mean())": "a correlation does not ask who is first"},
    "23.2": {
        "family = range(count)": "a range is rebuilt as a list at the first pair",
        "low, high = sorted((family[j], family[i]))": "sorted either way",
    },
    "16.1": {
        "change = rate(beats) - rate(np.delete(beats, k))": SYMMETRIC,
        "doubt = amount[k] - 1": SYMMETRIC,
        "return -(60 * fs / np.mean(np.diff(places)))": SYMMETRIC,
    },
    "17.1": {"return [number[symbol] for symbol in symbols]": LIST},
    "17.4": {
        "sensitivity = hit / true": ZERO,
        "ppv = hit / called": ZERO,
        "f1 = 2 * hit / (true + called)": ZERO,
    },
    "13.3": {
        "shared = (target * p).sum(axis=(2, 1))": UNORDERED,
        "size = target.sum(axis=(2, 1)) + p.sum(axis=(1, 2))": UNORDERED,
        "size = target.sum(axis=(1, 2)) + p.sum(axis=(2, 1))": UNORDERED,
    },
    "13.4": {
        "touched = nodules[areas == number]": "named twice, scored the same twice",
    },
}


def survivors(exercise):
    cases = exercise.cases()
    expected = results(exercise.reference, cases, True)
    tried, passed = 0, set()
    for label, mutant in mutants(exercise.reference):
        tried += 1
        got = results(mutant, cases, True)
        if not any(difference(g, e, exercise) for g, e in zip(got, expected, strict=True)):
            passed.add(label)
    return tried, passed


def test_small_changes_of_a_reference_are_rejected_unless_they_change_nothing(monkeypatch):
    monkeypatch.setattr(engine, "SECONDS", 5)
    found = {exercise.key: survivors(exercise) for exercise in FUNCTIONS}
    passed = {key: labels for key, (_, labels) in found.items() if labels}
    assert passed == {key: set(listed) for key, listed in SURVIVORS.items()}
    tried = sum(number for number, _ in found.values())
    assert tried > 2000
    assert sum(map(len, passed.values())) < 0.02 * tried
