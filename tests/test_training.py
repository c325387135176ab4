"""What every training shares: the batches that Keras gets, and the memory that a lesson keeps."""

import ctypes
import os
import platform

import numpy as np
import pytest

from medtutor import lesson, training


def generator():
    for n in (4, 4, 3):
        x = np.arange(n * 5, dtype=np.float32).reshape(n, 5)
        yield (x, x[:, 0]), {"sum": x.sum(axis=1)}


def test_feed_hands_on_each_batch_as_it_came_and_has_nothing_to_tune():
    data = training.feed(generator())
    assert data.options().autotune.enabled is False
    given = list(generator())
    found = list(data.as_numpy_iterator())
    assert len(found) == len(given)
    for ((x, first), sums), ((x0, first0), sums0) in zip(found, given, strict=True):
        np.testing.assert_array_equal(x, x0)
        np.testing.assert_array_equal(first, first0)
        np.testing.assert_array_equal(sums["sum"], sums0["sum"])


def test_feed_of_equal_batches_says_their_size_and_refuses_another():
    assert training.feed(generator(), 4).element_spec[1]["sum"].shape == (4,)
    with pytest.raises(Exception, match="shape"):
        list(training.feed(generator(), 4))


def test_a_system_without_glibc_keeps_its_own_memory(monkeypatch):
    asked = []

    class Library:
        def mallopt(self, what, value):
            asked.append((what, value))

    monkeypatch.setattr(ctypes, "CDLL", lambda name: Library())
    lesson.keep_memory()
    assert asked == [(lesson.M_TOP_PAD, 64 * 2**20), (lesson.M_MMAP_THRESHOLD, 32 * 2**20)]
    monkeypatch.setattr(ctypes, "CDLL", lambda name: object())  # macOS, musl
    lesson.keep_memory()
    monkeypatch.setattr(ctypes, "CDLL", lambda name: ctypes.c_int(None))  # Windows: TypeError
    lesson.keep_memory()


@pytest.mark.parametrize(("machine", "asked"), [("x86_64", "1"), ("AMD64", "1"), ("arm64", None)])
def test_only_intel_and_amd_are_asked_for_the_quicker_kernels(monkeypatch, machine, asked):
    monkeypatch.setattr(os, "environ", {})
    monkeypatch.setattr(platform, "machine", lambda: machine)
    lesson.same_kernels()
    assert os.environ.get("TF_ENABLE_ONEDNN_OPTS") == asked
