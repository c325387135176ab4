"""The command ``medtutor federate``: a real federation on this machine, from keys to results."""

import argparse
import json
import os
import signal
import sys
from pathlib import Path
from types import FrameType
from typing import NoReturn

import numpy as np

from medtutor import metrics, paths
from medtutor.errors import DataError
from medtutor.privacy import deployment, hospitals, local
from medtutor.privacy.hospitals import NAMES
from medtutor.privacy.settings import Outcome, Settings


def main(chosen: argparse.Namespace) -> int:
    """Run the command; whatever ends it, its processes and temporary files go too.

    Parameters
    ----------
    chosen : Namespace
        ``rounds``, ``mu``, ``data``, ``stranger``, ``lose`` and ``out`` as `medtutor.cli` reads
        them.

    Returns
    -------
    int
        Exit status.

    Raises
    ------
    DataError
        If a number makes no sense, or the data cannot be read.
    """
    if chosen.rounds < 1 or chosen.mu < 0:
        raise DataError(
            f"{chosen.rounds} rounds and mu = {chosen.mu:g}",
            remedy="Give at least one round, and a mu that is not negative.",
        )
    source = _source(chosen.data)
    everybody = hospitals.consortium(source or None)
    print(everybody, flush=True)
    before = signal.signal(signal.SIGTERM, _stop)  # else Python would end without cleaning up
    try:
        settings = Settings(rounds=chosen.rounds, mu=chosen.mu, source=source)
        with deployment.deploy(len(NAMES), _say) as federation:
            if chosen.stranger:
                _say(f"a stranger knocks: refused ({federation.knock()})")
            lose = NAMES.index(chosen.lose) if chosen.lose else None
            if lose is not None:
                _say("a hospital will be lost; the SuperLink notices within about a minute")
            outcome = federation.run(settings, _say, lose)
    finally:
        signal.signal(signal.SIGTERM, before)
    _results(outcome, everybody, chosen.out)
    return 0


def _results(outcome: Outcome, everybody: hospitals.Hospitals, out: Path | None) -> None:
    """Print the results, and write them if asked."""
    rows = everybody.all_test()
    scores = local.predict(outcome.weights, everybody.x[rows])
    auc = metrics.auc(everybody.labels[rows], scores, everybody.patients[rows])
    names = ["".join(NAMES[k] for k in answered) for answered in outcome.answered]
    print(f"hospitals in each round's average: {', '.join(names)}")
    print(f"loss on training patients: {' '.join(f'{loss:.4f}' for loss in outcome.loss)}")
    print(f"AUC on the test patients of all hospitals: {auc}")
    print("All processes have ended; keys and certificates are gone.")
    if out is None:
        return
    result = {"loss": outcome.loss, "answered": outcome.answered, "auc": list(auc)}
    paths.write_text(out / "results.json", json.dumps(result, indent=1) + "\n")
    temporary = out / ".weights.npz"
    np.savez(temporary, *outcome.weights)
    os.replace(temporary, out / "weights.npz")
    print(f"Results: {out.resolve()}")


def _source(data: str | None) -> str:
    """Name the data source for processes that run in another folder."""
    chosen = data or os.environ.get("MEDTUTOR_DATA", "")
    return str(Path(chosen).expanduser().resolve()) if Path(chosen).exists() and chosen else chosen


def _say(text: str) -> None:
    print(text, flush=True)


def _stop(_number: int, _frame: FrameType | None) -> NoReturn:
    sys.exit(143)
