"""Every kind of token that a server may receive, and ways to alter its claims."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import random

from tests.support import reference
from tests.support.batches import KEY, OTHER_SESSION, SECRET, SESSION
from tests.support.encodings import encodings, session_of_length
from tests.tokens.test_claims import BAD_SESSIONS
from tests.tokens.verify.test_verify import (
    DATA,
    GO_STYLE,
    MALFORMED,
    PYTHON_STYLE,
    VECTORS,
    make,
)

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
    """The token with the connection data *data*, which may be any text."""
    signature = hmac.new(secret.encode(), data, hashlib.sha1).hexdigest()
    return (
        "T1=="
        + base64.b64encode(f"partner_id={key}&sig={signature}:".encode() + data).decode()
    )


def make_jwt(secret=SECRET, header=None, **claims):
    said = {k: v for k, v in {**PAYLOAD, **claims}.items() if v is not None}
    header = header or {"typ": "JWT", "alg": "HS256"}
    return reference.jwt(secret.encode(), json.dumps(said), json.dumps(header))


def make_raw_jwt(
    payload: bytes, secret: str = SECRET, head: str = '{"typ":"JWT","alg":"HS256"}'
) -> str:
    """The JWT whose payload is *payload*, whatever that is."""
    signed = f"{reference.base64url(head.encode())}.{reference.base64url(payload)}"
    signature = hmac.new(secret.encode(), signed.encode(), hashlib.sha256).digest()
    return f"{signed}.{reference.base64url(signature)}"


def members(**changes: str | None) -> bytes:
    """PAYLOAD as compact JSON, with members of other (JSON) values, or without them."""
    said = {**{k: json.dumps(v) for k, v in PAYLOAD.items()}, "jti": '"1"', **changes}
    return (
        "{" + ",".join(f'"{k}":{v}' for k, v in said.items() if v is not None) + "}"
    ).encode()


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
        for name in ("connection_data", "initial_layout_class_list", "nonce", "scope", "ist", "nbf", "colour")
        for value in [*ENCODED, "session.connect", "project", "account"]
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


JSON_NUMBERS = [
    "0", "00", "-0", "-1", "+1", "1.", ".5", "1.5", "01.5", "1.5.5", "1e9", "1E9", "1.7e9", "0x65", "NaN", "Infinity", "", "-", " 1", "1 ",
    "01700000100", "1700000100", "1700000100.0", "1700086500", "1702592100", "1702592101", "1700000260", "1700000261", "9" * 12, "9" * 13,
    "9" * 30, "9" * 41, "9" * 5000, "0." + "9" * 39, "null", "true", "[]", "{}", "[1,2]", '{"a":1}', '"1700000100"', '"', '""', "\u0661",
]  # fmt: skip
JSON_TEXTS = [
    '""', '"a"', '"a b+c"', '"\\""', r'"\\"', r'"\/"', r'"\b\f\n\r\t"', r'"\u00e9"', r'"\u00E9"', r'"\ud83d\ude00"', r'"\ud83d"', r'"\udc00"',
    r'"\uD7FF"', r'"\ue000"', r'"\u0000"', r'"\u12"', r'"\u12"zz"', r'"\uzzzz"', r'"\x41"', r'"\\"', r'"\"', r'"\\\"', '"\t"', '"\x1f"', '"\x7f"',
    '"\0"', '"é"', '"😀"', '"\u2028"', '"a', 'a"', "'a'", '"a","b"', '"a":"b"', '"a"}', '"a"]', '"{"', '"}"', '","', '":"', '"' + "x" * 9000 + '"',
    '["a"]', '["a","b"]', "[]", "{}", "null", "true", "1", '"publisher"', '"king"', '"Publisher"', '"moderator"', '"project"', '"account"',
    '"session.connect"', '"session"', f'"{KEY}"', KEY, f'"{KEY}0"', f'"{SESSION}"', f'"{OTHER_SESSION}"', '"1_x"', f'"\\u0031{SESSION[1:]}"',
]  # fmt: skip
RAW_BYTES = [
    b"\x80",
    b"\xc3",
    b"\xc3\xa9\x80",
    b"\xed\xa0\x80",
    b"\xf4\x90\x80\x80",
    b"\xff",
    b"\xc0\x80",
    b"\xc3\\u00e9",
]
NAMES = [
    "iss", "ist", "iat", "exp", "scope", "session_id", "role", "connection_data", "data", "initial_layout_class_list", "initial_layout_list",
    "jti", "nonce", "create_time", "expire_time", "nbf", "colour", "", r"i\u0073s", "é",
]  # fmt: skip
JWT_DATA = [
    *[members(**{name: value}) for name in NAMES for value in [*JSON_NUMBERS, *JSON_TEXTS]],
    *[members(**{name: None}) for name in NAMES],
    *[members(connection_data='"@"').replace(b"@", raw) for raw in RAW_BYTES],
    *[members(jti='"@"').replace(b"@", raw) for raw in RAW_BYTES],
    *[members(**{name: None})[:-1] + f',"{name}":{value}'.encode() + b"}" for name, value in [("jti", '"1"'), ("iat", "1700000100")]],
    *[members()[:-1] + f',"{name}":1}}'.encode() for name in NAMES],
    *[members()[:i] for i in range(len(members()))],
    *[members()[:i] + piece + members()[i:] for i in range(0, len(members()), 5) for piece in (b" ", b",", b'"', b"\\", b"{", b"}", b":")],
    json.dumps(PAYLOAD).encode(), json.dumps(PAYLOAD, indent=1).encode(), b" " + members(), members() + b" ", members() + b"\0", members() + members(),
    b"{}", b"{", b"}", b"", b"[]", b"[" + members() + b"]", b'{"', b'{""', b'{"":', b'{"":"', b'{"a":1}', b'{"a":1,}', b"\xef\xbb\xbf" + members(),
    members().decode().encode("utf-16"),
]  # fmt: skip
JWT_HEADS = [
    '{"alg":"HS256","typ":"JWT"}', '{"typ":"JWT","alg":"HS512"}', '{"typ":"JWT","alg":"none"}', '{"alg":"HS256"}', '{"typ":"JWT","alg":"HS256","kid":"1"}',
    '{"typ":"JWT","alg":"HS256","crit":["b64"],"b64":false}', '{ "typ":"JWT","alg":"HS256"}', "{}", "",
]  # fmt: skip


#: Ids of two sessions, each in all encodings that a lenient reader takes for it.
ENCODED_SESSIONS = [
    one for length in (44, 45) for one in encodings(session_of_length(length))
]


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
        raw.replace(b"&sig", b"&partner_id=" + KEY.encode() + b"&sig", 1),
        raw.replace(b":", b"&sig=" + sig + b":", 1),
        raw.replace(b":", b"::", 1),
        raw[: raw.index(b":")],
        raw[: raw.index(b":") + 1],
        # A character that is not a hex digit must not be read as the last digit.
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
        *map(make_raw_jwt, JWT_DATA),
        *[make_raw_jwt(members(), head=head) for head in JWT_HEADS],
        make_raw_jwt(members(), "another"), make_raw_jwt(members()) + "=", make_raw_jwt(members()) + "A", make_raw_jwt(members()) + ".",
        make_raw_jwt(members()).replace("_", "/"), make_raw_jwt(members()).replace("-", "+"), make_raw_jwt(members(jti='"?~?~"')).replace("_", "/"),
        *[make_raw_jwt(members(jti=f'"{"?~" * i}"')) for i in range(9)], *[make_raw_jwt(members(jti=f'"{"1" * i}"')) for i in range(70)],
        *[make_raw_jwt(members())[:i] + character + make_raw_jwt(members())[i + 1 :] for i in range(len(make_raw_jwt(members()))) for character in "A=-b."],
        *[make_raw_jwt(members())[:i] for i in range(0, len(make_raw_jwt(members())), 3)],
        *[make_jwt()[:i] + character + make_jwt()[i + 1 :] for i in range(0, len(make_jwt()), 3) for character in "A.=" if make_jwt()[i] != character],
    ]  # fmt: skip


CORPUS = corpus()


PIECES = [
    b"&", b"=", b"%", b"+", b":", b"~", b"_", b"-", b"0", b"9", b"\x80", b"\xc3", b"\xa9", b"\xff", b"\0", b" ", b"A",
    *[piece.encode() for piece in ENCODED[:-1]], *[number.encode() for number in NUMBERS],
    b"&role=moderator", b"&session_id=" + SESSION.encode(), b"&session_id=" + OTHER_SESSION.encode(), b"&create_time=",
    b"&expire_time=0", b"&expire_time=1702592100", b"&expire_time=1702592101", b"&connection_data=", b"&scope=session.connect",
    b"&nonce", b"&initial_layout_class_list=a,b", b"subscriber", b"king", b"=&",
    b"&scope=session", b"&ist=account", b"&ist=project", b"&nbf=9999999999", b"&r%6fle=moderator", b"&nonce=2",
    *[b"&session_id=" + one.encode() for one in ENCODED_SESSIONS],
]  # fmt: skip


JSON_PIECES = [
    b",", b":", b'"', b"{", b"}", b"\\", b"0", b"9", b"-", b".", b" ", b"\x1f", b"\x80", b"\xc3", b"\xc3\xa9", b"\\u00e9", b"\\ud83d", b"\\n", b"null", b"[]", b"1",
    *[text.encode() for text in JSON_TEXTS if len(text) < 100], *[number.encode() for number in JSON_NUMBERS if len(number) < 50],
    *[f'"{name}":{value}'.encode() for name in NAMES for value in ("1", '"a"', "1700000100")], b'"role":"moderator"', b'"connection_data":"a,b"',
    b'"nbf":1700000260', b'"nbf":1700000261', b'"nbf":1700000260.9', b'"nbf":"1"', b'"scope":"session.connect"', b'"scope":"session"',
    b'"scope":""', b'"ist":"project"', b'"ist":"account"', *[b'"session_id":"' + one.encode() + b'"' for one in ENCODED_SESSIONS],
]  # fmt: skip


def altered(
    rng: random.Random,
    data: bytes,
    pieces: list[bytes] = PIECES,
    between: bytes = b"&",
    sign: bytes = b"=",
) -> bytes:
    """*data* with a few pieces changed, mostly such that it still looks like itself.

    It consists of names and values with a *sign* in between, and *between* the pairs."""
    for _ in range(rng.choice([1, 1, 1, 2, 3])):
        at, way = rng.randrange(len(data) + 1), rng.randrange(8)
        end = min(len(data), at + rng.choice([0, 1, 1, 2, 8]))
        if way == 0:  # any byte
            data = data[:at] + rng.randbytes(1) + data[at + 1 :]
        elif way == 1:
            data = data[:at] + rng.choice(pieces) + data[at:]
        elif way == 2:
            data = data[:at] + rng.choice(pieces) + data[end:]
        elif way == 3:
            data = data[:at] + data[end:]
        else:  # whole fields
            pairs = data.split(between)
            i, j = rng.randrange(len(pairs)), rng.randrange(len(pairs))
            if way == 4:
                pairs[i], pairs[j] = pairs[j], pairs[i]
            elif way == 5:
                pairs[i] = pairs[i].partition(sign)[0] + sign + rng.choice(pieces)
            elif way == 6:
                pairs[i] = pairs[j]
            else:
                del pairs[i]
            data = between.join(pairs) or b"x"
    return data
