import numpy as np


def average_by_loop(models, counts):
    shares = np.array(counts) / np.sum(counts)
    result = []
    for k in range(len(models[0])):
        result.append(np.tensordot(shares, np.stack([model[k] for model in models]), 1))
    return result


def masked_by_whole_numbers(update, k, seeds):
    total = update.astype(object)
    for j in range(len(seeds)):
        if j != k:
            sign = 1 if j > k else -1
            rng = np.random.default_rng(seeds[j])
            total = total + sign * rng.integers(0, 2**32, len(update), dtype=np.uint32).astype(
                object
            )
    return np.array([int(value) % 2**32 for value in total], dtype=np.uint32)


def clipped_sum_by_loop(gradients, clip):
    total = np.zeros(gradients.shape[1])
    for g in gradients:
        length = np.linalg.norm(g)
        total += g if length <= clip else g * clip / length
    return total


def advantage_by_counting(inside, outside, threshold):
    caught = len([loss for loss in inside if loss < threshold]) / len(inside)
    wronged = len([loss for loss in outside if loss < threshold]) / len(outside)
    return caught - wronged


SECOND = {
    "AVERAGE": average_by_loop,
    "MASKED": masked_by_whole_numbers,
    "CLIPPED_SUM": clipped_sum_by_loop,
    "ADVANTAGE": advantage_by_counting,
}
