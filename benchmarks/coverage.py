"""How often intervals of a nominal 95 % hold the truth, from few people and from many.

Run ``python benchmarks/coverage.py``; it takes a minute or two. For each number of people and each
shape of their errors it invents studies in which the true mean is known, and prints the share whose
interval holds it: of the course's interval, and of the percentile bootstrap alone.
"""

import argparse

import numpy as np

from medtutor import metrics

SHAPES = {
    "normal": (lambda rng, n: rng.normal(size=n), lambda n: 0.0),
    "exponential": (lambda rng, n: rng.exponential(size=n), lambda n: 1.0),
    "log-normal, 0.5": (lambda rng, n: rng.lognormal(0, 0.5, n), lambda n: np.exp(1 / 8)),
    "log-normal, 1": (lambda rng, n: rng.lognormal(0, 1, n), lambda n: np.exp(1 / 2)),
    "one of all 10 times as far": (
        lambda rng, n: rng.normal(size=n) * np.r_[10, np.ones(n - 1)],
        lambda n: 0.0,
    ),
    "one in ten 10 further off": (
        lambda rng, n: rng.normal(size=n) + 10 * (rng.random(n) < 0.1),
        lambda n: 1.0,
    ),
}


def coverage(shape: str, people: int, studies: int) -> tuple[float, float]:
    """Share of studies whose interval holds the truth: the course's, and the percentile's."""
    draw, truth = SHAPES[shape][0], SHAPES[shape][1](people)
    rng, who, held = np.random.default_rng(people), np.arange(people), np.zeros(2)
    for _ in range(studies):
        errors = draw(rng, people)
        _, low, high = metrics.bootstrap(np.mean, errors, groups=who, resamples=400)
        weight = rng.multinomial(people, np.full(people, 1 / people), 400)
        plain = np.percentile(weight @ errors / people, [2.5, 97.5])
        held += low <= truth <= high, plain[0] <= truth <= plain[1]
    return tuple(held / studies)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--studies", type=int, default=2000)
    studies = parser.parse_args().studies
    print(f"{studies} studies each; a verdict needs {metrics.ENOUGH} people")
    print(f"{'errors':28}{'people':>8}{'interval':>10}{'percentile':>12}")
    for shape in SHAPES:
        for people in (5, 8, 20, 40, 80):
            ours, plain = coverage(shape, people, studies)
            print(f"{shape:28}{people:8}{ours:10.3f}{plain:12.3f}", flush=True)


if __name__ == "__main__":
    main()
