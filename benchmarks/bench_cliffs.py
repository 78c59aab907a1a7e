"""Paths beside their nearest equivalent, each with a limit: a row must not cost much more.

A missed limit is a failure. Times of tables are the CPU seconds of all threads per row.
"""

from __future__ import annotations

import base64
import hmac
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from tokbox import Tokbox, decode, decode_many
from tokbox.types import MemoryPool

from . import workloads
from .bench_files import FILE, sign, tokbox, tokens
from .bench_rs256 import BARE_VERIFY, application, bare_verification
from .bench_rs256 import verify_many as verify_rs256
from .comparison import Contender, Seconds, Work, at_least, at_most, group, repeat

sign = partial(sign, clock="cpu")
verify = partial(tokbox, "verify")

CSV, WIDE, VERIFY = "sign CSV", "sign CSV, 300 columns", "verify CSV"

test_tables = group(
    "rows of tables, CPU time",
    [
        Contender(CSV, sign("2 columns", "csv")),
        Contender("sign NDJSON", sign("2 columns", "ndjson"), goals=[at_most(3, CSV)]),
        Contender(WIDE, sign("300 columns", "csv"), 4),
        Contender(
            "sign NDJSON, 300 columns",
            sign("300 columns", "ndjson"),
            4,
            goals=[at_most(3, WIDE)],
        ),
        Contender(
            "sign CSV, 50 % rejected", sign("rejected", "csv"), goals=[at_most(2, CSV)]
        ),
        Contender(
            "sign CSV, 50 % rejected, all different",
            sign("rejected, all different", "csv"),
            goals=[at_most(2, CSV)],
        ),
        Contender(
            "sign CSV, an expiration column",
            sign("2 columns", "csv", "--expiration", "col:seconds"),
            goals=[at_most(1.3, CSV)],
        ),
        Contender(VERIFY, verify(("signed", "csv"), clock="cpu")),
        Contender(
            "verify NDJSON",
            verify(("signed", "ndjson"), clock="cpu"),
            goals=[at_most(3, VERIFY)],
        ),
        Contender(
            "verify CSV, all expired",
            verify(("expired", "csv"), clock="cpu"),
            goals=[at_most(2, VERIFY)],
        ),
    ],
    n=200_000,
    unit="row",
    floor=CSV,
    strict=True,
)

TOKENS, TEXT = "tokens to a file", "verify a text file"
ONE_CPU = "tokbox_on_one_cpu"

# Without --threads a command already reads, signs and writes in threads of its own, which
# keep two CPUs busy. So the gain is measured against one CPU.
test_threads = group(
    "tokens of files, elapsed time",
    [
        Contender(f"{TOKENS}, one CPU", tokens(FILE, name=ONE_CPU)),
        Contender(TOKENS, tokens(FILE)),
        Contender(
            f"{TOKENS}, --threads",
            tokens(FILE, "--threads"),
            goals=[at_least(1.5, f"{TOKENS}, one CPU")],
        ),
        Contender(f"{TEXT}, one CPU", verify(("signed", "txt"), name=ONE_CPU)),
        Contender(TEXT, verify(("signed", "txt"))),
        Contender(
            f"{TEXT}, --threads",
            verify(("signed", "txt"), "--threads"),
            goals=[at_least(1.5, f"{TEXT}, one CPU")],
        ),
    ],
    n=3_000_000,
    floor=f"{TOKENS}, one CPU",
    strict=True,
)


def verify_many(
    kind: Any = "t1",
    secret: str = workloads.SECRET,
    change: Callable[[Sequence[str]], Any] = list,
    later: int = 0,
    multithread: bool = False,
) -> Callable[[int], Work]:
    """Verify n tokens that *secret* signed and *change* changed, some seconds *later*."""

    def prepare(n: int) -> Work:
        rows = workloads.connection_data(n)
        session_id, now = workloads.SESSION_ID, None
        tokens = Tokbox(workloads.API_KEY, secret).sign_rows(
            session_id, connection_data=rows, kind=kind
        )
        if later:
            now = decode(tokens[0]).create_time + later
        given = change(tokens)
        tb = Tokbox(workloads.API_KEY, workloads.SECRET)
        return lambda: tb.verify_many(given, now=now, multithread=multithread)

    return prepare


