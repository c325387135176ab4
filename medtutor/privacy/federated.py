"""Four hospitals that learn together: who has which images, what each computes, and the average.

Real federations are uneven: one hospital screens healthy smokers and finds small nodules, another
is sent the large ones; one reconstructs thin slices, another thick ones. `divide` deals whole
patients to four such hospitals, so that scanner, size and share of the event differ from place to
place. What a hospital computes is plain NumPy; only `simulate` needs Flower. The same training
stands behind the Flower app in ``federation/``.
"""

import importlib
import logging
import os
import sys
import tempfile
import warnings
import zlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest import mock

import numpy as np
import psutil
from threadpoolctl import threadpool_limits

from medtutor import splits
from medtutor.ct import preprocess
from medtutor.errors import DataError, SplitError
from medtutor.layers import Adam, Conv2D, Dense, Flatten, MaxPool2D, Network, ReLU, Softmax
from medtutor.types import ImageSet

if TYPE_CHECKING:
    from flwr.clientapp import ClientApp
    from flwr.serverapp import ServerApp

NAMES = ("A", "B", "C", "D")
SIZE, SPACING = 20, 2.0  # pixels and mm per pixel: 40 mm around the nodule, small enough for NumPy
MOST = 4000  # images; a very large set is thinned out
EDGE_MM = 10.0  # of the patient's largest nodule
EPOCHS, BATCH, RATE = 3, 32, 0.005  # passes over a hospital's own patients in a round; Adam's rate

Weights = list[np.ndarray]

# Flower and Ray report their use, and look for updates, unless they are told not to before they
# are imported.
QUIET = {
    "FLWR_TELEMETRY_ENABLED": "0",
    "FLWR_DISABLE_UPDATE_CHECK": "1",
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",  # the name misleads: one machine, so loopback only
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
    "RAY_ENABLE_UV_RUN_RUNTIME_ENV": "0",
}
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS")  # a hospital's process has one core
os.environ.update(QUIET)


@dataclass(frozen=True, eq=False, repr=False)
class Hospitals:
    """Who has which samples; no patient is in two hospitals or in two parts."""

    x: np.ndarray
    labels: np.ndarray
    patients: np.ndarray
    train: tuple[np.ndarray, ...]
    test: tuple[np.ndarray, ...]
    rules: tuple[str, ...]
    event: str = "event"

    def __post_init__(self) -> None:
        """Assert that no patient is in two places."""
        places = {
            f"the {part} part of hospital {name}": mine
            for part, rows in (("train", self.train), ("test", self.test))
            for name, mine in zip(NAMES, rows, strict=False)
        }
        splits.refuse_shared(self.patients, places)
        empty = [name for name, mine in zip(NAMES, self.train, strict=False) if len(mine) == 0]
        if empty:
            raise SplitError(
                f"hospital {empty[0]} has no training patients",
                remedy="Use a set with more patients.",
            )

    def __len__(self) -> int:
        """Count the hospitals."""
        return len(self.train)

    def all_train(self) -> np.ndarray:
        """Give the training samples of all hospitals in one array of indices."""
        return np.concatenate(self.train)

    def all_test(self) -> np.ndarray:
        """Give the test samples of all hospitals in one array of indices."""
        return np.concatenate(self.test)

    def share(self, k: int) -> float:
        """Share of the event among a hospital's training samples."""
        return float(self.labels[self.train[k]].mean())

    def __repr__(self) -> str:
        """Show the ledger: patients and samples of each hospital and part."""
        lines = [f"{'':10}{'train':>18}{'test':>18}   {self.event}"]
        lines += [f"{'hospital':10}" + f"{'patients':>10}{'samples':>8}" * 2 + "   in training"]
        for k, rule in enumerate(self.rules):
            cells = ""
            for rows in (self.train[k], self.test[k]):
                cells += f"{len(np.unique(self.patients[rows])):>10}{len(rows):>8}"
            lines.append(f"{NAMES[k]:10}{cells}{100 * self.share(k):>8.0f} %    {rule}")
        return "\n".join([*lines, "no patient is in two hospitals or in two parts"])


