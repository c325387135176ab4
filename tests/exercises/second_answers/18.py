import numpy as np


def interpolate_gap_by_gap(x, missing):
    filled = [float(v) for v in x]
    known = [i for i in range(len(x)) if not missing[i]]
    for i in range(len(x)):
        if missing[i]:
            before = [k for k in known if k < i]
            after = [k for k in known if k > i]
            left, right = (before or after[:1])[-1], (after or before[-1:])[0]
            share = 0.5 if left == right else (i - left) / (right - left)
            filled[i] = (1 - share) * filled[left] + share * filled[right]
    return np.array(filled)


def hidden_rmse_by_weights(truth, filled, hidden):
    square = ((filled - truth) * hidden) ** 2
    return float(square.sum() / hidden.sum()) ** 0.5


def mean_fill_column_by_column(x, train):
    filled = x.copy()
    for k in range(x.shape[1]):
        known = [v for v in x[train, k] if v == v]
        filled[np.isnan(x[:, k]), k] = sum(known) / len(known)
    return filled


def with_indicator_in_place(x, means):
    n, columns = x.shape
    out = np.zeros((n, 2 * columns))
    for i in range(n):
        for k in range(columns):
            known = x[i, k] == x[i, k]
            out[i, k] = x[i, k] if known else means[k]
            out[i, columns + k] = 0 if known else 1
    return out


SECOND = {
    "SHARE_LOST": sum(0.98**k * 0.02 for k in range(20)),
    "INTERPOLATE": interpolate_gap_by_gap,
    "HIDDEN_RMSE": hidden_rmse_by_weights,
    "STORIES": ("MCAR", "MAR", "MNAR", "MNAR"),
    "MEAN_FILL": mean_fill_column_by_column,
    "WITH_INDICATOR": with_indicator_in_place,
}
