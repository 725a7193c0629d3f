"""Picture files: the one reader of `reference` and `runtime`, and what transparency means. No PyTorch."""

import warnings
from io import BytesIO
from pathlib import Path

from PIL import ExifTags, Image, UnidentifiedImageError

from reference.errors import RequestError, printable

# What photos, drawings and the phones' pictures come as. Pillow reads some fifty others, and it starts
# Ghostscript for one of them.
FORMATS = ("PNG", "JPEG", "WEBP")
MODES = ("RGB", "RGBA", "L", "LA", "P", "1")  # at most 8 bits a channel
MAX_BYTES = 100_000_000
MAX_PIXELS = 4096 * 4096  # decoded, that is at most 64 MiB

# The values of EXIF's orientation, and what turns such a picture upright (CIPA DC-008, 4.6.5.1).
UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def read_picture(path: str | Path) -> Image.Image:
    """Read a PNG, JPEG or WebP file and turn it upright as its EXIF orientation says.

    Raises RequestError that names the file, before anything is decoded if it is no regular file, another
    format, of a mode not in MODES, above MAX_BYTES or above MAX_PIXELS.
    """
    data = _content(path)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of odd metadata, which changes no pixel
            with Image.open(BytesIO(data), formats=FORMATS) as picture:
                width, height = picture.size
                if width * height > MAX_PIXELS:
                    size = f"{width}x{height} pixels, at most {MAX_PIXELS} are read"
                    raise RequestError(f"{printable(path)} has {size}: resize it")
                if picture.mode not in MODES:
                    raise RequestError(f"{printable(path)} has mode {picture.mode}: save it as 8-bit RGB")
                picture.load()
                return _upright(picture)
    except RequestError:
        raise
    except UnidentifiedImageError:
        raise RequestError(
            f"{printable(path)} is not a PNG, JPEG or WebP picture, or it is damaged: save it as PNG"
        ) from None
    except Image.DecompressionBombError:
        raise RequestError(
            f"{printable(path)} has too many pixels, at most {MAX_PIXELS} are read: resize it"
        ) from None
    except MemoryError:
        raise RequestError(f"{printable(path)} needs more memory than there is: resize it") from None
    # Pillow's readers raise almost anything on damaged files: ValueError, struct.error, zlib.error, ...
    except Exception as error:
        reason = printable(str(error).partition("\n")[0] or type(error).__name__)
        raise RequestError(
            f"{printable(path)} cannot be read as a picture: {reason}: save it again"
        ) from None


def _content(path: str | Path) -> bytes:
    path = Path(path)
    try:
        # Opening a pipe would wait for its other end, and a device has no end.
        if path.exists() and not path.is_file():
            raise RequestError(f"{printable(path)} is not a file: give a PNG, JPEG or WebP picture")
        if path.stat().st_size > MAX_BYTES:
            raise RequestError(
                f"{printable(path)} is larger than {MAX_BYTES // 10**6} MB: resize the picture"
            )
        return path.read_bytes()
    except FileNotFoundError:
        raise RequestError(f"{printable(path)} does not exist: give a PNG, JPEG or WebP picture") from None
    except OSError as error:
        raise RequestError(
            f"cannot read {printable(path)}: {error.strerror or error}: check the file"
        ) from None
    except ValueError:
        raise RequestError(f"no file can have the name {printable(path)}: give a picture") from None


def _upright(picture: Image.Image) -> Image.Image:
    """The picture turned as its EXIF orientation says, like `PIL.ImageOps.exif_transpose`.

    Pillow would also read the orientation of XMP, which phones do not.
    """
    for name in ("xmp", "XML:com.adobe.xmp"):
        picture.info.pop(name, None)
    orientation = picture.getexif().get(ExifTags.Base.Orientation)
    method = UPRIGHT.get(orientation) if isinstance(orientation, int) else None
    return picture.copy() if method is None else picture.transpose(method)


def on_white(picture: Image.Image) -> Image.Image:
    """The picture in RGB, transparency on white."""
    return _on(picture, "white").convert("RGB")


def repainted(mask: Image.Image) -> Image.Image:
    """A mask in grey: white repaints, black and what is transparent keep."""
    return _on(mask, "black").convert("L")


def _on(picture: Image.Image, colour: str) -> Image.Image:
    if picture.mode not in ("RGBA", "LA") and "transparency" not in picture.info:
        return picture
    return Image.alpha_composite(Image.new("RGBA", picture.size, colour), picture.convert("RGBA"))
