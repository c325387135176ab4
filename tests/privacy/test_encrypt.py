"""Files that are locked: what opens them, and everything that must not."""

import hashlib
import hmac
import json

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from medtutor.errors import DataError
from medtutor.privacy import decrypt, encrypt, encryption

WORDS = "five words that nobody guesses"
CHUNK = 2**16
FAST = 10  # log2 N of scrypt: quick, and as correct as a slow one


@pytest.fixture
def locked(tmp_path):
    """A file of three whole chunks and a bit, and what it was."""
    data = bytes(range(256)) * 800
    (tmp_path / "plain").write_bytes(data)
    encrypt(tmp_path / "plain", tmp_path / "locked", WORDS, work=FAST)
    return tmp_path / "locked", data


def parts(raw):
    body = raw[encryption.HEADER :]
    size = CHUNK + encryption.TAG
    return raw[: encryption.HEADER], [body[k : k + size] for k in range(0, len(body), size)]


@pytest.mark.parametrize("size", [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK, 3 * CHUNK + 17])
def test_any_size_comes_back_as_it_was(tmp_path, size):
    data = hashlib.shake_128(b"data").digest(size)
    (tmp_path / "a").write_bytes(data)
    assert encrypt(tmp_path / "a", tmp_path / "b", WORDS, work=FAST) == [tmp_path / "b"]
    assert decrypt(tmp_path / "b", tmp_path / "c", WORDS) == [tmp_path / "c"]
    assert (tmp_path / "c").read_bytes() == data
    assert (tmp_path / "a").read_bytes() == data


def test_the_plaintext_is_nowhere_and_no_two_are_alike(locked, tmp_path):
    path, data = locked
    assert data[:64] not in path.read_bytes()
    encrypt(tmp_path / "plain", tmp_path / "twin", WORDS, work=FAST)
    one, other = path.read_bytes(), (tmp_path / "twin").read_bytes()
    assert len(one) == len(other)
    assert one[100:200] != other[100:200]


def test_another_program_can_open_it(locked):
    """The format as its description says, written again from the standard library."""
    path, data = locked
    head, chunks = parts(path.read_bytes())
    assert head[:8] == b"MTLOCK1\0"
    assert tuple(head[8:12]) == (FAST, 8, 1, 16)
    master = hashlib.scrypt(WORDS.encode(), salt=head[12:28], n=2**FAST, r=8, p=1, dklen=32)
    extracted = hmac.digest(head[28:44], master, "sha256")  # HKDF, RFC 5869
    key = hmac.digest(extracted, b"MTLOCK1\0" + b"\1", "sha256")
    plain = b""
    for number, chunk in enumerate(chunks):
        last = number == len(chunks) - 1
        nonce = head[44:] + number.to_bytes(4, "big") + bytes([last])
        plain += AESGCM(key).decrypt(nonce, chunk, head)
    assert plain == data


def changed(raw):
    """Everything that somebody without the passphrase could do to a file."""
    head, chunks = parts(raw)
    flip = lambda at: raw[:at] + bytes([raw[at] ^ 1]) + raw[at + 1 :]  # noqa: E731
    yield from (flip(at) for at in range(12, len(head)))  # salts and prefix
    yield from (flip(at) for at in (51, 51 + CHUNK, 52 + CHUNK + 16, len(raw) - 17, len(raw) - 1))
    yield from (raw[:end] for end in (len(head), len(head) + 5, len(raw) - 1, len(raw) - 16))
    for end in range(1, len(chunks)):
        yield head + b"".join(chunks[:end])
    yield head + b"".join([chunks[1], chunks[0], *chunks[2:]])
    yield head + b"".join([*chunks[:1], *chunks[2:]])
    yield head + b"".join([*chunks[:2], *chunks[1:]])
    yield head + b"".join([*chunks, chunks[-1]])
    yield raw + b"\0"
    yield raw + raw


def test_nothing_that_was_changed_opens(locked, tmp_path, refused):
    path, _ = locked
    bad = tmp_path / "bad"
    for raw in changed(path.read_bytes()):
        bad.write_bytes(raw)
        refused(decrypt, bad, tmp_path / "out", WORDS, says=["bad: "])


def test_chunks_of_two_files_do_not_mix(locked, tmp_path, refused):
    path, _ = locked
    encrypt(tmp_path / "plain", tmp_path / "twin", WORDS, work=FAST)
    head, chunks = parts(path.read_bytes())
    _, others = parts((tmp_path / "twin").read_bytes())
    (tmp_path / "bad").write_bytes(head + chunks[0] + others[1] + b"".join(chunks[2:]))
    refused(decrypt, tmp_path / "bad", tmp_path / "out", WORDS, says=["at chunk 2"])


def test_a_wrong_passphrase_is_refused(locked, tmp_path, refused):
    refused(decrypt, locked[0], tmp_path / "out", WORDS + ".", says=["passphrase is wrong"])


@pytest.mark.parametrize(
    ("at", "value"), [(8, 30), (8, 255), (8, 0), (9, 255), (10, 200), (11, 40), (11, 0), (0, 0)]
)
def test_a_forged_header_cannot_eat_the_memory(locked, tmp_path, refused, at, value, monkeypatch):
    raw = bytearray(locked[0].read_bytes())
    raw[at] = value
    (tmp_path / "bad").write_bytes(raw)
    monkeypatch.setattr(encryption.Keys, "of", lambda *_: pytest.fail("scrypt was started"))
    refused(decrypt, tmp_path / "bad", tmp_path / "out", WORDS, says=["header"])


