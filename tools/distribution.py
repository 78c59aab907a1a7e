"""Build the source distribution and wheels, and test them as a user would.

    python -m tools.distribution [--out dist] [PYTHON ...]

The source distribution of a commit is reproducible, byte for byte: it is built again from
its own content and compared. A wheel is built from it for each PYTHON (by default the
current one), and ``tools/smoke.py`` tests each wheel in a new environment. A CycloneDX bill
of materials lists the packages that are installed with tokbox and its extras.
"""

from __future__ import annotations

import argparse
import filecmp
import gzip
import os
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path, PurePosixPath

ROOT = Path(__file__).parent.parent
EXTRAS = "cli,emulator,vonage"
#: The packages that ``tools/smoke.py`` needs besides tokbox.
TESTERS = ["pytest>=8", "pytest-benchmark>=5"]


def run(*command: str | Path, cwd: Path = ROOT) -> None:
    print("+", *command, flush=True)
    done = subprocess.run([str(part) for part in command], cwd=cwd, check=False)
    if done.returncode:
        raise SystemExit(f"{command[0]}: exit code {done.returncode}")


def epoch() -> str:
    """Return the time that everything packed gets: ``SOURCE_DATE_EPOCH``, or the
    commit's, in seconds."""
    given = os.environ.get("SOURCE_DATE_EPOCH")
    if given:
        return given
    command = ["git", "log", "-1", "--format=%ct"]
    done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    return done.stdout.strip()


def normalize(archive: Path, when: int) -> None:
    """Write a ``.tar.gz`` again with fixed times, owners, modes and order.

    The files that setuptools adds are left out.
    """

    def plain(member: tarfile.TarInfo) -> tarfile.TarInfo:
        member.mtime = when
        member.uid = member.gid = 0
        member.uname = member.gname = ""
        member.mode = 0o755 if member.isdir() or member.mode & 0o100 else 0o644
        member.pax_headers = {}
        return member

    def kept(member: tarfile.TarInfo) -> bool:
        path = PurePosixPath(member.name)
        return path.name != "setup.cfg" and ".egg-info" not in member.name

    packed = archive.with_suffix(".new")
    with (
        tarfile.open(archive) as old,
        packed.open("wb") as raw,
        # No name, so that the header is the same wherever this file lies.
        gzip.GzipFile("", "wb", fileobj=raw, mtime=when) as zipped,
        tarfile.open(fileobj=zipped, mode="w", format=tarfile.PAX_FORMAT) as new,
    ):
        members = filter(kept, old.getmembers())
        for member in sorted(members, key=lambda member: member.name):
            new.addfile(plain(member), old.extractfile(member) if member.isfile() else None)
    packed.replace(archive)


def pack(tree: Path, folder: Path, when: int) -> Path:
    """Make the source distribution of *tree* in *folder*."""
    run(sys.executable, "-m", "build", "--sdist", "--outdir", folder, tree)
    (archive,) = folder.glob("*.tar.gz")
    normalize(archive, when)
    return archive


def unpack(archive: Path, folder: Path) -> Path:
    with tarfile.open(archive) as sources:
        sources.extractall(folder, filter="data")
    (tree,) = folder.iterdir()
    return tree


def pip(environment: Path, *arguments: str | Path) -> None:
    """Run pip for *environment*, which has none of its own."""
    run(sys.executable, "-m", "pip", "--python", python_of(environment), *arguments)


def python_of(environment: Path) -> Path:
    windows = environment / "Scripts" / "python.exe"
    return windows if windows.exists() else environment / "bin" / "python"


def build_wheel(python: str, archive: Path, folder: Path, scratch: Path) -> Path:
    """Build the wheel for *python* from the packed sources; return its path."""
    builder = scratch / "builder"
    run(python, "-m", "venv", "--without-pip", builder)
    built = scratch / "built"
    pip(builder, "wheel", "--quiet", "--no-deps", "--wheel-dir", built, archive)
    (wheel,) = built.iterdir()
    return wheel.replace(folder / wheel.name)


def judge(python: str, wheel: Path, tree: Path, scratch: Path, bill: Path | None) -> None:
    """Install *wheel* for *python* and try it in *tree*, which has no sources; write what
    was installed with it to *bill*."""
    clean = scratch / "clean"
    run(python, "-m", "venv", "--without-pip", clean)
    pip(clean, "install", "--quiet", f"{wheel}[{EXTRAS}]")
    if bill:
        command = [sys.executable, "-m", "cyclonedx_py", "environment"]
        options = ["--pyproject", str(ROOT / "pyproject.toml"), "--output-reproducible"]
        run(*command, *options, "--output-file", bill, python_of(clean))
    pip(clean, "install", "--quiet", *TESTERS)
    run(python_of(clean), "-m", "tools.smoke", cwd=tree)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tools.distribution")
    parser.add_argument("--out", type=Path, default=ROOT / "dist", help="folder")
    parser.add_argument("pythons", nargs="*", default=[sys.executable], metavar="PYTHON")
    options = parser.parse_args()
    out = options.out.resolve()
    out.mkdir(parents=True, exist_ok=True)
    os.environ["SOURCE_DATE_EPOCH"] = epoch()
    when = int(os.environ["SOURCE_DATE_EPOCH"])

    with tempfile.TemporaryDirectory() as scratch:
        archive = pack(ROOT, out, when)
        tree = unpack(archive, Path(scratch, "tree"))
        again = pack(tree, Path(scratch, "again"), when)
        if not filecmp.cmp(archive, again, shallow=False):
            raise SystemExit(f"{archive.name} cannot be reproduced from its own sources")
        (tree / "src").rename(Path(scratch, "src"))
        bill: Path | None = out / f"{archive.name.removesuffix('.tar.gz')}.cdx.json"
        for python in options.pythons:
            with tempfile.TemporaryDirectory() as own:
                wheel = build_wheel(python, archive, out, Path(own))
                judge(python, wheel, tree, Path(own), bill)
            bill = None
    print(*sorted(path.name for path in out.iterdir()), sep="\n")


if __name__ == "__main__":
    main()
