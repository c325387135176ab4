"""Flower's simulation engine gives what the loop gives, and leaves nothing behind."""

import os
import sys

import numpy as np
import psutil

from medtutor.privacy import engine, hospitals
from medtutor.privacy.settings import Settings


def test_the_engine_computes_what_the_loop_does_and_ends():
    plan = Settings(rounds=3, mu=0.1, lose_hospital=3, lose_round=2)
    before, path = dict(os.environ), list(sys.path)
    flower = engine.simulate(plan)
    loop = engine.in_process(plan, hospitals.consortium())
    assert flower.answered == loop.answered == [[0, 1, 2, 3], [0, 1, 2], [0, 1, 2, 3]]
    np.testing.assert_allclose(flower.loss, loop.loss, atol=1e-3)
    for a, b in zip(flower.weights, loop.weights, strict=True):
        np.testing.assert_allclose(a, b, atol=1e-2)
    assert dict(os.environ) == before
    assert sys.path == path
    left = [p.name() for p in psutil.Process().children(recursive=True)]
    assert not [name for name in left if "ray" in name or "gcs" in name]