def foreign(tokens: Sequence[str]) -> list[str]:
    """Return as many tokens of another API key."""
    session_id = "1_MX4xMjM0NTY3OH5-MTcwMDAwMDAwMDEyM35hYmNkfn4"
    return Tokbox("12345678", workloads.SECRET).session(session_id).tokens(len(tokens))


def half_null(tokens: Sequence[str]) -> Any:
    """Return an Arrow column in which every other token is null."""
    import pyarrow as pa

    return pa.array([None if i % 2 else token for i, token in enumerate(tokens)])


class Text(str):
    """A subclass of str."""

    __slots__ = ()


GOOD, GOOD_JWT = "good tokens", "good tokens, HS256"
OTHER = "another0secret" * 3

test_verify = group(
    "verify_many()",
    [
        Contender(GOOD, verify_many()),
        Contender(
            f"{GOOD}, 2 threads or more",
            verify_many(multithread=True),
            goals=[at_least(1.5, GOOD)],
        ),
        Contender("expired", verify_many(later=10**6), goals=[at_most(2, GOOD)]),
        Contender("another secret", verify_many(secret=OTHER), goals=[at_most(2, GOOD)]),
        Contender("another API key", verify_many(change=foreign), goals=[at_most(2, GOOD)]),
        Contender(
            "an Arrow column, half of it null",
            verify_many(change=half_null),
            goals=[at_most(1.2, GOOD)],
        ),
        Contender(
            "a subclass of str",
            verify_many(change=lambda tokens: [*map(Text, tokens)]),
            goals=[at_most(1.5, GOOD)],
        ),
        Contender(GOOD_JWT, verify_many("jwt")),
        Contender(
            "expired, HS256", verify_many("jwt", later=10**6), goals=[at_most(2, GOOD_JWT)]
        ),
        Contender(
            "another secret, HS256", verify_many("jwt", OTHER), goals=[at_most(2, GOOD_JWT)]
        ),
    ],
    n=workloads.N // 4,
    floor=GOOD,
    strict=True,
)


def tokens_of_one_session(
    method: str, *, multithread: bool = False
) -> Callable[[int], Work]:
    """Call a method of the signer of a session, which signs n tokens."""
    call = getattr(
        Tokbox(workloads.API_KEY, workloads.SECRET).session(workloads.SESSION_ID), method
    )
    return lambda n: lambda: call(n, multithread=multithread)


def rows_in_memory(*, reuse: bool) -> Callable[[int], Work]:
    """Sign n rows, into memory that is fresh or that the last call has used."""

    def prepare(n: int) -> Work:
        rows, tb = workloads.connection_data(n), Tokbox(workloads.API_KEY, workloads.SECRET)
        pool = MemoryPool() if reuse else None
        session_id = workloads.SESSION_ID
        return lambda: tb.sign_rows(session_id, connection_data=rows, memory_pool=pool)

    return prepare


LIST, BATCH, REUSED = "tokens(n)", "token_batch(n)", "sign_rows() into used memory"

test_memory = group(
    "tokens in fresh memory",
    [
        Contender(LIST, tokens_of_one_session("tokens")),
        Contender(
            f"{LIST}, 2 threads or more",
            tokens_of_one_session("tokens", multithread=True),
            goals=[at_least(1.5, LIST)],
        ),
        # Both sign the same bytes, which takes more than half of the time of tokens(n).
        Contender(BATCH, tokens_of_one_session("token_batch"), goals=[at_most(0.85, LIST)]),
        Contender(
            f"{BATCH}, 2 threads or more",
            tokens_of_one_session("token_batch", multithread=True),
            goals=[at_least(1.6, BATCH)],
        ),
        Contender(REUSED, rows_in_memory(reuse=True)),
        Contender(
            "sign_rows() into fresh memory",
            rows_in_memory(reuse=False),
            goals=[at_most(1.2, REUSED)],
        ),
    ],
    n=workloads.N,
    floor=LIST,
    strict=True,
)


