"""How well are nodules classified? Patient-wise cross-validation, beside the ruler.

    python benchmarks/nodules.py --data FOLDER                  5 folds x 3 seeds (about 15 minutes)
    python benchmarks/nodules.py --data FOLDER --teach simulation    alone, and before 50 patients

The network, its training and its averaging are those of lesson 08. Every nodule is predicted once
in each seed, by networks that have not met its patient; a seed deals the folds anew. The AUC is
given twice: the mean of the folds' own, as is usual, and that of all nodules in one ranking, lower
because five networks do not share a scale. Means over the seeds are printed, and the paired
difference to the diameter (in one ranking), with its interval over patients.

``--teach simulation`` trains on the bundled simulated crops alone, on 50 patients of the training
part alone, and on those 50 from weights taught by the simulation. The simulation is drawn from
outlines of LIDC-IDRI, so a patient of the folder's held-out fold or its validation part never
teaches through it either.
"""

import argparse
from typing import Any, NamedTuple

import common  # noqa: F401  before Keras
import numpy as np
from sklearn.model_selection import StratifiedGroupKFold

from medtutor import datasets, metrics, splits
from medtutor.ct import models, preprocess, training

FOLDS, SEEDS, NETWORKS, FEW = 5, 3, 2, 50
SMALL_MM = (6, 12)  # nodules between which a ruler hardly decides
_taught: dict[tuple, list[np.ndarray]] = {}  # weights that the simulation has taught


class Crops(NamedTuple):
    """Prepared crops and what belongs to them."""

    x: np.ndarray
    labels: np.ndarray
    patients: np.ndarray
    diameter: np.ndarray


class Part(NamedTuple):
    """What a training may see, as indices."""

    train: np.ndarray
    validation: np.ndarray


