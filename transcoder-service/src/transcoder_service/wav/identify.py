"""Names what an upload looks like when it is not a WAV, for the one who sent it."""

import string

_MAGIC: list[tuple[int, bytes, str]] = [
    (0, b"ID3", "an MP3 (ID3 tag)"),
    (0, b"OggS", "an Ogg file"),
    (0, b"fLaC", "a FLAC file"),
    (4, b"ftyp", "an MP4/M4A file"),
    (0, b"FORM", "an AIFF file"),
    (0, b"caff", "a Core Audio file"),
    (0, b".snd", "an AU file"),
    (0, b"wvpk", "a WavPack file"),
    (0, b"MAC ", "a Monkey's Audio file"),
    (0, b"#!AMR", "an AMR file"),
    (0, b"\x30\x26\xb2\x75", "a Windows Media file"),
    (0, b"\x1aE\xdf\xa3", "a WebM/Matroska file"),
    (0, b"riff\x2e\x91\xcf\x11", "a Sony Wave64 file"),
    (0, b"PK\x03\x04", "a ZIP archive"),
    (0, b"\x1f\x8b", "gzip data"),
    (0, b"%PDF", "a PDF"),
    (0, b"\x89PNG", "a PNG image"),
    (0, b"\xff\xd8\xff", "a JPEG image"),
]
_TEXT = frozenset(string.printable.encode())


def looks_like(head: bytes) -> str:
    """A few words on what a file that starts with `head` (12 bytes, or all there is) is."""
    for offset, magic, name in _MAGIC:
        if head[offset : offset + len(magic)] == magic:
            return name
    if head[:4] in (b"RIFF", b"RF64", b"BW64"):
        form = head[8:12]
        return f"RIFF of the form {form.decode('ascii')!r}" if is_printable(form) else "RIFF of an unknown form"
    if len(head) > 1 and head[0] == 0xFF and head[1] & 0xE0 == 0xE0:
        return "an MPEG audio stream (MP3 or AAC)"
    if head.startswith(b"\xef\xbb\xbf") or _TEXT.issuperset(head):
        return "text"
    return "unknown binary data"


def is_printable(name: bytes) -> bool:
    """Whether all bytes are printable ASCII."""
    return all(0x20 <= byte <= 0x7E for byte in name)
