import numpy as np


def dice_by_sets(a, b):
    first, second = (set(zip(*np.nonzero(mask), strict=True)) for mask in (a, b))
    if not first and not second:
        return 1
    return 2 * len(first & second) / (len(first) + len(second))


def readers_dice_pixel_by_pixel(counts, readers):
    shares = counts / readers
    partner = (counts - 1) / (readers - 1)  # the chance that another reader is inside as well
    return np.average(partner, weights=shares)


def soft_dice_in_a_loop(target, p):
    losses = []
    for truth, guess in zip(target, p, strict=True):
        top = 1 + 2 * np.vdot(truth, guess)
        losses.append(1 - top / (1 + truth.sum() + guess.sum()))
    return losses


def match_nodule_by_nodule(areas, scores, nodules):
    best, hit = [], set()
    for number in range(1, nodules.max() + 1):
        under = set(areas[nodules == number].tolist()) - {0}
        hit |= under
        best.append(max((scores[k - 1] for k in under), default=0.0))
    return best, [score for k, score in enumerate(scores, 1) if k not in hit]


def sensitivity_by_trying(best, false, fields, rate):
    shares = [0.0]
    for threshold in best[best > 0]:
        if np.sum(np.array(false) >= threshold) <= rate * fields:
            shares.append((best >= threshold).mean())
    return max(shares)


SECOND = {
    "DICE": dice_by_sets,
    "READERS_DICE": readers_dice_pixel_by_pixel,
    "SOFT_DICE_LOSS": soft_dice_in_a_loop,
    "MATCH": match_nodule_by_nodule,
    "SENSITIVITY_AT": sensitivity_by_trying,
}