def thinned(nodules: ImageSet) -> ImageSet:
    """Thin a very large set out to `MOST` images."""
    return preprocess.at_most(nodules, MOST)


def event(nodules: ImageSet) -> np.ndarray:
    """Turn the classes into one question, shape (n,): 1 for the second class, else 0."""
    return (nodules.labels == 1).astype(np.int64)


def divide(nodules: ImageSet, split: splits.Split) -> Hospitals:
    """Deal the patients of a split to four hospitals that differ.

    Two yes-no questions make four hospitals: are the patient's slices thick, and is the largest
    nodule at least 10 mm? Where the data do not say, coarse pixels stand in for thick slices and
    "has the event" for large nodules; where no answer parts the patients, a hash of the name does.
    """
    train, test, rules = deal(nodules, split)
    x = prepare(nodules)
    name = nodules.class_names[1]
    return Hospitals(x, event(nodules), nodules.patients, train, test, rules, name)


def prepare(nodules: ImageSet) -> np.ndarray:
    """Prepare images as all hospitals do, shape (n, 20, 20, 1)."""
    return preprocess.prepare(nodules, size=SIZE, spacing=SPACING)


def split_of(nodules: ImageSet) -> splits.Split:
    """Split a set by patient, without a validation part."""
    names = (f"not {nodules.class_names[1]}", nodules.class_names[1])
    return splits.by_patient(
        event(nodules), nodules.patients, nodules.split, validation=0, class_names=names
    )


def deal(nodules: ImageSet, split: splits.Split) -> tuple:
    """Give the training rows, the test rows and the rule of each of the four hospitals."""
    people, member = np.unique(nodules.patients, return_inverse=True)
    first, thin, thick = _scanner(nodules, people, member)
    second, small, large = _size(nodules, people, member)
    site = 2 * first[member] + second[member]
    rules = tuple(f"{a}, {b}" for a in (thin, thick) for b in (small, large))
    train, test = (
        tuple(rows[site[rows] == k] for k in range(4)) for rows in (split.train, split.test)
    )
    return train, test, rules


def _scanner(nodules: ImageSet, people: np.ndarray, member: np.ndarray) -> tuple:
    """Tell thick slices from thin ones, patient by patient."""
    for column, what in (("slice_thickness_mm", "slices"), ("scan_spacing_mm", "pixels")):
        try:
            values = np.asarray(nodules.table[column], float)
        except (KeyError, ValueError):
            continue
        worst = _worst(values, people, member)
        if np.isfinite(values).all() and len(np.unique(worst)) > 1:
            edge = float(np.median(worst))
            edge = edge if np.any(worst < edge) else float(np.min(worst[worst > edge]))
            unit = f"{edge:.2g} mm"
            return (worst >= edge), f"{what} below {unit}", f"{what} of {unit} or more"
    by_name = np.array([zlib.crc32(b"site" + str(p).encode()) % 2 == 1 for p in people])
    return by_name, "first half", "second half"


def _size(nodules: ImageSet, people: np.ndarray, member: np.ndarray) -> tuple:
    """Tell patients with a large nodule from the others."""
    size = nodules.diameter
    if size is not None and np.isfinite(size).all():
        large = _worst(size, people, member) >= EDGE_MM
        if 0.05 < large.mean() < 0.95:
            return large, f"nodules below {EDGE_MM:g} mm", f"a nodule of {EDGE_MM:g} mm or more"
    # Two in three patients with the event go to one side, one in three without it: a skew, and
    # both classes on either side.
    ill = _worst(event(nodules), people, member) > 0
    crossed = np.random.default_rng(18).random(len(people)) < 1 / 3
    name = nodules.class_names[1]
    return ill ^ crossed, f"few with {name}", f"many with {name}"


