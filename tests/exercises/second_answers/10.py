import numpy as np


def integrated_at_once(gradient, x, baseline, steps):
    shares = (np.arange(steps) + 0.5) / steps
    slopes = [gradient((1 - a) * baseline + a * x) for a in shares]
    return np.mean(slopes, axis=0) * (x - baseline)


def cam_map_by_map(maps, gradients):
    total = np.zeros(maps.shape[:2])
    for k in range(maps.shape[2]):
        total = total + np.mean(gradients[:, :, k]) * maps[:, :, k]
    total[total < 0] = 0
    return total


def points_inside_flat(m, mask):
    return bool(mask.ravel()[m.ravel().argmax()])


def energy_with_a_product(m, mask):
    kept = np.where(m > 0, m, 0)
    return float(np.sum(kept * mask) / np.sum(kept))


SECOND = {
    "PLACES": len([(r, c) for r in range(0, 49, 6) for c in range(0, 49, 6)]),
    "INTEGRATED": integrated_at_once,
    "CAM": cam_map_by_map,
    "POINTS_INSIDE": points_inside_flat,
    "ENERGY_INSIDE": energy_with_a_product,
}
