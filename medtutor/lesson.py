"""What every lesson does first."""

import os
from contextlib import suppress

from medtutor import ledger


def begin(number: str, data: str | None = None) -> None:
    """Make this lesson repeatable: pin the threads, quieten TensorFlow, name the data.

    Call it before anything that computes. Two threads are the course's target machine; another
    number changes the last digits of a trained model, never the lesson
    (`MEDTUTOR_THREADS` chooses it).

    Parameters
    ----------
    number : str
        Number of the lesson, such as ``"07"``.
    data : {"ct", "ecg"}, optional
        What the lesson reads; its data card follows in the lesson.
    """
    threads = os.environ.get("MEDTUTOR_THREADS", "2")
    os.environ.update(
        KERAS_BACKEND="tensorflow",
        TF_CPP_MIN_LOG_LEVEL="3",
        TF_DETERMINISTIC_OPS="1",
        TF_NUM_INTRAOP_THREADS=threads,
        TF_NUM_INTEROP_THREADS="1",
        CUDA_VISIBLE_DEVICES="-1",  # a GPU would change the digits, not the lesson
    )
    with suppress(ImportError):
        from threadpoolctl import threadpool_limits

        threadpool_limits(int(threads))
    source = os.environ.get("MEDTUTOR_DATA", "") or "default"
    named = source if source == "default" or ledger.source_in_use() else "your folder"
    print(f"Lesson {number}" + (f" on the data source: {named}" if data else ""))
