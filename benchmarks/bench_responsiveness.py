"""The longest time that another thread has to wait while a call runs."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from .bench_rows import sign_rows
from .bench_tokens import call, drain
from .bench_verify import verify_many
from .comparison import Contender, Seconds, Work, group


def longest_wait(make: Callable[[int], Work]) -> Callable[[int], Work]:
    """Measure the longest wait of a thread that only looks at the clock."""

    def prepare(n: int) -> Work:
        inner = make(n)

        def work() -> Seconds:
            waits: list[float] = []
            ready, done = threading.Event(), threading.Event()

            def look() -> None:
                before = time.perf_counter()
                ready.set()
                ended = False
                while not ended:
                    # Requests the GIL anew each time, like the thread of a server.
                    ended = done.wait(0.0005)
                    now = time.perf_counter()
                    waits.append(now - before)
                    before = now

            with ThreadPoolExecutor(1) as pool:
                pool.submit(look)
                ready.wait()
                try:
                    inner()
                finally:
                    done.set()
            return Seconds(max(waits))

        return work

    return prepare


IDLE = "no call: half a second of sleep"

test_longest_wait = group(
    "longest wait of another thread",
    [
        Contender(IDLE, longest_wait(lambda n: lambda: time.sleep(0.5))),
        Contender("tokens(n)", longest_wait(call("tokens"))),
        Contender("tokens(n, multithread)", longest_wait(call("tokens", multithread=True))),
        Contender("token_batch(n)", longest_wait(call("token_batch"))),
        Contender("iter_batches(n)", longest_wait(drain())),
        Contender("sign_rows(n)", longest_wait(sign_rows())),
        Contender("verify_many(n)", longest_wait(verify_many())),
    ],
    n=2_000_000,
    unit="wait",
    per_item=False,
    rounds=3,
    floor=IDLE,
)
