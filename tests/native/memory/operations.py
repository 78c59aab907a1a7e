"""The operations that run while memory fails, and their expected results."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any, NamedTuple

import tokbox
from tests.support.batches import KEY, SECRET, SESSION
from tokbox import _fastsign

#: More tokens than are hashed side by side, and few enough to fail each allocation in turn.
N = 40

SIGNER = tokbox.Signer(KEY, SECRET)
HERE = SIGNER.session(SESSION)
BATCH = HERE.token_batch(N)
ROWS = SIGNER.sign_rows(
    SESSION, role="publisher", connection_data=[f"row {i}" for i in range(N)]
)
GOOD = [HERE.token(), HERE.token(kind="jwt")]
BAD = ["T1==", "é", "eyJ", GOOD[0][:-8], GOOD[1][:-4] + "AAAA", None]


class Operation(NamedTuple):
    act: Callable[[], Any]
    right: Callable[[Any], bool]


def text(i: int = 0) -> str:
    """A text that is new each time, and whose UTF-8 was not asked for yet."""
    return "Zoë " * 5 + str(i)


def says(*expected: str) -> Callable[[Any], bool]:
    return lambda tokens: [tokbox.decode(t).connection_data for t in tokens] == [*expected]


def write(batch: Any) -> bytes:
    file = io.BytesIO()
    batch.write(file)
    return file.getvalue()


def columns(**more: Any) -> Any:
    """Rows of which some values have to be looked at more closely."""
    return SIGNER.sign_rows(
        [SESSION] * N,
        role=["publisher", tokbox.Role.MODERATOR] * (N // 2),
        connection_data=[text(i) for i in range(N)],
        initial_layout_class_list=[["focus"], "", ("a", "b"), None] * (N // 4),
        **more,
    )


def verified(found: Any) -> bool:
    return sorted(found.failures) == list(range(2, 2 + len(BAD)))


TEXTS = [text(i) for i in range(N)]

OPERATIONS = {
    "key": Operation(
        lambda: _fastsign.Key(b"secret"), lambda key: len(key.hmac_sha1(b"")) == 20
    ),
    "signer": Operation(
        lambda: tokbox.Signer(KEY, SECRET).session(SESSION),
        lambda session: bool(SIGNER.verify(session.token())),
    ),
    "token": Operation(lambda: [HERE.token(connection_data=text())], says(text())),
    "jwt": Operation(
        lambda: [HERE.token(connection_data=text(), kind="jwt")], says(text())
    ),
    "tokens": Operation(
        lambda: HERE.tokens(N, connection_data=text(), multithread=True),
        says(*[text()] * N),
    ),
    "token_batch": Operation(
        lambda: HERE.token_batch(
            N, connection_data=text(), memory_pool=tokbox.types.MemoryPool()
        ),
        says(*[text()] * N),
    ),
    "iter_batches": Operation(
        lambda: [t for b in HERE.iter_batches(N, chunk=9) for t in b], says(*[""] * N)
    ),
    "tolist": Operation(BATCH.tolist, lambda found: found == list(BATCH)),
    "slice": Operation(
        lambda: BATCH[5::3].tolist(), lambda found: found == list(BATCH)[5::3]
    ),
    "write": Operation(
        lambda: write(BATCH), lambda lines: lines.decode().split() == list(BATCH)
    ),
    "write_rows": Operation(
        lambda: write(ROWS), lambda lines: lines.decode().split() == list(ROWS)
    ),
    "sign_rows": Operation(columns, says(*TEXTS)),
    "sign_rows_jwt": Operation(lambda: columns(kind="jwt", multithread=True), says(*TEXTS)),
    "sign_bad_rows": Operation(
        lambda: SIGNER.sign_rows(
            SESSION, role="publisher", connection_data=["a", 7, "b"], errors="null"
        ),
        lambda found: found[1] is None and says("a", "b")([found[0], found[2]]),
    ),
    "verify": Operation(
        lambda: [SIGNER.verify(token) for token in GOOD], lambda found: len(found) == 2
    ),
    "verify_many": Operation(lambda: SIGNER.verify_many([*GOOD, *BAD]), verified),
    "verify_batch": Operation(
        lambda: SIGNER.verify_many(ROWS, multithread=True), lambda found: not found.failures
    ),
    "quote": Operation(
        lambda: _fastsign.quote_plus(text()), lambda found: found[:7] == b"Zo%C3%A"
    ),
    "webhook": Operation(
        lambda: tokbox.webhooks.parse('{"event": "sessionCreated", "sessionId": "2_x"}'),
        lambda event: event.session_id == "2_x",
    ),
}
