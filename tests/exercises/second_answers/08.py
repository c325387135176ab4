import numpy as np


def patients_with_numpy(patients, train, test):
    return np.intersect1d(patients[train], patients[test]).tolist()


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


def conv_weights_from_shape(size, channels, filters, bias):
    kernel = np.prod((size, size, channels, filters))
    return kernel + filters if bias else kernel


def class_weights_by_share(labels, classes):
    share = np.bincount(labels, minlength=classes) / len(labels)
    return 1 / share / classes


SECOND = {
    "PATIENTS_IN_BOTH": patients_with_numpy,
    "AUC_BY_PAIRS": auc_with_two_loops,
    "CONV_WEIGHTS": conv_weights_from_shape,
    "CLASS_WEIGHTS": class_weights_by_share,
}
