"""Pictures of every kind that a header can state: the values of the file, or a refusal."""

import struct
import zlib

import numpy as np
import pytest
import tifffile
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from medtutor.datasets.images import read_image
from medtutor.errors import DataError

DEPTHS = {0: (1, 2, 4, 8, 16), 2: (8, 16), 3: (1, 2, 4, 8), 4: (8, 16), 6: (8, 16)}
CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
ADAM7 = (
    (0, 0, 8, 8),
    (0, 4, 8, 8),
    (4, 0, 8, 4),
    (0, 2, 4, 4),
    (2, 0, 4, 2),
    (0, 1, 2, 2),
    (1, 0, 2, 1),
)


KINDS = ("uint8", "int8", "uint16", "int16", "uint32", "int32", "float16", "float32", "float64")


def attempt(path):
    """Read a picture, or give the error that refused it; any other error fails the test."""
    try:
        return read_image(path)
    except DataError as error:
        return error


def chunk(name, data):
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def rows(samples, depth, rng):
    """Pack (h, w, c) samples and filter each row with none, sub or up."""
    if 0 in samples.shape:
        return b""
    if depth == 16:
        packed = samples.astype(">u2").reshape(len(samples), -1).view(np.uint8)
    else:
        flat = samples.reshape(len(samples), -1, 1).astype(np.uint8)
        bits = np.unpackbits(flat, axis=-1)[..., 8 - depth :].reshape(len(samples), -1)
        packed = np.packbits(bits, axis=-1)
    step = max(1, samples.shape[-1] * depth // 8)
    out, above = b"", np.zeros_like(packed[0])
    for row in packed:
        kind = int(rng.integers(3))
        before = {0: 0, 1: np.concatenate([np.zeros(step, np.uint8), row])[: len(row)], 2: above}
        out += bytes([kind]) + (row - before[kind]).astype(np.uint8).tobytes()
        above = row
    return out


def png(samples, colour, depth, rng, interlaced=False, extra=b""):
    """Write a PNG by the standard alone, so that no reader is tested with its own writer."""
    height, width = samples.shape[:2]
    if interlaced:
        body = b"".join(rows(samples[y::dy, x::dx], depth, rng) for y, x, dy, dx in ADAM7)
    else:
        body = rows(samples, depth, rng)
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, int(interlaced))
    return b"".join(
        [
            b"\x89PNG\r\n\x1a\n",
            chunk(b"IHDR", header),
            extra,
            chunk(b"IDAT", zlib.compress(body)),
            chunk(b"IEND", b""),
        ]
    )


def luma(rgb):
    """Weigh red, green and blue as ITU-R 601 does, in Pillow's 16-bit fixed point."""
    return (rgb.astype(np.int64) @ np.array([19595, 38470, 7471]) + 0x8000) >> 16


@given(data=st.data())
@settings(max_examples=150)
def test_a_png_keeps_its_bits_or_is_refused(tmp_path_factory, data):
    colour = data.draw(st.sampled_from(sorted(DEPTHS)))
    depth = data.draw(st.sampled_from(DEPTHS[colour]))
    rng = np.random.default_rng(data.draw(st.integers(0, 10**6)))
    shape = (data.draw(st.integers(1, 12)), data.draw(st.integers(1, 12)), CHANNELS[colour])
    samples = rng.integers(0, 2**depth, shape)
    extra = b""
    palette = rng.integers(0, 256, (2**depth, 3)) if colour == 3 else None
    if palette is not None:
        extra = chunk(b"PLTE", palette.astype(np.uint8).tobytes())
    if data.draw(st.booleans()) and colour in (0, 2, 3):
        extra += chunk(b"tRNS", {0: bytes(2), 2: bytes(6), 3: bytes([0, 99])}[colour])
    path = tmp_path_factory.getbasetemp() / "drawn.png"
    path.write_bytes(png(samples, colour, depth, rng, data.draw(st.booleans()), extra))
    if depth == 16 and colour in (2, 6):
        with pytest.raises(DataError, match=r"drawn.png: colour of 16 bits.*Save it as PNG"):
            read_image(path)
        return
    if palette is not None:
        expected = luma(palette[samples[..., 0]])
    elif colour in (2, 6):
        expected = luma(samples[..., :3])
    else:
        expected = samples[..., 0] * (255 // (2**depth - 1) if depth < 16 else 1)
    found = read_image(path)
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found, expected)
    if palette is None and colour in (0, 4):
        np.testing.assert_array_equal(read_image(path, colour=True), np.dstack([found] * 3))


