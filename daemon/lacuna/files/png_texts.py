"""The texts of a PNG file: what they say, and IPTC in one of them, as ImageMagick began it."""

import zlib

from .metadata import Chunk

COMMENT = "Comment"
_TEXTS = {b"tEXt", b"zTXt", b"iTXt"}
_XMP = b"XML:com.adobe.xmp"
_IPTC, _RAW = "Raw profile type iptc", "Raw profile type "
_IPTC_LINE = 72  # hexadecimal digits
_LATIN_1 = "latin-1"
_MAX_INFLATED_BYTES = 2**26  # profiles and texts are compressed in the file, or are bombs


def inflated(data: bytes) -> bytes:
    """Decompress; a broken profile or text becomes empty, it is no reason to refuse a picture."""
    try:
        return zlib.decompressobj().decompress(data, _MAX_INFLATED_BYTES)
    except zlib.error:
        return b""


def is_xmp(chunk: Chunk) -> bool:
    return chunk.kind == b"iTXt" and chunk.data.startswith(_XMP + b"\0")


def text_of(chunk: Chunk) -> tuple[str, str] | None:
    """Return keyword and text; None for what is no text, or XMP."""
    if chunk.kind not in _TEXTS or is_xmp(chunk):
        return None
    keyword, _, rest = chunk.data.partition(b"\0")
    if chunk.kind == b"iTXt":
        return keyword.decode(_LATIN_1), international_text(chunk.data).decode("utf-8", "replace")
    data = inflated(rest[1:]) if chunk.kind == b"zTXt" else rest
    return keyword.decode(_LATIN_1), data.decode(_LATIN_1)


def international_text(data: bytes) -> bytes:
    """Return the text of an iTXt chunk."""
    _keyword, _, rest = data.partition(b"\0")
    is_compressed, (*_languages, text) = rest[:1] == b"\1", rest[2:].split(b"\0", 2)
    return inflated(text) if is_compressed else text


def iptc_of(texts: list[tuple[str, str]]) -> bytes:
    """Return the records of IPTC that are written out in a text; empty if there are none.

    It is the name of the profile, its length, and its bytes in hexadecimal digits.
    """
    for keyword, text in texts:
        words = text.split()
        if keyword == _IPTC and len(words) > 2:
            try:
                return bytes.fromhex("".join(words[2:]))
            except ValueError:
                continue
    return b""


def is_raw(keyword: str) -> bool:
    """Tell whether a text is bytes of something else."""
    return keyword.startswith(_RAW)


def iptc_chunk(iptc: bytes) -> Chunk:
    """Write records of IPTC out."""
    digits = iptc.hex()
    lines = [digits[at : at + _IPTC_LINE] for at in range(0, len(digits), _IPTC_LINE)]
    text = f"\niptc\n{len(iptc):8}\n" + "\n".join(lines) + "\n"
    return Chunk(b"zTXt", _IPTC.encode() + b"\0\0" + zlib.compress(text.encode()))


def text_chunk(keyword: str, text: str) -> Chunk:
    """Write a text, in the older form where it can hold it."""
    try:
        return Chunk(b"tEXt", keyword.encode(_LATIN_1) + b"\0" + text.encode(_LATIN_1))
    except UnicodeEncodeError:
        head = keyword.encode(_LATIN_1, "replace") + b"\0\0\0\0\0"
        return Chunk(b"iTXt", head + text.encode())
