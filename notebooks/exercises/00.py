"""Exercises: start here."""

import numpy as np

from medtutor.exercises import Exercise, Mistake


def heart_rate(beats, seconds):
    return 60 * beats / seconds


HEART_RATE = Exercise(
    task="heart rate from a count of beats",
    reference=heart_rate,
    mistakes=(
        Mistake(
            lambda beats, seconds: beats / seconds,
            "That is beats per second. How many seconds has a minute?",
        ),
        Mistake(
            lambda beats, seconds: 60 * seconds / beats,
            "More beats should give a higher rate. Which number divides?",
        ),
        Mistake(
            lambda beats, seconds: round(60 * beats / seconds),
            "Do not round: 76.4 bpm and 76 bpm are not the same answer.",
        ),
        Mistake(
            lambda beats, seconds: 60 * (beats // seconds),
            "// drops what is behind the decimal point. Divide with /.",
        ),
    ),
    hints=(
        "How many beats are there in one second? And in sixty?",
        "return 60 * beats / seconds",
    ),
    cases=lambda: [(10, 10.0), (7, 5.5), (75, 60.0)],
)


def share_a_patient(train, test):
    return len(set(train) & set(test)) > 0


SHARE_A_PATIENT = Exercise(
    task="is somebody in both lists of patients?",
    reference=share_a_patient,
    mistakes=(
        Mistake(
            lambda train, test: any(a == b for a, b in zip(train, test, strict=False)),
            "You compare the first with the first, the second with the second. Somebody may "
            "stand at different places in the two lists.",
        ),
        Mistake(
            lambda train, test: set(train) == set(test),
            "One shared patient is enough; the lists need not be equal.",
        ),
        Mistake(
            lambda train, test: len(set(train) & set(test)) == 0,
            "The other way round: True means that somebody is in both.",
        ),
        Mistake(
            lambda train, test: set(test) <= set(train),
            "One shared patient is enough; not everybody has to be shared.",
        ),
    ),
    hints=(
        "Python's sets know what two collections have in common.",
        "set(train) & set(test) holds those in both. Is it empty?",
    ),
    cases=lambda: [
        (["A", "B", "C"], ["D", "E"]),
        (["A", "B", "C"], ["D", "A"]),
        (["A", "A", "B"], ["B"]),
        (["A", "B"], ["A", "B"]),
        (["A", "B"], ["C", "B"]),
        (["AB"], ["A", "B"]),
    ],
)


def accuracy(predicted, actual):
    return np.mean(predicted == actual)


ACCURACY = Exercise(
    task="accuracy of predicted classes",
    reference=accuracy,
    mistakes=(
        Mistake(
            lambda predicted, actual: np.sum(predicted == actual),
            "That is how many are right. Asked for is the share.",
        ),
        Mistake(
            lambda predicted, actual: np.mean(predicted != actual),
            "That is the share of wrong ones.",
        ),
        Mistake(
            lambda predicted, actual: np.mean((predicted == 1) & (actual == 1)),
            "A class 0 that is called 0 is right as well.",
        ),
        Mistake(
            lambda predicted, actual: 100 * np.mean(predicted == actual),
            "Leave it between 0 and 1.",
        ),
    ),
    hints=(
        "predicted == actual compares element by element; True counts as 1.",
        "The mean of an array of True and False is the share of True.",
    ),
    cases=lambda: [
        (np.array([0, 1, 1, 0]), np.array([0, 1, 0, 0])),
        (np.array([1, 1, 1]), np.array([0, 0, 0])),
        (np.array([2, 0, 1, 1, 2]), np.array([2, 0, 2, 1, 2])),
    ],
)
