"""Find a free-threaded CPython, or build one; print where it is.

    python -m tools.free_threaded

The environment variable ``FREE_THREADED`` names one. Else ``python3.14t`` or
``python3.13t`` serves, if it is installed. Else Debian's source package of CPython is
fetched by apt-get, from the archive that this system has configured, and built once, into
the user's cache. That needs a C compiler, make, and the headers named in ``_LIBRARIES``.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

_SOURCE = "python3.13"
_SUITE = "trixie"
_KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"
#: Without these pip and the tests lack modules, which a build alone would not say.
_LIBRARIES = "libssl-dev zlib1g-dev libffi-dev"
_NEEDED = "import ctypes, ensurepip, ssl, sys, zlib; sys.exit(sys._is_gil_enabled())"

_CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "tokbox"
_PREFIX = _CACHE / f"{_SOURCE}t"


def main() -> None:
    named = os.environ.get("FREE_THREADED")
    installed = [shutil.which(name) for name in ("python3.14t", "python3.13t")]
    ours = _PREFIX / "bin" / "python3"
    for python in [named] if named else [*installed, str(ours)]:
        if python and _serves(python):
            print(python)
            return
    if named:
        sys.exit(f"{named} is no free-threaded CPython")
    _build(_sources(_CACHE / "apt"), _CACHE / "build")
    if not _serves(str(ours)):
        sys.exit(f"the CPython just built lacks modules: install {_LIBRARIES}")
    print(ours)


def _serves(python: str) -> bool:
    """Whether *python* runs without the GIL, and has what pip and the tests need."""
    try:
        done = subprocess.run([python, "-c", _NEEDED], capture_output=True, check=False)
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


def _build(archive: Path, folder: Path) -> None:
    """Build CPython from *archive* in *folder*, and install it under the prefix."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    with tarfile.open(archive) as sources:
        sources.extractall(folder, filter="data")
    (tree,) = folder.iterdir()
    _run(["./configure", "-q", "--disable-gil", f"--prefix={_PREFIX}"], tree)
    _run(["make", "-s", f"-j{os.cpu_count()}"], tree)
    _run(["make", "-s", "install"], tree)
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
