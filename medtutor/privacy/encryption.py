r"""Lock files with a passphrase, and open them again: `encrypt`, `decrypt`.

The key comes from the passphrase by scrypt (RFC 7914). The contents are cut into chunks; each is
encrypted and authenticated with AES-256-GCM (NIST SP 800-38D) under a nonce that says where it
belongs: prefix of the file, number of the chunk, and whether it is the last. This is the STREAM
construction of Hoang, Reyhanitabar, Rogaway and Vizár (CRYPTO 2015, eprint 2015/189): a chunk that
was changed, dropped, repeated or moved does not open, nor does a file that was cut off.

A file is opened in two passes. The first checks every chunk and writes nothing; only then is
plaintext written, to a hidden file that takes its place when it is complete.

Format: a header of 51 bytes (``MTLOCK1\0``, four bytes log2 N, r, p of scrypt and log2 of the chunk
size, 16 bytes salt of the passphrase, 16 bytes salt of the file, 7 bytes nonce prefix), then chunks
of 2**16 bytes, the last one shorter (perhaps empty), each followed by its tag of 16 bytes. Nonce of
chunk i: prefix, i in 4 bytes, one byte that is 1 for the last chunk. The header is authenticated
with each.
"""

import io
import json
import os
import secrets
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import BinaryIO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from medtutor import paths
from medtutor.errors import DataError

SUFFIX = ".locked"
INDEX = "index.locked"
SHORTEST = 8  # characters; NIST SP 800-63B, 5.1.1
MAGIC = b"MTLOCK1\0"
WORK = 17  # OWASP's choice for scrypt: N = 2**17, r = 8, p = 1
# A header is read before anything can be trusted: bounds keep it from eating the memory.
ALLOWED_WORK = range(10, 19)  # at most 256 MB
BLOCK, LANES = 8, 1  # r and p
CHUNK = 16  # log2 of the bytes in a chunk
ALLOWED_CHUNK = range(10, 25)
TAG, PREFIX, COUNTER = 16, 7, 4
HEADER = len(MAGIC) + 4 + 16 + 16 + PREFIX


