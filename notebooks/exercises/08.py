"""Exercises: a CNN for lung nodules."""

import numpy as np

from medtutor.exercises import Exercise, Mistake


def patients_in_both(patients, train, test):
    return sorted(set(patients[train]) & set(patients[test]))


def _patient_cases():
    patients = np.array(["ann", "bob", "ann", "cem", "cem", "cem", "eva", "bob"])
    return [
        (patients, np.array([0, 1, 3]), np.array([4, 5, 7, 2, 6])),
        (patients, np.array([6, 3]), np.array([4, 5, 0, 2])),
        (patients, np.array([0, 2, 6]), np.array([1, 3, 7])),
    ]


PATIENTS_IN_BOTH = Exercise(
    task="the patients who are in both parts",
    reference=patients_in_both,
    mistakes=(
        Mistake(
            lambda patients, train, test: sorted(set(train.tolist()) & set(test.tolist())),
            "You compare the indices of samples. Two different samples can be of one patient: "
            "look the patients up first.",
        ),
        Mistake(
            lambda patients, train, test: len(set(patients[train]) & set(patients[test])),
            "Return who they are, not how many.",
        ),
        Mistake(
            lambda patients, train, test: sorted(set(patients[train]) | set(patients[test])),
            "That is everybody in either part. Who is in both?",
        ),
        Mistake(
            lambda patients, train, test: sorted(
                p for p in patients[test] if p in set(patients[train])
            ),
            "Somebody with several nodules is in your list more than once.",
        ),
        Mistake(
            lambda patients, train, test: sorted(set(patients[test]) - set(patients[train])),
            "These are the test patients who are safe. Who is not?",
        ),
    ),
    hints=(
        "patients[train] gives the patient of each training sample, with repetitions.",
        "Two sets, their intersection with &, and sorted() to make a list of it.",
    ),
    cases=_patient_cases,
)


def auc_by_pairs(labels, scores):
    high = scores[labels == 1][:, None]
    low = scores[labels == 0][None, :]
    return np.mean((high > low) + 0.5 * (high == low))


def _wins(labels, scores, tie=0.5):
    high, low = scores[labels == 1][:, None], scores[labels == 0][None, :]
    return (high > low) + tie * (high == low)


def _in_order_of_the_list(labels, scores):
    high, low = scores[labels == 1], scores[labels == 0]
    n = min(len(high), len(low))
    return np.mean((high[:n] > low[:n]) + 0.5 * (high[:n] == low[:n]))


def _auc_cases():
    rng = np.random.default_rng(82)
    labels = rng.integers(0, 2, 40)
    scores = np.round(np.clip(0.5 + 0.25 * (labels - 0.5) + rng.normal(0, 0.25, 40), 0, 1), 1)
    few = np.array([1, 0, 1, 0, 1]), np.array([0.9, 0.6, 0.4, 0.2, 0.6])
    millimetres = np.array([0, 0, 0, 1, 1]), np.array([4.0, 9.0, 7.0, 9.0, 22.0])
    return [few, millimetres, (labels, scores)]


AUC_BY_PAIRS = Exercise(
    task="AUC as a share of pairs",
    reference=auc_by_pairs,
    mistakes=(
        Mistake(
            lambda labels, scores: np.mean(_wins(labels, scores, tie=0)),
            "The first case has a pair with equal scores. What does a tie count?",
        ),
        Mistake(
            lambda labels, scores: np.mean(_wins(labels, scores, tie=1)),
            "A tie is not a full point: the score did not tell the two apart.",
        ),
        Mistake(
            lambda labels, scores: 1 - auc_by_pairs(labels, scores),
            "Your result is 1 minus the right one. Which member of a pair should score higher?",
        ),
        Mistake(
            lambda labels, scores: np.sum(_wins(labels, scores)) / len(labels) ** 2,
            "You divide by too many pairs. Only those with one sample of each class count.",
        ),
        Mistake(
            lambda labels, scores: np.sum(_wins(labels, scores)),
            "That is a number of pairs. Divide it by how many there are.",
        ),
        Mistake(
            _in_order_of_the_list,
            "You compare each sample with one partner. Compare it with every one of the other "
            "class.",
        ),
        Mistake(
            lambda labels, scores: np.mean((scores > 0.5) == labels),
            "That is the accuracy at 0.5. AUC needs no threshold.",
        ),
    ),
    hints=(
        "Split the scores into those with label 1 and those with label 0, and compare each of "
        "the first with each of the second.",
        "high[:, None] > low[None, :] compares all pairs at once; add half of the equal ones and "
        "take the mean.",
    ),
    cases=_auc_cases,
)


