"""Walk through a data set, and compare it before and after, whatever changed it."""

from collections import Counter
from collections.abc import Iterable
from typing import Any

Place = tuple[int | str, ...]
Flat = dict[Place, tuple[str, str, Any]]
WRITTEN_ANEW = (0x00020000, 0x00020001, 0x00020012, 0x00020013)  # says who wrote the file


def walk(dataset: Any) -> Iterable[Any]:
    """Give every element on every level; one that cannot be read is passed over."""
    for tag in list(dataset.keys()):
        try:
            element = dataset[tag]
            items = list(element.value or []) if element.VR == "SQ" else []
        except Exception:
            continue
        yield element
        for item in items:
            yield from walk(item)


def flatten(dataset: Any, above: Place = ()) -> Flat:
    """List every value of a data set and of its file meta information.

    Parameters
    ----------
    dataset : pydicom Dataset
        Left as it is.
    above : tuple
        Where the data set lies: tags and item numbers.

    Returns
    -------
    dict
        Place to (name, VR, value); bytes as they are, other values as text.
    """
    flat: Flat = {}
    for tag in list(dataset.keys()):
        place = (*above, int(tag))
        try:
            element = dataset[tag]
            name = element.keyword or ("private attribute" if tag.is_private else "unknown tag")
            value = element.value
            if element.VR == "SQ":
                flat[place] = (name, "SQ", "")
                for number, item in enumerate(value or []):
                    flat |= flatten(item, (*place, number))
                continue
            flat[place] = (name, element.VR, value if isinstance(value, bytes) else str(value))
        except Exception:  # a damaged value: pydicom raises whatever its bytes resemble
            flat[place] = ("damaged attribute", "", "")
    if not above:
        flat |= flatten(getattr(dataset, "file_meta", None) or {}, ("meta",))
    return flat


def compare(before: Flat, after: Flat) -> Counter[tuple[str, str]]:
    """Count what happened, as (attribute, action) to the number of values."""
    changes: Counter[tuple[str, str]] = Counter()
    for place, (name, _, _) in before.items():
        if place not in after and not (place[0] == "meta" and place[1] in WRITTEN_ANEW):
            changes[name, "removed"] += 1
    for place, (name, vr, new) in after.items():
        if place not in before:
            changes[name, "added"] += 1
        elif before[place][2] != new:
            changes[name, _action(vr, new)] += 1
    return changes


def _action(vr: str, new: Any) -> str:
    if new in ("", b"", "None", "[]"):
        return "emptied"
    return {"UI": "new UID", "DA": "shifted", "DT": "shifted"}.get(vr, "replaced")
