"""What every lesson does first."""

import ctypes
import logging
import os
import platform
from contextlib import suppress
from types import ModuleType

from threadpoolctl import threadpool_limits

from medtutor import language, ledger, paths
from medtutor.errors import DataError
from medtutor.language import say
from medtutor.types import EcgSet, ImageSet, Interval


def begin(number: str, data: str | None = None) -> None:
    """Make this lesson repeatable: pin the threads, quieten TensorFlow, name the data.

    Call it before anything that computes. Two threads are the course's target machine; another
    number changes the last digits of a trained model, never the lesson
    (`MEDTUTOR_THREADS` chooses it).

    Parameters
    ----------
    data : {"ct", "ecg"}, optional
        What the lesson reads; its data card follows in the lesson.

    Examples
    --------
    >>> begin("07", data="ct")  # doctest: +SKIP
    Lesson 07 on the data source: default
    """
    keep_memory()
    same_kernels()
    threads = os.environ.get("MEDTUTOR_THREADS") or "2"
    if not threads.isdecimal():
        raise DataError(
            f"MEDTUTOR_THREADS is {threads!r}", remedy="Give a whole number, such as 2."
        )
    os.environ.update(
        KERAS_BACKEND="tensorflow",
        TF_CPP_MIN_LOG_LEVEL="3",
        TF_DETERMINISTIC_OPS="1",
        TF_NUM_INTRAOP_THREADS=threads,
        TF_NUM_INTEROP_THREADS="1",
        MEDTUTOR_LESSON=number,  # whose figures' texts and exercises are meant
        CUDA_VISIBLE_DEVICES="-1",  # a GPU would change the digits, not the lesson
    )
    # A filter and not a level: TensorFlow sets its level anew when it is imported.
    logging.getLogger("tensorflow").addFilter(lambda record: record.levelno >= logging.ERROR)
    threadpool_limits(int(threads))
    source = os.environ.get("MEDTUTOR_DATA", "") or "default"
    own = source != "default" and os.path.exists(os.path.expanduser(source))
    named = say("your folder") if own else source
    about = f"Lesson {number} on the data source: {named}" if data else f"Lesson {number}"
    print(say(about))


# Settings of glibc's malloc.h, see mallopt(3): what stays on top of the heap, and from which size
# on memory comes from the system and goes back there (the largest size that it takes; by itself
# glibc raises it with use, but no longer where the first is set).
M_TOP_PAD, PAD = -2, 64 * 2**20
M_MMAP_THRESHOLD, LARGEST = -3, 32 * 2**20


def keep_memory() -> None:
    """Let this process keep some of the memory that it frees; without effect but on glibc (Linux).

    As it is, glibc gives the memory of each batch back to the system and fetches it anew for the
    next: 300 steps of `ecg.training.fit` then meet two million page faults and take a third longer.
    The results are the same to the last bit; the process holds some 40 MB more.
    """
    with suppress(TypeError, AttributeError):  # what other systems say
        malloc = ctypes.CDLL(None)
        malloc.mallopt(M_TOP_PAD, PAD)
        malloc.mallopt(M_MMAP_THRESHOLD, LARGEST)


def same_kernels() -> None:
    """Ask TensorFlow, before it is imported, for oneDNN's kernels on every Intel or AMD processor.

    By itself it leaves them out where AVX-512 is missing: a step of the CNN then takes half as long
    again, and rounds unlike a step on other machines.
    """
    if platform.machine() in ("x86_64", "AMD64"):  # on ARM they are another library's
        os.environ["TF_ENABLE_ONEDNN_OPTS"] = "1"


def figures(number: str) -> ModuleType:
    """Load the diagrams that this lesson alone draws, from ``notebooks/figures/NN.py``."""
    return paths.load(paths.notebooks() / "figures" / f"{number}.py")


def show_card(data: ImageSet | EcgSet, in_full: str = "") -> None:
    """Show the data card of a data set, and what its loader wants to be known.

    Parameters
    ----------
    in_full : str
        Number of an earlier lesson that shows this card in full: then one line links to it. Data
        of your own, which no lesson shows, keep their card.

    Examples
    --------
    >>> show_card(nodules, in_full="03")  # doctest: +SKIP
    Data: ct_nodules: simulated lung nodules. Their card stands in full in lesson 03.
    """
    from IPython.display import Markdown, display

    card = data.card
    if in_full and ledger.source_in_use():
        lesson = next(paths.notebooks().glob(f"{in_full}_*.ipynb")).name
        title = card.splitlines()[0].lstrip("# ")
        card = f"**Data:** {title}. Their card stands in full in [lesson {in_full}]({lesson})."
        card = say(card)
    notes = (f"\n*{say('Note:')} {say(note)}.*" for note in data.notes)
    display(Markdown("\n".join([language.page(card), *notes])))


def verdict(difference: Interval, first: str, second: str, more_is_better: bool = True) -> None:
    """Say what an interval of a difference allows to say, and no more.

    Parameters
    ----------
    difference : Interval
        `first` minus `second`.
    first, second : str
        What was compared, as a phrase in the singular.
    more_is_better : bool
        False for errors.

    Examples
    --------
    >>> verdict(Interval(0.04, 0.01, 0.07), "AUC of the network", "AUC of the ruler")
    AUC of the network minus AUC of the ruler: +0.040 (95 % CI +0.010 to +0.070)
    The interval leaves out 0: on these data AUC of the network is better.
    """
    from medtutor import metrics

    print(*map(say, metrics.compare(difference, first, second, more_is_better)), sep="\n")
