"""Slices of work that threads take in turn: all of it once, or an exception."""

from __future__ import annotations

import threading
import time

import pytest

from tokbox.tokens import parallel
from tokbox.tokens.parallel import parallel_for, threads_for


@pytest.mark.parametrize("threads", [0, 1, 2, 7])
@pytest.mark.parametrize("n", [0, 1, 3, 4, 5, 1000])
def test_every_row_is_done_once(n, threads):
    done = [0] * n
    before = threading.active_count()

    def work(rows):
        for row in rows:
            done[row] += 1

    parallel_for(work, n, piece=4, threads=threads)
    assert done == [1] * n
    assert threading.active_count() == before


def test_several_threads_are_at_work_at_once():
    meeting = threading.Barrier(3, timeout=30)
    parallel_for(lambda rows: meeting.wait(), 12, piece=4, threads=3)
    assert not meeting.broken


@pytest.mark.parametrize("who", ["caller", "helper"])
def test_an_error_in_any_thread_stops_all_and_is_raised(who):
    here = threading.current_thread()
    done = []
    raised = threading.Event()

    def work(rows):
        if (threading.current_thread() is here) == (who == "caller"):
            raised.set()
            raise KeyboardInterrupt
        # The other threads wait for it, so that there is work left to stop.
        raised.wait(30)
        done.append(rows)

    before = threading.active_count()
    with pytest.raises(KeyboardInterrupt):
        parallel_for(work, 1000, piece=1, threads=2)
    assert threading.active_count() == before
    assert len(done) < 999


def test_a_thread_that_cannot_start_ends_all(monkeypatch):
    class Thread(threading.Thread):
        def start(self):
            if threading.active_count() > before:
                raise RuntimeError("can't start new thread")
            super().start()

    before = threading.active_count()
    monkeypatch.setattr(parallel, "Thread", Thread)
    with pytest.raises(RuntimeError, match="start"):
        parallel_for(lambda rows: time.sleep(0.001), 1000, piece=1, threads=4)
    assert threading.active_count() == before


@pytest.mark.parametrize(
    ("n", "threads", "helpers"),
    [(4, 3, 0), (5, 1, 0), (5, 2, 1), (5, 9, 1), (9, 3, 2), (1000, 3, 2)],
)
def test_the_caller_is_one_of_the_threads(n, threads, helpers, monkeypatch):
    started = []

    class Thread(threading.Thread):
        def start(self):
            started.append(self)
            super().start()

    monkeypatch.setattr(parallel, "Thread", Thread)
    parallel_for(lambda rows: None, n, piece=4, threads=threads)
    assert len(started) == helpers


def test_threads_are_as_many_as_are_worth_it(monkeypatch):
    monkeypatch.setattr(parallel, "cpu_count", lambda: 4)
    assert [threads_for(n, True, 10) for n in (0, 9, 10, 35, 1000)] == [1, 1, 2, 4, 4]
    assert threads_for(1000, False, 10) == 1


def test_cpus_are_counted_where_a_process_may_use_all(monkeypatch):
    monkeypatch.delattr("os.sched_getaffinity", raising=False)
    monkeypatch.setattr("os.cpu_count", lambda: 3)
    assert parallel.cpu_count() == 3
    monkeypatch.setattr("os.cpu_count", lambda: None)
    assert parallel.cpu_count() == 1


@pytest.mark.parametrize(("n", "threads"), [(15, 1), (16, 2), (31, 2), (32, 3)])
def test_a_thread_is_worth_two_pieces_of_signatures(signer, n, threads, monkeypatch):
    monkeypatch.setattr(parallel, "cpu_count", lambda: 64)
    assert signer._threads_for(True)(n) == threads
    assert signer._threads_for(False)(n) == 1
