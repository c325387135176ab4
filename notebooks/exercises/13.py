"""Exercises: outline and find nodules."""

import numpy as np

from medtutor.exercises import Exercise, Mistake


def dice(a, b):
    size = a.sum() + b.sum()
    return 2 * (a & b).sum() / size if size > 0 else 1.0


def _mask_cases():
    rng = np.random.default_rng(211)
    square, moved, nothing = np.zeros((3, 6, 6), bool)
    square[1:4, 1:4], moved[2:5, 1:5] = True, True
    dot = np.arange(36).reshape(6, 6) == 8
    return [
        (square, moved),
        (square, nothing),
        (nothing, nothing),
        (dot, nothing),
        (rng.random((8, 8)) < 0.6, rng.random((8, 8)) < 0.3),
    ]


DICE = Exercise(
    task="the Dice coefficient of two outlines, also of empty ones",
    reference=dice,
    mistakes=(
        Mistake(
            lambda a, b: 2 * (a & b).sum() / (a.sum() + b.sum()),
            "One of the cases has two empty outlines: 0 divided by 0. Say what that is worth.",
        ),
        Mistake(
            lambda a, b: 2 * (a & b).sum() / (a.sum() + b.sum()) if (a | b).any() else 0.0,
            "Two readers who both see nothing agree. What is full agreement worth?",
        ),
        Mistake(
            lambda a, b: (a & b).sum() / (a | b).sum() if (a | b).any() else 1.0,
            "That is the Jaccard index: shared pixels over those in either. It is never higher.",
        ),
        Mistake(
            lambda a, b: dice(a, b) / 2 if (a | b).any() else 1.0,
            "Two equal outlines must get 1. Yours get one half: a factor is missing.",
        ),
        Mistake(
            lambda a, b: float(np.mean(a == b)),
            "That also counts the pixels that are outside of both, which are most of the image.",
        ),
        Mistake(
            lambda a, b: (a & b).sum() / a.sum() if a.any() else 1.0,
            "That is the share of the first that the second covers. Both sizes count.",
        ),
    ),
    hints=(
        "Three numbers are enough: the pixels of a, the pixels of b, and those in both.",
        "2 * (a & b).sum() / (a.sum() + b.sum()); before that, ask whether the sum below is 0.",
    ),
    cases=_mask_cases,
)


def agreement_of_readers(counts, readers):
    shared = (counts * (counts - 1)).sum() / (readers * (readers - 1))
    return shared / (counts.sum() / readers)


def _count_cases():
    rng = np.random.default_rng(212)
    return [
        (np.array([[0, 2, 2, 0], [1, 2, 2, 1]]), 2),
        (np.array([[0, 1, 3], [2, 4, 4], [0, 3, 1]]), 4),
        (rng.integers(0, 4, (7, 5)), 3),
    ]


READERS_DICE = Exercise(
    task="how readers agree, pair by pair, from the counts alone",
    reference=agreement_of_readers,
    mistakes=(
        Mistake(
            lambda counts, readers: (counts**2).sum() / (readers * counts.sum()),
            "With n² a reader is also paired with himself, and agrees with himself everywhere.",
        ),
        Mistake(
            lambda counts, readers: (
                (counts * (counts - 1)).sum() / readers**2 / (counts.sum() / readers)
            ),
            "Of the R readers, each has R - 1 partners.",
        ),
        Mistake(
            lambda counts, readers: (counts == readers).sum() / (counts > 0).sum(),
            "That is the share of pixels on which everybody agrees, not a mean over pairs.",
        ),
        Mistake(
            lambda counts, readers: (counts * (counts - 1)).sum() / (readers * (readers - 1)),
            "That is the mean number of pixels that two readers share. Divide it by a mean size.",
        ),
        Mistake(
            lambda counts, readers: 2 * agreement_of_readers(counts, readers),
            "A factor of 2 too many: the 2 of the Dice coefficient meets the two sizes below.",
        ),
        Mistake(
            lambda counts, readers: (
                (counts * (counts - 1)).sum()
                / (readers * (readers - 1))
                / (2 * counts >= readers).sum()
            ),
            "Below stands the mean size of a reader's outline, not that of the majority's.",
        ),
    ),
    hints=(
        "A pixel with n readers inside has n (n - 1) ordered pairs who share it, of R (R - 1).",
        "shared = sum of n (n - 1) / (R (R - 1)); mean size = sum of n / R; divide.",
    ),
    cases=_count_cases,
)


