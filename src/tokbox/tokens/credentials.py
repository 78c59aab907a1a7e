"""Read credentials from files and the environment, and describe their mistakes.

The API keys and secrets of the service are printable ASCII without spaces and quotation
marks. A file or an environment variable often holds more: a byte order mark (BOM) at its
start and a line end at its end, which editors and shells add. `clean` removes one of each.
Any other character outside that alphabet is an error, since the service would refuse every
token that is signed with such a secret.
"""

from __future__ import annotations

import os

__all__ = [
    "APPLICATION_HINT",
    "MAX_BYTES",
    "clean",
    "control_character",
    "decode",
    "is_utf_16",
    "odd_character",
    "read",
    "read_bytes",
    "secret_rule",
]

#: A private key of 16,384 bits, encrypted, has a quarter of this.
MAX_BYTES = 65_536

#: The part of an error message that explains how to use an application's credentials.
APPLICATION_HINT = (
    "use Tokbox.from_private_key, or set TOKBOX_APPLICATION_ID and TOKBOX_PRIVATE_KEY"
)

_BOM = "\ufeff"
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")
#: Printable ASCII without the space and the quotation marks.
_PLAIN = frozenset(map(chr, range(0x21, 0x7F))) - frozenset("\"'`")
#: Control characters, line separators, the byte order mark and surrogates.
_CONTROL = "[\x00-\x1f\x7f-\x9f\u2028\u2029\ufeff\ud800-\udfff]"
_KINDS = {
    "\0": "a NUL character",
    "\t": "a tab",
    "\n": "a line break",
    "\r": "a carriage return",
    " ": "a space",
    '"': "a quotation mark",
    "'": "a quotation mark",
    "`": "a quotation mark",
    _BOM: "a byte order mark",
}
#: By Unicode's general category.
_CATEGORIES = {
    "Cc": "a control character",
    "Cf": "an invisible character",
    "Cs": "a lone surrogate",
    "Zl": "a line separator",
    "Zp": "a line separator",
    "Zs": "a space outside ASCII",
}


def odd_character(text: str) -> str:
    """Describe the first character of *text* that no key or secret holds, or return "".

    Only its kind and its position (from 1) are described: the text may be a secret.
    """
    text = str.__str__(text)  # a subclass may have an __iter__ of its own
    if _PLAIN.issuperset(text):
        return ""
    place = next(place for place, each in enumerate(text) if each not in _PLAIN)
    return _describe(text[place], place)


def control_character(text: str) -> str:
    """Describe the first control character of *text* in the same way, or return ""."""
    import re

    found = re.search(_CONTROL, text)
    return "" if found is None else _describe(found[0], found.start())


def _describe(character: str, place: int) -> str:
    kind = _KINDS.get(character)
    if kind is None:
        from unicodedata import category

        kind = _CATEGORIES.get(category(character), "a character outside ASCII")
    return f"{kind} at position {place + 1}"


def secret_rule(secret: object, what: str = "the project's API secret") -> str:
    """Return the rule that *secret* breaks, as a phrase that follows "must", or ""."""
    if not isinstance(secret, str) or not secret:
        return "be a string that is not empty"
    if "-----BEGIN" in secret:
        return f"be {what}, not a private key: for an application {APPLICATION_HINT}"
    if odd := odd_character(secret):
        return f"be printable ASCII without spaces and quotes: it holds {odd}"
    return ""


def clean(text: str) -> str:
    """Return the credential in the *text* of an environment variable or a file.

    One byte order mark at the start and one line end at the end are removed. In a PEM
    without line breaks, as in many environment variables, ``\\n`` becomes a line break.
    """
    text = text.removeprefix(_BOM)
    text = text.removesuffix("\n").removesuffix("\r") if text.endswith("\n") else text
    if "-----BEGIN" in text and "\n" not in text:
        return text.replace("\\n", "\n")
    return text


def decode(data: bytes) -> str:
    """Return the credential in the content of a file; see `clean`.

    Raises ValueError if *data* is not UTF-8 or too long; the message contains no part of
    *data*.
    """
    _check(data)
    try:
        return clean(data.decode())
    except UnicodeDecodeError:
        pass
    # Outside of the handler: that exception holds what was read.
    raise ValueError("it is not UTF-8 text")


def read_bytes(path: str | os.PathLike[str]) -> bytes:
    """Return the bytes of a file of at most `MAX_BYTES`.

    OSError if it cannot be read, ValueError if it is too long or UTF-16.
    """
    with open(path, "rb") as file:
        data = file.read(MAX_BYTES + 1)
    _check(data)
    return data


def read(path: str | os.PathLike[str]) -> str:
    """Return the credential that a file holds. OSError, or ValueError as `decode`."""
    return decode(read_bytes(path))


def is_utf_16(data: bytes) -> bool:
    """Return whether *data* begins with a UTF-16 byte order mark."""
    return data.startswith(_UTF_16)


def _check(data: bytes) -> None:
    if is_utf_16(data):
        raise ValueError("it is UTF-16, not UTF-8")
    if len(data) > MAX_BYTES:
        raise ValueError(f"it has more than {MAX_BYTES} bytes")
