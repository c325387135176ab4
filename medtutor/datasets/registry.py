"""The registry of data sources: where each file comes from, its checksum, its data card."""

from __future__ import annotations

import hashlib
import importlib.util
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from medtutor import paths
from medtutor.errors import DataError


@dataclass(frozen=True, slots=True)
class File:
    """One file of a source: path in its folder, ``"sha256:…"`` or ``"md5:…"``, bytes (0 unsaid)."""

    path: str
    hash: str
    size: int = 0


@dataclass(frozen=True, slots=True)
class Source:
    """A source of data; `kind` is "ct", "ecg" or "annotations", `url` empty for what is bundled."""

    name: str
    kind: str
    title: str
    licence: str
    citation: str
    card: str
    url: str = ""
    package: str = ""
    files: tuple[File, ...] = ()

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
    """Read the registry, in the order of the file."""
    if not path().is_file():
        raise DataError("the registry of data sources is not there", path(), "Install again.")
    table = tomllib.loads(path().read_text(encoding="utf-8"))
    return {
        name: Source(name, files=tuple(File(**file) for file in entry.pop("files", ())), **entry)
        for name, entry in table.items()
    }


def packaged(package: str, file: str) -> Path:
    """Find a file inside an installed package without importing the package."""
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
    """Hash a file; MD5 (where a publisher has nothing better) guards against damage, not malice."""
    with file.open("rb") as stream:
        return f"{algorithm}:{hashlib.file_digest(stream, algorithm).hexdigest()}"


def card(name: str) -> str:
    """Give the data card of a source, a section of ``data/README.md``, as Markdown."""
    source = sources().get(name)
    heading = source.card if source else name
    file = paths.data() / "README.md"
    lines = file.read_text(encoding="utf-8").splitlines() if file.is_file() else []
    try:
        start = lines.index(f"## {heading}")
    except ValueError:
        return f"No data card for {name}."
    stop = next((i for i in range(start + 1, len(lines)) if lines[i].startswith("## ")), len(lines))
    return "\n".join([f"### {heading}", *lines[start + 1 : stop]]).strip()