def verify_sdk(form: str) -> Callable[[int], Work]:
    """Verify n tokens with the claims of a *form* of `FORMS`."""

    def prepare(n: int) -> Work:
        tb, now = Tokbox(workloads.API_KEY, workloads.SECRET), int(time.time())
        claims = {"session": workloads.SESSION_ID, "now": now, "end": now + 86_400}
        sign = sign_jwt if form.startswith("{") else sign_t1
        tokens = [
            sign(form.format(i=i, data=data, **claims))
            for i, data in enumerate(workloads.connection_data(n))
        ]
        tb.verify_many(tokens[:1])  # which looks at the header
        return lambda: tb.verify_many(tokens).raise_first()

    return prepare


def sign_t1(data: str) -> str:
    mac = hmac.digest(workloads.SECRET.encode(), data.encode(), "sha1").hex()
    raw = f"partner_id={workloads.API_KEY}&sig={mac}:{data}"
    return "T1==" + base64.b64encode(raw.encode()).decode()


def sign_jwt(said: str) -> str:
    """Sign a header and the payload that follows it."""
    parts = (base64.urlsafe_b64encode(part.encode()) for part in said.split("\n"))
    message = b".".join(part.rstrip(b"=") for part in parts)
    mac = hmac.digest(workloads.SECRET.encode(), message, "sha256")
    return f"{message.decode()}.{base64.urlsafe_b64encode(mac).rstrip(b'=').decode()}"


_JWT = (
    '{{"alg":"HS256","typ":"JWT"}}\n{{"iss":"40000123","ist":"project","iat":{now},'
    '"session_id":"{session}","scope":"session.connect","role":"publisher",'
    '"connection_data":"{data}",'
)
#: Claims of tokens of the official SDKs and of other signers. A JWT has two lines: header
#: and payload.
FORMS = {
    "Node": "session_id={session}&create_time={now}&nonce=0.47319283746{i}&role=publisher"
    "&expire_time={end}&connection_data={data}&initial_layout_class_list="
    "&scope=session.connect",
    "Java": "create_time={now}&expire_time={end}&session_id={session}&nonce=-{i}"
    "&role=publisher&scope=session.connect&connection_data={data}",
    "PHP": "session_id={session}&create_time={now}&role=publisher&nonce=1700000000.{i}"
    "&expire_time={end}&connection_data={data}&initial_layout_class_list=",
    ".NET": "session_id={session}&create_time={now}&nonce={i}&role=publisher"
    "&initial_layout_class_list=focus small&expire_time={end}&connection_data={data}",
    "Node, HS256": _JWT + '"nonce":0.47319283746{i},"exp":{end},"expire_time":{end},'
    '"initial_layout_class_list":""}}',
    "Java, HS256": _JWT + '"exp":{end},"jti":"7c0f5b1e-{i}","nonce":-{i}}}',
    "PHP, HS256": _JWT + '"exp":{end},"nonce":1{i},"data":null,"expireTime":null,'
    '"initial_layout_class_list":""}}',
    ".NET, HS256": _JWT + '"exp":{end},"jti":"wMHCw8TFxsfIycrLzM3Oz9DR0tPU1dbX{i}",'
    '"nonce":5,"initial_layout_list":"focus small"}}',
    "kid, nbf and a list of classes": _JWT.replace("{{", '{{"kid":"1",', 1)
    + '"exp":{end},"jti":"{i}","nbf":{now},"initial_layout_class_list":["a","b"]}}',
}

