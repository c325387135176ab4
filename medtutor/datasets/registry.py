"""The registry of data sources: where each file comes from and what its checksum is."""

from __future__ import annotations

import hashlib
import importlib.util
import re
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from medtutor import paths
from medtutor.errors import DataError


@dataclass(frozen=True, slots=True)
class File:
    """One file of a source.

    Parameters
    ----------
    path : str
        Relative to the source's own folder.
    hash : str
        ``"sha256:…"`` or ``"md5:…"``, whichever the source publishes.
    size : int
        Bytes; 0 when the source does not say.
    """

    path: str
    hash: str
    size: int = 0


@dataclass(frozen=True, slots=True)
class Source:
    """One source of data.

    Parameters
    ----------
    name : str
        As in ``medtutor data get NAME``.
    kind : str
        ``"ct"``, ``"ecg"`` or ``"annotations"``.
    title, licence, citation : str
        For people.
    card : str
        Heading of its section in ``data/README.md``.
    url : str
        Address that the files' paths are added to; empty for a file that is bundled.
    package : str
        Python package that brings the files; empty for others.
    files : tuple of File
        What belongs to it; none for what is simulated when it is asked for.
    """

    name: str
    kind: str
    title: str
    licence: str
    citation: str
    card: str
    url: str
    package: str
    files: tuple[File, ...]

    @property
    def downloaded(self) -> bool:
        """Whether the source has to be fetched."""
        return bool(self.url)

    @property
    def size(self) -> int:
        """Bytes of all files, 0 when unknown."""
        return sum(file.size for file in self.files)


def path() -> Path:
    """Find ``data/registry.toml``."""
    return paths.data() / "registry.toml"


@cache
def sources() -> dict[str, Source]:
    """Read the registry.

    Returns
    -------
    dict of str to Source
        In the order of the file.
    """
    if not path().is_file():
        raise DataError("the registry of data sources is not there", path(), "Install again.")
    table = tomllib.loads(path().read_text(encoding="utf-8"))
    return {
        name: Source(
            name=name,
            kind=entry["kind"],
            title=entry["title"],
            licence=entry["licence"],
            citation=entry["citation"],
            card=entry["card"],
            url=entry.get("url", ""),
            package=entry.get("package", ""),
            files=tuple(File(**file) for file in entry.get("files", ())),
        )
        for name, entry in table.items()
    }


def packaged(package: str, file: str) -> Path:
    """Find a file inside an installed package without importing the package.

    Parameters
    ----------
    package : str
        Name of the package.
    file : str
        Path inside it.

    Returns
    -------
    Path

    Raises
    ------
    DataError
        The package or the file is not installed.
    """
    spec = importlib.util.find_spec(package)
    folder = Path(spec.origin).parent if spec and spec.origin else Path(package)
    if not (folder / file).is_file():
        raise DataError(
            "this file of an installed package is not there",
            folder / file,
            f"Install it again: python -m pip install --force-reinstall {package}",
        )
    return folder / file


def digest(file: Path, algorithm: str) -> str:
    """Hash a file.

    Parameters
    ----------
    file : Path
        Any size; it is read in pieces.
    algorithm : {"sha256", "md5"}
        MD5 only where the publisher gives nothing better; it guards against damage, not malice.

    Returns
    -------
    str
        ``"sha256:…"`` or ``"md5:…"``.
    """
    with file.open("rb") as stream:
        return f"{algorithm}:{hashlib.file_digest(stream, algorithm).hexdigest()}"


def refresh() -> list[str]:
    """Write the size and SHA-256 of every bundled file into the registry.

    For those who made a bundled file anew: ``python -m medtutor.datasets``.

    Returns
    -------
    list of str
        The files whose line has changed.
    """
    text = old = path().read_text(encoding="utf-8")
    changed = []
    for source in sources().values():
        if source.downloaded or source.package:
            continue
        for file in source.files:
            there = paths.data() / file.path
            if not there.is_file():
                continue
            line = (
                f'{{ path = "{file.path}", hash = "{digest(there, "sha256")}", '
                f"size = {there.stat().st_size} }}"
            )
            before = text
            text = re.sub(rf'\{{ path = "{re.escape(file.path)}",[^}}]*\}}', line, text)
            if text != before:
                changed.append(file.path)
    if text != old:
        paths.write_text(path(), text)
        sources.cache_clear()
    return changed
