"""The tokens of the C core without Python, in every variant."""

from __future__ import annotations

import base64
import hmac
import json
import random
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote_plus

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import (
    RSAPrivateKey,
    generate_private_key,
)

from tests.native.kernels.variants import hexed
from tests.support import reference
from tests.support.applications import key_pair, numbers
from tests.support.batches import (
    Rows,
    expected,
    random_batches,
    random_id,
    random_nonce,
    random_rows,
    random_session_id,
    random_text,
)
from tokbox.tokens.claims import check_connection_data, check_session_id

#: Compared tokens for each kernel and way to sign, before a variant's share is taken.
TOKENS = 8_000
JWT_HEAD = reference.base64url(b'{"typ":"JWT","alg":"HS256"}') + "."
#: In the order of their numbers.
ROLES = ["subscriber", "publisher", "publisheronly", "moderator"]
NOW = 1_750_000_000

both_kinds = pytest.mark.parametrize("kind", ["t1", "jwt"])


def head(kind: str, api_key: str) -> bytes:
    return (JWT_HEAD if kind == "jwt" else f"partner_id={api_key}&sig=").encode()


@both_kinds
@pytest.mark.parametrize("how", ["places", "stride", "lines", "pool"])
def test_tokens_of_a_batch_equal_the_reference(harness, kind, how):
    rng = random.Random(how)
    commands, tokens = [], []
    for batch in random_batches(len(how), TOKENS // harness.variant.share):
        api_key, secret, data, random_bytes, n = batch
        first = rng.choice([0, rng.randrange(10**9), rng.randrange(10**15)])
        commands.append(
            f"{secret.hex()} {head(kind, api_key).hex()} {data.encode().hex()}"
            f" {random_bytes.hex()} {first} {n} {how}"
        )
        end = "\n" if how == "lines" else ""
        tokens.append("".join(token + end for token in expected(*batch, first, kind)))
    for engine in harness.engines():
        answers = harness.ask(f"{kind} {engine} {command}" for command in commands)
        assert [bytes.fromhex(answer).decode() for answer in answers] == tokens, engine


def constant_part(kind: str, rows: Rows) -> bytes:
    """The start of the tokens of all rows, in the format of fs_rows_prepare."""
    said = {}
    for name in reference.CLAIMS:
        if name in rows.columns or not rows.said[name]:
            continue
        if name == "expiration":
            end = "exp" if kind == "jwt" else "expire_time"
            said[end] = rows.create_time + rows.said[name]
        else:
            said[name] = rows.said[name]
    if kind == "jwt":
        first = {"iss": rows.api_key, "ist": "project", "iat": rows.create_time}
        said = {**first, "scope": "session.connect", **said}
        text = json.dumps(said, ensure_ascii=False, separators=(",", ":"))
        return f"{text[:-1]},".encode()
    session = {"session_id": said.pop("session_id")} if "session_id" in said else {}
    said = {**session, "create_time": rows.create_time, **said}
    return "&".join(f"{k}={quote_plus(str(v))}" for k, v in said.items()).encode()


def columns(rows: Rows) -> Iterator[str]:
    for name in rows.columns:
        values = rows.said[name]
        if name == "expiration":
            items = [str(value) for value in values]
        elif name == "role":
            items = [str(ROLES.index(value)) for value in values]
        else:
            items = [hexed((value or "").encode()) for value in values]
        yield f"{name}={','.join(items)}"


def command_of(kind: str, rows: Rows) -> str:
    """The arguments after the engine, in a command that signs *rows*."""
    fields = [
        rows.secret.encode().hex(),
        head(kind, rows.api_key).hex(),
        constant_part(kind, rows).hex(),
        rows.nonce_bytes.hex(),
        rows.create_time,
        rows.n,
        *columns(rows),
    ]
    return " ".join(map(str, fields))


@both_kinds
def test_tokens_of_rows_equal_the_reference(harness, kind):
    rng = random.Random(kind)
    # All choices of columns and numbers of rows, of which each variant takes a few.
    cases = [rows for rows in random_rows(7, 5 * TOKENS) if rows.n]
    rng.shuffle(cases)
    commands, tokens = [], []
    for rows in cases[: max(12, len(cases) // (6 * harness.variant.share))]:
        skip = [rng.random() < 0.1 for _ in range(rows.n)]
        skipped = ",".join(str(int(s)) for s in skip)
        commands.append(f"{command_of(kind, rows)} skip={skipped}")
        signed = zip(rows.expected(kind), skip, strict=True)
        tokens.append("".join(token for token, skipped in signed if not skipped))
    for engine in harness.engines():
        answers = harness.ask(f"sign-rows {kind} {engine} {c}" for c in commands)
        got = ["" if a == "-" else bytes.fromhex(a).decode() for a in answers]
        assert got == tokens, engine


def long_rows(n: int) -> Rows:
    """Rows of which a few fill the memory in which rows are built."""
    session_id = random_session_id(random.Random(11), "123")
    said = {"session_id": session_id, "connection_data": ["\U0001f600" * 1000] * n}
    said |= {"role": "publisher", "expiration": 0, "initial_layout_class_list": ""}
    return Rows(
        "123", "secret", NOW, bytes(24), n, {}, frozenset(["connection_data"]), said
    )


@both_kinds
def test_long_rows_equal_the_reference(harness, kind):
    rows = long_rows(9)
    for engine in harness.engines():
        (answer,) = harness.ask([f"sign-rows {kind} {engine} {command_of(kind, rows)}"])
        assert bytes.fromhex(answer).decode() == "".join(rows.expected(kind)), engine


@both_kinds
def test_a_row_signed_alone_equals_the_reference(harness, kind):
    """On a small stack, and on the large one that a long row needs."""
    cases = [rows for rows in random_rows(5, TOKENS) if rows.n == 1]
    commands = [command_of(kind, rows) for rows in [*cases, long_rows(1)]]
    tokens = [token for rows in [*cases, long_rows(1)] for token in rows.expected(kind)]
    for engine in harness.engines():
        answers = harness.ask(f"sign-one {kind} {engine} {c}" for c in commands)
        assert [bytes.fromhex(answer).decode() for answer in answers] == tokens, engine


@both_kinds
def test_derived_nonces_equal_the_reference(harness, kind):
    rng = random.Random(kind)
    cases = [rows for rows in random_rows(9, TOKENS) if rows.n]
    rng.shuffle(cases)
    commands, tokens = [], []
    for rows in cases[: max(12, len(cases) // (6 * harness.variant.share))]:
        key, run_id = rng.randbytes(32), random_id(rng)
        # A row without a key is skipped, and one with the key of an earlier row.
        keys = [random_id(rng) for _ in range(rows.n)]
        keys = [rng.choice(["", rng.choice(keys), k, *[k] * 15]) for k in keys]
        derived = (key, run_id.encode(), *map(str.encode, keys))
        commands.append(f"{command_of(kind, rows)} derived={','.join(map(hexed, derived))}")
        nonces = [reference.derived_nonce(key, run_id, k) for k in keys]
        signed = enumerate(rows.expected(kind, nonces))
        tokens.append(
            "".join(token for i, token in signed if keys[i] not in ("", *keys[:i]))
        )
    for engine in harness.engines():
        answers = harness.ask(f"sign-rows {kind} {engine} {c}" for c in commands)
        got = ["" if a == "-" else bytes.fromhex(a).decode() for a in answers]
        assert got == tokens, engine


def good_token(rng: random.Random, api_key: str, secret: bytes, session_id: str) -> str:
    """A token that holds at NOW."""
    expiration = rng.choice([0, 3600, 86400, 2592000])
    data = reference.signed_part(
        session_id=session_id,
        create_time=NOW - rng.randrange(min(expiration or 86400, 86400)),
        expiration=expiration,
        role=rng.choice(ROLES),
        connection_data=random_text(rng),
        classes=rng.choice(["", "focus", "focus small"]),
    )
    start = reference.nonce_start(random_nonce(rng, 1))
    return reference.t1(api_key, secret, f"{data}{start}")


def good_jwt(rng: random.Random, api_key: str, secret: bytes, session_id: str) -> str:
    """A JWT that holds at NOW."""
    said = {
        "iss": api_key,
        "ist": "project",
        "iat": NOW - rng.randrange(86400),
        "session_id": session_id,
        "role": rng.choice(ROLES),
        "connection_data": random_text(rng),
        "nonce": rng.choice([5, 0.25, "x"]),
        "jti": "1" * 27,
    }
    if rng.random() < 0.5:
        said["exp"] = NOW + rng.randrange(1, 86400)
    items = [*said.items()]
    rng.shuffle(items)
    payload = json.dumps(dict(items), ensure_ascii=False, separators=(",", ":"))
    return reference.jwt(secret, payload)


def hostile_json(rng: random.Random, api_key: str, session_id: str) -> str:
    """A signed payload that must be refused now, or always."""
    good = {"iss": api_key, "iat": NOW, "session_id": session_id, "connection_data": "a"}
    payload = json.dumps(good, separators=(",", ":"))
    at = rng.randrange(len(payload))
    return rng.choice(
        [
            payload[:at],
            payload.replace(str(NOW), rng.choice(["", "-", "01", "1" * 13, str(NOW + 99)])),
            payload.replace('"a"', rng.choice(['"', '"\\', '"\\u', '"\\ud800"', '"\x01"'])),
            payload[:-1]
            + ","
            + rng.choice(['"iat":1}', '"x":1,"x":2}', '"jti":"', '"nonce":', ""]),
            payload + rng.choice([" ", "}", "x", payload]),
            payload.replace(session_id, rng.choice(["", "1_", "M" * 400])),
        ]
    )


def altered(rng: random.Random, token: str) -> str:
    """*token* with one bit, or its end, not as it was."""
    raw = bytearray(base64.b64decode(token[4:]))
    kind = rng.randrange(4)
    if kind == 0:
        return token[: rng.randrange(len(token))]
    if kind == 1:
        at = rng.randrange(len(token))
        return token[:at] + rng.choice("\x00 \n%é~") + token[at + 1 :]
    # No single bit but 0x20 makes one hex digit of another's upper case.
    at, bit = rng.randrange(len(raw)), rng.choice([1, 2, 4, 8, 16, 64])
    if kind == 2:
        raw[at] ^= bit
    else:
        del raw[at]
    return "T1==" + base64.b64encode(raw).decode()


def hostile_claims(rng: random.Random, session_id: str) -> str:
    """Signed claims that must be refused: one is missing, duplicate or malformed."""
    good = {"session_id": session_id, "create_time": str(NOW), "role": "publisher"}
    wrong = rng.randrange(5)
    if wrong == 0:
        del good[rng.choice(["session_id", "create_time"])]
    elif wrong == 1:
        good["create_time"] = rng.choice(
            ["", "-1", "1" * 13, "9" * 400, "1e9", str(NOW + 999)]
        )
    elif wrong == 2:
        good["connection_data"] = rng.choice(
            ["%", "%4", "%ff", "%ed%a0%80", "%c3", "%zz", "é%f"]
        )
    elif wrong == 3:
        good["session_id"] = rng.choice(["", "1", "1_", "1_" + "M" * 400, session_id[:12]])
    said = [f"{k}={v}" for k, v in good.items()]
    if wrong == 4:
        said += [rng.choice(["", "=", "&", "role", rng.choice(said), f"x={'y' * 3000}"])]
    rng.shuffle(said)
    return "&".join(said)


def holds(check, raw: bytes, *more: str) -> bool:
    """Return True if a rule of `tokbox.tokens.claims` accepts the text *raw*."""
    try:
        check(raw.decode(), *more)
    except ValueError:  # no UTF-8, or InvalidClaimsError
        return False
    return True


def odd_text(rng: random.Random, text: bytes) -> bytes:
    """*text* with a piece put in that may spoil it, or repeated beyond what is allowed."""
    pieces = [b"\0", b" ", b"  ", b"\x1f", b"\x7f", b"\x80", b"\xff", b"\xc3", b"\xc0\x80",
              b"\xed\xa0\x80", b"\xf4\x90\x80\x80", "é".encode(), "\U0001f600".encode()]  # fmt: skip
    at = rng.randrange(len(text) + 1)
    text = text[:at] + rng.choice(pieces) + text[at:]
    return text * rng.choice([1] * 8 + [200, 1000])


#: For each text column: True if the text is certainly valid.
SURELY = {
    "data": lambda raw, key: holds(check_connection_data, raw),
    "classes": lambda raw, key: (
        len(raw) <= 1000 and re.fullmatch(rb"(?:[!-~]+(?: [!-~]+)*)?", raw) is not None
    ),
    "sessions": lambda raw, key: holds(check_session_id, raw, key),
}


@pytest.mark.parametrize("column", SURELY)
def test_texts_of_others_are_taken_if_they_are_surely_good(harness, column):
    rng = random.Random(column)
    commands, expected = [], []
    for _ in range(max(4, 60 // harness.variant.share)):
        api_key = str(rng.randrange(1, 10**12))
        texts: list[bytes | None] = []
        for _ in range(rng.choice([1, 2, 9, 64])):
            text = random_text(rng).encode(errors="replace")[:4000]
            if column == "sessions":
                text = random_session_id(rng, api_key).encode()
            texts += [rng.choice([text, odd_text(rng, text), b"", None])] * rng.choice(
                [1, 3]
            )
        items = ",".join("none" if text is None else hexed(text) for text in texts)
        commands.append(
            f"import best {column} {hexed(api_key.encode())} {len(texts)} {items}"
        )
        good = [
            ("x" if column == "sessions" else "-")
            if text is None
            else hexed(text)
            if SURELY[column](text, api_key)
            else "x"
            for text in texts
        ]
        expected.append(" ".join(good))
    assert harness.ask(commands) == expected


def test_texts_at_the_same_address_share_their_result(harness):
    session = hexed(random_session_id(random.Random(6), "123").encode())
    other = hexed(random_session_id(random.Random(6), "124").encode())
    items = [session, "same", "same", other, "same", "none", "same", "31", "same"]
    command = f"import best sessions {b'123'.hex()} {len(items)} {','.join(items)}"
    assert harness.ask([command]) == [" ".join([session] * 3 + ["x"] * 6)]


def test_roles_of_others_are_looked_up(harness):
    names = [
        *ROLES,
        "",
        "publishe",
        "publishers",
        "Publisher",
        "moderator\0",
        "\0",
        None,
        *ROLES,
    ]
    items = ",".join("none" if name is None else hexed(name.encode()) for name in names)
    found = [str(ROLES.index(name)) if name in ROLES else "x" for name in names]
    assert harness.ask([f"import best roles - {len(names)} {items}"]) == [" ".join(found)]


@pytest.mark.parametrize("how", ["texts", "offsets"])
def test_only_good_tokens_are_valid(harness, how):
    rng = random.Random(how)
    commands, verdicts = [], []
    for _ in range(max(4, 100 // harness.variant.share)):
        api_key, secret = (
            str(rng.randrange(1, 10**12)),
            rng.randbytes(rng.choice([1, 40, 99])),
        )
        session_id = random_session_id(rng, api_key)
        cases = []
        for _ in range(rng.choice([1, 7, 40, 150])):
            choice = rng.randrange(7)
            if choice >= 4:
                token = good_jwt(rng, api_key, secret, session_id)
                at = rng.randrange(len(token))
                if choice == 5:
                    token = rng.choice([token[:at], token[:at] + "." + token[at + 1 :]])
                    token = token if token.count(".") != 2 else token + "="
                elif choice == 6:
                    token = reference.jwt(secret, hostile_json(rng, api_key, session_id))
                cases.append((token, choice == 4))
                continue
            token = good_token(rng, api_key, secret, session_id)
            if choice == 1:
                token = altered(rng, token)
            elif choice == 2:
                token = reference.t1(api_key, secret, hostile_claims(rng, session_id))
            elif choice == 3:
                token = good_token(rng, api_key, secret + b"x", session_id)
            cases.append((token, choice == 0))
        fields = [
            secret.hex(),
            head("t1", api_key).hex(),
            api_key.encode().hex(),
            rng.choice(["-", session_id.encode().hex()]),
            NOW,
            5,
            how,
            *(hexed(token.encode()) for token, _ in cases),
        ]
        commands.append(" ".join(map(str, fields)))
        verdicts.append("".join(str(int(good)) for _, good in cases))
    for engine in harness.engines():
        answers = harness.ask(f"verify {engine} {command}" for command in commands)
        assert [re.sub("[^1]", "0", answer) for answer in answers] == verdicts, engine


def verdicts_on(harness, tokens: list[str], api_key: str, secret: bytes, how: str) -> str:
    """The verdicts of the kernel that the core chooses, called as verify_many calls it."""
    key = api_key.encode().hex()
    fields = [secret.hex(), head("t1", api_key).hex(), key, "-", NOW, 5, how]
    fields += [hexed(token.encode()) for token in tokens]
    (answer,) = harness.ask([f"verify best {' '.join(map(str, fields))}"])
    return answer


@both_kinds
def test_tokens_of_one_length_need_no_offsets(harness, kind):
    rng = random.Random(kind)
    session_id = random_session_id(rng, "123")
    make = good_jwt if kind == "jwt" else good_token
    good = make(rng, "123", b"secret", session_id)
    wrong = good[:-3] + ("AAA" if good[-3:] != "AAA" else "BBB")
    tokens = [good, wrong, good, good, wrong]
    assert verdicts_on(harness, tokens, "123", b"secret", "length") == "12112"


#: Members of a JWT, and whether a token with them is certainly valid.
MEMBERS = {
    '"jti":"a"': True,
    '"jti":"\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\\ud7ff\\udfffé"': False,
    '"jti":"\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\\ud7ff\\uE000é"': True,
    '"jti":"\\u00g0"': False,
    '"jti":"\\u00e"': False,
    '"jti":"\\uD800"': False,
    '"jti":"\\x"': False,
    '"jti":"\\\0"': False,
    '"jti":"\x1f"': False,
    '"jti":5': True,
    '"jti":[]': False,
    '"jti":true': False,
    '"nonce":0.25': True,
    '"nonce":-0': True,
    '"nonce":"x"': True,
    '"nonce":01': False,
    '"nonce":1e3': True,
    '"nonce":-1.5E+07': True,
    '"nonce":1e': False,
    '"nonce":1e+': False,
    '"nonce":e3': False,
    '"nonce":1.e3': False,
    '"nonce":-': False,
    '"nonce":': False,
    '"nonce":.5': False,
    '"nonce":5.': False,
    f'"nonce":{"1" * 41}': False,
    f'"exp":{NOW + 1}': True,
    f'"exp":"{NOW + 1}"': False,
    f'"exp":{NOW + 1}.5': False,
    f'"exp":{"1" * 13}': False,
    '"role":"moderator"': True,
    '"role":"Moderator"': False,
    '"role":1': False,
    '"ist":"project"': True,
    '"ist":"account"': False,
    '"ist":1': False,
    '"scope":"session.connect"': True,
    '"scope":"session"': False,
    '"scope":[]': False,
    '"connection_data":"a b"': True,
    '"connection_data":null': True,
    '"connection_data":true': False,
    '"connection_data":["a"]': False,
    '"data":"a","connection_data":"b"': True,
    '"data":false': False,
    '"initial_layout_class_list":"focus"': True,
    '"initial_layout_class_list":["focus"]': True,
    '"initial_layout_class_list":[]': True,
    '"initial_layout_class_list":["a","b\\n"]': True,
    '"initial_layout_class_list":["a" ,"b"]': False,
    '"initial_layout_class_list":["a",]': False,
    '"initial_layout_class_list":["a"': False,
    '"initial_layout_class_list":["\\q"]': False,
    '"initial_layout_class_list":[1]': False,
    '"initial_layout_class_list":1': False,
    '"initial_layout_list":"focus"': True,
    '"initial_layout_class_list":"\\q"': False,
    '"iss":"123"': False,
    '"x":1': True,
    '"x":"a"': True,
    '"x":null': True,
    '"x":true,"y":false': True,
    '"x":tru': False,
    '"x":{}': False,
    '"x":[]': False,
    '"x":"\\q"': False,
    '"x":1,"x":1': False,
    '"\\u0078":1': False,
    '"\x1f":1': False,
    ",".join(f'"x{i}":1' for i in range(8)): True,
    ",".join(f'"x{i}":1' for i in range(9)): False,
    '"exp":null': True,
    f'"expire_time":{NOW + 1}': True,
    f'"create_time":{NOW + 99}': True,
    '"create_time":"1"': False,
    f'"nbf":{NOW + 5}': True,
    f'"nbf":{NOW + 6}': False,
    '"role":null': True,
    '"ist":null,"scope":null': True,
}


@pytest.mark.parametrize("how", ["texts", "offsets"])
def test_a_member_that_is_unusual_is_left_to_a_closer_look(harness, how):
    session_id = random_session_id(random.Random(8), "123")
    needed = f'"iss":"123","iat":{NOW},"session_id":"{session_id}"'
    payloads = [f"{{{needed},{member}}}" for member in MEMBERS]
    tokens = [reference.jwt(b"secret", payload) for payload in payloads]
    answers = verdicts_on(harness, tokens, "123", b"secret", how)
    judged = zip(MEMBERS, answers, strict=True)
    assert {member: answer == "1" for member, answer in judged} == MEMBERS
    assert set(answers) == {"0", "1"}


@pytest.mark.parametrize("raw", [b"\xff", b"\xc3", b"\xc3\\n", b"\xed\xa0\x80", b"\x80"])
def test_text_that_is_not_utf_8_is_left_to_a_closer_look(harness, raw):
    session_id = random_session_id(random.Random(8), "123")
    needed = f'"iss":"123","iat":{NOW},"session_id":"{session_id}"'.encode()
    payload = b'{%b,"connection_data":"%b"}' % (needed, raw)
    signed = JWT_HEAD + reference.base64url(payload)
    mac = hmac.digest(b"secret", signed.encode(), "sha256")
    token = f"{signed}.{reference.base64url(mac)}"
    assert verdicts_on(harness, [token], "123", b"secret", "texts") == "0"


def test_a_member_that_is_needed_is_missed_or_refused(harness):
    session_id = random_session_id(random.Random(8), "123")
    good = {"iss": "123", "iat": NOW, "session_id": session_id}
    wrong = [
        {**good, "iss": "124"},
        {**good, "iss": "1234"},
        {**good, "iss": 123},
        {**good, "iat": str(NOW)},
        {**good, "iat": -1},
        {**good, "session_id": 1},
        *({k: v for k, v in good.items() if k != name} for name in good),
    ]
    tokens = [
        reference.jwt(b"secret", json.dumps(said, separators=(",", ":")))
        for said in [good, *wrong]
    ]
    answers = verdicts_on(harness, tokens, "123", b"secret", "texts")
    # The first two name another API key.
    assert answers == "133" + "0" * (len(wrong) - 2)


APPLICATION = "3f2b8c10-5a6d-4e7f-8a9b-0c1d2e3f4a5b"
ACL = {"paths": {"/session/**": {}}}


def rs256(claims: dict[str, Any], signature: bytes | None = None) -> str:
    """Return a JWT of an application, or one with another *signature*."""
    payload = json.dumps(claims, separators=(",", ":"))
    token = reference.rs256_jwt(numbers(), payload)
    if signature is None:
        return token
    return f"{token.rpartition('.')[0]}.{reference.base64url(signature)}"


def rsa_key(key: RSAPrivateKey) -> tuple[bytes, bytes, bytes]:
    """Return the modulus, the exponent and the square of a key; see fs_rsa."""
    public = key.public_key().public_numbers()
    size, words = (key.key_size + 7) // 8, (key.key_size + 63) // 64
    square = pow(2, 128 * words, public.n).to_bytes(8 * words, "big")
    return public.n.to_bytes(size, "big"), public.e.to_bytes(3, "big"), square


@pytest.mark.parametrize("bits", [1024, 2048, 2056, 2072, 3072, 4096])
@pytest.mark.parametrize("exponent", [3, 65537])
def test_rsa_signatures_are_verified(harness, bits, exponent):
    if bits > 2056 and harness.variant.runner[:1] == ("valgrind",):
        pytest.skip("valgrind: larger keys run the same code, for half a minute each")
    private = generate_private_key(exponent, bits)
    modulus, _, square = rsa_key(private)
    pair = numbers(private)
    rng = random.Random(bits)
    commands, wanted = [], ""
    for length in (0, 1, 55, 56, 63, 64, 65, 700):
        message = rng.randbytes(length)
        good = reference.rs256(*pair, message)
        beyond = int.from_bytes(good, "big") + pair[0]
        cases = {
            (message, good): "1",
            (message + b"x", good): "0",
            (message, good[:-1]): "0",
            (message, b"\0" + good): "0",
            (message, bytes([good[0] ^ 1]) + good[1:]): "0",
            (message, good[:-1] + bytes([good[-1] ^ 128])): "0",
            (message, bytes(len(good))): "0",
            (message, modulus): "0",
            (message, beyond.to_bytes(len(good) + 1, "big")[-len(good) :]): "0",
        }
        for (text, signature), answer in cases.items():
            fields = modulus, exponent.to_bytes(3, "big"), square, text, signature
            commands.append(" ".join(["rsa best", *map(hexed, fields)]))
            wanted += answer
    assert "".join(harness.ask(commands)) == wanted


def application_claims(**changes: Any) -> dict[str, Any]:
    """Return the claims of a good token of an application, but for *changes*."""
    session_id = random_session_id(random.Random(8), APPLICATION)
    owner = {"application_id": APPLICATION, "sub": "video", "acl": ACL}
    claims = {**owner, "iat": NOW, "session_id": session_id, **changes}
    return {name: value for name, value in claims.items() if value is not None}


@pytest.mark.parametrize("how", ["texts", "offsets"])
def test_tokens_of_an_application_are_verified(harness, how):
    good = rs256(application_claims())
    wanted = {
        good: "11",
        rs256(application_claims(exp=NOW)): "55",
        rs256(application_claims(iat=NOW + 6)): "44",
        rs256(application_claims(iss=["any"])): "00",
        rs256(application_claims(iss={"a": 1})): "00",
        rs256(application_claims(iss=ACL)): "11",
        rs256(application_claims(application_id=APPLICATION.upper())): "00",
        rs256(application_claims(application_id="")): "00",
        rs256(application_claims(application_id=5)): "00",
        rs256(application_claims(application_id=None)): "00",
        # Another application's, of which the session is not.
        rs256(application_claims(application_id=APPLICATION[:-1] + "9")): "30",
        rs256(application_claims(), b"s" * 255): "00",
        rs256(application_claims(), b"s" * 256): "22",
        rs256(application_claims(exp=NOW), b"s" * 256): "22",
        good + ".": "00",
        good.rpartition(".")[0]: "00",
        good.replace(".", "", 1): "00",
        good_token(random.Random(1), "123", b"secret", random_session_id(random.Random(1), "123")): "00",
        "T1==" + base64.b64encode(b"0" * 40 + b":session_id=1&create_time=1").decode(): "00",
        reference.jwt(b"secret", json.dumps({"iss": "123"})): "00",
    }  # fmt: skip
    fields = [hexed(token.encode()) for token in wanted]
    modulus, _, square = rsa_key(key_pair())
    key = (modulus + square).hex()
    for engine in harness.engines():
        for column, owner in enumerate((APPLICATION.encode().hex(), "-")):
            command = ["verify", engine, "-", key, owner, "-", NOW, 5, how, *fields]
            (answer,) = harness.ask([" ".join(map(str, command))])
            assert answer == "".join(found[column] for found in wanted.values()), engine


def test_tokens_of_any_tenant_are_decoded(harness):
    rng = random.Random(3)
    session_id = random_session_id(rng, "123")
    raw = f"session_id={session_id}&create_time={NOW}"
    wanted = {
        good_token(rng, "123", b"secret", session_id): "1",
        good_token(rng, "9", b"another", session_id): "1",
        good_jwt(rng, "123", b"secret", session_id): "1",
        rs256(application_claims()): "1",
        rs256(application_claims(nbf=10**11)): "1",
        reference.t1("1", b"s", raw.replace(session_id, "%C3%A9")): "1",
        reference.t1("1", b"s", raw.replace(session_id, "%C3")): "0",
        reference.t1("1", b"s", raw.replace(session_id, "")): "0",
        reference.t1("1", b"s", ""): "0",
        "T1==" + base64.b64encode(b"partner_id=1&sig=0:" + raw.encode()).decode(): "0",
        rs256(application_claims(session_id="")): "0",
        rs256(application_claims(acl={"paths": {}})): "0",
        rs256(application_claims(), b""): "0",
    }
    fields = [hexed(token.encode()) for token in wanted]
    for engine in harness.engines():
        (answer,) = harness.ask([f"decode {engine} texts {' '.join(fields)}"])
        assert answer == "".join(wanted.values()), engine


def test_a_token_cut_short_is_not_completed_by_what_stood_in_its_place(harness):
    """Full batches leave their bytes behind; a piece of the same token is laid over them."""
    rng = random.Random(5)
    api_key, secret = "12345678", b"devsecret"
    good = good_token(rng, api_key, secret, random_session_id(rng, api_key))
    raw = base64.b64decode(good[4:])
    signed = raw.index(b":") + 1
    pieces = [f"T1=={base64.b64encode(raw[:k]).decode()}" for k in range(signed + 2)]
    tokens = [good] * 32 + pieces + [good] * (32 + len(pieces))
    fields = [secret.hex(), head("t1", api_key).hex(), api_key.encode().hex(), "-", NOW, 5]
    fields += ["texts", *(hexed(token.encode()) for token in tokens)]
    for engine in harness.engines():
        (answer,) = harness.ask([f"verify {engine} {' '.join(map(str, fields))}"])
        found = "".join(str(int(token == good)) for token in tokens)
        assert re.sub("[^1]", "0", answer) == found, engine
