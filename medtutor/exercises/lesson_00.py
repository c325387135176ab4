"""Exercises of lesson 00, Start here."""

import numpy as np

from medtutor.exercises.engine import Exercise, Mistake


def heart_rate(beats, seconds):
    return 60 * beats / seconds


def heart_rate_by_minutes(beats, seconds):
    minutes = seconds / 60
    return beats / minutes


def _per_second(beats, seconds):
    return beats / seconds


def _upside_down(beats, seconds):
    return 60 * seconds / beats


def _whole(beats, seconds):
    return 60 * (beats // seconds)


def _heart_cases():
    return [(10, 10.0), (7, 5.5), (75, 60.0)]


def share_a_patient(train, test):
    return len(set(train) & set(test)) > 0


def share_with_a_loop(train, test):
    for patient in train:
        if patient in test:
            return True
    return False


def _same_place(train, test):
    return any(a == b for a, b in zip(train, test, strict=False))


def _same_lists(train, test):
    return set(train) == set(test)


def _turned_round(train, test):
    return len(set(train) & set(test)) == 0


def _everybody(train, test):
    return set(test) <= set(train)


def _share_cases():
    return [
        (["A", "B", "C"], ["D", "E"]),
        (["A", "B", "C"], ["D", "A"]),
        (["A", "A", "B"], ["B"]),
        (["A", "B"], ["A", "B"]),
        (["A", "B"], ["C", "B"]),
        (["AB"], ["A", "B"]),
    ]


def accuracy(predicted, actual):
    return np.mean(predicted == actual)


def accuracy_by_counting(predicted, actual):
    right = sum(1 for p, a in zip(predicted, actual, strict=True) if p == a)
    return right / len(actual)


def _count(predicted, actual):
    return np.sum(predicted == actual)


def _error(predicted, actual):
    return np.mean(predicted != actual)


def _only_hits(predicted, actual):
    return np.mean((predicted == 1) & (actual == 1))


def _percent(predicted, actual):
    return 100 * np.mean(predicted == actual)


def _accuracy_cases():
    return [
        (np.array([0, 1, 1, 0]), np.array([0, 1, 0, 0])),
        (np.array([1, 1, 1]), np.array([0, 0, 0])),
        (np.array([2, 0, 1, 1, 2]), np.array([2, 0, 2, 1, 2])),
    ]


EXERCISES = (
    Exercise(
        key="00.1",
        task="heart rate from a count of beats",
        reference=heart_rate,
        second=heart_rate_by_minutes,
        mistakes=(
            Mistake(_per_second, "That is beats per second. How many seconds has a minute?"),
            Mistake(_upside_down, "More beats should give a higher rate. Which number divides?"),
            Mistake(_whole, "// drops what is behind the decimal point. Divide with /."),
        ),
        hints=(
            "How many beats are there in one second? And in sixty?",
            "return 60 * beats / seconds",
        ),
        cases=_heart_cases,
    ),
    Exercise(
        key="00.2",
        task="is somebody in both lists of patients?",
        reference=share_a_patient,
        second=share_with_a_loop,
        mistakes=(
            Mistake(
                _same_place,
                "You compare the first with the first, the second with the second. "
                "Somebody may stand at different places in the two lists.",
            ),
            Mistake(_same_lists, "One shared patient is enough; the lists need not be equal."),
            Mistake(_turned_round, "The other way round: True means that somebody is in both."),
            Mistake(_everybody, "One shared patient is enough; not everybody has to be shared."),
        ),
        hints=(
            "Python's sets know what two collections have in common.",
            "set(train) & set(test) holds those in both. Is it empty?",
        ),
        cases=_share_cases,
    ),
    Exercise(
        key="00.3",
        task="accuracy of predicted classes",
        reference=accuracy,
        second=accuracy_by_counting,
        mistakes=(
            Mistake(_count, "That is how many are right. Asked for is the share."),
            Mistake(_error, "That is the share of wrong ones."),
            Mistake(_only_hits, "A class 0 that is called 0 is right as well."),
            Mistake(_percent, "Leave it between 0 and 1."),
        ),
        hints=(
            "predicted == actual compares element by element; True counts as 1.",
            "The mean of an array of True and False is the share of True.",
        ),
        cases=_accuracy_cases,
    ),
)
