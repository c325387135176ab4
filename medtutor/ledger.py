"""The ledger: every number that a lesson claims goes through `record`.

A text that repeats a number by hand goes stale; a test that compares it to the last digit fails on
the next machine. So a lesson calls ``record("ct.test.auc", value, low, high)``: the result is shown
with its interval and compared with the band that `notebooks/expected.toml` keeps for this data
source, and the lesson stops if it lies outside.
"""

import json
import math
import os
import tomllib
from functools import cache
from pathlib import Path

from medtutor import paths
from medtutor.errors import ClaimError

RESULTS = "MEDTUTOR_RESULTS"  # file that collects the results of a run
TIMED = (".seconds", ".speedup")  # names of results that differ at every run
VOLATILE = "medtutor_volatile"  # mark of an output that a stored lesson leaves out


def record(
    name: str,
    value: float,
    low: float | None = None,
    high: float | None = None,
    unit: str = "",
    source: str | None = None,
) -> None:
    """Show a result, keep it, and check it against its band.

    Parameters
    ----------
    name : str
        Dotted name, such as ``"ct.test.auc"``.
    low, high : float, optional
        The 95 % interval of the value.
    unit : str
        Unit for the display, such as ``"bpm"``.
    source : str, optional
        Data source whose band applies; the one in use when it is not given. Data of your own have
        no band: the result is shown and kept.

    Raises
    ------
    ClaimError
        If the value lies outside the committed band, or is not a number.

    Examples
    --------
    >>> record("demo.auc", 0.912, 0.871, 0.945)
    demo.auc = 0.912  (95 % CI 0.871 to 0.945)
    """
    value = float(value)
    _keep(name, value, low, high)
    text = f"{name} = {_digits(value)}{' ' + unit if unit else ''}"
    if low is not None and high is not None:
        text += f"  (95 % CI {_digits(low)} to {_digits(high)})"
    if name.endswith(TIMED):  # marked in a notebook, since it differs at every run
        from IPython.display import display

        display({"text/plain": text}, raw=True, metadata={VOLATILE: True})
    else:
        print(text)
    band = bands(source or source_in_use()).get(name)
    if band is not None and not band[0] <= value <= band[1]:
        raise ClaimError(
            f"{name} = {value:.4g} lies outside the band {band[0]:g} to {band[1]:g} in which the "
            "course states it",
            remedy="Run `medtutor doctor`; if it finds nothing, please report the lesson and the "
            "line above.",
        )


def bands(source: str) -> dict[str, tuple[float, float]]:
    """Give the committed bands of a data source: result name to (lowest, highest) value."""
    return {
        name: (float(low), float(high)) for name, (low, high) in _expected().get(source, {}).items()
    }


def source_in_use() -> str:
    """Name of the data source in use if bands are kept for it; else ""."""
    chosen = os.environ.get("MEDTUTOR_DATA", "") or "default"
    return chosen if chosen in _expected() else ""


@cache
def _expected() -> dict[str, dict[str, list[float]]]:
    path = paths.notebooks() / "expected.toml"
    return tomllib.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}


def _digits(value: float) -> str:
    """Write a number with three significant digits and no more than three decimals."""
    if value == 0 or not math.isfinite(value):
        return f"{value:g}"
    if abs(value) < 0.0005:  # what would round to 0.000: a gap of 7e-07 is a result
        return f"{value:.0e}"
    decimals = max(0, min(3, 2 - math.floor(math.log10(abs(value)))))
    return f"{value:.{decimals}f}"


def _keep(name: str, value: float, low: float | None, high: float | None) -> None:
    """Add the result to the run's file, if the run asked for one."""
    target = os.environ.get(RESULTS)
    if not target:
        return
    path = Path(target)
    results = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    results[name] = {"value": _plain(value), "low": _plain(low), "high": _plain(high)}
    paths.write_text(path, json.dumps(results, indent=2) + "\n")


def _plain(value: float | None) -> float | None:
    """Keep what JSON can hold: NaN and infinity become null."""
    return None if value is None or not math.isfinite(value) else float(value)
