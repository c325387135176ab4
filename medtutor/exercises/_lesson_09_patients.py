"""The two exercises of lesson 09 that are about patients: drawing them, and tearing them apart."""

import numpy as np

from medtutor.exercises.engine import Exercise, Mistake

CHANCE = 1 - 0.2**3


def samples_of(patients, drawn):
    return np.concatenate([np.flatnonzero(patients == who) for who in drawn])


def samples_one_by_one(patients, drawn):
    indices = []
    for who in drawn:
        for i in range(len(patients)):
            if patients[i] == who:
                indices.append(i)
    return np.array(indices)


def _each_once(patients, drawn):
    return np.flatnonzero(np.isin(patients, drawn))


def _unique(patients, drawn):
    return samples_of(patients, list(dict.fromkeys(drawn)))


def _first_of_each(patients, drawn):
    return np.array([np.flatnonzero(patients == who)[0] for who in drawn])


def _as_many_samples(patients, drawn):
    return samples_of(patients, drawn)[: len(drawn)]


def _names(patients, drawn):
    return patients[samples_of(patients, drawn)]


def _left_out(patients, drawn):
    return np.flatnonzero(~np.isin(patients, drawn))


def _lists(patients, drawn):
    return [list(np.flatnonzero(patients == who)) for who in drawn]


def _drawn_cases():
    patients = np.array([7, 7, 7, 3, 3, 9, 5, 5])
    return [
        (patients, np.array([3, 7, 3, 9])),
        (patients, np.array([9, 9, 5, 9])),
        (np.array([2, 4, 2, 4, 6, 2]), np.array([6, 2, 2])),
    ]


PATIENTS = (
    Exercise(
        key="09.6",
        task="the samples of patients that were drawn",
        reference=samples_of,
        second=samples_one_by_one,
        mistakes=(
            Mistake(
                _each_once,
                "`np.isin` takes a patient once, however often drawn. That is drawing without "
                "replacement: a patient drawn twice comes twice.",
            ),
            Mistake(_unique, "You drop repeated patients. They are what makes a bootstrap."),
            Mistake(_first_of_each, "All samples of a drawn patient come along, not one."),
            Mistake(
                _as_many_samples,
                "You stop after as many samples as patients. The number of samples may vary.",
            ),
            Mistake(_names, "Return the indices of the samples, not the names of the patients."),
            Mistake(_left_out, "These are the samples of those who were not drawn."),
            Mistake(_lists, "Join the pieces into one array."),
        ),
        hints=(
            "Go through `drawn`, and find all places of each patient.",
            "np.flatnonzero(patients == who) gives one patient's samples; np.concatenate joins "
            "them.",
        ),
        cases=_drawn_cases,
        rtol=0,
    ),
    Exercise(
        key="09.7",
        task="the chance that a view has a sister in training",
        reference=CHANCE,
        second=1 - (1 / 5) * (1 / 5) * (1 / 5),
        mistakes=(
            Mistake(0.8, "That is the chance for one sister. There are three."),
            Mistake(0.8**3, "That is the chance that all three are in training."),
            Mistake(0.2**3, "That is the chance that none of them is in training."),
            Mistake(1 - 0.2**4, "The view itself is in the test fold already: three are left."),
            Mistake(3 * 0.8, "Chances of events that can happen together do not simply add up."),
            Mistake(1 - 0.8**3, "That is the chance that a sister shares the view's fold."),
        ),
        hints=(
            "Think of the opposite: where must all three sisters lie, so that none is in training?",
            "Each lies in the test fold with chance 1/5. The answer is one minus the chance that "
            "all three do.",
        ),
        rtol=1e-3,
    ),
)
