"""The longest time that another thread has to wait while a call runs.

Lists are freed afterwards: that is CPython's work, which holds the GIL.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from .bench_rows import sign_rows
from .bench_tokens import call, drain
from .bench_verify import verify_many
from .comparison import Contender, Seconds, Work, group


def longest_wait(make: Callable[[int], Work]) -> Callable[[int], Work]:
    """Measure the longest wait of a thread that only looks at the clock."""

    def prepare(n: int) -> Work:
        inner = make(n)

        def work() -> Seconds:
            worst, done, ready = 0.0, threading.Event(), threading.Event()

            def look() -> None:
                nonlocal worst
                before = time.perf_counter()
                ready.set()
                while not done.is_set():
                    now = time.perf_counter()
                    worst, before = max(worst, now - before), now
                    time.sleep(0.0005)  # requests the GIL anew, like a thread that serves

            thread = threading.Thread(target=look)
            thread.start()
            ready.wait()
            try:
                result = inner()
            finally:
                done.set()
                thread.join()
            del result
            return Seconds(worst)

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
