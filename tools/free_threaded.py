"""Find or build a free-threaded CPython, and print its path.

    python -m tools.free_threaded [--tsan]

The environment variable ``FREE_THREADED`` can have the path. Otherwise an installed
``python3.14t`` or ``python3.13t`` is used. Otherwise apt-get downloads Debian's source
package of CPython from the archive of this system, and it is built once, in the user's
cache. That needs a C compiler, make, and the headers in ``_LIBRARIES``.

With ``--tsan`` it is built with ThreadSanitizer. The file ``suppressions`` beside its
``bin`` is CPython's own list of known races.
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
#: pip and the tests need modules that CPython builds only with these libraries.
_LIBRARIES = "libssl-dev zlib1g-dev libffi-dev"
_NEEDED = "import ctypes, ensurepip, ssl, sys, zlib; sys.exit(sys._is_gil_enabled())"

_CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "tokbox"


@dataclass(frozen=True)
class _Kind:
    """One way to build CPython."""

    name: str
    options: tuple[str, ...] = ("--disable-gil", "--disable-test-modules")
    #: The prefix and the environment of commands that run this CPython.
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
    # It needs fixed addresses. Reports during the build are of no interest.
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
    """Return whether *python* has no GIL, and has the modules for pip and the tests."""
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
    # Only plain suites: security updates have another archive.
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
