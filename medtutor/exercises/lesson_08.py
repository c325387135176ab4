"""Exercises of lesson 08, a CNN for lung nodules."""

import numpy as np

from medtutor.exercises.engine import Exercise, Mistake


def patients_in_both(patients, train, test):
    return sorted(set(patients[train]) & set(patients[test]))


def patients_with_numpy(patients, train, test):
    return np.intersect1d(patients[train], patients[test]).tolist()


def _shared_indices(patients, train, test):
    return sorted(set(train.tolist()) & set(test.tolist()))


def _how_many(patients, train, test):
    return len(set(patients[train]) & set(patients[test]))


def _everybody(patients, train, test):
    return sorted(set(patients[train]) | set(patients[test]))


def _repeated(patients, train, test):
    return sorted(p for p in patients[test] if p in set(patients[train]))


def _only_in_test(patients, train, test):
    return sorted(set(patients[test]) - set(patients[train]))


def _patient_cases():
    patients = np.array(["ann", "bob", "ann", "cem", "cem", "cem", "eva", "bob"])
    return [
        (patients, np.array([0, 1, 3]), np.array([4, 5, 7, 2, 6])),
        (patients, np.array([6, 3]), np.array([4, 5, 0, 2])),
        (patients, np.array([0, 2, 6]), np.array([1, 3, 7])),
    ]


def auc_by_pairs(labels, scores):
    high = scores[labels == 1][:, None]
    low = scores[labels == 0][None, :]
    return np.mean((high > low) + 0.5 * (high == low))


def auc_with_two_loops(labels, scores):
    points, pairs = 0.0, 0
    for one, positive in zip(scores, labels, strict=True):
        for other, also_positive in zip(scores, labels, strict=True):
            if positive == 1 and also_positive == 0:
                pairs += 1
                if one > other:
                    points += 1
                elif one == other:
                    points += 0.5
    return points / pairs


def _ties_lost(labels, scores):
    return np.mean(scores[labels == 1][:, None] > scores[labels == 0][None, :])


def _ties_won(labels, scores):
    return np.mean(scores[labels == 1][:, None] >= scores[labels == 0][None, :])


def _wrong_way_round(labels, scores):
    return 1 - auc_by_pairs(labels, scores)


def _all_pairs(labels, scores):
    high, low = scores[labels == 1][:, None], scores[labels == 0][None, :]
    return np.sum((high > low) + 0.5 * (high == low)) / len(labels) ** 2


def _count_of_pairs(labels, scores):
    high, low = scores[labels == 1][:, None], scores[labels == 0][None, :]
    return np.sum((high > low) + 0.5 * (high == low))


def _in_order_of_the_list(labels, scores):
    high, low = scores[labels == 1], scores[labels == 0]
    n = min(len(high), len(low))
    return np.mean((high[:n] > low[:n]) + 0.5 * (high[:n] == low[:n]))


def _accuracy_at_half(labels, scores):
    return np.mean((scores > 0.5) == labels)


def _auc_cases():
    rng = np.random.default_rng(82)
    labels = rng.integers(0, 2, 40)
    scores = np.round(np.clip(0.5 + 0.25 * (labels - 0.5) + rng.normal(0, 0.25, 40), 0, 1), 1)
    few = np.array([1, 0, 1, 0, 1]), np.array([0.9, 0.6, 0.4, 0.2, 0.6])
    millimetres = np.array([0, 0, 0, 1, 1]), np.array([4.0, 9.0, 7.0, 9.0, 22.0])
    return [few, millimetres, (labels, scores)]


def conv_weights(size, channels, filters, bias):
    return filters * (size * size * channels + bias)


def conv_weights_from_shape(size, channels, filters, bias):
    kernel = np.prod((size, size, channels, filters))
    return kernel + filters if bias else kernel


def _no_bias(size, channels, filters, bias):
    return size * size * channels * filters


def _no_channels(size, channels, filters, bias):
    return filters * (size * size + bias)


def _not_squared(size, channels, filters, bias):
    return filters * (size * channels + bias)


def _one_bias_for_all(size, channels, filters, bias):
    return size * size * channels * filters + bias


def _bias_always(size, channels, filters, bias):
    return filters * (size * size * channels + 1)


def _bias_for_each_channel(size, channels, filters, bias):
    return filters * channels * (size * size + bias)


def _weights_cases():
    return [(3, 3, 32, True), (3, 32, 64, False), (5, 1, 8, True), (1, 64, 16, True)]


def class_weights(labels, classes):
    counts = np.array([np.sum(labels == c) for c in range(classes)])
    return len(labels) / (classes * counts)


def class_weights_by_share(labels, classes):
    share = np.bincount(labels, minlength=classes) / len(labels)
    return 1 / share / classes


