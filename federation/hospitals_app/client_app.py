"""What runs inside a hospital: it trains the model that arrives; weights, counts and losses leave.

Its SuperNode's configuration says which hospital this is (``partition-id``) and, on a machine of
its own, where its images are (``data``).
"""

from typing import Any

import numpy as np

# First, since it keeps Flower quiet.
from medtutor.privacy import federated  # isort: skip

from flwr.app import ArrayRecord, Context, Message, MetricRecord, RecordDict
from flwr.clientapp import ClientApp

from hospitals_app.hospital_data import training_part
from medtutor.errors import MedtutorError

app = ClientApp()


@app.train()
def train(message: Message, context: Context) -> Message:
    """Train the arriving model on this hospital's patients; send weights, a count and losses."""
    config: Any = message.content["config"]
    hospital, weights, x, labels = _here(message, context)
    number = int(config["server-round"])
    if hospital == config["lose-hospital"] and number == config["lose-round"]:
        raise MedtutorError(f"hospital {hospital} was lost in round {number}, as asked")
    mine = federated.train_locally(
        weights,
        x,
        labels,
        epochs=int(config["epochs"]),
        mu=float(config.get("proximal-mu", 0.0)),
        seed=federated.seed_of(number, hospital),
    )
    content = RecordDict(
        {"arrays": ArrayRecord(mine), "metrics": _metrics(hospital, weights, x, labels)}
    )
    return Message(content=content, reply_to=message)


@app.evaluate()
def evaluate(message: Message, context: Context) -> Message:
    """Send the loss of the arriving model on this hospital's training patients."""
    content = RecordDict({"metrics": _metrics(*_here(message, context))})
    return Message(content=content, reply_to=message)


def _here(
    message: Message, context: Context
) -> tuple[int, federated.Weights, np.ndarray, np.ndarray]:
    """Say which hospital this is, and give the model that arrived and the local data."""
    hospital = int(context.node_config.get("partition-id", 0))
    config: Any = message.content["config"]
    arrays: Any = message.content["arrays"]
    own = str(context.node_config.get("data", ""))
    place = (own, None) if own else (str(config["source"]) or None, hospital)
    return hospital, arrays.to_numpy_ndarrays(), *training_part(*place)


def _metrics(
    hospital: int, weights: federated.Weights, x: np.ndarray, labels: np.ndarray
) -> MetricRecord:
    loss = float(federated.losses(weights, x, labels).mean())
    return MetricRecord({"num-examples": len(x), "hospital": hospital, "loss": loss})
