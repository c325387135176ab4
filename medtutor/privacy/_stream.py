r"""The file format of `medtutor.privacy.encrypt`: a header, then chunks that know their place.

Header, 51 bytes: ``MTLOCK1\0``, four bytes log2 N, r, p of scrypt and log2 of the chunk size, 16
bytes salt of the passphrase, 16 bytes salt of the file, 7 bytes nonce prefix. Then chunks of 2**16
bytes, the last one shorter (perhaps empty), each followed by its tag of 16 bytes. Nonce of chunk i:
prefix, i in 4 bytes, one byte that is 1 for the last chunk. The header is authenticated with each.
"""

import secrets
import unicodedata
from dataclasses import dataclass
from typing import BinaryIO

MAGIC = b"MTLOCK1\0"
WORK = 17  # OWASP's choice for scrypt: N = 2**17, r = 8, p = 1
# A header is read before anything can be trusted: bounds keep it from eating the memory.
ALLOWED_WORK = range(10, 19)  # at most 256 MB
BLOCK, LANES = 8, 1  # r and p
CHUNK = 16  # log2 of the bytes in a chunk
ALLOWED_CHUNK = range(10, 25)
TAG, PREFIX, COUNTER = 16, 7, 4
HEADER = len(MAGIC) + 4 + 16 + 16 + PREFIX


class Damaged(Exception):
    """A header or chunk that does not open.

    Parameters
    ----------
    text : str
        What is wrong.
    at_start : bool
        Whether the very first chunk failed, as it does for a wrong passphrase.
    """

    def __init__(self, text: str, at_start: bool = False) -> None:
        self.at_start = at_start
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
        return cls(work, CHUNK, passphrase_salt, secrets.token_bytes(16),
                   secrets.token_bytes(PREFIX))  # fmt: skip

    @classmethod
    def read(cls, file: BinaryIO) -> "Header":
        """Read and check the header at the start of a file.

        Raises
        ------
        Damaged
            It is none, or asks for more work or memory than is sensible.
        """
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
        # One text can be written in several ways in Unicode; a keyboard must not decide.
        self._secret = unicodedata.normalize("NFKC", passphrase).encode()
        self._masters: dict[tuple[int, bytes], bytes] = {}

    def of(self, header: Header) -> bytes:
        """Derive the 32-byte key of a file: scrypt of the passphrase, HKDF with the file's salt."""
        from cryptography.hazmat.primitives.hashes import SHA256
        from cryptography.hazmat.primitives.kdf.hkdf import HKDF
        from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

        known = (header.work, header.passphrase_salt)
        if known not in self._masters:
            slow = Scrypt(header.passphrase_salt, 32, n=2**header.work, r=BLOCK, p=LANES)
            self._masters[known] = slow.derive(self._secret)
        return HKDF(SHA256(), 32, header.salt, MAGIC).derive(self._masters[known])


def nonce(prefix: bytes, number: int, last: bool) -> bytes:
    """Give the nonce of a chunk: whose file, which place, and whether it is the end."""
    return prefix + number.to_bytes(COUNTER, "big") + bytes([last])


def encrypt(plain: BinaryIO, locked: BinaryIO, header: Header, key: bytes) -> None:
    """Encrypt a stream chunk by chunk; memory does not grow with it."""
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    cipher, seal = AESGCM(key), header.to_bytes()
    locked.write(seal)
    size, number, now = 1 << header.chunk, 0, plain.read(1 << header.chunk)
    while True:
        after = plain.read(size) if len(now) == size else b""
        locked.write(cipher.encrypt(nonce(header.prefix, number, not after), now, seal))
        if not after:
            return
        number, now = number + 1, after


def decrypt(
    locked: BinaryIO, plain: BinaryIO | bytearray | None, header: Header, key: bytes
) -> None:
    """Open a stream chunk by chunk, after its header was read.

    Parameters
    ----------
    locked : file
        Just behind the header.
    plain : file, bytearray or None
        Where the plaintext goes; None only checks.
    header : Header
    key : bytes

    Raises
    ------
    Damaged
        A chunk is not what was written at this place.
    """
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    cipher, seal = AESGCM(key), header.to_bytes()
    size, number = (1 << header.chunk) + TAG, 0
    now = locked.read(size)
    while True:
        after = locked.read(size)
        try:
            chunk = cipher.decrypt(nonce(header.prefix, number, not after), now, seal)
        except (InvalidTag, ValueError) as error:
            raise Damaged(f"the file was changed or cut off at chunk {number + 1}",
                          at_start=number == 0) from error  # fmt: skip
        if isinstance(plain, bytearray):
            plain += chunk
        elif plain is not None:
            plain.write(chunk)
        if not after:
            return
        number, now = number + 1, after
