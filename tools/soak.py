"""Load an emulator with 500 connections, kill it at random, and check what it acknowledged.

    python -m tools.soak [SECONDS]

``wrk`` sends mixed traffic (``soak.lua``), beside a few Python clients. In the first half
of the time the emulator is killed at random moments and started again on the same file. In
the second half it runs without kills. The test fails if

- a session or an archive that was acknowledged is missing at the end,
- a request is refused, the emulator prints an error, or a connection is lost without a
  kill,
- memory grows in the second half, or file descriptors remain open at the end.

Memory is the resident set (VmRSS). The data is in the file, so memory must not grow with
it: after the first third, in which caches fill, it may grow by at most ``FLAT`` percent.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import random
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from tests.support.emulator import KEY, client_token, credentials
from tests.support.survival import Acknowledged, Client, damage, lost, running

CONNECTIONS = 500
KILLS = 4
#: Python clients, which check more of each response than wrk does.
CLIENTS = 4
#: Percent that memory may grow by and still be flat.
FLAT = 2.0

_SCRIPT = Path(__file__).with_suffix(".lua")
_THREADS = 2
#: Sessions that a thread of wrk archives in, so that none has many archives at a time.
_STUDIOS = 32
#: Seconds that a response may take: 500 connections wait for each other.
_PATIENCE = 30
#: Seconds between two looks at the emulator's memory.
_PACE = 0.25


@dataclass(frozen=True)
class Traffic:
    """Statistics of wrk between a start and a kill; latencies in milliseconds."""

    requests: int
    seconds: float
    connect: int
    read: int
    write: int
    timeout: int
    p50: float
    p99: float
    slowest: float
    #: The number of responses with each error status, and the body of one of them.
    refused: dict[str, int]
    complaint: str


@dataclass(frozen=True)
class Memory:
    """Resident memory before and after the load, and the growth of the file, in bytes."""

    first: float
    last: float
    stored: int

    @classmethod
    def of(cls, samples: list[tuple[int, int]]) -> Memory:
        """Compare the medians of the first and the last quarter after the warm-up.

        A sample is the resident memory and the size of the file.
        """
        warm = samples[len(samples) // 3 :]
        quarter = max(1, len(warm) // 4)
        first, last = (
            statistics.median(resident for resident, _ in part)
            for part in (warm[:quarter], warm[-quarter:])
        )
        return cls(first, last, warm[-1][1] - warm[0][1])

    @property
    def growth(self) -> float:
        """In percent."""
        return 100 * (self.last - self.first) / self.first


@dataclass
class Soak:
    """A database file, and the results of all runs of the emulator on it."""

    folder: Path
    known: Acknowledged = field(default_factory=Acknowledged)
    lives: list[Traffic] = field(default_factory=list)
    memory: Memory | None = None
    #: A sentence for each promise that was broken.
    failures: list[str] = field(default_factory=list)
    _port: int = 0

    @property
    def db(self) -> Path:
        """The path of the emulator's database."""
        return self.folder / "emulator.db"

    def live(self, seconds: float, *, undisturbed: bool = False) -> None:
        """Run the emulator with all clients for some seconds, and kill it."""
        with (
            open(self.folder / "complaints", "w+") as complaints,
            running(self.db, self._port, complaints) as (url, emulator),
        ):
            self._port = urlsplit(url).port or 0
            alone = _descriptors(emulator.pid)
            self._plan(url)
            with self._clients(url, emulator) as clients:
                with _wrk(url, self.folder):
                    if undisturbed:
                        self._watch(emulator.pid, seconds)
                    else:
                        time.sleep(seconds)
                        emulator.kill()
                traffic = _traffic(self.folder)
                if undisturbed:
                    cut = CLIENTS - sum(client.is_alive() for client in clients)
                    self.judge_undisturbed(traffic, cut)
                    self._judge_descriptors(emulator.pid, alone + CLIENTS)
                else:
                    self.judge(traffic)
            complaints.seek(0)
            self._expect(not (said := complaints.read()), f"the emulator said: {said}")
        self.lives.append(traffic)
        self.remember()

    def look(self) -> None:
        """Look for everything that was acknowledged."""
        self.failures += damage(self.db)
        missing = lost(self.db, self.known)
        self.failures += [f"lost: {what}" for what in missing]
        print(
            f"killed {len(self.lives)} times: {self.known.count} things acknowledged, "
            f"{len(missing)} of them lost"
        )

    def _plan(self, url: str) -> None:
        """Create the sessions that wrk's threads use, and write them to its file."""
        client = Client(url, self.known)
        header = credentials(at=time.time(), exp=time.time() + 86_400)
        for number in range(_THREADS):
            hall, *studios = (client.create_session() for _ in range(1 + _STUDIOS))
            for studio in studios:
                client.join(studio)
            lines = [KEY, header, hall, client_token(hall, at=time.time()), *studios]
            (self.folder / f"plan-{number}").write_text("\n".join(lines))
        client.close()

    @contextlib.contextmanager
    def _clients(
        self, url: str, emulator: subprocess.Popen[str]
    ) -> Iterator[list[threading.Thread]]:
        """Run the Python clients until the emulator is killed at the end of the block."""
        clients = [Client(url, self.known) for _ in range(CLIENTS)]
        threads = [threading.Thread(target=client.run) for client in clients]
        for thread in threads:
            thread.start()
        try:
            yield threads
        finally:
            emulator.kill()
            for thread, client in zip(threads, clients, strict=True):
                thread.join()
                client.close()
                self.failures += client.refused

    def _watch(self, pid: int, seconds: float) -> None:
        """Measure the emulator's memory while it works."""
        samples, end = [], time.monotonic() + seconds
        while time.monotonic() < end:
            samples.append((_resident(pid), self.db.stat().st_size))
            time.sleep(_PACE)
        self.memory = Memory.of(samples)
        self._expect(self.memory.growth <= FLAT, "memory is not flat")

    def judge(self, traffic: Traffic) -> None:
        """Check for failures that a kill does not explain."""
        refused = f"wrk was answered {traffic.refused}, such as {traffic.complaint}"
        self._expect(not traffic.refused, refused)
        self._expect(not traffic.timeout, f"{traffic.timeout} answers did not come")

    def judge_undisturbed(self, traffic: Traffic, cut: int) -> None:
        """Check a run without kills: no connection is lost. *cut* counts Python clients."""
        self.judge(traffic)
        errors = traffic.connect + traffic.read + traffic.write
        self._expect(not errors, f"{errors} connections of wrk were cut")
        self._expect(not cut, f"{cut} connections of our own were cut")

    def _judge_descriptors(self, pid: int, due: int) -> None:
        """Wait until the emulator has noticed that wrk's connections are gone."""
        deadline = time.monotonic() + _PATIENCE
        while (left := _descriptors(pid) - due) and time.monotonic() < deadline:
            time.sleep(_PACE)
        self._expect(not left, f"{left} descriptors are left open")

    def _expect(self, kept: bool, failure: str) -> None:
        if not kept:
            self.failures.append(failure)

    def remember(self) -> None:
        """Add the sessions and archives that were acknowledged to wrk."""
        for path in self.folder.glob("acknowledged-*"):
            for line in path.read_text().splitlines():
                what, name = line.split()
                if what == "session":
                    self.known.sessions.add(name)
                else:
                    self.known.archives[name] = what == "stopped"


