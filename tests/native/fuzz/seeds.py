"""Initial inputs of the fuzzers, from the tables of the tests: NAME -> inputs.

Inputs that a fuzzer found are in ``found/NAME/`` and are added to its seeds.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from pathlib import Path

from tests.support import corpus, payloads
from tests.support.batches import KEY, OTHER_SESSION, SESSION, random_text
from tests.tokens.test_claims import BAD_SESSIONS

FOUND = Path(__file__).parent / "found"

TOKENS = [t.encode(errors="surrogatepass") for t in corpus.CORPUS if isinstance(t, str)]
T1_DATA = [corpus.DATA.encode(), corpus.fields(), *corpus.PIECES]
TEXTS = [random_text(random.Random(i)).encode() for i in range(40)]


def _sessions() -> Iterator[bytes]:
    known = [s for s in BAD_SESSIONS if isinstance(s, str)]
    for session in [SESSION, OTHER_SESSION, *known]:
        yield f"{KEY}\n{session}".encode(errors="surrogatepass")


def _signed() -> Iterator[bytes]:
    """The meaning of the first byte: a token, or claims to sign."""
    yield from (b"\0" + token for token in TOKENS)
    yield from (b"\1" + data for data in T1_DATA)
    yield from (b"\2" + data for data in (corpus.members(), *corpus.JWT_DATA))


def _verified() -> Iterator[bytes]:
    """The same, and claims of an application's tokens."""
    yield from _signed()
    owner = b'"application_id":"00000000-0000-4000-8000-000012345678"'
    for data in (corpus.members(), *corpus.JWT_DATA[::7]):
        yield b"\3" + data.replace(f'"iss":"{KEY}"'.encode(), owner)


def _rows() -> Iterator[bytes]:
    rng = random.Random(0)
    for columns in range(128):
        lines = [rng.choice([*TEXTS, SESSION.encode(), b"focus"]) for _ in range(60)]
        yield bytes([columns, rng.randrange(41)]) + b"\n".join(lines)


def _tables() -> Iterator[bytes]:
    rng = random.Random(0)
    pieces = [b",", b'"', b'""', b"\n", b"\r\n", b"\r", b"a", b'"b"', b'",\n"', b"\xc3\xa9"]
    for fields in range(64):
        table = b"".join(rng.choices(pieces, k=rng.randrange(60)))
        yield bytes([rng.randrange(256), fields % 8]) + table


SEEDS = {
    "base64": [*(token[4:] for token in TOKENS[::10]), *TEXTS],
    "quote": TEXTS,
    "session": list(_sessions()),
    "verify": list(_verified()),
    "rows": list(_rows()),
    "csv": list(_tables()),
    "decode": TOKENS,
    "signed": list(_signed()),
    "webhooks": [json.dumps(body).encode() for body in payloads.ALL],
    "arrow": TEXTS,
}


def inputs(name: str) -> list[bytes]:
    """The seeds of one fuzzer, and what it found."""
    return SEEDS[name] + [path.read_bytes() for path in sorted((FOUND / name).glob("*"))]


def write(name: str, folder: Path) -> list[Path]:
    """Write `inputs` into *folder*; return the files."""
    folder.mkdir(parents=True, exist_ok=True)
    files = []
    for number, data in enumerate(inputs(name)):
        files.append(folder / f"seed-{number:05}")
        files[-1].write_bytes(data)
    return files