test_dialects = group(
    "verify_many() of other signers' tokens",
    [
        Contender(GOOD, verify_many()),
        Contender(GOOD_JWT, verify_many("jwt")),
        *(
            Contender(
                name,
                verify_sdk(form),
                goals=[at_most(1.5, GOOD_JWT if "\n" in form else GOOD)],
            )
            for name, form in FORMS.items()
        ),
    ],
    n=workloads.N // 20,
    rounds=9,
    floor=GOOD,
    strict=True,
)


def numpy_array(tokens: Sequence[str]) -> Any:
    import numpy as np

    return np.array(list(tokens))


def index(tokens: Sequence[str]) -> Any:
    import pandas as pd

    return pd.Index(list(tokens))


test_shapes = group(
    "verify_many() of arrays",
    [
        Contender(GOOD, verify_many()),
        Contender(
            "numpy, dtype U", verify_many(change=numpy_array), goals=[at_most(1.5, GOOD)]
        ),
        Contender("pandas.Index", verify_many(change=index), goals=[at_most(1.5, GOOD)]),
    ],
    n=workloads.N // 20,
    rounds=9,
    floor=GOOD,
    strict=True,
)


def one(kind: str, call: Callable[[Tokbox, str], object]) -> Callable[[int], Work]:
    """Do *call* n times, with a token of *kind*; the time is that of the CPU."""

    def prepare(n: int) -> Work:
        if kind == "rs256":
            tb, session_id = application(), workloads.APPLICATION_SESSION_ID
        else:
            tb = Tokbox(workloads.API_KEY, workloads.SECRET)
            session_id = workloads.SESSION_ID
        claims = workloads.CLAIMS | ({} if kind == "rs256" else {"kind": kind})
        token = tb.session(session_id).token(**claims)
        work = repeat(lambda: call(tb, token), n)

        def timed() -> Seconds:
            start = time.process_time()
            work()
            return Seconds(time.process_time() - start)

        return timed

    return prepare


def verify_one(kind: str) -> list[Contender]:
    many = f"verify_many([token]), {kind}"
    return [
        Contender(many, one(kind, lambda tb, token: tb.verify_many([token]))),
        Contender(
            f"verify(token), {kind}",
            one(kind, lambda tb, token: tb.verify(token)),
            goals=[at_most(1.5, many)],
        ),
        Contender(
            f"decode(token), {kind}",
            one(kind, lambda tb, token: decode(token)),
            goals=[at_most(1.5, many)],
        ),
    ]


test_one_token = group(
    "one token",
    [each for kind in ("t1", "jwt", "rs256") for each in verify_one(kind)],
    n=1_000,
    rounds=15,
    strict=True,
)


def many(
    call: Callable[[Tokbox, list[str]], Any], kind: Any = "t1"
) -> Callable[[int], Work]:
    """Do *call* with n tokens of *kind*, and all that it returns."""

    def prepare(n: int) -> Work:
        tb, rows = Tokbox(workloads.API_KEY, workloads.SECRET), workloads.connection_data(n)
        tokens = tb.sign_rows(
            workloads.SESSION_ID, connection_data=rows, kind=kind
        ).tolist()
        return lambda: call(tb, tokens)

    return prepare


def read(
    call: Callable[[Any], object], result: Callable[[Tokbox, list[str]], Any]
) -> Callable[[int], Work]:
    """Read what is returned for n tokens in the way of *call*."""

    def prepare(n: int) -> Work:
        found = many(result)(n)()
        return lambda: call(found)

    return prepare


def by_index(found: Any) -> list[Any]:
    return [found[i] for i in range(len(found))]


DECODE, TOLIST = "decode() of each", "tolist() of a batch"


def decode_tokens(multithread: bool = False) -> Callable[[Tokbox, list[str]], Any]:
    return lambda _, tokens: decode_many(tokens, multithread=multithread)