def encrypt(
    source: str | Path, target: str | Path, passphrase: str, work: int = WORK
) -> list[Path]:
    """Encrypt a file, or every file of a folder; give the encrypted files.

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

    Raises
    ------
    DataError
        The source is not there, the target is, or the passphrase is too short.

    Examples
    --------
    >>> import tempfile
    >>> room, words = Path(tempfile.mkdtemp()), "five words that nobody guesses"
    >>> _ = (room / "letter").write_text("Dear Jane")
    >>> locked = encrypt(room / "letter", room / "letter.locked", words, work=10)
    >>> b"Jane" in locked[0].read_bytes()
    False
    >>> decrypt(room / "letter.locked", room / "opened", words)[0].read_text()
    'Dear Jane'
    """
    source, target = Path(source).expanduser(), Path(target).expanduser()
    keys = Keys(passphrase)
    if work not in ALLOWED_WORK:
        low, high = min(ALLOWED_WORK), max(ALLOWED_WORK)
        raise DataError(f"work is {work}", remedy=f"Choose {low} to {high}; 17 is usual.")
    _check_places(source, target)
    files = _files(source)
    if not files:
        raise DataError("there is no file in it", source, "Give a folder with files.")
    salt = secrets.token_bytes(16)  # one for all files of a folder: one slow scrypt

    def lock(plain: BinaryIO, to: Path) -> Header:
        header = Header.new(work, salt)
        with plain, to.open("xb") as locked:
            seal_stream(plain, locked, header, keys.of(header))
        return header

    with _appears(target) as place:
        if source.is_file():
            lock(source.open("rb"), place)
            return [target]
        place.mkdir(mode=0o700)
        index = {}
        for path in files:
            name = secrets.token_hex(8) + SUFFIX
            header = lock(path.open("rb"), place / name)
            index[name] = (path.relative_to(source).as_posix(), header.salt.hex())
        lock(io.BytesIO(json.dumps(index).encode()), place / INDEX)
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

    Raises
    ------
    DataError
        The passphrase is wrong; a file was changed, cut off, exchanged or is missing; the source
        is not encrypted; the target exists.
    """
    source, target = Path(source).expanduser(), Path(target).expanduser()
    keys = Keys(passphrase)
    _check_places(source, target)
    if source.is_file():
        _open(source, keys, None)
        with _appears(target) as place:
            _unlock(source, place, keys)
        return [target]
    listed = _read_index(source, keys)
    for name, (_, salt) in listed.items():
        if _open(source / name, keys, None).salt.hex() != salt:
            raise DataError(
                "this file was exchanged for another one", source / name, "Take your backup."
            )
    with _appears(target) as place:
        place.mkdir(mode=0o700)
        for name, (path, _) in listed.items():
            (place / path).parent.mkdir(parents=True, exist_ok=True)
            _unlock(source / name, place / path, keys)
    return sorted(path for path in target.rglob("*") if path.is_file())


def _files(source: Path) -> list[Path]:
    """List what will be encrypted; refuse a folder of which something would be left out."""
    if source.is_file():
        return [source]
    found, closed = list[Path](), list[OSError]()
    for folder, below, names in os.walk(source, onerror=closed.append):
        found += [Path(folder, name) for name in names]
        found += [path for name in below if (path := Path(folder, name)).is_symlink()]
    odd = [path for path in found if path.is_symlink() or not path.is_file()]
    odd += [Path(error.filename) for error in closed]
    if odd:
        what = "this is a link, a device or a folder that cannot be opened, and would be left out"
        raise DataError(what, odd[0], "Copy into the folder what it stands for, or take it away.")
    return sorted(found)


class Damaged(Exception):
    """A header or chunk that does not open, and what to do."""

    def __init__(self, text: str, remedy: str = "Give a file that `encrypt` made.") -> None:
        self.remedy = remedy
        super().__init__(text)


@dataclass(frozen=True)
class Header:
    """What stands before the chunks: nothing secret."""

    work: int
    chunk: int
    passphrase_salt: bytes
    salt: bytes
    prefix: bytes

    @classmethod
    def new(cls, work: int, passphrase_salt: bytes) -> "Header":
        """Make the header of a new file: its salt and nonce prefix are drawn at random."""
        return cls(work, CHUNK, passphrase_salt, *map(secrets.token_bytes, (16, PREFIX)))

    @classmethod
    def read(cls, file: BinaryIO) -> "Header":
        """Read a file's header; `Damaged` if it is none, or asks for too much work or memory."""
        raw = file.read(HEADER)
        if len(raw) < HEADER or not raw.startswith(MAGIC):
            raise Damaged("this is not an encrypted file, or its header is damaged")
        work, block, lanes, chunk = raw[8:12]
        sensible = work in ALLOWED_WORK and chunk in ALLOWED_CHUNK
        if not sensible or (block, lanes) != (BLOCK, LANES):
            raise Damaged("its header asks for unusual work or memory: it was damaged or forged")
        return cls(work, chunk, raw[12:28], raw[28:44], raw[44:])

    def to_bytes(self) -> bytes:
        """Write it."""
        numbers = bytes([self.work, BLOCK, LANES, self.chunk])
        return MAGIC + numbers + self.passphrase_salt + self.salt + self.prefix


class Keys:
    """Keys of files from one passphrase; the slow part is done once for each salt."""

    def __init__(self, passphrase: str) -> None:
        if len(passphrase) < SHORTEST:
            raise DataError(
                f"the passphrase has {len(passphrase)} characters, at least {SHORTEST} are needed",
                remedy="Take five random words.",
            )
        # One text can be written in several ways in Unicode; a keyboard must not decide.
        self._secret = unicodedata.normalize("NFKC", passphrase).encode()
        self._masters: dict[tuple[int, bytes], bytes] = {}

    def of(self, header: Header) -> bytes:
        """Derive the 32-byte key of a file: scrypt of the passphrase, HKDF with the file's salt."""
        known = (header.work, header.passphrase_salt)
        if known not in self._masters:
            slow = Scrypt(header.passphrase_salt, 32, n=2**header.work, r=BLOCK, p=LANES)
            self._masters[known] = slow.derive(self._secret)
        return HKDF(SHA256(), 32, header.salt, MAGIC).derive(self._masters[known])