@given(
    kind=st.sampled_from(KINDS),
    white_is_zero=st.booleans(),
    order=st.sampled_from("<>"),
    shape=st.sampled_from([(4, 5), (4, 5, 3), (4, 5, 2), (3, 4, 5)]),
    packed=st.booleans(),
    seed=st.integers(0, 10**6),
)
@settings(max_examples=600)
def test_a_tiff_keeps_its_values_or_is_refused(
    tmp_path_factory, kind, white_is_zero, order, shape, packed, seed
):
    rng = np.random.default_rng(seed)
    low, high = (0, 250) if kind == "uint8" else (-100, 100) if kind == "int8" else (0, 60_000)
    values = rng.integers(low, high, shape)
    if "float" in kind or kind in ("int16", "int32"):
        values = values // 4 - 4000
    values = values.astype(kind)
    path = tmp_path_factory.getbasetemp() / "drawn.tif"
    colour = shape[-1] == 3
    meaning = "rgb" if colour else "miniswhite" if white_is_zero else "minisblack"
    tifffile.imwrite(
        path,
        values,
        photometric=meaning,
        byteorder=order,
        metadata=None,
        compression="zlib" if packed else None,
        extrasamples=[2] if shape[-1] == 2 else None,
    )
    found = attempt(path)
    if isinstance(found, DataError):
        assert str(path) in str(found)
        assert not (kind == "uint8" and shape == (4, 5)), "plain 8-bit grey must be read"
        assert not (
            kind in ("uint16", "int16", "float32")
            and shape == (4, 5)
            and order == "<"
            and not white_is_zero
        )
        return
    expected = luma(values) if colour else values[..., 0] if shape[-1] == 2 else values
    if meaning == "miniswhite":
        expected = 255 - expected
    assert len(shape) == 2 or shape[-1] in (2, 3)  # three pages make no picture
    np.testing.assert_array_equal(found, expected.astype(np.float32))


@pytest.mark.parametrize("name", ["turned.png", "turned.jpg", "turned.tif"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_every_format_is_turned_as_its_exif_says(tmp_path, name, orientation):
    values = np.repeat(np.repeat(np.array([[0, 80, 160], [40, 120, 240]]), 16, 0), 16, 1)
    exif = Image.Exif()
    exif[274] = orientation
    Image.fromarray(values.astype(np.uint8)).save(tmp_path / name, exif=exif)
    upright = {  # EXIF 2.32, tag 274: where row 0 and column 0 of the file belong
        1: values,
        2: values[:, ::-1],
        3: values[::-1, ::-1],
        4: values[::-1],
        5: values.T,
        6: values.T[:, ::-1],
        7: values.T[::-1, ::-1],
        8: values.T[::-1],
    }[orientation]
    found = read_image(tmp_path / name)
    assert found.shape == upright.shape
    assert np.abs(found - upright).max() < 4  # JPEG
    assert read_image(tmp_path / name, colour=True).shape == (*upright.shape, 3)


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB", "RGBA"])
def test_bitmaps(tmp_path, mode):
    picture = Image.fromarray(np.arange(60, dtype=np.uint8).reshape(6, 10) * 4).convert(mode)
    picture.save(tmp_path / "a.bmp")
    np.testing.assert_array_equal(read_image(tmp_path / "a.bmp"), np.asarray(picture.convert("L")))


@pytest.mark.parametrize(
    ("name", "mode", "says"),
    [
        ("a.jpg", "CMYK", "CMYK colour"),
        ("a.tif", "CMYK", "CMYK colour"),
        ("a.tif", "LAB", "LAB colour"),
    ],
)
def test_colours_for_print_are_refused(tmp_path, refused, name, mode, says):
    Image.new(mode, (4, 4)).save(tmp_path / name)
    refused(read_image, tmp_path / name, says=[name, says, "not read"])


@pytest.mark.parametrize("name", ["a.png", "a.tif"])
def test_several_pictures_in_one_file_are_refused(tmp_path, refused, name):
    pages = [Image.new("L", (4, 4), k) for k in (50, 90)]
    pages[0].save(tmp_path / name, save_all=True, append_images=pages[1:])
    refused(read_image, tmp_path / name, says=[name, "it holds 2 pictures"])


@pytest.mark.parametrize(
    ("values", "says"),
    [
        (np.array([[1, np.nan]], np.float32), "NaN"),
        (np.array([[1, 2**24 + 1]], np.uint32), "16,777,217"),
        (np.array([[1, 2**32 - 1]], np.uint32), "4,294,967,295"),
        (np.array([[1, -(2**25)]], np.int32), "33,554,432"),
    ],
)
def test_numbers_that_would_change_are_refused(tmp_path, refused, values, says):
    tifffile.imwrite(tmp_path / "a.tif", values)
    refused(read_image, tmp_path / "a.tif", says=["a.tif", says])


@given(seed=st.integers(0, 10**6), suffix=st.sampled_from(["png", "jpg", "tif", "bmp"]))
@settings(max_examples=150)
def test_wrong_bytes_never_let_a_foreign_error_out(tmp_path_factory, seed, suffix):
    path = tmp_path_factory.getbasetemp() / f"spoilt.{suffix}"
    rng = np.random.default_rng(seed)
    Image.fromarray(rng.integers(0, 255, (20, 20), np.uint8)).save(path)
    data = bytearray(path.read_bytes())
    for place in rng.integers(0, min(len(data), 300), 4):
        data[place] = rng.integers(256)
    path.write_bytes(data[: rng.integers(1, len(data) + 1)])
    found = attempt(path)
    assert str(path) in str(found) if isinstance(found, DataError) else found.ndim == 2
