"""The Flower app in its simulation engine gives what the loop gives, and leaves nothing behind."""

import importlib
import os
import re
import sys

import numpy as np
import psutil

from medtutor import paths
from medtutor.privacy import federated
from medtutor.privacy.federated import Settings, in_process, outcome, simulate


def name(process: psutil.Process) -> str:
    try:
        return process.name()
    except psutil.NoSuchProcess:  # it has just ended
        return ""


def test_the_engine_computes_what_the_loop_does_and_ends(monkeypatch):
    monkeypatch.syspath_prepend(paths.root() / "federation")  # the engine's processes look there
    client = importlib.import_module("hospitals_app.client_app")
    server = importlib.import_module("hospitals_app.server_app")
    consortium = importlib.import_module("hospitals_app.hospital_data").consortium
    plan = Settings(rounds=3, mu=0.1, lose_hospital=3, lose_round=2)
    steps, final = [], []
    app = server.ServerApp()
    app.main()(lambda grid, _: final.append(server.serve(grid, plan, steps.append)))
    before, path = dict(os.environ), list(sys.path)
    simulate(app, client.app)
    flower = outcome(steps, final[0])
    loop = in_process(plan, consortium())
    assert flower.answered == loop.answered == [[0, 1, 2, 3], [0, 1, 2], [0, 1, 2, 3]]
    np.testing.assert_allclose(flower.loss, loop.loss, atol=1e-3)
    for a, b in zip(flower.weights, loop.weights, strict=True):
        np.testing.assert_allclose(a, b, atol=1e-2)
    assert dict(os.environ) == before
    assert sys.path == path
    of_ray = [p for p in psutil.Process().children(recursive=True) if re.search("ray|gcs", name(p))]
    _, left = psutil.wait_procs(of_ray, timeout=30)  # told to end, on a busy machine not at once
    assert not left


def test_a_start_that_fails_leaves_no_process_behind():
    started = []

    class Ray:
        def init(self, **_):
            if not started:
                started.append(psutil.Popen([sys.executable, "-c", "import time; time.sleep(60)"]))
                raise RuntimeError("too late")

        def shutdown(self):
            pass

    federated._start(Ray(), "a folder")
    assert psutil.wait_procs(started, timeout=10)[0] == started
