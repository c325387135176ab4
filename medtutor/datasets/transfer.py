"""Bring one file over HTTP; go on where a broken connection stopped."""

from __future__ import annotations

import errno
import os
import shutil
import time
from pathlib import Path
from types import TracebackType
from typing import Any

from medtutor.datasets.registry import File
from medtutor.errors import DownloadError

CHUNK = 1 << 15  # what of it has arrived is lost when the connection breaks
TRIES = 3  # in a row without a single new byte
PAUSE = 1.0  # seconds before the next try
TIMEOUT = (10, 60)  # seconds to connect, and between two pieces
SPARE = 20_000_000  # bytes of the disk that stay free


class Bar:
    """A progress bar in bytes for all files of a source.

    Parameters
    ----------
    name : str
        What is fetched.
    total : int
        Bytes, 0 when unknown.
    show : bool
        False draws nothing.
    """

    def __init__(self, name: str, total: int, show: bool) -> None:
        from tqdm.auto import tqdm

        self.known = total > 0
        self.bar = tqdm(
            desc=name, total=total or None, unit="B", unit_scale=True, disable=not show, leave=show
        )

    def __enter__(self) -> Bar:
        """Start."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Leave the bar as it stands."""
        self.bar.close()

    def expect(self, total: int) -> None:
        """Take the size that the server gives when the registry has none."""
        if not self.known:
            self.bar.total = total
            self.bar.refresh()

    def add(self, count: int) -> None:
        """Count bytes; a negative number takes back what is fetched anew."""
        self.bar.update(count)


class Resume:
    """A downloader for pooch that resumes: ``Resume(…)(url, output_file, pooch)``.

    The bytes gather in ``NAME.part`` beside the final file. That part stays when the connection
    breaks, and only then.

    Parameters
    ----------
    folder : Path
        Where the file belongs.
    file : File
        Its entry in the registry.
    by_hand : str
        What the user can do without us, for the messages.
    bar : Bar
        Shows the bytes.
    """

    def __init__(self, folder: Path, file: File, by_hand: str, bar: Bar) -> None:
        self.part = folder / f"{file.path}.part"
        self.size = file.size
        self.by_hand = by_hand
        self.bar = bar
        self.resumed = False

    def __call__(self, url: str, output_file: Any, pooch: Any, check_only: bool = False) -> None:
        """Fetch `url` and hand the whole file over as `output_file`."""
        import requests
        from requests.exceptions import ChunkedEncodingError

        self.resumed = False
        self.bar.add(self._have())
        tries = TRIES
        with requests.Session() as session:
            while True:
                before = self._have()
                try:
                    self._receive(session, url)
                    break
                except (requests.ConnectionError, requests.Timeout, ChunkedEncodingError) as error:
                    reason = error
                except requests.RequestException as error:
                    raise self._failed(url, f"the address cannot be used ({error})") from error
                tries = TRIES if self._have() > before else tries - 1
                if tries == 0 or (before == self._have() == 0):
                    raise self._failed(url, _why(reason, self._have())) from reason
                time.sleep(PAUSE)
        os.replace(self.part, output_file)

    def _receive(self, session: Any, url: str) -> None:
        """Ask for what is missing and append it to the part."""
        import requests

        have = self._have()
        headers = {"Accept-Encoding": "identity"}  # a compressed stream cannot be resumed
        if have:
            headers["Range"] = f"bytes={have}-"
        with session.get(url, headers=headers, stream=True, timeout=TIMEOUT) as response:
            if response.status_code == 416:  # nothing beyond what we have: whole, or another file
                if have and have == (self.size or _full_size(response)):
                    return
                self._drop()
                raise requests.ConnectionError("the part on disk does not belong to this file")
            if response.status_code not in (200, 206):
                what = f"the server answers {response.status_code} {response.reason}"
                raise self._failed(url, what)
            if have and not _continues(response, have):
                self._drop()
                have = 0
            self.resumed = self.resumed or have > 0
            total = self._total(response, have, url)
            self._make_room(total - have)
            self._append(response, total, url)
        if total and self._have() < total:
            raise requests.ConnectionError("the connection ended early")

    def _append(self, response: Any, total: int, url: str) -> None:
        """Write the pieces as they come."""
        try:
            with self.part.open("ab") as file:
                for chunk in response.iter_content(CHUNK):
                    file.write(chunk)
                    self.bar.add(len(chunk))
                    if total and file.tell() > total:
                        break
        except OSError as error:
            if error.errno not in (errno.ENOSPC, errno.EDQUOT):
                raise
            self._drop()
            raise self._no_space(0) from error
        if total and self._have() > total:
            self._drop()
            raise self._failed(url, f"the server sends more than the {total:,} bytes expected")

    def _total(self, response: Any, have: int, url: str) -> int:
        """Find the size of the whole file, 0 when nobody says."""
        length = int(response.headers.get("Content-Length", 0))
        offered = length + have if length else 0
        if self.size and offered and offered != self.size:
            self._drop()
            raise self._failed(
                url, f"the server offers {offered:,} bytes, the registry says {self.size:,}"
            )
        self.bar.expect(offered or self.size)
        return self.size or offered

    def _make_room(self, needed: int) -> None:
        """Refuse to start what cannot end."""
        if needed > 0 and shutil.disk_usage(self.part.parent).free < needed + SPARE:
            self._drop()
            raise self._no_space(needed)

    def _no_space(self, needed: int) -> DownloadError:
        free = shutil.disk_usage(self.part.parent).free
        more = f": {needed / 1e6:,.0f} MB needed, {free / 1e6:,.0f} MB free" if needed else ""
        return DownloadError(
            f"no space on the disk for {self.part.stem}{more}",
            self.part.parent,
            "Make room, or choose another folder with the environment variable MEDTUTOR_CACHE.",
        )

    def _failed(self, url: str, problem: str) -> DownloadError:
        return DownloadError(problem, url, f"Try again later, or {self.by_hand}.")

    def _have(self) -> int:
        return self.part.stat().st_size if self.part.is_file() else 0

    def _drop(self) -> None:
        self.bar.add(-self._have())
        self.part.unlink(missing_ok=True)


def _continues(response: Any, have: int) -> bool:
    """Tell whether the server goes on where we stopped, and does not start again."""
    return response.status_code == 206 and response.headers.get("Content-Range", "").startswith(
        f"bytes {have}-"
    )


def _full_size(response: Any) -> int:
    """Read the size from ``Content-Range: bytes */SIZE``."""
    size = response.headers.get("Content-Range", "").rpartition("/")[2]
    return int(size) if size.isdigit() else -1


def _why(error: Exception, have: int) -> str:
    """Say in a few words why there are no more bytes."""
    if have:
        return f"the connection broke after {have:,} bytes, which are kept to go on from"
    return f"no connection ({type(error).__name__})"