def _worst(values: np.ndarray, people: np.ndarray, member: np.ndarray) -> np.ndarray:
    """Largest value of each patient."""
    worst = np.full(len(people), -np.inf)
    np.maximum.at(worst, member, values)
    return worst


def network(seed: int = 0, dtype: type = np.float32) -> Network:
    """Build the model that the hospitals share: (n, 20, 20, 1) to two probabilities."""
    layers = [Conv2D(8), ReLU(), MaxPool2D(), Conv2D(16), ReLU(), MaxPool2D(), Flatten()]
    return Network([*layers, Dense(16), ReLU(), Dense(2), Softmax()], (SIZE, SIZE, 1), seed, dtype)


def first_weights(seed: int = 0) -> Weights:
    """Give the weights from which everybody starts."""
    return [w.copy() for w in network(seed).weights]


# A sum over two threads rounds in another way than a sum over one, and rounds of training amplify
# the last digit: with one, a hospital computes the same in this process as in its own.
@threadpool_limits.wrap(limits=1)
def train_locally(
    weights: Sequence[np.ndarray],
    x: np.ndarray,
    labels: np.ndarray,
    epochs: int = EPOCHS,
    mu: float = 0.0,
    seed: int = 0,
) -> Weights:
    """Train the model that arrived on this hospital's own patients.

    McMahan et al., AISTATS 2017 (FedAvg); Li et al., MLSys 2020 (FedProx, eq. 2).
    """
    model, optimiser = network(), Adam(RATE)
    model.set_weights(weights)
    rng = np.random.default_rng(seed)
    for _ in range(epochs):
        order = rng.permutation(len(x))
        for start in range(0, len(x), BATCH):
            batch = order[start : start + BATCH]
            model.loss_and_gradients(x[batch], labels[batch])
            pull = [mu * (w - g) for w, g in zip(model.weights, weights, strict=True)]
            optimiser.step(
                model.weights, [a + b for a, b in zip(model.gradients, pull, strict=True)]
            )
    return [w.copy() for w in model.weights]


def average(models: Sequence[Sequence[np.ndarray]], counts: Sequence[int]) -> Weights:
    """Average models, each weighted by its number of samples (FedAvg's server side)."""
    if len(models) == 0 or len(models) != len(counts):
        raise DataError(f"{len(models)} models and {len(counts)} counts; expected as many")
    shares = [count / sum(counts) for count in counts]
    total = [np.asarray(w) * shares[0] for w in models[0]]
    for share, model in zip(shares[1:], models[1:], strict=True):
        for sum_so_far, w in zip(total, model, strict=True):
            sum_so_far += np.asarray(w) * share
    return total


def predict(weights: Sequence[np.ndarray], x: np.ndarray) -> np.ndarray:
    """Give the probability of the event, shape (n,)."""
    model = network()
    model.set_weights(weights)
    return model.predict(x)[:, 1]