def test_other_files_are_refused(tmp_path, refused):
    (tmp_path / "text").write_text("hello")
    refused(decrypt, tmp_path / "text", tmp_path / "out", WORDS, says=["not an encrypted file"])
    refused(decrypt, tmp_path / "none", tmp_path / "out", WORDS, says=["not there"])


def test_mistakes_in_the_call_are_refused(locked, tmp_path, refused):
    plain = tmp_path / "plain"
    refused(encrypt, plain, tmp_path / "x", "short", says=["at least 8"])
    refused(encrypt, plain, tmp_path / "x", WORDS, says=["work is 40"], work=40)
    refused(encrypt, plain, locked[0], WORDS, says=["there already"])
    refused(decrypt, locked[0], plain, WORDS, says=["there already"])


def test_one_passphrase_typed_on_two_keyboards(tmp_path):
    (tmp_path / "a").write_bytes(b"x")
    encrypt(tmp_path / "a", tmp_path / "b", "Grüße aus Köln", work=FAST)
    decrypt(tmp_path / "b", tmp_path / "c", "Gru\u0308ße aus Ko\u0308ln")
    assert (tmp_path / "c").read_bytes() == b"x"


def test_a_failure_while_writing_leaves_nothing(locked, tmp_path, monkeypatch):
    before = sorted(tmp_path.rglob("*"))
    real = encryption.open_stream

    def breaks(stream, plain, header, key):
        real(stream, plain, header, key)
        if plain is not None:
            raise OSError("disk full")

    monkeypatch.setattr(encryption, "open_stream", breaks)
    with pytest.raises(DataError, match="disk full"):
        decrypt(locked[0], tmp_path / "out", WORDS)
    assert sorted(tmp_path.rglob("*")) == before


def test_the_plaintext_is_for_its_owner_alone(locked, tmp_path):
    decrypt(locked[0], tmp_path / "out", WORDS)
    assert (tmp_path / "out").stat().st_mode & 0o077 == 0


class TestFolder:
    @pytest.fixture
    def folder(self, tmp_path):
        source = tmp_path / "source"
        (source / "Doe^Jane").mkdir(parents=True)
        for k in range(3):
            (source / "Doe^Jane" / f"doe-{k}.dcm").write_bytes(b"slice %d" % k)
        (source / "empty").write_bytes(b"")
        encrypt(source, tmp_path / "locked", WORDS, work=FAST)
        return tmp_path / "locked"

    def test_it_comes_back(self, folder, tmp_path):
        decrypt(folder, tmp_path / "out", WORDS)
        for path in (tmp_path / "source").rglob("*"):
            twin = tmp_path / "out" / path.relative_to(tmp_path / "source")
            assert twin.is_dir() if path.is_dir() else twin.read_bytes() == path.read_bytes()

    def test_names_are_hidden(self, folder):
        assert len(list(folder.iterdir())) == 5
        for path in folder.iterdir():
            assert b"doe" not in (path.name.encode() + path.read_bytes()).lower()

    def test_one_file_opens_alone(self, folder, tmp_path):
        one = next(p for p in folder.iterdir() if p.name != "index.locked")
        decrypt(one, tmp_path / "one", WORDS)
        assert (tmp_path / "one").read_bytes() in {b"", b"slice 0", b"slice 1", b"slice 2"}

    def test_missing_exchanged_and_old_files_are_noticed(self, folder, tmp_path, refused):
        one, two = [p for p in sorted(folder.iterdir()) if p.name != "index.locked"][:2]
        first, second = one.read_bytes(), two.read_bytes()
        one.write_bytes(second)
        two.write_bytes(first)
        refused(decrypt, folder, tmp_path / "out", WORDS, says=["exchanged"])
        two.write_bytes(second)
        one.unlink()
        refused(decrypt, folder, tmp_path / "out", WORDS, says=["missing"])
        one.write_bytes(first)
        (folder / "index.locked").unlink()
        refused(decrypt, folder, tmp_path / "out", WORDS, says=["index is gone"])

    def test_an_index_that_leads_elsewhere_is_refused(self, folder, tmp_path, refused):
        name = next(p.name for p in folder.iterdir() if p.name != "index.locked")
        (folder / "index.locked").unlink()
        index = tmp_path / "index"
        index.write_text(json.dumps({name: ("../../out of here", "00")}))
        encrypt(index, folder / "index.locked", WORDS, work=FAST)
        refused(decrypt, folder, tmp_path / "out", WORDS, says=["outside of the folder"])

    def test_a_target_in_the_source_is_refused(self, tmp_path, refused):
        (tmp_path / "a").mkdir()
        refused(encrypt, tmp_path / "a", tmp_path / "a" / "b", WORDS, says=["lies in the source"])
        refused(encrypt, tmp_path / "a", tmp_path / "b", WORDS, says=["no file"])


def test_large_files_need_little_memory(tmp_path):
    """Eight chunks at most are held, whatever the size: the streams are read piece by piece."""
    largest = 0

    class Watched:
        def __init__(self, file):
            self.file = file

        def read(self, size=-1):
            nonlocal largest
            assert size >= 0
            largest = max(largest, size)
            return self.file.read(size)

    header = encryption.Header.new(FAST, bytes(16))
    key = encryption.Keys(WORDS).of(header)
    (tmp_path / "a").write_bytes(bytes(10 * CHUNK))
    with (tmp_path / "a").open("rb") as plain, (tmp_path / "b").open("wb") as out:
        encryption.seal_stream(Watched(plain), out, header, key)
    assert largest == CHUNK


def test_the_error_is_one_that_lessons_show(locked, tmp_path):
    with pytest.raises(DataError) as caught:
        decrypt(locked[0], tmp_path / "out", "another passphrase")
    assert str(locked[0]) in str(caught.value)
