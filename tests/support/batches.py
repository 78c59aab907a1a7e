"""Random batches of tokens, most of them near some edge, and what they must be."""

from __future__ import annotations

import itertools
import random
import string
from collections.abc import Iterator
from datetime import timedelta
from typing import Any, NamedTuple

from tests.support import reference
from tokbox._fastsign import CLAIMS
from tokbox.enums import Role
from tokbox.tokens import rows
from tokbox.tokens.signer import Signer

KEY, SECRET = "40000123", "example0secret0example0secret0example0sec"
SESSION = "1_MX40MDAwMDEyM35-MTcwMDAwMDAwMDEyM35BYjNkRWZHaElqS2xNbk9wUXJTdFV2V3h-UH5-"
OTHER_SESSION = "1_MX40MDAwMDEyM35-MTcwMDAwMDAwMDEyNH5hbm90aGVyflB-"
NONCE_BYTES = bytes(range(24))
NOW = 1_700_000_000

#: As many as any kernel hashes side by side, compiled here or not.
MAX_LANES = 16

#: (API key, secret, DATA, nonce bytes, n)
Batch = tuple[str, bytes, str, bytes, int]

#: One more than the block is where padding and signature move.
EDGES = [0, 1, 2, 3, 31, 32, 33, 54, 55, 56, 57, 63, 64, 65, 119, 120, 127, 128, 129, 1000]
PLANES = [
    (0x20, 0x7E), (0xA0, 0x7FF), (0x800, 0xD7FF), (0xE000, 0xFFFD), (0x10000, 0x1FFFF),
    (0x20000, 0x2FFFF), (0x30000, 0x3FFFF), (0xE0000, 0x10FFFF),
]  # fmt: skip


def random_text(rng: random.Random) -> str:
    length = rng.choice(EDGES) if rng.random() < 0.5 else rng.randrange(200)
    # Most texts use one Unicode plane, the others use all.
    planes = rng.choices(PLANES, k=1 if rng.random() < 0.7 else 8)
    return "".join(chr(rng.randint(*rng.choice(planes))) for _ in range(length))


def random_nonce(rng: random.Random, n: int) -> bytes:
    """24 bytes; half of the time such that a batch of *n* carries into high digits."""
    random_bytes = rng.randbytes(24)
    if rng.random() < 0.5:
        low = 10 ** rng.randint(1, 9) - rng.randint(1, n + 1)
        middle = 10**9 - 1 if rng.random() < 0.5 else rng.randrange(10**9)
        random_bytes = random_bytes[:8] + middle.to_bytes(8, "little")
        random_bytes += (max(low, 0) % 10**9).to_bytes(8, "little")
    return random_bytes


def random_id(rng: random.Random) -> str:
    """The id of a run, or the key of a row: of any length, near the edges of blocks."""
    near = rng.choice([1, 20, 47, 48, 55, 56, 63, 64, 111, 112, 120, 183, 247, 255])
    return "".join(rng.choices(string.printable, k=rng.choice([near, rng.randint(1, 40)])))


def random_batches(seed: int, tokens: int) -> Iterator[Batch]:
    """Batches until there are that many tokens."""
    rng = random.Random(seed)
    made = 0
    while made < tokens:
        api_key = str(rng.randrange(10 ** rng.randint(1, 12)))
        secret = rng.randbytes(rng.choice([1, 20, 40, 63, 64, 65, 100, 200]))
        data = reference.signed_part(
            session_id="1_" + "A" * rng.randrange(250),
            create_time=rng.randrange(10**9, 4 * 10**9),
            expiration=rng.choice([0, 1, 86400, 2592000]),
            role=rng.choice(["publisher", "subscriber", "moderator", "publisheronly"]),
            connection_data=random_text(rng),
            classes=rng.choice(["", "focus", "focus small"]),
        )
        n = rng.choice([1, 2, 3, 15, 16, 17, 31, 33, 49, 100, 1001, 2500])
        yield api_key, secret, data, random_nonce(rng, n), n
        made += n


def expected(
    api_key: str,
    secret: bytes,
    data: str,
    nonce_bytes: bytes,
    n: int,
    first: int = 0,
    kind: str = "t1",
) -> list[str]:
    """Tokens *first* ... of a batch, by the plain twin."""
    start = reference.nonce_start(nonce_bytes) + first
    if kind == "jwt":
        return [reference.jwt(secret, f'{data}{start + i}"}}') for i in range(n)]
    return [reference.t1(api_key, secret, f"{data}{start + i}") for i in range(n)]


def random_session_id(rng: random.Random, api_key: str) -> str:
    """A session id of this API key, of any length that ids have."""
    place = rng.choice(["", "", "203.0.113.7"])
    made = rng.choice(["1700000000123", "Tue Nov 14 14:13:20 PST 2023"])
    more = "".join(rng.choices(string.ascii_letters, k=rng.randrange(100)))
    fields = f"{rng.randrange(10)}~{api_key}~{place}~{made}~{more}~P~"
    return f"{rng.randrange(10)}_{reference.base64url(fields.encode())}"