def losses(weights: Sequence[np.ndarray], x: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Give the cross-entropy of each sample, shape (n,)."""
    p = predict(weights, x).astype(float)
    return -np.log(np.clip(np.where(np.asarray(labels) == 1, p, 1 - p), 1e-7, 1))


def seed_of(server_round: int, hospital: int) -> int:
    """Give the seed of a hospital's order of samples in a round: the same in every engine."""
    return 100 * server_round + hospital


@dataclass(frozen=True)
class Settings:
    """What a federation is asked to do; it travels to the hospitals with each round."""

    rounds: int = 3
    epochs: int = EPOCHS
    mu: float = 0.0
    source: str = ""
    lose_hospital: int = -1
    lose_round: int = -1
    wait: float = 600.0
    hospitals: int = 4


@dataclass
class Outcome:
    """What a federation gives."""

    weights: Weights
    loss: list[float] = field(default_factory=list)
    answered: list[list[int]] = field(default_factory=list)


def outcome(steps: Iterable[dict[str, Any]], weights: Weights) -> Outcome:
    """Put the steps that the server reported and the final model together."""
    result = Outcome(weights)
    for step in steps:
        if step["state"] in ("trained", "evaluated") and step["counts"]:
            result.loss.append(float(np.average(step["losses"], weights=step["counts"])))
        if step["state"] == "trained":
            result.answered.append(list(step["hospitals"]))
    return result


def in_process(settings: Settings, everybody: Hospitals) -> Outcome:
    """Do what the app does without an engine, for sweeps: the same hospitals, seeds and average."""
    weights = first_weights()
    result = Outcome(weights)
    data = [(everybody.x[rows], everybody.labels[rows]) for rows in everybody.train]
    for number in range(1, settings.rounds + 1):
        lost = settings.lose_hospital if number == settings.lose_round else -1
        here = [k for k in range(len(data)) if k != lost]
        result.loss.append(_mean_loss(weights, [data[k] for k in here]))
        models = [
            train_locally(weights, *data[k], settings.epochs, settings.mu, seed_of(number, k))
            for k in here
        ]
        weights = average(models, [len(data[k][0]) for k in here])
        result.answered.append(here)
    result.loss.append(_mean_loss(weights, data))
    result.weights = weights
    return result


def _mean_loss(weights: Weights, data: list[tuple[np.ndarray, np.ndarray]]) -> float:
    each = [losses(weights, x, labels).mean() for x, labels in data]
    return float(np.average(each, weights=[len(x) for x, _ in data]))


def simulate(server: "ServerApp", client: "ClientApp") -> None:
    """Run a Flower app in Flower's simulation engine: hospitals are processes on this machine."""
    engine: Any = {"client_resources": {"num_cpus": 1, "num_gpus": 0.0}}
    with _quiet_ray():
        from flwr.simulation import run_simulation

        run_simulation(server, client, len(NAMES), backend_config=engine)


def _start(ray: Any, folder: str) -> None:
    """Start Ray; on a busy machine it gives up after half a minute, so try again."""
    # A path to a socket may have 100 characters, and Ray adds 70 to the folder's.
    where: Any = {"_temp_dir": folder} if len(folder) < 30 else {}
    there = set(psutil.Process().children(recursive=True))
    for attempt in range(4):
        try:
            ray.init(
                num_cpus=2,
                num_gpus=0,
                include_dashboard=False,
                log_to_driver=False,
                logging_level=logging.ERROR,
                object_store_memory=80_000_000,
                **where,
            )
            return
        except Exception:  # Ray raises no narrower one
            ray.shutdown()
            for left in set(psutil.Process().children(recursive=True)) - there:
                with suppress(psutil.Error):  # Ray forgets what it had started
                    left.kill()
            if attempt == 3:
                raise


@contextmanager
def _quiet_ray() -> Iterator[None]:
    """Start Ray, which runs the engine's processes: quietly, on loopback, in a temporary folder."""
    for name, level in (("flwr", logging.CRITICAL), ("ray", logging.ERROR)):
        logging.getLogger(name).setLevel(level)
    with (
        tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder,
        mock.patch.object(sys, "path", [folder, *sys.path]),
        mock.patch.dict(os.environ, {**QUIET, **dict.fromkeys(THREADS, "1"), "FLWR_HOME": folder}),
    ):
        # Flower's engine tries to import TensorFlow in each process, in case an app wants a GPU:
        # five seconds and 400 MB for nothing. A module that says it is not there comes first.
        gone = "raise ModuleNotFoundError('not needed in a hospital')\n"
        Path(folder, "tensorflow.py").write_text(gone, encoding="utf-8")
        os.environ["PYTHONPATH"] = os.pathsep.join(sys.path)
        with warnings.catch_warnings(action="ignore"):  # no widgets: nothing a learner can act on
            import ray
        try:
            _start(ray, folder)
            yield
        finally:
            ray.shutdown()
            importlib.invalidate_caches()