def soft_dice_loss(target, p):
    shared = (target * p).sum(axis=(1, 2))
    size = target.sum(axis=(1, 2)) + p.sum(axis=(1, 2))
    return 1 - (2 * shared + 1) / (size + 1)


def _soft_dice(target, p, axis=(1, 2), smooth=1.0):
    shared, size = (target * p).sum(axis=axis), (target + p).sum(axis=axis)
    return 1 - (2 * shared + smooth) / (size + smooth)


def _soft_cases():
    rng = np.random.default_rng(213)
    target = (rng.random((4, 5, 6)) < np.array([0.5, 0.2, 0.05, 0])[:, None, None]).astype(float)
    return [
        (target, rng.random((4, 5, 6))),
        (target[:2], target[:2]),
        (target[:3], np.zeros((3, 5, 6))),
    ]


SOFT_DICE_LOSS = Exercise(
    task="the soft Dice loss of each image of a batch",
    reference=soft_dice_loss,
    mistakes=(
        Mistake(
            lambda target, p: _soft_dice(target, p, axis=None),
            "One number for the whole batch: a small nodule drowns in a large one. Sum over the "
            "pixels of each image.",
        ),
        Mistake(
            lambda target, p: 1 - _soft_dice(target, p),
            "That is the coefficient, which is to become large. A loss is to become small.",
        ),
        Mistake(
            lambda target, p: _soft_dice(target, p, smooth=1e-7),
            "The 1 above and below is missing.",
        ),
        Mistake(
            lambda target, p: _soft_dice(target, (p > 0.5).astype(float)),
            "A threshold has no slope, so nothing could be learned. Use p as it is.",
        ),
        Mistake(
            lambda target, p: _soft_dice(target, p).mean(),
            "One value for each image is asked for, not their mean.",
        ),
        Mistake(
            lambda target, p: 1 - 2 * (target * p).sum((1, 2)) / ((target + p).sum((1, 2)) + 1),
            "The 1 stands above as well as below, so that two empty outlines get a loss of 0.",
        ),
    ),
    hints=(
        "The pixels of an image lie along axes 1 and 2.",
        "1 - (2 * shared + 1) / (size + 1), shared the sum of target * p, size that of both.",
    ),
    cases=_soft_cases,
)


def match(areas, scores, nodules):
    best = np.zeros(nodules.max())
    false = []
    for number, score in enumerate(scores, start=1):
        touched = np.unique(nodules[areas == number])
        hits = touched[touched > 0] - 1
        best[hits] = np.maximum(best[hits], score)
        if len(hits) == 0:
            false.append(score)
    return best, false


def _match(areas, scores, nodules, one_each=False, repeats=False, centre=False):
    best, false = np.zeros(nodules.max()), []
    for number, score in enumerate(scores, start=1):
        inside = nodules[areas == number]
        if centre:
            rows, columns = np.nonzero(areas == number)
            inside = nodules[[round(rows.mean())], [round(columns.mean())]]
        hits = [k - 1 for k in np.unique(inside) if k > 0][: 1 if one_each else None]
        if repeats and any(best[k] > 0 for k in hits):
            false.append(score)
        for k in hits:
            best[k] = max(best[k], score)
        if not hits:
            false.append(score)
    return best, false


def _last_score(areas, scores, nodules):
    best, false = _match(areas, scores, nodules)
    for number, score in enumerate(scores, start=1):
        for k in np.unique(nodules[areas == number]):
            if k > 0:
                best[k - 1] = score
    return best, false


def _match_cases():
    nodules, areas = np.zeros((2, 12, 12), int)
    nodules[1:4, 1:4], nodules[1:4, 6:9], nodules[8:11, 2:5] = 1, 2, 3
    areas[3:5, 3:5], areas[2, 1:3], areas[6:8, 8:10] = 1, 2, 3
    both = np.zeros((12, 12), int)
    both[2, 2:8], both[10:12, 9:12] = 1, 2
    wide = np.zeros((12, 12), int)
    wide[3, 1:6], wide[0, 9], wide[9, 3], wide[11, 11] = 2, 1, 3, 4
    return [
        (areas, np.array([0.9, 0.4, 0.7]), nodules),
        (areas, np.array([0.3, 0.8, 0.2]), nodules),
        (both, np.array([0.6, 0.5]), nodules),
        (wide, np.array([0.25, 0.5, 0.75, 0.95]), nodules),
        (areas, np.array([0.9, 0.4, 0.7]), np.zeros((12, 12), int)),
    ]


