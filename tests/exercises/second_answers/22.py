import numpy as np


def typical_step_by_sorting(seconds, warm_up):
    kept = sorted(list(seconds)[warm_up:])
    middle = len(kept) // 2
    if len(kept) % 2:
        return 1000 * kept[middle]
    return 500 * (kept[middle - 1] + kept[middle])


def from_caffe_by_moving(kernel):
    filters, channels, height, width = kernel.shape
    keras_kernel = np.empty((height, width, channels, filters), kernel.dtype)
    for f in range(filters):
        for c in range(channels):
            keras_kernel[:, :, c, f] = kernel[f, c]
    return keras_kernel


def pooled_by_walking(n, k, s):
    windows = 1
    while (windows - 1) * s + k < n:
        windows += 1
    return windows


def dense_from_caffe_by_index(w, channels, height, width):
    place = np.arange(channels * height * width).reshape(channels, height, width)
    return w[:, np.moveaxis(place, 0, -1).ravel()].T


SECOND = {
    "TYPICAL_STEP": typical_step_by_sorting,
    "FROM_CAFFE": from_caffe_by_moving,
    "POOLED": pooled_by_walking,
    "DENSE_FROM_CAFFE": dense_from_caffe_by_index,
}
