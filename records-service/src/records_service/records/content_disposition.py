"""The `Content-Disposition` of a download (RFC 6266): the name under which a client saves it, in any script."""

import re
import unicodedata
from urllib.parse import quote

DEFAULT_STEM = "recording"
# The longest name that common file systems take. It also bounds the header: nginx answers 502 if all headers of an
# answer are larger than one buffer of 4 KiB, and percent-encoding makes three bytes of each.
MAX_NAME_BYTES = 255

_EXTENSION = re.compile(r"\.[A-Za-z][A-Za-z0-9]{0,4}\Z")
# Separators and controls have no place in a file's name; lone surrogates none in UTF-8.
_FORBIDDEN_CATEGORIES = frozenset({"Cc", "Cs", "Zl", "Zp"})
# What old clients read differently from each other inside a quoted string (RFC 6266, appendix D), and the slash, which
# is in the decomposition of other characters.
_AMBIGUOUS = re.compile(r'[^\x20-\x7e]|["\\%/]')
_RFC8187_ATTR_CHARS = "!#$&+-.^_`|~"


def mp3_name(uploaded_name: str) -> str:
    """The uploaded file's name with `.mp3` in place of its extension, at most `MAX_NAME_BYTES` long in UTF-8."""
    cleaned = "".join(
        "_" if character in "/\\" or unicodedata.category(character) in _FORBIDDEN_CATEGORIES else character
        for character in uploaded_name
    )
    stem = _EXTENSION.sub("", cleaned).strip(" .") or DEFAULT_STEM
    room = MAX_NAME_BYTES - len(".mp3")
    return stem.encode()[:room].decode(errors="ignore") + ".mp3"


def inline_disposition(file_name: str) -> str:
    """`inline`, so that a browser plays the link instead of saving it; the name is used when it is saved.

    `filename` is an approximation in ASCII for clients that know nothing better; `filename*` (RFC 8187) is exact and
    is left out where the first says it all.
    """
    plain = _AMBIGUOUS.sub("_", _without_accents(file_name))
    value = f'inline; filename="{plain}"'
    if plain == file_name:
        return value
    return f"{value}; filename*=UTF-8''{quote(file_name, safe=_RFC8187_ATTR_CHARS)}"


def _without_accents(text: str) -> str:
    decomposed = unicodedata.normalize("NFKD", text)
    return "".join(character for character in decomposed if not unicodedata.combining(character))