MATCH = Exercise(
    task="which candidates find a nodule, and which are false",
    reference=match,
    mistakes=(
        Mistake(
            _last_score,
            "Two candidates may touch one nodule: keep the higher score, not the last.",
        ),
        Mistake(
            lambda areas, scores, nodules: _match(areas, scores, nodules, repeats=True),
            "A second candidate on the same nodule is no false find: it leads to a nodule.",
        ),
        Mistake(
            lambda areas, scores, nodules: _match(areas, scores, nodules, one_each=True),
            "A candidate that reaches over two nodules has found both.",
        ),
        Mistake(
            lambda areas, scores, nodules: _match(areas, scores, nodules, centre=True),
            "You ask where the middle of the candidate lies. One shared pixel is enough.",
        ),
        Mistake(
            lambda areas, scores, nodules: _match(areas, scores, nodules)[::-1],
            "First the best score of each nodule, then the scores of the false finds.",
        ),
        Mistake(
            lambda areas, scores, nodules: (
                [b for b in _match(areas, scores, nodules)[0] if b > 0],
                _match(areas, scores, nodules)[1],
            ),
            "A nodule that nobody found counts too: its best score is 0.",
        ),
    ),
    hints=(
        "nodules[areas == number] holds the nodule numbers under one candidate, 0 for none.",
        "Go through the candidates: raise the best score of each nodule number that is touched; "
        "if there is none, put the score on the false list.",
    ),
    cases=_match_cases,
)


def sensitivity_at(best, false, fields, rate):
    allowed = int(rate * fields)
    ranked = sorted(false, reverse=True)
    limit = ranked[allowed] if allowed < len(ranked) else 0
    return np.mean(best > limit)


def _rate_cases():
    rng = np.random.default_rng(215)
    best = np.array([0.9, 0.7, 0.5, 0.3, 0.0])
    return [
        (best, [0.8, 0.6, 0.4, 0.2], 2, 0.5),
        (best, [0.2, 0.8, 0.4, 0.6], 2, 1),
        (best, [0.7, 0.5], 4, 0.25),
        (best, [0.6, 0.35], 4, 1),
        (best, [0.6, 0.35], 16, 0.125),
        (rng.random(30), list(rng.random(40) * 0.8), 11, 0.5),
    ]


SENSITIVITY_AT = Exercise(
    task="the sensitivity at a rate of false finds",
    reference=sensitivity_at,
    mistakes=(
        Mistake(
            lambda best, false, fields, rate: np.mean(best >= _limit(false, rate * fields)),
            "A score equal to that of the first false find that is one too many cannot be let in "
            "without it; and a nodule of score 0 was never found.",
        ),
        Mistake(
            lambda best, false, fields, rate: np.mean(best > _limit(false, rate)),
            "The rate is per field, and there are several fields.",
        ),
        Mistake(
            lambda best, false, fields, rate: np.mean(best > _limit(false, rate * fields - 1)),
            "You let one false find less in than is allowed.",
        ),
        Mistake(
            lambda best, false, fields, rate: np.sum(best > _limit(false, rate * fields)),
            "That is how many are found. A sensitivity is a share.",
        ),
        Mistake(
            lambda best, false, fields, rate: np.mean(best > _limit(false[::-1], len(false))),
            "That is the share found at any price. How many false finds are allowed?",
        ),
        Mistake(
            lambda best, false, fields, rate: np.mean(
                best > [*false, *[0] * 99][int(rate * fields)]
            ),
            "The false finds do not come in the order of their scores. Sort them first.",
        ),
    ),
    hints=(
        "rate * fields false finds may pass, rounded down. Which score is the first that may not?",
        "Sort the false finds, highest first; the nodules with a score above number `allowed` of "
        "them are found; if there are no more than `allowed`, those above 0.",
    ),
    cases=_rate_cases,
)


def _limit(false, allowed):
    ranked = [*np.sort(false)[::-1], *np.zeros(99)]
    return ranked[max(int(allowed), 0)]