def main() -> None:
    """Cross-validate and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", required=True, help="folder with labels.csv, or a source's name")
    parser.add_argument("--teach", choices=("real", "simulation"), default="real")
    parser.add_argument("--seeds", type=int, default=SEEDS)
    parser.add_argument("--networks", type=int, default=NETWORKS)
    options = parser.parse_args()
    crops, simulated = _load(options.data), _load("default")
    ways = ["real"] if options.teach == "real" else ["simulation", "few", "simulation + few"]
    scores: dict[str, list[np.ndarray]] = {way: [] for way in ways}
    dealt = [_deal(crops, seed) for seed in range(options.seeds)]
    for seed in range(options.seeds):
        for way, rows in scores.items():
            rows.append(_cross_validate(way, crops, simulated, dealt[seed], seed, options.networks))
            said = _summary(_aucs(crops, rows[-1], dealt[seed]))
            print(f"seed {seed}, taught by {way}: {said}", flush=True)
    mean = {way: np.mean(rows, axis=0) for way, rows in scores.items()}
    for way, rows in scores.items():
        _print_means(way, crops, rows, dealt)
        _print_gap(f"{way} minus diameter", crops, mean[way], crops.diameter)
    if options.teach == "simulation":
        _print_gap("simulation + few minus few", crops, mean["simulation + few"], mean["few"])


def _load(name: str) -> Crops:
    data = datasets.load_ct(name)
    if data.diameter is None or len(data.class_names) != 2:
        raise SystemExit(f"{name}: two classes and a column of diameters are needed")
    return Crops(preprocess.prepare(data), data.labels, data.patients, data.diameter)


def _deal(crops: Crops, seed: int) -> np.ndarray:
    """Give each crop its fold; no patient is in two."""
    fold = np.empty(len(crops.labels), int)
    dealer = StratifiedGroupKFold(FOLDS, shuffle=True, random_state=seed)
    for k, (_, test) in enumerate(dealer.split(crops.x, crops.labels, crops.patients)):
        fold[test] = k
    return fold


def _cross_validate(
    way: str, crops: Crops, simulated: Crops, fold: np.ndarray, seed: int, networks: int
) -> np.ndarray:
    """Predict every crop by networks that have not met its patient."""
    p = np.empty(len(crops.labels))
    for k in range(FOLDS):
        given = np.where(fold == k, "test", "train")
        split = splits.by_patient(crops.labels, crops.patients, given, seed=seed)
        trained = [_train(way, crops, simulated, split, seed, n) for n in range(networks)]
        p[split.test] = models.predict(trained, crops.x[split.test])[:, 1]
    return p


def _train(
    way: str, crops: Crops, simulated: Crops, split: splits.Split, fold: int, seed: int
) -> Any:
    """Train one network the way that was asked for."""
    model = models.nodule_cnn(crops.x.shape[1:], seed=seed)
    options: dict[str, Any] = {"seed": seed, "verbose": False}
    if "simulation" in way:
        held = np.unique(crops.patients[np.concatenate([split.test, split.validation])])
        key = (seed, *held)  # both ways begin with the same training: do it once
        if key not in _taught:
            may = ~np.isin(simulated.patients, held)
            taught = Crops(*(column[may] for column in simulated))
            inside = splits.by_patient(taught.labels, taught.patients)
            training.fit(model, taught.x, taught.labels, inside, **options)
            _taught[key] = model.get_weights()
        model.set_weights(_taught[key])
    if way == "real":
        training.fit(model, crops.x, crops.labels, split, **options)
    elif way != "simulation":
        rate = 1e-3 if "simulation" in way else 3e-3  # taught weights must move gently
        part = _few(crops, split.train, fold)
        training.fit(model, crops.x, crops.labels, part, learning_rate=rate, **options)
    return model


def _few(crops: Crops, train: np.ndarray, seed: int) -> Part:
    """Pick a few patients; four fifths of them teach, the others say when to stop."""
    people = np.random.default_rng(seed).permutation(np.unique(crops.patients[train]))[:FEW]
    teach, stop = np.split(people, [FEW * 4 // 5])
    inside = (train[np.isin(crops.patients[train], group)] for group in (teach, stop))
    return Part(*inside)


def _small(crops: Crops) -> np.ndarray:
    low, high = SMALL_MM
    return (crops.diameter >= low) & (crops.diameter <= high)


def _aucs(crops: Crops, score: np.ndarray, fold: np.ndarray) -> np.ndarray:
    """AUC of all nodules and of those between the limits: mean of the folds, and in one ranking."""
    parts = [fold == k for k in range(FOLDS)]
    found = []
    for chosen in (np.ones(len(score), bool), _small(crops)):
        each = [metrics.area_under_roc(crops.labels[chosen & p], score[chosen & p]) for p in parts]
        found += [np.mean(each), metrics.area_under_roc(crops.labels[chosen], score[chosen])]
    return np.array(found)


def _summary(aucs: np.ndarray) -> str:
    return "AUC {:.3f} (in one ranking {:.3f}), of 6-12 mm {:.3f} ({:.3f})".format(*aucs)


def _print_means(way: str, crops: Crops, rows: list[np.ndarray], dealt: list[np.ndarray]) -> None:
    each = np.array([_aucs(crops, p, fold) for p, fold in zip(rows, dealt, strict=True)])
    ruler = np.mean([_aucs(crops, crops.diameter, fold) for fold in dealt], axis=0)
    print(f"\n{way}, mean over {len(rows)} seeds: {_summary(each.mean(axis=0))}; SD over seeds "
          f"{each[:, 0].std():.3f} and {each[:, 2].std():.3f}")  # fmt: skip
    print(f"diameter: {_summary(ruler)}")


def _print_gap(title: str, crops: Crops, first: np.ndarray, second: np.ndarray) -> None:
    """Print the paired difference of the AUC, of all nodules and of the small ones."""
    for name, chosen in (("all", np.ones(len(first), bool)), ("6-12 mm", _small(crops))):
        gap = metrics.paired_difference(
            metrics.area_under_roc,
            crops.labels[chosen],
            first[chosen],
            second[chosen],
            crops.patients[chosen],
        )
        print(f"{title}, {name}: {gap.value:+.3f} (95 % CI {gap.low:+.3f} to {gap.high:+.3f})")


if __name__ == "__main__":
    main()