@contextlib.contextmanager
def _wrk(url: str, folder: Path) -> Iterator[None]:
    """Run wrk until the end of the block."""
    command = ["wrk", f"-t{_THREADS}", f"-c{CONNECTIONS}", "-d24h"]
    command += ["--timeout", f"{_PATIENCE}s", "-s", str(_SCRIPT), url, "--", str(folder)]
    with (
        open(folder / "wrk", "w") as out,
        subprocess.Popen(command, stdout=out) as wrk,
    ):
        try:
            yield
        finally:
            # wrk then prints its statistics.
            wrk.send_signal(signal.SIGINT)


def _traffic(folder: Path) -> Traffic:
    return Traffic(**json.loads((folder / "wrk").read_text().splitlines()[-1]))


def _resident(pid: int) -> int:
    status = Path(f"/proc/{pid}/status").read_text()
    return 1024 * int(status.partition("VmRSS:")[2].split()[0])


def _descriptors(pid: int) -> int:
    return len(os.listdir(f"/proc/{pid}/fd"))


def _report(soak: Soak) -> None:
    requests = sum(life.requests for life in soak.lives)
    seconds = sum(life.seconds for life in soak.lives)
    steady, memory = soak.lives[-1], soak.memory
    assert memory is not None, "the last life was watched"
    print(
        f"{CONNECTIONS} connections for {seconds:.0f} s: {requests} requests, "
        f"{requests / seconds:.0f} a second"
    )
    print(
        f"undisturbed: {steady.requests / steady.seconds:.0f} a second, median "
        f"{steady.p50:.0f} ms, 99 % within {steady.p99:.0f} ms, slowest "
        f"{steady.slowest:.0f} ms"
    )
    print(
        f"memory: {memory.first / 2**20:.1f} MiB, then {memory.last / 2**20:.1f} MiB "
        f"({memory.growth:+.1f} %), while the file grew by "
        f"{memory.stored / 2**20:.1f} MiB"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("seconds", nargs="?", type=float, default=60)
    seconds: float = parser.parse_args().seconds
    if shutil.which("wrk") is None:
        sys.exit("wrk is missing: apt-get install wrk")
    with tempfile.TemporaryDirectory() as folder:
        soak = Soak(Path(folder))
        for _ in range(KILLS):
            soak.live(random.uniform(0.2, 1.8) * seconds / 2 / KILLS)
        soak.live(seconds / 2, undisturbed=True)
        _report(soak)
        soak.look()
    for failure in soak.failures:
        print(f"FAILED: {failure}", file=sys.stderr)
    sys.exit(bool(soak.failures))


if __name__ == "__main__":
    main()