def conv_weights(size, channels, filters, bias):
    return filters * (size * size * channels + bias)


CONV_WEIGHTS = Exercise(
    task="the number of weights of a convolution",
    reference=conv_weights,
    mistakes=(
        Mistake(
            lambda size, channels, filters, bias: size * size * channels * filters,
            "With a bias, each filter has one number more.",
        ),
        Mistake(
            lambda size, channels, filters, bias: filters * (size * size + bias),
            "A filter looks at all channels of its input at once and has a kernel for each.",
        ),
        Mistake(
            lambda size, channels, filters, bias: filters * (size * channels + bias),
            "A kernel of size 3 has 3 x 3 places.",
        ),
        Mistake(
            lambda size, channels, filters, bias: size * size * channels * filters + bias,
            "How many biases has a layer of 32 filters?",
        ),
        Mistake(
            lambda size, channels, filters, bias: filters * (size * size * channels + 1),
            "The last argument says whether there is a bias.",
        ),
        Mistake(
            lambda size, channels, filters, bias: filters * channels * (size * size + bias),
            "The bias is added once to each filter's sum, not once for each channel.",
        ),
    ),
    hints=(
        "Count the numbers in one filter first: places of the kernel, times channels, then the "
        "bias.",
        "filters * (size * size * channels + 1) with a bias, and without the + 1 otherwise.",
    ),
    cases=lambda: [(3, 3, 32, True), (3, 32, 64, False), (5, 1, 8, True), (1, 64, 16, True)],
)


def class_weights(labels, classes):
    counts = np.array([np.sum(labels == c) for c in range(classes)])
    return len(labels) / (classes * counts)


CLASS_WEIGHTS = Exercise(
    task="class weights",
    reference=class_weights,
    mistakes=(
        Mistake(
            lambda labels, classes: classes * np.bincount(labels, minlength=classes) / len(labels),
            "You give the frequent class the larger weight. It should be the smaller one.",
        ),
        Mistake(
            lambda labels, classes: len(labels) / np.bincount(labels, minlength=classes),
            "The ratio of your weights is right, but the mean over the samples is not 1.",
        ),
        Mistake(
            lambda labels, classes: 1 / np.bincount(labels, minlength=classes),
            "The ratio is right, but these weights shrink as the data set grows, and the steps "
            "of the optimiser with them.",
        ),
        Mistake(
            lambda labels, classes: (
                class_weights(labels, classes) / class_weights(labels, classes).sum()
            ),
            "You made the weights sum to 1. It is the mean over all samples that should be 1.",
        ),
        Mistake(
            lambda labels, classes: class_weights(labels, classes)[labels],
            "One weight for each class is asked for, not for each sample.",
        ),
    ),
    hints=(
        "Count the samples of each class; the formula above has only these counts, n and C.",
        "np.bincount(labels, minlength=classes) counts; n / (C * counts) is the answer.",
    ),
    cases=lambda: [
        (np.array([0, 0, 0, 1]), 2),
        (np.repeat([0, 1, 2], [6, 3, 1]), 3),
        (np.array([1, 0, 1, 0, 1, 1, 1, 1]), 2),
    ],
)