test_decode_many = group(
    "decode_many()",
    [
        Contender(GOOD, verify_many()),
        Contender("decode_many()", many(decode_tokens()), goals=[at_most(5, GOOD)]),
        Contender(
            "decode_many(), 2 threads or more",
            many(decode_tokens(True)),
            goals=[at_least(1.4, "decode_many()")],
        ),
        Contender(GOOD_JWT, verify_many("jwt")),
        Contender(
            "decode_many(), HS256",
            many(decode_tokens(), "jwt"),
            goals=[at_most(5, GOOD_JWT)],
        ),
    ],
    n=workloads.N // 4,
    floor=GOOD,
    strict=True,
)
test_decoded = group(
    "results of decode_many()",
    [
        Contender(DECODE, many(lambda _, tokens: [decode(token) for token in tokens])),
        *(
            Contender(name, read(call, decode_tokens()), goals=[at_most(1.5, DECODE)])
            for name, call in (
                ("list(decoded)", list),
                ("reversed(decoded)", lambda found: [*reversed(found)]),
                ("decoded[i]", by_index),
            )
        ),
    ],
    n=workloads.N // 100,
    rounds=9,
    strict=True,
)
test_verification = group(
    "results of verify_many()",
    [
        Contender(
            TOLIST,
            read(
                lambda batch: batch.tolist(),
                lambda tb, tokens: tb.session(workloads.SESSION_ID).token_batch(
                    len(tokens)
                ),
            ),
        ),
        *(
            Contender(
                name,
                read(call, lambda tb, tokens: tb.verify_many(tokens)),
                goals=[at_most(1.5, TOLIST)],
            )
            for name, call in (
                ("list(verification)", list),
                ("reversed(verification)", lambda found: [*reversed(found)]),
                ("verification[i]", by_index),
            )
        ),
    ],
    n=workloads.N // 10,
    rounds=9,
    strict=True,
)


def sign_long(kind: Any, text: str) -> Callable[[int], Work]:
    def prepare(n: int) -> Work:
        tb = Tokbox(workloads.API_KEY, workloads.SECRET)
        return lambda: tb.sign_rows(
            workloads.SESSION_ID, connection_data=[text] * n, kind=kind
        )

    return prepare


def verify_long(kind: Any, text: str) -> Callable[[int], Work]:
    def prepare(n: int) -> Work:
        tb, tokens = Tokbox(workloads.API_KEY, workloads.SECRET), sign_long(kind, text)(n)()
        return lambda: tb.verify_many(tokens).raise_first()

    return prepare


def long_data(kind: str, name: str, text: str) -> list[Contender]:
    signing = f"sign {name}, {kind}"
    return [
        Contender(signing, sign_long(kind, text)),
        Contender(
            f"verify {name}, {kind}", verify_long(kind, text), goals=[at_most(2, signing)]
        ),
    ]


test_long_data = group(
    "long connection data",
    [
        each
        for kind in ("t1", "jwt")
        for name, text in (
            ("1,000 ASCII", "x" * 1000),
            ("1,000 punctuation", 'a b&c"' * 166),
            ("1,000 Latin", "é" * 1000),
            ("1,000 Latin and ASCII", "aé" * 500),
            ("1,000 Chinese", "語" * 1000),
            ("1,000 emoji", "😀" * 1000),
        )
        for each in long_data(kind, name, text)
    ],
    n=5_000,
    rounds=9,
    strict=True,
)

RS256 = "verify_many(), RS256"
test_rs256 = group(
    "verify_many() of RS256 tokens",
    [
        Contender(BARE_VERIFY, bare_verification),
        Contender(RS256, verify_rs256(False), goals=[at_most(1.3, BARE_VERIFY)]),
        Contender(
            f"{RS256}, 2 threads or more", verify_rs256(True), goals=[at_least(1.8, RS256)]
        ),
    ],
    n=500,
    rounds=21,
    strict=True,
)
