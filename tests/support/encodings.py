"""Canonical and other base64 encodings of the same bytes, and tokens encoded so."""

from __future__ import annotations

import base64
import random
import string

from tests.support import reference
from tests.support.batches import KEY

ALPHABET = string.ascii_uppercase + string.ascii_lowercase + string.digits + "-_"


def encodings(text: str) -> list[str]:
    """All texts that lenient decoders read as the same bytes as *text*: base64, in either
    alphabet and without padding, perhaps behind a prefix of two characters."""
    places = len(text) - 2 if text[1] == "_" else len(text.removeprefix("T1=="))
    unused = {0: 0, 2: 4, 3: 2}[places % 4]
    last = ALPHABET.index(text[-1].translate(str.maketrans("+/", "-_")))
    first = last >> unused << unused
    return [text[:-1] + ALPHABET[first + i] for i in range(2**unused)]


def session_of_length(length: int, key: str = KEY) -> str:
    """A session id of *length* characters, or of the next length that there can be."""
    size = (length - 2) * 3 // 4
    rest = size - len(f"1~{key}~~1~~P~")
    return "1_" + reference.base64url(f"1~{key}~~1~{'x' * rest}~P~".encode())


def reencoded(rng: random.Random, token: str) -> str:
    """*token* with one to three changes that leave what is signed as it is, or might."""
    for _ in range(rng.choice([1, 1, 2, 3])):
        token = rng.choice(_WAYS)(rng, token)
    return token


def _end(rng: random.Random, token: str) -> str:
    """Other characters at the end of a part: unused bits, padding."""
    at = rng.choice(
        [i for i in range(len(token) + 1) if token[i : i + 1] in (".", "=", "")]
    )
    return token[: max(at - 1, 0)] + rng.choice(ALPHABET + "+/=") + token[at:]


def _alphabet(rng: random.Random, token: str) -> str:
    """The other alphabet, everywhere or in one place."""
    one, other = rng.choice([("+/", "-_"), ("-_", "+/")])
    if rng.random() < 0.3:
        return token.translate(str.maketrans(one, other))
    places = [i for i, character in enumerate(token) if character in one]
    if not places:
        return token
    at = rng.choice(places)
    return token[:at] + token[at].translate(str.maketrans(one, other)) + token[at + 1 :]


def _padding(rng: random.Random, token: str) -> str:
    return rng.choice(
        [token + "=", token + "==", token.rstrip("="), token.replace(".", "=.")]
    )


def _head(rng: random.Random, token: str) -> str:
    """Fields of a T1 token's head doubled, swapped, left out; digits in other encodings."""
    try:
        raw = base64.b64decode(token[4:], b"-_", validate=True)
    except ValueError:
        return token
    head, colon, data = raw.partition(b":")
    pairs = head.split(b"&")
    i, j = rng.randrange(len(pairs)), rng.randrange(len(pairs))
    way = rng.randrange(5)
    if way == 0:
        pairs.insert(i, pairs[j])
    elif way == 1:
        pairs[i], pairs[j] = pairs[j], pairs[i]
    elif way == 2:
        pairs.insert(i, rng.choice([b"", b"x=1", b"sig=", b"partner_id=1"]))
    elif way == 3:
        at = rng.randrange(len(pairs[-1]) + 1)
        digit = bytes([rng.choice(b"0123456789ABCDEFabcdefghijklmno:@`")])
        pairs[-1] = pairs[-1][:at] + digit + pairs[-1][at + 1 :]
    else:
        pairs[-1] = pairs[-1].upper().replace(b"SIG", b"sig")
    return "T1==" + base64.b64encode(b"&".join(pairs) + colon + data).decode()


_WAYS = [_end, _alphabet, _padding, _head, _head]
