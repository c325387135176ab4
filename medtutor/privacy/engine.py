"""Two ways to run the federation on one machine: Flower's simulation engine, and a plain loop."""

import importlib
import logging
import os
import sys
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from medtutor.errors import MedtutorError
from medtutor.privacy import hospitals, local
from medtutor.privacy.federated import client_app, serve
from medtutor.privacy.local import Weights
from medtutor.privacy.settings import QUIET, THREADS, Outcome, Settings, outcome


def simulate(settings: Settings, processes: int = 2) -> Outcome:
    """Run the app in Flower's simulation engine: hospitals are processes on this machine.

    Parameters
    ----------
    settings : Settings
        What to do.
    processes : int
        How many hospitals compute at a time.

    Returns
    -------
    Outcome
        All processes have ended when it is there.

    Raises
    ------
    MedtutorError
        If the engine ended without a result.
    """
    from flwr.app import Context
    from flwr.serverapp import Grid, ServerApp

    steps: list[dict[str, Any]] = []
    final: list[Weights] = []
    server = ServerApp()

    @server.main()
    def _serve(grid: Grid, _: Context) -> None:
        final.append(serve(grid, settings, steps.append))

    engine: Any = {"client_resources": {"num_cpus": 1, "num_gpus": 0.0}}
    with _quiet_ray(processes):
        from flwr.simulation import run_simulation

        run_simulation(server, client_app, settings.hospitals, backend_config=engine)
    if not final:
        raise MedtutorError(
            "the simulation engine ended without a result", remedy="Run `medtutor doctor`."
        )
    return outcome(steps, final[0])


def in_process(settings: Settings, everybody: hospitals.Hospitals) -> Outcome:
    """Do what the app does without an engine: the same hospitals, the same seeds, the same average.

    For sweeps, where starting processes would take longer than the training.

    Parameters
    ----------
    settings : Settings
        What to do; a hospital that is lost misses that round only.
    everybody : Hospitals
        The data.

    Returns
    -------
    Outcome
        Equal to `simulate`'s up to rounding.
    """
    weights = local.first_weights()
    result = Outcome(weights)
    data = [(everybody.x[rows], everybody.labels[rows]) for rows in everybody.train]
    for number in range(1, settings.rounds + 1):
        here = [
            k
            for k in range(len(data))
            if (k, number) != (settings.lose_hospital, settings.lose_round)
        ]
        result.loss.append(_mean_loss(weights, [data[k] for k in here]))
        models = [
            local.train_locally(weights, *data[k], epochs=settings.epochs, mu=settings.mu,
                                seed=local.seed_of(number, k))
            for k in here
        ]  # fmt: skip
        weights = local.average(models, [len(data[k][0]) for k in here])
        result.answered.append(here)
    result.loss.append(_mean_loss(weights, data))
    return replace(result, weights=weights)


def _mean_loss(weights: Weights, data: list[tuple[np.ndarray, np.ndarray]]) -> float:
    each = [local.losses(weights, x, labels).mean() for x, labels in data]
    return float(np.average(each, weights=[len(x) for x, _ in data]))


@contextmanager
def _quiet_ray(processes: int) -> Iterator[None]:
    """Start Ray, which runs the engine's processes: quietly, on loopback, in a temporary folder.

    Flower's engine tries to import TensorFlow in each process, in case an app wants a GPU: five
    seconds and 400 MB for nothing. So a module of that name that says it is not there comes first
    on their path.
    """
    logger = logging.getLogger("flwr")
    level, path = logger.level, list(sys.path)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        (Path(folder) / "tensorflow.py").write_text(
            "raise ModuleNotFoundError('not needed in a hospital')\n", encoding="utf-8"
        )
        sys.path.insert(0, folder)
        # A path to a socket may have 100 characters, and Ray adds 70 to the folder's.
        where: Any = {"_temp_dir": folder} if len(folder) < 30 else {}
        changes = {"FLWR_HOME": folder, "PYTHONPATH": os.pathsep.join(sys.path),
                   **QUIET, **dict.fromkeys(THREADS, "1")}  # fmt: skip
        try:
            with _environment(changes):
                logger.setLevel(logging.CRITICAL)
                logging.getLogger("ray").setLevel(logging.ERROR)
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")  # no widgets: nothing a learner can act on
                    import ray

                ray.init(
                    num_cpus=processes, num_gpus=0, include_dashboard=False, log_to_driver=False,
                    logging_level=logging.ERROR, object_store_memory=80_000_000, **where,
                )  # fmt: skip
                try:
                    yield
                finally:
                    ray.shutdown()
        finally:
            logger.setLevel(level)
            sys.path[:] = path
            importlib.invalidate_caches()


@contextmanager
def _environment(changes: dict[str, str]) -> Iterator[None]:
    """Change environment variables for a while; what others set meanwhile is taken back too."""
    before = dict(os.environ)
    os.environ.update(changes)
    try:
        yield
    finally:
        for name in set(os.environ) - set(before):
            del os.environ[name]
        os.environ.update(before)
