"""How the layers share the processor's cores.

BLAS, which multiplies NumPy's matrices, spreads one product over all cores and lets its threads
meet at the end of each. When another program needs one of the cores, every meeting waits for it,
and a layer made of hundreds of small products becomes ten times slower. So each core gets its own
part of the batch here, and BLAS one thread in each.
"""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from functools import cache
from itertools import pairwise
from typing import Any, TypeVar

from threadpoolctl import ThreadpoolController

Result = TypeVar("Result")

# Bytes below which starting threads takes longer than it saves.
SMALL = 1 << 20


def one_thread() -> AbstractContextManager[Any]:
    """Let BLAS use one thread inside the with-block."""
    return _blas().limit(limits=1)


def over_batch(function: Callable[[slice], Result], samples: int, size: int) -> list[Result]:
    """Call a function for parts of a batch, on as many cores as BLAS may use.

    Parameters
    ----------
    function : callable
        Takes a slice of samples. Several calls run at the same time, on different samples.
    samples : int
        Size of the batch. A single sample is not divided; there BLAS keeps its threads.
    size : int
        Bytes that are worked on in all.

    Returns
    -------
    list
        What the calls returned, in the order of the samples.
    """
    if samples == 1:
        return [function(slice(0, 1))]
    threads = max((library.num_threads for library in _blas().lib_controllers), default=1)
    threads = min(threads, samples) if size > SMALL else 1
    if threads <= 1:
        with one_thread():
            return [function(slice(0, samples))]
    ends = [samples * k // threads for k in range(threads + 1)]
    with one_thread():
        return list(_pool(threads).map(function, [slice(*part) for part in pairwise(ends)]))


@cache
def _blas() -> ThreadpoolController:
    return ThreadpoolController().select(user_api="blas")


@cache
def _pool(threads: int) -> ThreadPoolExecutor:
    """Keep the threads: new ones would ask the system for their memory again at every call."""
    return ThreadPoolExecutor(threads, thread_name_prefix="medtutor.layers")


if hasattr(os, "register_at_fork"):  # a forked process has the pool, but not its threads
    os.register_at_fork(after_in_child=_pool.cache_clear)