def sign(
    signer: Signer,
    kind: str = "t1",
    errors: str = "raise",
    threads: int = 1,
    nonce_bytes: bytes = NONCE_BYTES,
    now: int = NOW,
    **given: Any,
) -> Any:
    """Call `Signer.sign_rows` with the nonce and time of the tests."""
    claims = {
        "session_id": SESSION,
        "role": "publisher",
        "connection_data": "",
        "expiration": 86400,
        "initial_layout_class_list": "",
    }
    columns = tuple(given.get(name, claims[name]) for name, *_ in CLAIMS)
    if not given.keys() & {"nonce", "expires_at"}:
        pool = given.get("memory_pool")
        few = signer._few_rows(columns, kind, errors, False, pool, nonce_bytes, now)
        if few is not None:
            return few
    return rows.sign_rows(
        signer._backend,
        **{**claims, **given},
        kind=kind,
        errors=errors,
        threads=lambda n: threads,
        random=nonce_bytes,
        now=now,
    )


class Rows(NamedTuple):
    """Rows that are to be signed."""

    api_key: str
    secret: str
    create_time: int
    nonce_bytes: bytes
    n: int
    #: As `sign_rows` takes them: one value, or a column.
    given: dict[str, Any]
    columns: frozenset[str]
    #: The expected claims: one value, or a column.
    said: dict[str, Any]

    def expected(self, kind: str, nonces: list[int] | None = None) -> list[str]:
        """The tokens, by the plain twin; with these nonces, or those that are counted."""
        secret, first = self.secret.encode(), reference.nonce_start(self.nonce_bytes)
        tokens = []
        for i in range(self.n):
            claims = {k: v[i] if k in self.columns else v for k, v in self.said.items()}
            tokens.append(
                reference.row(
                    kind,
                    self.api_key,
                    secret,
                    self.create_time,
                    claims,
                    self.columns,
                    first + i if nonces is None else nonces[i],
                )
            )
        return tokens


#: Every choice of columns but none at all.
SUBSETS = [
    frozenset(names)
    for k in range(1, 6)
    for names in itertools.combinations(reference.CLAIMS, k)
]


def random_rows(seed: int, count: int) -> Iterator[Rows]:
    """Rows until there are that many, every choice of columns with every small n."""
    rng = random.Random(seed)
    texts = ["", "x", *(random_text(rng) for _ in range(300))]
    # All the characters that JSON escapes, and all ways to escape them.
    texts += [chr(c) * k for c in [*range(1, 32), *b'"\\/&+=% \x7f'] for k in (1, 29)]
    sizes = range(3 * MAX_LANES + 2)
    cases = itertools.chain(
        ((subset, n) for subset in SUBSETS for n in sizes),
        ((rng.choice(SUBSETS), rng.choice([200, 1000, 3000])) for _ in itertools.count()),
    )
    made = 0
    for columns, n in cases:
        if made >= count:
            return
        yield _random_rows(rng, texts, columns, n)
        made += n


def _mostly_short(rng: random.Random, texts: list[str], n: int) -> list[str]:
    chosen = rng.choices(texts, k=20 if n <= 20 else 5)
    if n > 20:
        chosen += rng.choices([text for text in texts if len(text) < 34], k=95)
    return chosen


def _random_rows(
    rng: random.Random, texts: list[str], columns: frozenset[str], n: int
) -> Rows:
    api_key = str(rng.randrange(10 ** rng.randint(1, 20)))
    sessions = [random_session_id(rng, api_key) for _ in range(rng.choice([1, 7]))]
    seconds = [0, 1, 59, 3600, 86400, 2592000, rng.randrange(2592001)]
    # The argument, and the expected claim.
    choices: dict[str, list[tuple[Any, Any]]] = {
        "session_id": [(s, s) for s in sessions],
        "role": [(role, role.value) for role in Role] + [(r.value, r.value) for r in Role],
        "connection_data": [(text, text) for text in _mostly_short(rng, texts, n)],
        "expiration": [(s, s) for s in seconds]
        + [(timedelta(seconds=s), s) for s in seconds],
        "initial_layout_class_list": [
            ("", ""),
            ((), ""),
            ("focus", "focus"),
            ("focus small", "focus small"),
            (["focus", 'q"\\é\U0001f600'], 'focus q"\\é\U0001f600'),
            (("x" * 499, "y" * 500), "x" * 499 + " " + "y" * 500),
        ],
    }
    if n > 20:  # long ones take the twin long
        choices["initial_layout_class_list"][1:1] = [("small", "small")] * 20
    given: dict[str, Any] = {}
    said: dict[str, Any] = {}
    for name, values in choices.items():
        if name in ("connection_data", "initial_layout_class_list"):
            values.append((None, ""))
        if name not in columns:
            given[name], said[name] = rng.choice(
                [v for v in values if type(v[0]) is not tuple]
            )
            if type(given[name]) is list:  # would be a column
                given[name] = said[name]
            continue
        column = rng.choices(values, k=n)
        given[name] = rng.choice([list, tuple])(value for value, _ in column)
        said[name] = [value for _, value in column]
    return Rows(
        api_key=api_key,
        secret="".join(
            rng.choices(string.ascii_letters + "~", k=rng.choice([1, 40, 63, 64, 65, 200]))
        ),
        create_time=rng.randrange(10**9, 4 * 10**9),
        nonce_bytes=random_nonce(rng, n),
        n=n,
        given=given,
        columns=columns,
        said=said,
    )