def _same_as_frequency(labels, classes):
    return classes * np.bincount(labels, minlength=classes) / len(labels)


def _without_classes(labels, classes):
    return len(labels) / np.bincount(labels, minlength=classes)


def _just_inverse(labels, classes):
    return 1 / np.bincount(labels, minlength=classes)


def _sums_to_one(labels, classes):
    inverse = 1 / np.bincount(labels, minlength=classes)
    return inverse / inverse.sum()


def _for_each_sample(labels, classes):
    return class_weights(labels, classes)[labels]


def _class_cases():
    return [
        (np.array([0, 0, 0, 1]), 2),
        (np.repeat([0, 1, 2], [6, 3, 1]), 3),
        (np.array([1, 0, 1, 0, 1, 1, 1, 1]), 2),
    ]


EXERCISES = (
    Exercise(
        key="08.1",
        task="the patients who are in both parts",
        reference=patients_in_both,
        second=patients_with_numpy,
        mistakes=(
            Mistake(
                _shared_indices,
                "You compare the indices of samples. Two different samples can be of one patient: "
                "look the patients up first.",
            ),
            Mistake(_how_many, "Return who they are, not how many."),
            Mistake(_everybody, "That is everybody in either part. Who is in both?"),
            Mistake(_repeated, "Somebody with several nodules is in your list more than once."),
            Mistake(_only_in_test, "These are the test patients who are safe. Who is not?"),
        ),
        hints=(
            "patients[train] gives the patient of each training sample, with repetitions.",
            "Two sets, their intersection with &, and sorted() to make a list of it.",
        ),
        cases=_patient_cases,
    ),
    Exercise(
        key="08.2",
        task="AUC as a share of pairs",
        reference=auc_by_pairs,
        second=auc_with_two_loops,
        mistakes=(
            Mistake(
                _ties_lost, "The first case has a pair with equal scores. What does a tie count?"
            ),
            Mistake(_ties_won, "A tie is not a full point: the score did not tell the two apart."),
            Mistake(
                _wrong_way_round,
                "Your result is 1 minus the right one. Which member of a pair should score higher?",
            ),
            Mistake(
                _all_pairs,
                "You divide by too many pairs. Only those with one sample of each class count.",
            ),
            Mistake(_count_of_pairs, "That is a number of pairs. Divide it by how many there are."),
            Mistake(
                _in_order_of_the_list,
                "You compare each sample with one partner. Compare it with every one of the other "
                "class.",
            ),
            Mistake(_accuracy_at_half, "That is the accuracy at 0.5. AUC needs no threshold."),
        ),
        hints=(
            "Split the scores into those with label 1 and those with label 0, and compare each of "
            "the first with each of the second.",
            "high[:, None] > low[None, :] compares all pairs at once; add half of the equal ones "
            "and take the mean.",
        ),
        cases=_auc_cases,
    ),
    Exercise(
        key="08.3",
        task="the number of weights of a convolution",
        reference=conv_weights,
        second=conv_weights_from_shape,
        mistakes=(
            Mistake(_no_bias, "With a bias, each filter has one number more."),
            Mistake(
                _no_channels,
                "A filter looks at all channels of its input at once and has a kernel for each.",
            ),
            Mistake(_not_squared, "A kernel of size 3 has 3 x 3 places."),
            Mistake(_one_bias_for_all, "How many biases has a layer of 32 filters?"),
            Mistake(_bias_always, "The last argument says whether there is a bias."),
            Mistake(
                _bias_for_each_channel,
                "The bias is added once to each filter's sum, not once for each channel.",
            ),
        ),
        hints=(
            "Count the numbers in one filter first: places of the kernel, times channels, then the "
            "bias.",
            "filters * (size * size * channels + 1) with a bias, and without the + 1 otherwise.",
        ),
        cases=_weights_cases,
    ),
    Exercise(
        key="08.4",
        task="class weights",
        reference=class_weights,
        second=class_weights_by_share,
        mistakes=(
            Mistake(
                _same_as_frequency,
                "You give the frequent class the larger weight. It should be the smaller one.",
            ),
            Mistake(
                _without_classes,
                "The ratio of your weights is right, but the mean over the samples is not 1.",
            ),
            Mistake(
                _just_inverse,
                "The ratio is right, but these weights shrink as the data set grows, and the "
                "steps of the optimiser with them.",
            ),
            Mistake(
                _sums_to_one,
                "You made the weights sum to 1. It is the mean over all samples that should be 1.",
            ),
            Mistake(
                _for_each_sample, "One weight for each class is asked for, not for each sample."
            ),
        ),
        hints=(
            "Count the samples of each class; the formula above has only these counts, n and C.",
            "np.bincount(labels, minlength=classes) counts; n / (C * counts) is the answer.",
        ),
        cases=_class_cases,
    ),
)
