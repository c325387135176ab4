"""Lock files with a passphrase, and open them again: `encrypt`, `decrypt`.

The key comes from the passphrase by scrypt (RFC 7914). The contents are cut into chunks; each is
encrypted and authenticated with AES-256-GCM (NIST SP 800-38D) under a nonce that says where it
belongs: prefix of the file, number of the chunk, and whether it is the last. This is the STREAM
construction of Hoang, Reyhanitabar, Rogaway and Vizár (CRYPTO 2015, eprint 2015/189): a chunk that
was changed, dropped, repeated or moved does not open, nor does a file that was cut off.

A file is opened in two passes. The first checks every chunk and writes nothing; only then is
plaintext written, to a hidden file that takes its place when it is complete.
"""

import io
import json
import os
import secrets
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from medtutor.errors import DataError
from medtutor.privacy import _stream
from medtutor.privacy._stream import Damaged, Header, Keys

SUFFIX = ".locked"
INDEX = "index.locked"
SHORTEST = 8  # characters; NIST SP 800-63B, 5.1.1
WRONG = "the passphrase is wrong, or somebody changed the file"


def encrypt(
    source: str | Path, target: str | Path, passphrase: str, work: int = _stream.WORK
) -> list[Path]:
    """Encrypt a file, or every file of a folder.

    Parameters
    ----------
    source : str or Path
        Left as it is. Remove it yourself once you have opened the copy again.
    target : str or Path
        Must not exist. For a folder it is a folder: names of files are encrypted too, and one more
        file, the index, says which is which.
    passphrase : str
        At least 8 characters; five random words are a good one. There is no way back without it.
    work : int
        Cost of one guess: scrypt runs with N = 2 ** work, r = 8, p = 1. 17 takes 128 MB.

    Returns
    -------
    list of Path
        The encrypted files.

    Raises
    ------
    DataError
        The source is not there, the target is, or the passphrase is too short.
    """
    source, target = Path(source).expanduser(), Path(target).expanduser()
    keys = Keys(_checked(passphrase))
    if work not in _stream.ALLOWED_WORK:
        low, high = min(_stream.ALLOWED_WORK), max(_stream.ALLOWED_WORK)
        raise DataError(f"work is {work}", remedy=f"Choose {low} to {high}; 17 is usual.")
    _check_places(source, target)
    salt = secrets.token_bytes(16)  # one for all files of a folder: one slow scrypt

    def lock(plain: BinaryIO, to: Path) -> None:
        header = Header.new(work, salt)
        with plain, to.open("xb") as locked:
            _stream.encrypt(plain, locked, header, keys.of(header))

    if source.is_file():
        _whole(target, lambda hidden: lock(source.open("rb"), hidden))
        return [target]
    _whole_folder(target, lambda folder: _lock_folder(source, folder, lock))
    return sorted(target.iterdir())


def decrypt(source: str | Path, target: str | Path, passphrase: str) -> list[Path]:
    """Decrypt what `encrypt` made; nothing is written unless all of it is intact.

    Parameters
    ----------
    source : str or Path
        An encrypted file, or the folder.
    target : str or Path
        Must not exist.
    passphrase : str
        The one that it was encrypted with.

    Returns
    -------
    list of Path
        The decrypted files.

    Raises
    ------
    DataError
        The passphrase is wrong; a file was changed, cut off, exchanged or is missing; the source
        is not encrypted; the target exists.
    """
    source, target = Path(source).expanduser(), Path(target).expanduser()
    keys = Keys(_checked(passphrase))
    _check_places(source, target)
    if source.is_file():
        _verify(source, keys)
        _whole(target, lambda hidden: _unlock(source, hidden, keys))
        return [target]
    listed = _read_index(source, keys)
    for name, (_, header) in listed.items():
        if _verify(source / name, keys).salt.hex() != header:
            raise DataError(
                "this file was exchanged for another one", source / name, "Take your backup."
            )

    def unlock_all(folder: Path) -> None:
        for name, (path, _) in listed.items():
            to = folder / path
            to.parent.mkdir(parents=True, exist_ok=True)
            _unlock(source / name, to, keys)

    _whole_folder(target, unlock_all)
    return sorted(path for path in target.rglob("*") if path.is_file())


