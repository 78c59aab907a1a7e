"""Every kind of token that a server may be shown, and ways to alter what one says."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import random

from .. import reference
from ..batches import KEY, OTHER_SESSION, SECRET, SESSION
from .test_claims import BAD_SESSIONS
from .test_verify import DATA, GO_STYLE, MALFORMED, PYTHON_STYLE, VECTORS, make

PAYLOAD = {
    "iss": KEY,
    "ist": "project",
    "iat": 1_700_000_100,
    "exp": 1_700_086_500,
    "session_id": SESSION,
    "scope": "session.connect",
    "role": "publisher",
    "nonce": 123456,
}


def make_raw(data: bytes, secret: str = SECRET, key: str = KEY) -> str:
    """The token that says *data*, whatever that is."""
    signature = hmac.new(secret.encode(), data, hashlib.sha1).hexdigest()
    return (
        "T1=="
        + base64.b64encode(f"partner_id={key}&sig={signature}:".encode() + data).decode()
    )


def make_jwt(secret=SECRET, header=None, **claims):
    said = {k: v for k, v in {**PAYLOAD, **claims}.items() if v is not None}
    header = header or {"typ": "JWT", "alg": "HS256"}
    return reference.jwt(secret.encode(), json.dumps(said), json.dumps(header))


def fields(**changes: str | None) -> bytes:
    """DATA with fields of other values, or without them."""
    pairs = {**dict(pair.split("=") for pair in DATA.split("&")), "nonce": "1", **changes}
    return "&".join(f"{k}={v}" for k, v in pairs.items() if v is not None).encode()


NUMBERS = [
    "", "0", "00", "1", "-1", "+1700000100", " 1700000100", "1700000100 ", "1700000100.0", "1.7e9", "0x65",
    "01700000100",
    "0001700000100",
    "0001700086500", "%31700000100", "\u0661", "9" * 12, "9" * 13, "9" * 30, "1700000260", "1700000261", "1700086500",
]  # fmt: skip
ENCODED = [
    "", "a+b", "a%20b", "%c3%a9", "%C3%A9", "é", "%F0%9F%98%80", "%", "a%", "%2", "%zz", "%%41", "%4", "%25", "%00",
    "%80", "%c3", "%c3a", "%ff", "%fe%80", "%c0%80", "%c1%bf", "%c2%80", "%df%bf", "%e0%80%80", "%e0%9f%bf", "%e0%a0%80",
    "%ed%9f%bf", "%ed%a0%80", "%ed%bf%bf", "%ee%80%80", "%ef%bf%bf", "%f0%80%80%80", "%f0%8f%bf%bf", "%f0%90%80%80",
    "%f4%8f%bf%bf", "%f4%90%80%80", "%f5%80%80%80", "%f8%88%80%80%80", "%e2%82", "%e2%82a", "%e2%82%28", "%f0%9f%98",
    "%c3%a9%80", "%c3%c3%a9", "x=y", "x%26y", "~*'()", "x" * 3000,
]  # fmt: skip
T1_DATA = [
    *[data.encode() for _, data, _, _ in VECTORS],
    *[fields(**{name: value}) for name in ("create_time", "expire_time") for value in NUMBERS],
    *[
        fields(**{name: value})
        for name in ("connection_data", "initial_layout_class_list", "nonce", "scope", "colour")
        for value in ENCODED
    ],
    *[fields(role=role) for role in ["", "king", "Publisher", "publishe%72", "publisher+", "publisheronly", "é", "moderator"]],
    *[fields(session_id=s) for s in [*map(str, BAD_SESSIONS), OTHER_SESSION, SESSION + "=", "1%5F" + SESSION[2:]] if "\0" not in s],
    *[fields(**{name: None}) for name in ("session_id", "create_time", "expire_time", "role", "nonce")],
    *[fields() + b"&" + pair for pair in fields().split(b"&")],
    fields() + b"&", b"&" + fields(), fields().replace(b"&", b"&&", 1), fields() + b"&x", fields() + b"&=", fields() + b"&=1",
    fields() + b"&a=1" * 64, fields() + b"&session_id%3D=1", fields() + b"&Role=king", fields() + "&é=1".encode(),
    fields() + b"\n", fields() + b"\0", fields() + b"&connection_data=\xff", fields() + b"&connection_data=\xc3\xa9",
    fields() + b"&connection_data=" + b"%F0%9F%98%80" * 1000 + b"&initial_layout_class_list=" + b"%F0%9F%98%80" * 1000,
    fields() + b"&connection_data=" + b"x" * 40_000, fields() + b"&connection_data=" + b"x" * 48_500,
    b"", b":", b"=", b"&", b"session_id", b"nonce=1",
]  # fmt: skip


class Text(str):
    __slots__ = ()


def corpus():
    """Every kind of token that a server may be shown."""
    good = make(GO_STYLE)
    raw = base64.b64decode(good[4:])
    sig = raw[raw.index(b"sig=") + 4 :][:40]
    wrapped = [
        raw.replace(sig, sig.upper()),
        raw.replace(sig, sig[:-1] + b"g"),
        raw.replace(sig, sig[:-1]),
        raw.replace(sig, sig + b"0"),
        raw.replace(sig, "é".encode() * 20),
        raw.replace(KEY.encode(), KEY.encode() + b"0"),
        raw.replace(KEY.encode(), b"0" + KEY.encode()),
        raw.replace(b"partner_id", b"Partner_id"),
        b"sig=" + sig + b"&partner_id=" + KEY.encode() + raw[raw.index(b":") :],
        raw.replace(b"&sig", b"&x=1&sig", 1),
        raw.replace(b":", b"::", 1),
        raw[: raw.index(b":")],
        raw[: raw.index(b":") + 1],
        # What is no hex digit must not be read as the last of them.
        *[
            base64.b64decode(make(PYTHON_STYLE)[4:]).replace(b"f54252", c + b"54252")
            for c in (b"g", b"?", b"\xff")
        ],
        raw[:30],
        b"",
        b"\0" * 100,
    ]
    return [
        *MALFORMED,
        *map(make_raw, T1_DATA),
        *["T1==" + base64.b64encode(text).decode() for text in wrapped],
        *["T1==" + base64.urlsafe_b64encode(base64.b64decode(t[4:])).decode() for t in map(make_raw, T1_DATA)],
        *[make_raw(fields() + b"&connection_data=" + b"?~" * n) for n in range(9)],
        make(GO_STYLE, secret="another"), make(GO_STYLE, key="40000124"), make(GO_STYLE, key="4000012"),
        good.rstrip("="), good + "=", good + "====", good[:-1], good.replace("T1==", "T2=="), Text(good), good.lower(),
        good[:40] + "é" + good[41:], good[:40] + "\0" + good[41:], good[:40] + "\ud800", "\ud800", "T1==" + "\U0001f600" * 10,
        *[good[:i] + character + good[i + 1 :] for i in range(len(good)) for character in "A=-b" if good[i] != character],
        *[good[:i] for i in range(0, len(good), 7)],
        None, 5, 1.5, b"", good.encode(), [good], object, True,
        make_jwt(), make_jwt(connection_data='q"\\\n\x01é'), make_jwt(jti="1" * 27), make_jwt(exp=None), make_jwt(role=None),
        make_jwt(iss=int(KEY)), make_jwt(iss="1"), make_jwt(role="king"), make_jwt(exp=1_700_000_150), make_jwt(iat=1_700_000_261),
        make_jwt(session_id="1_none"), make_jwt(session_id=OTHER_SESSION), make_jwt(exp=1_702_592_101), make_jwt(exp="soon"),
        make_jwt(secret="another"), make_jwt(header={"alg": "none"}), make_jwt(header={"alg": "HS512"}), make_jwt(colour="blue"),
        make_jwt(initial_layout_class_list=["a"]), make_jwt(connection_data="\ud83d"), make_jwt() + "=", make_jwt()[:-1],
        *[make_jwt()[:i] + character + make_jwt()[i + 1 :] for i in range(0, len(make_jwt()), 3) for character in "A.=" if make_jwt()[i] != character],
    ]  # fmt: skip


CORPUS = corpus()


PIECES = [
    b"&", b"=", b"%", b"+", b":", b"~", b"_", b"-", b"0", b"9", b"\x80", b"\xc3", b"\xa9", b"\xff", b"\0", b" ", b"A",
    *[piece.encode() for piece in ENCODED[:-1]], *[number.encode() for number in NUMBERS],
    b"&role=moderator", b"&session_id=" + SESSION.encode(), b"&session_id=" + OTHER_SESSION.encode(), b"&create_time=",
    b"&expire_time=0", b"&expire_time=1702592100", b"&expire_time=1702592101", b"&connection_data=", b"&scope=session.connect",
    b"&nonce", b"&initial_layout_class_list=a,b", b"subscriber", b"king", b"=&",
]  # fmt: skip


def altered(rng: random.Random, data: bytes) -> bytes:
    """*data* with a few pieces changed, mostly such that it still looks like itself."""
    for _ in range(rng.choice([1, 1, 1, 2, 3])):
        at, way = rng.randrange(len(data) + 1), rng.randrange(8)
        end = min(len(data), at + rng.choice([0, 1, 1, 2, 8]))
        if way == 0:  # any byte
            data = data[:at] + rng.randbytes(1) + data[at + 1 :]
        elif way == 1:
            data = data[:at] + rng.choice(PIECES) + data[at:]
        elif way == 2:
            data = data[:at] + rng.choice(PIECES) + data[end:]
        elif way == 3:
            data = data[:at] + data[end:]
        else:  # whole fields
            pairs = data.split(b"&")
            i, j = rng.randrange(len(pairs)), rng.randrange(len(pairs))
            if way == 4:
                pairs[i], pairs[j] = pairs[j], pairs[i]
            elif way == 5:
                pairs[i] = pairs[i].partition(b"=")[0] + b"=" + rng.choice(PIECES)
            elif way == 6:
                pairs[i] = pairs[j]
            else:
                del pairs[i]
            data = b"&".join(pairs) or b"x"
    return data
