"""What the server does: it sends the model round, averages what comes back, and keeps a record."""

import json
import os
import time
from collections.abc import Callable, Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

# First, since it keeps Flower quiet.
from medtutor.privacy import federated  # isort: skip

from flwr.app import ArrayRecord, ConfigRecord, Context, Message
from flwr.serverapp import Grid, ServerApp
from flwr.serverapp.strategy import FedAvg, FedProx

from medtutor import paths
from medtutor.errors import MedtutorError

Report = Callable[[dict[str, Any]], None]


class _Told:
    """Mixed into a strategy of Flower: says what happens, and evaluates after the last round only.

    Replies are put in the order of the hospitals before they are averaged: the order in which they
    arrive would change the last digits.
    """

    report: Report
    last_round: int

    def configure_train(self, server_round: int, *others: Any, **named: Any) -> Iterable[Message]:
        messages = list(super().configure_train(server_round, *others, **named))  # type: ignore[misc]
        self.report({"round": server_round, "state": "sent", "to": len(messages)})
        return messages

    def configure_evaluate(self, server_round: int, *others: Any, **named: Any) -> Any:
        if server_round < self.last_round:
            return []
        return super().configure_evaluate(server_round, *others, **named)  # type: ignore[misc]

    def aggregate_train(self, server_round: int, replies: Iterable[Message]) -> Any:
        kept = self._sorted(replies, server_round, "trained")
        if not any(not reply.has_error() for reply in kept):
            raise MedtutorError(f"no hospital answered in round {server_round}")
        return super().aggregate_train(server_round, kept)  # type: ignore[misc]

    def aggregate_evaluate(self, server_round: int, replies: Iterable[Message]) -> Any:
        replies = list(replies)
        if not replies:
            return None
        kept = self._sorted(replies, server_round, "evaluated")
        return super().aggregate_evaluate(server_round, kept)  # type: ignore[misc]

    def _sorted(self, replies: Iterable[Message], number: int, state: str) -> list[Message]:
        replies = list(replies)
        good = sorted((r for r in replies if not r.has_error()), key=_hospital)
        values: list[Any] = [r.content["metrics"] for r in good]
        self.report(
            {
                "round": number,
                "state": state,
                "hospitals": [int(v["hospital"]) for v in values],
                "counts": [int(v["num-examples"]) for v in values],
                "losses": [float(v["loss"]) for v in values],
            }
        )
        return [*good, *(r for r in replies if r.has_error())]


class _ToldFedAvg(_Told, FedAvg):
    """FedAvg that says what happens."""


class _ToldFedProx(_Told, FedProx):
    """FedProx that says what happens."""


def _hospital(reply: Message) -> int:
    metrics: Any = reply.content["metrics"]
    return int(metrics["hospital"])


def serve(grid: Grid, settings: federated.Settings, report: Report) -> federated.Weights:
    """Run the rounds of a federation; `report` is told each step. Give the final model."""
    _wait_for(grid, settings)
    # One answer is enough: who is lost must not stop the others.
    needed: Any = {"min_train_nodes": 1, "min_evaluate_nodes": 1, "min_available_nodes": 1}
    strategy: Any = (
        _ToldFedProx(proximal_mu=settings.mu, **needed)
        if settings.mu > 0
        else _ToldFedAvg(**needed)
    )
    strategy.report, strategy.last_round = report, settings.rounds
    config: dict[str, Any] = {
        "source": settings.source,
        "epochs": settings.epochs,
        "lose-hospital": settings.lose_hospital,
        "lose-round": settings.lose_round,
    }
    result = strategy.start(
        grid=grid,
        initial_arrays=ArrayRecord(federated.first_weights()),
        num_rounds=settings.rounds,
        timeout=settings.wait,
        train_config=ConfigRecord(dict(config)),
        evaluate_config=ConfigRecord(dict(config)),
    )
    return result.arrays.to_numpy_ndarrays()


app = ServerApp()


@app.main()
def main(grid: Grid, context: Context) -> None:
    """Serve in a deployment: settings come from the run's configuration, results go to its folder.

    ``progress.jsonl`` has a line for each step, ``weights.npz`` the global model; that file comes
    last.
    """
    config: Any = context.run_config
    settings = federated.Settings(
        **{name: config[name] for name in asdict(federated.Settings()) if name in config}
    )
    out = Path(str(config["out"]))

    def report(step: dict[str, Any]) -> None:
        with (out / "progress.jsonl").open("a", encoding="utf-8") as lines:
            lines.write(json.dumps(step) + "\n")

    try:
        weights = serve(grid, settings, report)
    except Exception as error:
        paths.write_text(out / "failed.txt", f"{type(error).__name__}: {error}")
        raise
    temporary = out / ".weights.npz"
    np.savez(temporary, *weights)
    os.replace(temporary, out / "weights.npz")


def _wait_for(grid: Grid, settings: federated.Settings) -> None:
    """Wait until as many hospitals are connected as the settings ask for, or `wait` is over."""
    end = time.monotonic() + settings.wait
    while len(list(grid.get_node_ids())) < settings.hospitals and time.monotonic() < end:
        time.sleep(0.1)