def nonce(prefix: bytes, number: int, last: bool) -> bytes:
    """Give the nonce of a chunk: whose file, which place, and whether it is the end."""
    return prefix + number.to_bytes(COUNTER, "big") + bytes([last])


def seal_stream(plain: BinaryIO, locked: BinaryIO, header: Header, key: bytes) -> None:
    """Encrypt a stream chunk by chunk; memory does not grow with it."""
    cipher, seal = AESGCM(key), header.to_bytes()
    locked.write(seal)
    size, number, now = 1 << header.chunk, 0, plain.read(1 << header.chunk)
    while True:
        after = plain.read(size) if len(now) == size else b""
        locked.write(cipher.encrypt(nonce(header.prefix, number, not after), now, seal))
        if not after:
            return
        number, now = number + 1, after


def open_stream(locked: BinaryIO, plain: BinaryIO | None, header: Header, key: bytes) -> None:
    """Open a stream, read up to its chunks; only check it if `plain` is None. May be `Damaged`."""
    cipher, seal = AESGCM(key), header.to_bytes()
    size, number = (1 << header.chunk) + TAG, 0
    now = locked.read(size)
    while True:
        after = locked.read(size)
        try:
            chunk = cipher.decrypt(nonce(header.prefix, number, not after), now, seal)
        except (InvalidTag, ValueError) as error:
            text = f"the file was changed or cut off at chunk {number + 1}"
            if number == 0:
                text = "the passphrase is wrong, or somebody changed the file"
            way = "Take your backup of this file." if number else "Try the passphrase again."
            raise Damaged(text, way) from error
        if plain is not None:
            plain.write(chunk)
        if not after:
            return
        number, now = number + 1, after


def _check_places(source: Path, target: Path) -> None:
    if not source.exists():
        raise DataError("it is not there", source, "Check the path.")
    if target.exists():
        raise DataError(
            "it is there already, and nothing is overwritten", target, "Choose a new name."
        )
    if source.is_dir() and target.resolve().is_relative_to(source.resolve()):
        raise DataError("the target lies in the source", target, "Choose a place outside of it.")


@contextmanager
def _appears(target: Path) -> Iterator[Path]:
    """Give a hidden place, as `paths.appears` does; what the disk refuses is told."""
    try:
        with paths.appears(target) as place:
            yield place
    except OSError as error:
        what = f"it cannot be written, or its source not read ({error.strerror or error})"
        raise DataError(what, target, "Check both places and the space on the disk.") from error


def _open(path: Path, keys: Keys, plain: BinaryIO | None) -> Header:
    """Open a file into a stream; only check every chunk if there is none."""
    try:
        locked = path.open("rb")
    except OSError as error:
        what = f"it cannot be opened ({error.strerror or error})"
        raise DataError(what, path, "Check its permissions.") from error
    try:
        with locked:
            header = Header.read(locked)
            open_stream(locked, plain, header, keys.of(header))
    except Damaged as error:
        raise DataError(str(error), path, error.remedy) from error
    return header


def _unlock(path: Path, to: Path, keys: Keys) -> None:
    with open(to, "xb", opener=partial(os.open, mode=0o600)) as plain:
        _open(path, keys, plain)


def _read_index(source: Path, keys: Keys) -> dict[str, tuple[str, str]]:
    """Read which file is which, and check that all of them are there."""
    path = source / INDEX
    if not path.is_file():
        raise DataError(
            "this is not a folder that `encrypt` made, or its index is gone",
            path,
            "A single file can be decrypted without the index: give its path.",
        )
    text = io.BytesIO()
    _open(path, keys, text)
    try:
        index = json.loads(text.getvalue())
        listed = {str(n): (str(old), salt) for n, (old, salt) in index.items()}
    except (ValueError, TypeError, AttributeError, RecursionError) as error:
        raise DataError(
            "its index is not one that `encrypt` wrote", path, "Do not trust it."
        ) from error
    for name, (old, _) in listed.items():
        if not (source / name).is_file():
            raise DataError(f"this file is missing ({old})", source / name, "Take your backup.")
        if Path(old).is_absolute() or ".." in Path(old).parts or Path(name).name != name:
            raise DataError("its index leads outside of the folder", path, "Do not trust it.")
    return listed
