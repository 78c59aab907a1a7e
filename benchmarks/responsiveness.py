"""Do others still run while a batch is signed, and does Ctrl-C end it?

``python -m benchmarks.responsiveness`` prints, for each entry point, the longest that
another thread had to wait, how long after SIGINT the call was over, and how much memory
was left behind once it was freed. (The list of strings that a call returns is freed after
the measurement: that is CPython's work, which holds the GIL for some 40 ns a string.)
"""

from __future__ import annotations

import gc
import os
import signal
import sys
import threading
import time
from collections.abc import Callable

from tokbox.tokens.signer import Signer

from . import workloads

CLAIMS = tuple(workloads.CLAIMS.values())


def resident() -> int:
    """Bytes of memory that this process has."""
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def longest_wait(work: Callable[[], object]) -> float:
    """The longest, in seconds, that a thread which only looks at the clock was held up."""
    worst = 0.0
    done = threading.Event()
    ready = threading.Event()

    def look() -> None:
        nonlocal worst
        before = time.perf_counter()
        ready.set()
        while not done.is_set():
            now = time.perf_counter()
            worst = max(worst, now - before)
            before = now
            # Asking for the GIL anew each time, as a thread that serves requests does.
            time.sleep(0.0005)

    thread = threading.Thread(target=look)
    thread.start()
    ready.wait()
    try:
        result = work()
    finally:
        done.set()
        thread.join()
    del result
    return worst


def interrupted(work: Callable[[], object]) -> float:
    """How long after SIGINT the call was over, in seconds."""
    sent = 0.0

    def send() -> None:
        nonlocal sent
        sent = time.perf_counter()
        os.kill(os.getpid(), signal.SIGINT)

    timer = threading.Timer(0.5, send)
    timer.start()
    try:
        work()
    except KeyboardInterrupt:
        return time.perf_counter() - sent
    finally:
        timer.join()
    raise SystemExit("the batch was over before it could be interrupted")


def main() -> int:
    session = Signer(workloads.API_KEY, workloads.SECRET).session(workloads.SESSION_ID)
    n, more, many = 10**7, 25 * 10**6, 10**8

    def drain(count: int, multithread: bool) -> None:
        for _ in session.iter_batches(count, multithread=multithread, **workloads.CLAIMS):
            pass

    def rows() -> object:
        return signer.sign_rows(workloads.SESSION_ID, connection_data=texts)

    signer = Signer(workloads.API_KEY, workloads.SECRET)
    texts = [f"user-{i:08d}" for i in range(n)]
    signed = session.tokens(10**6, False, *CLAIMS)
    idle = longest_wait(lambda: time.sleep(1))
    print(f"{'idle: another thread waits at most':52} {idle * 1e3:8.1f} ms")
    for name, work in [
        ("tokens(10**7)", lambda: session.tokens(n, False, *CLAIMS)),
        ("tokens(10**7, multithread)", lambda: session.tokens(n, True, *CLAIMS)),
        ("token_batch(10**7)", lambda: session.token_batch(n, **workloads.CLAIMS)),
        ("iter_batches(10**7)", lambda: drain(n, False)),
        ("sign_rows, 10**7 rows", rows),
        ("verify_many, 10**6 strings", lambda: signer.verify_many(signed)),
    ]:
        worst = longest_wait(work)
        print(f"{name + ': another thread waits at most':52} {worst * 1e3:8.1f} ms")
        gc.collect()
    texts.clear()
    signed.clear()
    for name, work in [
        ("tokens(2.5 * 10**7)", lambda: session.tokens(more, False, *CLAIMS)),
        ("tokens(2.5 * 10**7, multithread)", lambda: session.tokens(more, True, *CLAIMS)),
        (
            "token_batch(2.5 * 10**7, multithread)",
            lambda: session.token_batch(more, multithread=True, **workloads.CLAIMS),
        ),
        ("iter_batches(10**8)", lambda: drain(many, False)),
        ("iter_batches(10**8, multithread)", lambda: drain(many, True)),
    ]:
        before = resident()
        took = interrupted(work)
        for thread in {*threading.enumerate()} - {threading.main_thread()}:
            thread.join()  # strings that nobody saw are freed in the background
        left = resident() - before
        text = f"{name}: over after SIGINT, and memory left"
        print(f"{text:52} {took * 1e3:8.1f} ms {left / 2**20:8.1f} MiB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
