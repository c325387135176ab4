import numpy as np
from sklearn.preprocessing import StandardScaler


def circularity_of_circles(area, perimeter):
    own = np.sqrt(4 * np.pi * area)  # perimeter of the circle with this area
    return np.array([(o / p) ** 2 if p else 0.0 for o, p in zip(own, perimeter, strict=True)])


def histogram_by_bincount(gy, gx):
    angle = np.rad2deg(np.arctan2(gy, gx).ravel())
    angle[angle < 0] += 180
    angle[angle >= 180] -= 180
    weights = np.sqrt(gy.ravel() ** 2 + gx.ravel() ** 2)
    return np.bincount((angle // 20).astype(int), weights=weights, minlength=9)


def lbp_by_weights(patch):
    weights = np.array([[8, 4, 2], [16, 0, 1], [32, 64, 128]])
    return int(weights[patch >= patch[1, 1]].sum())


def standardise_by_scikit_learn(x, train):
    return StandardScaler().fit(x[train]).transform(x)


SECOND = {
    "CIRCULARITY": circularity_of_circles,
    "ORIENTATION_HISTOGRAM": histogram_by_bincount,
    "NUMBERS": sum(4 * 9 for _ in range(7) for _ in range(15)),
    "LBP_CODE": lbp_by_weights,
    "STANDARDISE": standardise_by_scikit_learn,
}
