"""The folder that `flwr run` sends to a SuperLink, and the progress that comes back."""

import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from medtutor import paths
from medtutor.privacy.hospitals import NAMES
from medtutor.privacy.settings import Settings

Say = Callable[[str], None]
APP = """\
[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"

[project]
name = "medtutor-federation"
version = "1.0.0"
license = "MIT"
dependencies = []

[tool.flwr.app]
publisher = "medtutor"

[tool.flwr.app.components]
serverapp = "hospitals_app.app:server_app"
clientapp = "hospitals_app.app:client_app"

[tool.flwr.app.config]
"""


def write_app(out: Path, settings: Settings) -> Path:
    """Write the folder that `flwr run` sends to the SuperLink: two names and the settings."""
    config = {**asdict(settings), "out": str(out)}
    lines = [f"{name} = {json.dumps(value)}\n" for name, value in config.items()]
    paths.write_text(out / "app" / "pyproject.toml", APP + "".join(lines))
    paths.write_text(out / "app" / "hospitals_app" / "__init__.py", "")
    paths.write_text(
        out / "app" / "hospitals_app" / "app.py",
        "from medtutor.privacy.federated import client_app, server_app\n\n"
        '__all__ = ["client_app", "server_app"]\n',
    )
    return out / "app"


def read_steps(out: Path, steps: list[dict[str, Any]], say: Say) -> None:
    """Read the progress that is new since the last time, and say it."""
    path = out / "progress.jsonl"
    lines = path.read_text(encoding="utf-8").split("\n")[:-1] if path.exists() else []
    for line in lines[len(steps) :]:
        step = json.loads(line)
        steps.append(step)
        if step["state"] == "sent":
            say(f"round {step['round']}: model sent to {step['to']} hospitals")
        elif step["counts"]:
            names = ", ".join(NAMES[k] for k in step["hospitals"])
            loss = np.average(step["losses"], weights=step["counts"])
            what = "loss before" if step["state"] == "trained" else "loss at the end"
            say(f"round {step['round']}: {step['state']} by {names}; {what} {loss:.4f}")
