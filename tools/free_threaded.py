"""Find a free-threaded CPython, or build one; print where it is.

    python -m tools.free_threaded [--tsan]

The environment variable ``FREE_THREADED`` names one. Else ``python3.14t`` or
``python3.13t`` serves, if it is installed. Else Debian's source package of CPython is
fetched by apt-get, from the archive that this system has configured, and built once, into
the user's cache. That needs a C compiler, make, and the headers named in ``_LIBRARIES``.

With ``--tsan`` it is one that ThreadSanitizer watches, which is always built here. Beside
its ``bin`` stands ``suppressions``: CPython's own list of the races that it knows of.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tarfile
from dataclasses import dataclass, field
from pathlib import Path

_SOURCE = "python3.13"
_SUITE = "trixie"
_KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"
#: Without these pip and the tests lack modules, which a build alone would not say.
_LIBRARIES = "libssl-dev zlib1g-dev libffi-dev"
_NEEDED = "import ctypes, ensurepip, ssl, sys, zlib; sys.exit(sys._is_gil_enabled())"

_CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "tokbox"


@dataclass(frozen=True)
class _Kind:
    """One way to build CPython."""

    name: str
    options: tuple[str, ...] = ("--disable-gil", "--disable-test-modules")
    #: What a command that runs the CPython is started with, and in which environment.
    wrapper: tuple[str, ...] = ()
    environment: dict[str, str] = field(default_factory=dict)

    @property
    def prefix(self) -> Path:
        return _CACHE / self.name

    @property
    def python(self) -> Path:
        return self.prefix / "bin" / "python3"


_PLAIN = _Kind(f"{_SOURCE}t")
_TSAN = _Kind(
    f"{_SOURCE}t-tsan",
    (*_PLAIN.options, "--with-thread-sanitizer"),
    # It needs to know where memory may lie; and what it would say of the build is no news.
    ("setarch", "-R"),
    {"TSAN_OPTIONS": "report_bugs=0"},
)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--tsan", action="store_true", help="watched by ThreadSanitizer")
    print(_built(_TSAN) if parser.parse_args().tsan else _found() or _built(_PLAIN))


def _found() -> str | None:
    """A free-threaded CPython that is named, or installed."""
    if named := os.environ.get("FREE_THREADED"):
        if not _serves(named):
            sys.exit(f"{named} is no free-threaded CPython")
        return named
    installed = (shutil.which(name) for name in ("python3.14t", "python3.13t"))
    return next((python for python in installed if python and _serves(python)), None)


def _built(kind: _Kind) -> Path:
    """The CPython of *kind* in the user's cache, which is built if it is not there."""
    if not _serves(str(kind.python), kind):
        _build(kind, _sources(_CACHE / "apt"), _CACHE / f"build-{kind.name}")
        if not _serves(str(kind.python), kind):
            sys.exit(f"the CPython just built lacks modules: install {_LIBRARIES}")
    return kind.python


def _serves(python: str, kind: _Kind = _PLAIN) -> bool:
    """Whether *python* runs without the GIL, and has what pip and the tests need."""
    command = [*kind.wrapper, python, "-c", _NEEDED]
    environment = {**os.environ, **kind.environment}
    try:
        done = subprocess.run(command, capture_output=True, check=False, env=environment)
    except OSError:
        return False
    return done.returncode == 0


def _sources(folder: Path) -> Path:
    """Fetch the source package's upstream archive into *folder*; apt-get checks it."""
    archives = folder / "archives"
    for needed in (folder / "lists" / "partial", folder / "empty", archives):
        needed.mkdir(parents=True, exist_ok=True)
    (folder / "sources.list").write_text(
        f"deb-src [signed-by={_KEYRING}] {_archive()} {_SUITE} main\n"
    )
    configuration = folder / "apt.conf"
    configuration.write_text(
        f'Dir::State::lists "{folder / "lists"}";\n'
        f'Dir::Etc::sourcelist "{folder / "sources.list"}";\n'
        f'Dir::Etc::sourceparts "{folder / "empty"}";\n'
        'Dir::Cache::pkgcache "";\n'
        'Dir::Cache::srcpkgcache "";\n'
        # The folder belongs to the user, not to apt's own.
        'APT::Sandbox::User "";\n'
    )
    environment = {**os.environ, "APT_CONFIG": str(configuration)}
    _run(["apt-get", "-q", "update"], env=environment)
    _run(["apt-get", "-q", "source", "--download-only", _SOURCE], archives, environment)
    return max(archives.glob("*.orig.tar.*z"), key=lambda path: path.stat().st_mtime)


def _archive() -> str:
    """The address of the Debian archive that this system uses."""
    targets = subprocess.run(
        ["apt-get", "indextargets", "Created-By: Packages", "Origin: Debian"],
        capture_output=True,
        check=False,
        text=True,
    ).stdout
    # Those of a plain suite: security updates stand elsewhere.
    addresses = re.findall(r"^Codename: \w+$.*?^Repo-URI: (\S+)$", targets, re.M | re.S)
    if not addresses:
        sys.exit(
            "apt-get names no Debian archive; set FREE_THREADED, or try apt-get update"
        )
    return addresses[0]


def _build(kind: _Kind, archive: Path, folder: Path) -> None:
    """Build CPython from *archive* in *folder*, and install it under its prefix."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    with tarfile.open(archive) as sources:
        sources.extractall(folder, filter="data")
    (tree,) = folder.iterdir()
    for command in (
        ["./configure", "-q", f"--prefix={kind.prefix}", *kind.options],
        ["make", "-s", f"-j{os.cpu_count()}"],
        ["make", "-s", "install"],
    ):
        _run([*kind.wrapper, *command], tree, {**os.environ, **kind.environment})
    known = tree / "Tools" / "tsan" / "suppressions_free_threading.txt"
    shutil.copyfile(known, kind.prefix / "suppressions")
    shutil.rmtree(folder)


def _run(
    command: list[str], folder: Path | None = None, env: dict[str, str] | None = None
) -> None:
    """Run *command*, or end with it; standard output is kept for the answer."""
    done = subprocess.run(command, cwd=folder, env=env, stdout=sys.stderr, check=False)
    if done.returncode:
        sys.exit(f"{' '.join(command)} failed")


if __name__ == "__main__":
    main()