def _checked(passphrase: str) -> str:
    if len(passphrase) < SHORTEST:
        raise DataError(
            f"the passphrase has {len(passphrase)} characters, at least {SHORTEST} are needed",
            remedy="Take five random words.",
        )
    return passphrase


def _check_places(source: Path, target: Path) -> None:
    if not source.exists():
        raise DataError("it is not there", source, "Check the path.")
    if target.exists():
        raise DataError("it is there already, and nothing is overwritten", target,
                        "Choose a new name.")  # fmt: skip
    if source.is_dir() and target.resolve().is_relative_to(source.resolve()):
        raise DataError("the target lies in the source", target, "Choose a place outside of it.")


def _whole(target: Path, write: Callable[[Path], None]) -> None:
    """Write a file under a hidden name, readable by its owner alone; rename it when it is whole."""
    target.parent.mkdir(parents=True, exist_ok=True)
    hidden = target.with_name(f".{target.name}.{os.getpid()}.tmp")
    try:
        write(hidden)
        os.replace(hidden, target)
    finally:
        hidden.unlink(missing_ok=True)


def _whole_folder(target: Path, write: Callable[[Path], None]) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    hidden = target.with_name(f".{target.name}.{os.getpid()}.tmp")
    hidden.mkdir(mode=0o700)
    try:
        write(hidden)
        os.replace(hidden, target)
    finally:
        shutil.rmtree(hidden, ignore_errors=True)


def _lock_folder(source: Path, folder: Path, lock: Callable[[BinaryIO, Path], None]) -> None:
    files = sorted(p for p in source.rglob("*") if p.is_file() and not p.is_symlink())
    if not files:
        raise DataError("there is no file in it", source, "Give a folder with files.")
    index = {}
    for path in files:
        name = secrets.token_hex(8) + SUFFIX
        lock(path.open("rb"), folder / name)
        salt = _read_header(folder / name).salt.hex()
        index[name] = (path.relative_to(source).as_posix(), salt)
    lock(io.BytesIO(json.dumps(index).encode()), folder / INDEX)


def _read_header(path: Path) -> Header:
    try:
        with path.open("rb") as file:
            return Header.read(file)
    except Damaged as error:
        raise DataError(str(error), path, "Give a file that `encrypt` made.") from error


def _verify(path: Path, keys: Keys) -> Header:
    """Check every chunk without keeping any of it."""
    header = _read_header(path)
    try:
        with path.open("rb") as locked:
            _stream.decrypt(locked, None, Header.read(locked), keys.of(header))
    except Damaged as error:
        raise DataError(
            WRONG if error.at_start else str(error),
            path,
            "Try the passphrase again." if error.at_start else "Take your backup of this file.",
        ) from error
    return header


def _unlock(path: Path, to: Path, keys: Keys) -> None:
    handle = os.open(to, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with path.open("rb") as locked, os.fdopen(handle, "wb") as plain:
        header = Header.read(locked)
        try:
            _stream.decrypt(locked, plain, header, keys.of(header))
        except Damaged as error:  # it was intact a moment ago
            raise DataError("it changed while it was read", path, "Try again.") from error


def _read_index(source: Path, keys: Keys) -> dict[str, tuple[str, str]]:
    """Read which file is which, and check that all of them are there."""
    path = source / INDEX
    if not path.is_file():
        raise DataError(
            "this is not a folder that `encrypt` made, or its index is gone",
            path,
            "A single file can be decrypted without the index: give its path.",
        )
    _verify(path, keys)
    text = bytearray()
    with path.open("rb") as locked:
        header = Header.read(locked)
        _stream.decrypt(locked, text, header, keys.of(header))
    listed = {name: (old, salt) for name, (old, salt) in json.loads(bytes(text)).items()}
    for name, (old, _) in listed.items():
        if not (source / name).is_file():
            raise DataError(f"this file is missing ({old})", source / name, "Take your backup.")
        if Path(old).is_absolute() or ".." in Path(old).parts or Path(name).name != name:
            raise DataError("its index leads outside of the folder", path, "Do not trust it.")
    return listed
