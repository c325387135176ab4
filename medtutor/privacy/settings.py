"""What a federation is asked to do, and what it gives; and how to keep its engines quiet."""

import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from medtutor.privacy import local
from medtutor.privacy.local import Weights

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


@dataclass(frozen=True)
class Settings:
    """What a federation is asked to do; it travels to the hospitals with each round.

    Parameters
    ----------
    rounds : int
        Rounds of training.
    epochs : int
        Passes of each hospital over its own patients in a round.
    mu : float
        Strength of FedProx's pull; 0 is FedAvg.
    source : str
        Data source by name, or a folder that every hospital's machine has; "" for the default.
    lose_hospital, lose_round : int
        A hospital whose app fails in that round, to see what happens; -1 for nobody.
    wait : float
        Seconds after which a round ends without those who have not answered.
    hospitals : int
        How many must be there before the first round starts.
    """

    rounds: int = 3
    epochs: int = local.EPOCHS
    mu: float = 0.0
    source: str = ""
    lose_hospital: int = -1
    lose_round: int = -1
    wait: float = 600.0
    hospitals: int = 4


@dataclass
class Outcome:
    """What a federation gives.

    Parameters
    ----------
    weights : list of ndarray
        The global model after the last round.
    loss : list of float
        Mean cross-entropy of the global model on the training patients of the hospitals that took
        part, at the start of each round and after the last.
    answered : list of list of int
        The hospitals whose training reached each round's average.
    """

    weights: Weights
    loss: list[float] = field(default_factory=list)
    answered: list[list[int]] = field(default_factory=list)


def outcome(steps: Iterable[dict[str, Any]], weights: Weights) -> Outcome:
    """Put the steps that were reported and the final model together.

    Parameters
    ----------
    steps : iterable of dict
        What `serve` reported.
    weights : list of ndarray
        The final model.

    Returns
    -------
    Outcome
    """
    result = Outcome(weights)
    for step in steps:
        if step["state"] in ("trained", "evaluated") and step["counts"]:
            result.loss.append(float(np.average(step["losses"], weights=step["counts"])))
        if step["state"] == "trained":
            result.answered.append(list(step["hospitals"]))
    return result
