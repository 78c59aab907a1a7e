"""Paths of signing beside their nearest equivalent, each with a limit; see bench_cliffs."""

from __future__ import annotations

import asyncio
import os
import random
import time
from base64 import urlsafe_b64encode
from collections import deque
from collections.abc import Callable, Coroutine
from datetime import timedelta
from functools import partial
from threading import Barrier, Thread
from typing import Any

from tokbox import AsyncTokbox, Derived, PrivateKey, Tokbox

from . import workloads
from .bench_cliffs import Text
from .comparison import Contender, Seconds, Work, at_least, at_most, group, repeat


def cpu(work: Work) -> Work:
    """Return *work* timed by the CPU seconds of all threads."""

    def timed() -> Seconds:
        start = time.process_time()
        result = work()
        took = time.process_time() - start
        del result
        return Seconds(took)

    return timed


def client() -> Tokbox:
    return Tokbox(workloads.API_KEY, workloads.SECRET)


def call(make: Callable[[Tokbox], Work], tokens: int = 1) -> Callable[[int], Work]:
    """Sign n tokens in calls of *tokens* each."""
    return lambda n: cpu(repeat(make(client()), max(1, n // tokens)))


def call_in_threads(
    make: Callable[[Tokbox], Work], tokens: int, threads: int
) -> Callable[[int], Work]:
    """Divide the calls among threads. The time to start them is not measured."""

    def prepare(n: int) -> Work:
        work = repeat(make(client()), max(1, n // tokens // threads))

        def all_threads() -> Seconds:
            ready = Barrier(threads + 1)
            running = [
                Thread(target=lambda: (ready.wait(), work())) for _ in range(threads)
            ]
            for thread in running:
                thread.start()
            ready.wait()
            start = time.process_time()
            for thread in running:
                thread.join()
            return Seconds(time.process_time() - start)

        return all_threads

    return prepare


def session(name: str, *args: Any, **claims: Any) -> Callable[[Tokbox], Work]:
    """Call a method of a session with the common claims, and others in their place."""
    given = workloads.CLAIMS | claims

    def make(tb: Tokbox) -> Work:
        return partial(getattr(tb.session(workloads.SESSION_ID), name), *args, **given)

    return make


def few_rows(n: int) -> Callable[[Tokbox], Work]:
    """Call sign_rows() for n rows with connection data of their own."""

    def make(tb: Tokbox) -> Work:
        rows = workloads.connection_data(n)
        sign = partial(tb.sign_rows, workloads.SESSION_ID, role=workloads.ROLE)
        return partial(sign, connection_data=rows)

    return make


TOKEN, NON_ASCII, SUBCLASS = "token()", "Zoë Ångström-12345", Text("user-12345678")

test_small_calls = group(
    "small calls, CPU time",
    [
        Contender(TOKEN, call(session("token"))),
        Contender("tokens(1)", call(session("tokens", 1)), goals=[at_most(2, TOKEN)]),
        Contender(
            "token_batch(1)", call(session("token_batch", 1)), goals=[at_most(2, TOKEN)]
        ),
        Contender("sign_rows(1)", call(few_rows(1)), goals=[at_most(2, TOKEN)]),
        Contender("sign_rows(10)", call(few_rows(10), 10), goals=[at_most(2, TOKEN)]),
        Contender(
            "tb.session(id)",
            call(lambda tb: partial(tb.session, workloads.SESSION_ID)),
            goals=[at_most(2, TOKEN)],
        ),
        Contender(
            "token(), not ASCII",
            call(session("token", connection_data=NON_ASCII)),
            goals=[at_most(1.5, TOKEN)],
        ),
        Contender(
            "tokens(1), not ASCII",
            call(session("tokens", 1, connection_data=NON_ASCII)),
            goals=[at_most(1.5, "tokens(1)")],
        ),
        Contender(
            "token(), a subclass of str",
            call(session("token", connection_data=SUBCLASS)),
            goals=[at_most(1.5, TOKEN)],
        ),
        Contender(
            "token(), a timedelta",
            call(session("token", expiration=timedelta(days=1))),
            goals=[at_most(1.5, TOKEN)],
        ),
    ],
    n=20_000,
    rounds=9,
    floor=TOKEN,
    strict=True,
)

NAMES = [f"class-{i}" for i in range(100)]

test_layout_classes_of_a_token = group(
    "layout classes of one token, CPU time",
    [
        Contender(TOKEN, call(session("token"))),
        *(
            Contender(
                f"{n} layout classes",
                call(session("token", initial_layout_class_list=NAMES[:n])),
                goals=[at_most(limit, TOKEN)],
            )
            # 100 names have 880 characters: the token is 4 times as long.
            for n, limit in ((1, 1.5), (10, 2), (100, 4))
        ),
    ],
    n=20_000,
    rounds=9,
    floor=TOKEN,
    strict=True,
)

SMALL = {
    "tokens(10)": (session("tokens", 10), 10),
    "tokens(100)": (session("tokens", 100), 100),
    "sign_rows(100)": (few_rows(100), 100),
}

test_small_calls_of_threads = group(
    "small calls of several threads, CPU time",
    [
        Contender(
            name if threads == 1 else f"{name}, {threads} threads",
            call_in_threads(make, tokens, threads),
            goals=[at_most(limit, name)] if threads > 1 else [],
        )
        for name, (make, tokens) in SMALL.items()
        # CPython wakes each thread that waits for the GIL every 5 ms.
        for threads, limit in ((1, 1), (2, 1.1), (8, 1.1), (64, 1.1))
    ],
    n=512_000,
    rounds=5,
    floor="tokens(100)",
    strict=True,
)


def session_id_of(owner: str) -> Callable[[int], str]:
    """Return a function that makes the id of a session of *owner* from a number."""

    def make(i: int) -> str:
        fields = f"1~{owner}~~{10**12 + i}~{'x' * 24}~P~~".encode()
        return "1_" + urlsafe_b64encode(fields).decode().rstrip("=")

    return make


def session_ids(n: int) -> list[str]:
    """Return the ids of *n* different sessions."""
    return [*map(session_id_of(workloads.API_KEY), range(n))]


def rows(clock: str = "cpu", keys: Any = None, **columns: Any) -> Callable[[int], Work]:
    """Sign n rows; a column is a function of n that returns its values."""

    def prepare(n: int) -> Work:
        given = {name: make(n) for name, make in columns.items()}
        given = {"connection_data": workloads.connection_data(n), **given}
        session_id = given.pop("session_id", workloads.SESSION_ID)
        if keys:
            given["nonce"] = Derived(run_id="run", row_key=keys(n), issued_at=10**9)
        work = partial(client().sign_rows, session_id, **given)
        return cpu(work) if clock == "cpu" else work

    return prepare


def arrow(make: Callable[[int], Any]) -> Callable[[int], Any]:
    """Return a column as an Arrow array."""

    def column(n: int) -> Any:
        import pyarrow as pa

        return pa.array(make(n))

    return column


def chunks(n: int) -> Any:
    """Return connection data as an Arrow column of chunks with one row each."""
    import pyarrow as pa

    return pa.chunked_array([pa.array([each]) for each in workloads.connection_data(n)])


def every_other(n: int) -> list[str | None]:
    return [None if i % 2 else each for i, each in enumerate(workloads.connection_data(n))]


def long_text(character: str) -> Callable[[int], list[str]]:
    """Return a column of texts of 900 characters, one of which is given."""
    return lambda n: [f"{'x' * 500}{character}{'y' * 390}{i:09}" for i in range(n)]


def class_lists(n: int) -> list[list[str]]:
    return [[f"focus-{i % 500}", "full"] for i in range(n)]


def numpy_strings(n: int) -> Any:
    """Return connection data as a numpy array of strings of one width."""
    import numpy as np

    return np.array(workloads.connection_data(n))


def few_session_ids(n: int) -> list[str]:
    """Return the ids of 300 sessions in a random order, as a table of participants has."""
    return random.Random(1).choices(session_ids(300), k=n)


ROWS, DATA = "one session", workloads.connection_data
ARROW, SECONDS, KEYS = "one session, Arrow", "an expiration column", "integer keys"

test_rows = group(
    "columns of sign_rows(), CPU time",
    [
        Contender(ROWS, rows()),
        Contender(
            # Its bytes are hashed for each row, and each id is checked.
            "a column of distinct sessions",
            rows(session_id=session_ids),
            goals=[at_most(1.3, ROWS)],
        ),
        Contender(
            "a column of 300 sessions",
            rows(session_id=few_session_ids),
            goals=[at_most(1.3, ROWS)],
        ),
        Contender(
            "a numpy column",
            rows(connection_data=numpy_strings),
            goals=[at_most(1.5, ROWS)],
        ),
        Contender(
            "connection data with None",
            rows(connection_data=every_other),
            goals=[at_most(1.5, ROWS)],
        ),
        Contender(
            "lists of layout classes",
            rows(initial_layout_class_list=class_lists),
            goals=[at_most(3, ROWS)],
        ),
        Contender(SECONDS, rows(expiration=lambda n: [60 + i % 1000 for i in range(n)])),
        Contender(
            "a timedelta column",
            rows(expiration=lambda n: [timedelta(seconds=60 + i % 1000) for i in range(n)]),
            goals=[at_most(1.5, SECONDS)],
        ),
        Contender(KEYS, rows(keys=lambda n: list(range(n)))),
        Contender(
            "integer keys above 2**63",
            rows(keys=lambda n: list(range(2**63, 2**63 + n))),
            goals=[at_most(1.5, KEYS)],
        ),
        Contender(ARROW, rows(connection_data=arrow(DATA))),
        Contender(
            "a session column, Arrow",
            rows(connection_data=arrow(DATA), session_id=arrow(session_ids)),
            goals=[at_most(1.3, ARROW)],
        ),
        Contender(
            "lists of layout classes, Arrow",
            rows(connection_data=arrow(DATA), initial_layout_class_list=arrow(class_lists)),
            goals=[at_most(3, ARROW)],
        ),
        Contender(
            # pyarrow itself needs twice as long to import such a column.
            "Arrow chunks of one row",
            rows(connection_data=chunks),
            goals=[at_most(1.5, ARROW)],
        ),
    ],
    n=workloads.N // 5,
    floor=ROWS,
    strict=True,
)

LONG = "long text"

test_bad_text = group(
    "long text in sign_rows(), CPU time",
    [
        Contender(LONG, rows(connection_data=long_text("é"), errors=lambda n: "null")),
        Contender(
            "with a lone surrogate",
            rows(connection_data=long_text("\ud800"), errors=lambda n: "null"),
            goals=[at_most(2, LONG)],
        ),
    ],
    n=workloads.N // 50,
    floor=LONG,
    strict=True,
)

#: For each claim, a good value and a bad one, made of the number of a row.
VALUES: dict[str, tuple[Callable[[int], Any], Callable[[int], Any]]] = {
    "role": (lambda i: ("publisher", "moderator")[i % 2], lambda i: f"guest {i}"),
    "connection_data": (lambda i: f"user {i}", lambda i: f"user {i}\0"),
    "expiration": (lambda i: 60 + i % 3600, lambda i: -1 - i),
    "session_id": (session_id_of(workloads.API_KEY), session_id_of("12345678")),
}


def column(claim: str, *, half_bad: bool) -> Callable[[int], Work]:
    good, bad = VALUES[claim]

    def values(n: int) -> list[Any]:
        return [(bad if half_bad and i % 2 else good)(i) for i in range(n)]

    return rows(**{claim: values}, errors=lambda n: "null")


test_rejected_rows = group(
    "sign_rows() with different wrong values in half of the rows, CPU time",
    [
        each
        for claim in VALUES
        for each in (
            Contender(claim, column(claim, half_bad=False)),
            Contender(
                f"{claim}, half of them wrong",
                column(claim, half_bad=True),
                goals=[at_most(2, claim)],
            ),
        )
    ],
    n=workloads.N // 20,
    rounds=9,
    strict=True,
)

SESSIONS = "a session column"

test_threads_of_rows = group(
    "threads of sign_rows(), elapsed time",
    [
        Contender(SESSIONS, rows("elapsed", session_id=session_ids)),
        Contender(
            f"{SESSIONS}, 2 threads or more",
            rows("elapsed", session_id=session_ids, multithread=lambda n: True),
            goals=[at_least(1.7, SESSIONS)],
        ),
    ],
    n=workloads.N,
    floor=SESSIONS,
    strict=True,
)


def awaited(
    run: Callable[[Any, int], Coroutine[Any, Any, object]],
) -> Callable[[int], Work]:
    """Sign n tokens in 100s with an AsyncTokbox."""

    async def main(n: int) -> Seconds:
        async with AsyncTokbox(workloads.API_KEY, workloads.SECRET) as tb:
            session = tb.session(workloads.SESSION_ID)
            await run(session, 100)  # so that modules are loaded
            start = time.process_time()
            result = await run(session, n)
            took = time.process_time() - start
            del result
            return Seconds(took)

    return lambda n: lambda: asyncio.run(main(n))


async def tasks(session: Any, n: int) -> list[list[str]]:
    calls = [session.tokens(100, **workloads.CLAIMS) for _ in range(n // 100)]
    return await asyncio.gather(*calls)


async def stream(session: Any, n: int) -> None:
    async for _ in session.iter_batches(n, chunk=100, **workloads.CLAIMS):
        pass


def sync_calls(n: int) -> Work:
    sign = session("tokens", 100)(client())
    return cpu(lambda: [sign() for _ in range(n // 100)])


def sync_stream(n: int) -> Work:
    batches = session("iter_batches", n, chunk=100)(client())
    return cpu(lambda: deque(batches(), maxlen=0))


TOKENS_100, STREAM = "tokens(100)", "iter_batches(chunk=100)"

test_async = group(
    "AsyncTokbox against Tokbox, CPU time",
    [
        Contender(TOKENS_100, sync_calls),
        Contender(
            f"{TOKENS_100} in tasks", awaited(tasks), goals=[at_most(1.5, TOKENS_100)]
        ),
        Contender(STREAM, sync_stream),
        Contender(f"async {STREAM}", awaited(stream), goals=[at_most(2, STREAM)]),
    ],
    n=10_000,
    rounds=15,
    floor=TOKENS_100,
    strict=True,
)


### Reading results ###


def reading(read: Callable[[Any], object], different: bool = True) -> Callable[[int], Work]:
    """Read a batch of n tokens, of rows that are *different* or from token_batch()."""

    def prepare(n: int) -> Work:
        tb = client()
        if different:
            batch: Any = tb.sign_rows(
                workloads.SESSION_ID, connection_data=workloads.connection_data(n)
            )
        else:
            batch = tb.session(workloads.SESSION_ID).token_batch(n, **workloads.CLAIMS)
        return cpu(lambda: read(batch))

    return prepare


def write(batch: Any) -> None:
    with open(os.devnull, "wb", buffering=0) as file:
        batch.write(file)


def each_index(batch: Any) -> None:
    for i in range(len(batch)):
        batch[i]


def every_other_as_arrow(batch: Any) -> object:
    import pyarrow as pa

    return pa.array(batch[::2])


ALIKE, READ = "tolist() of token_batch()", "tolist() of sign_rows()"
WRITE = "write() of token_batch()"

test_reading = group(
    "reading a batch, CPU time",
    [
        Contender(WRITE, reading(write, different=False)),
        Contender("write() of sign_rows()", reading(write), goals=[at_most(1.3, WRITE)]),
        *(
            Contender(
                f"{name} of {of}()",
                reading(read, different=of == "sign_rows"),
                goals=[] if name == "tolist()" else [at_most(1.5, f"tolist() of {of}()")],
            )
            for of in ("token_batch", "sign_rows")
            for name, read in {
                "tolist()": lambda batch: batch.tolist(),
                "list()": list,
                "reversed()": lambda batch: deque(reversed(batch), maxlen=0),
                "every index": each_index,
                "every other token as Arrow": every_other_as_arrow,
                "data of every other token": lambda batch: batch[::2].data,
                "offsets of every other token": lambda batch: batch[::2].offsets,
            }.items()
        ),
    ],
    n=workloads.N // 10,
    rounds=9,
    floor=READ,
    strict=True,
)


def read_key(**options: Any) -> Callable[[int], Work]:
    """Read an RSA key of 2,048 bits n times."""
    return lambda n: cpu(repeat(partial(PrivateKey, workloads.private_key(), **options), n))


VALIDATED = "PrivateKey(pem)"

test_private_key = group(
    "reading a private key, CPU time",
    [
        Contender(VALIDATED, read_key()),
        Contender(
            "PrivateKey(pem, skip_validation=True)",
            read_key(skip_validation=True),
            goals=[at_most(0.1, VALIDATED)],
        ),
    ],
    n=10,
    unit="key",
    floor=VALIDATED,
    strict=True,
)
