import numpy as np


def class_by_search(symbols, table):
    return [next(k for k, codes in enumerate(table.values()) if s in codes) for s in symbols]


def ratios_with_a_loop(beats):
    mean = (beats[-1] - beats[0]) / (len(beats) - 1)
    return [
        [(here - before) / mean, (after - here) / mean]
        for before, here, after in zip(beats, beats[1:], beats[2:], strict=False)
    ]


def difference_lead_by_lead(windows):
    out = np.empty(windows.shape)
    for lead in range(windows.shape[2]):
        usual = np.quantile(windows[:, :, lead], 0.5, axis=0)
        out[:, :, lead] = (windows[:, :, lead] - usual) / (usual.max() - usual.min())
    return out


def scores_by_division(table, k):
    with np.errstate(invalid="ignore"):
        hit, true, called = (np.float64(v) for v in (table[k, k], sum(table[k]), sum(table[:, k])))
        return [hit / true, hit / called, 2 * hit / (true + called)]


def weights_with_a_loop(counts, power):
    raw = [1 / n**power if n else 0 for n in counts]
    mean = sum(w * n for w, n in zip(raw, counts, strict=True)) / sum(counts)
    return [w / mean for w in raw]


def softmax_by_scipy(z):
    from scipy.special import softmax

    return softmax(z, axis=2)


SECOND = {
    "CLASS_OF": class_by_search,
    "RR_RATIOS": ratios_with_a_loop,
    "FROM_MEDIAN_BEAT": difference_lead_by_lead,
    "SCORES": scores_by_division,
    "SOFT_WEIGHTS": weights_with_a_loop,
    "SOFTMAX_EACH_STEP": softmax_by_scipy,
}
