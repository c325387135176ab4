import numpy as np


def likeness_by_corrcoef(a, b):
    return np.corrcoef(np.ravel(a), np.ravel(b))[0, 1]


def families_by_spreading(count, pairs):
    family = np.arange(count)
    changed = True
    while changed:
        before = family.copy()
        for i, j in pairs:
            family[i] = family[j] = min(family[i], family[j])
        changed = bool(np.any(family != before))
    return family


def honest_count_by_parts(n, m, rho):
    patients = n / m
    return patients * m / (1 - rho + m * rho)


def at_most_by_logarithms(n):
    return -np.expm1(np.log(0.05) / n)


SECOND = {
    "LIKENESS": likeness_by_corrcoef,
    "FAMILIES": families_by_spreading,
    "HONEST_COUNT": honest_count_by_parts,
    "AT_MOST": at_most_by_logarithms,
}
