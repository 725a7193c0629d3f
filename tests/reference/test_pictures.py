"""Picture files are read alike by `reference` and `runtime`: upright, bounded, or refused in one line."""

import io
import os
import random
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageOps

from reference import pictures
from reference.errors import RequestError
from reference.pictures import read_picture, repainted

FORMATS = ("PNG", "JPEG", "WEBP")


def photo(mode: str = "RGB", size: tuple[int, int] = (24, 16)) -> Image.Image:
    bands = len(Image.new(mode, (1, 1)).getbands())
    values = np.random.default_rng(3).integers(0, 256, (size[1], size[0], bands)).astype(np.uint8)
    return Image.fromarray(values.squeeze(), mode)


def encoded(picture: Image.Image, kind: str, **options: object) -> bytes:
    file = io.BytesIO()
    picture.save(file, kind, **options)
    return file.getvalue()


def refused(path: Path, *parts: str) -> None:
    with pytest.raises(RequestError) as caught:
        read_picture(path)
    assert len(str(caught.value).splitlines()) == 1
    for part in (*parts, path.name[:20]):
        assert part in str(caught.value)


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png_with(*extra: bytes, size: tuple[int, int] = (24, 16)) -> bytes:
    """A grey PNG with chunks after its header."""
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", *size, 8, 0, 0, 0, 0))
    rows = zlib.compress(bytes((size[0] + 1) * size[1]))
    return b"".join(
        [b"\x89PNG\r\n\x1a\n", header, *extra, chunk(b"IDAT", rows), chunk(b"IEND", b"")],
    )


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize("orientation", range(10))
def test_photo_is_turned_upright(kind: str, orientation: int, tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    path = tmp_path / "photo"
    path.write_bytes(encoded(photo(), kind, exif=exif))
    with Image.open(path) as theirs:
        expected = ImageOps.exif_transpose(theirs)
    assert expected.size == ((16, 24) if orientation in (5, 6, 7, 8) else (24, 16))
    np.testing.assert_array_equal(np.asarray(read_picture(path)), np.asarray(expected))


@pytest.mark.parametrize("mode", ["RGBA", "LA", "L", "P"])
def test_upright_picture_keeps_its_mode_and_transparency(mode: str, tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    picture = photo("RGB").quantize(8) if mode == "P" else photo(mode)
    options = {"transparency": bytes(range(8))} if mode == "P" else {}
    path = tmp_path / "photo.png"
    path.write_bytes(encoded(picture, "PNG", exif=exif, **options))
    upright = read_picture(path)
    assert (upright.mode, upright.size) == (mode, (16, 24))
    if mode == "P":
        picture.info["transparency"] = options["transparency"]
    expected = picture.convert("RGBA").transpose(Image.Transpose.ROTATE_270)
    np.testing.assert_array_equal(np.asarray(upright.convert("RGBA")), np.asarray(expected))


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P"])
def test_transparent_pixels_of_a_mask_keep(mode: str) -> None:
    layer = Image.new("RGBA", (24, 16), (255, 255, 255, 0))
    layer.paste((255, 255, 255, 255), (0, 0, 12, 16))
    if mode == "P":
        layer = Image.new("P", (24, 16), 0)
        layer.putpalette([255] * 6)
        layer.paste(1, (0, 0, 12, 16))
        layer.info["transparency"] = 0
    grey = np.asarray(repainted(layer.convert(mode) if mode == "LA" else layer))
    assert (grey[:, :12] == 255).all()
    assert (grey[:, 12:] == 0).all()


def test_half_transparent_white_is_half_grey() -> None:
    assert repainted(Image.new("LA", (1, 1), (255, 128))).getpixel((0, 0)) == 128
    assert repainted(Image.new("L", (1, 1), 77)).getpixel((0, 0)) == 77


@pytest.mark.parametrize("kind", ["GIF", "BMP", "TIFF", "EPS", "DDS", "JPEG2000", "ICO", "TGA", "PPM"])
def test_other_formats_are_refused(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "picture.png"
    path.write_bytes(encoded(photo(), kind))
    refused(path, "not a PNG, JPEG or WebP")


def test_short_files_of_other_formats_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "picture.png"
    for start in (b"", b"DDS |\0\0\0", b"qoif\0\0\0\1", b"\0\0\0\x1cftypavif", b"\0\0\0\x0cjP  \r\n\x87\n"):
        path.write_bytes(start)
        refused(path, "not a PNG, JPEG or WebP")


def test_size_is_looked_at_before_decoding(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def decode(*_: object) -> None:
        raise AssertionError("decoded")

    monkeypatch.setattr("PIL.PngImagePlugin.PngImageFile.load", decode)
    monkeypatch.setattr("PIL.PngImagePlugin.PngImageFile.load_prepare", decode)
    path = tmp_path / "large.png"
    for size in ((4097, 4096), (15000, 15000), (60000, 60000), (2**31 - 1, 1)):
        header = struct.pack(">IIBBBBB", *size, 8, 0, 0, 0, 0)
        path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", b""))
        refused(path, "pixels", str(pictures.MAX_PIXELS))


def test_file_size_is_looked_at_before_reading(tmp_path: Path) -> None:
    path = tmp_path / "large.png"
    with path.open("wb") as file:
        file.truncate(pictures.MAX_BYTES + 1)
    refused(path, "larger than 100 MB")


@pytest.mark.parametrize("kind", [b"zTXt", b"iTXt", b"iCCP"])
def test_large_compressed_metadata_is_one_line_or_a_picture(kind: bytes, tmp_path: Path) -> None:
    bomb = zlib.compress(bytes(80_000_000), 9)
    start = b"name\0\1\0en\0name\0" if kind == b"iTXt" else b"name\0\0"
    path = tmp_path / "bomb.png"
    path.write_bytes(png_with(chunk(kind, start + bomb)))
    try:
        assert read_picture(path).size == (24, 16)
    except RequestError as error:
        assert str(path) in str(error)


@pytest.mark.parametrize("kind", FORMATS)
def test_damaged_files_are_refused_in_one_line_or_read(kind: str, tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    whole = encoded(photo(), kind, exif=exif)
    path = tmp_path / "damaged"
    rng = random.Random(7)
    read = 0
    for _ in range(150):
        data = bytearray(whole[: rng.randrange(len(whole))] if rng.random() < 0.4 else whole)
        for _ in range(rng.randrange(4)):
            if data:
                data[rng.randrange(min(len(data), 200))] = rng.randrange(256)
        path.write_bytes(data)
        try:
            read_picture(path)
            read += 1
        except RequestError as error:
            assert len(str(error).splitlines()) == 1
    assert 0 < read < 150


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="Windows has no named pipes")
def test_pipes_devices_and_folders_are_refused_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    refused(tmp_path / "pipe", "not a file")
    refused(Path("/dev/zero"), "not a file")
    refused(tmp_path, "not a file")


def test_names_that_no_file_can_have_are_refused(tmp_path: Path) -> None:
    refused(tmp_path / "absent.png", "does not exist")
    for name in ("a\0b", "x" * 300, "\x1b[2J\n.png"):
        with pytest.raises(RequestError) as caught:
            read_picture(tmp_path / name)
        assert str(caught.value).isprintable()


def test_orientation_of_xmp_does_not_count_because_phones_do_not_read_it(tmp_path: Path) -> None:
    path = tmp_path / "photo.jpg"
    xmp = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf tiff:Orientation="6"/></x:xmpmeta>'
    path.write_bytes(encoded(photo(), "JPEG", xmp=xmp))
    with Image.open(path) as theirs:
        assert ImageOps.exif_transpose(theirs).size == (16, 24)
    assert read_picture(path).size == (24, 16)
