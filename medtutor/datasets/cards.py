"""Data cards: one section of ``data/README.md`` for each source."""

from __future__ import annotations

from medtutor import paths
from medtutor.datasets import registry


def card(name: str) -> str:
    """Give the data card of a source.

    Parameters
    ----------
    name : str
        A source of the registry, such as ``"ct_nodules"`` or ``"mitdb"``.

    Returns
    -------
    str
        Markdown: the section of ``data/README.md`` with its heading, or a line that says that
        there is none.
    """
    source = registry.sources().get(name)
    heading = source.card if source else name
    file = paths.data() / "README.md"
    lines = file.read_text(encoding="utf-8").splitlines() if file.is_file() else []
    try:
        start = lines.index(f"## {heading}")
    except ValueError:
        return f"No data card for {name}."
    stop = next((i for i in range(start + 1, len(lines)) if lines[i].startswith("## ")), len(lines))
    return "\n".join([f"### {heading}", *lines[start + 1 : stop]]).strip()
