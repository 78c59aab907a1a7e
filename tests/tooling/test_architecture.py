"""The house keeps its rules: who may import whom, and what an import may cost."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import tokbox
from tools import structure

PACKAGE = Path(tokbox.__file__).parent
MODULES = sorted(
    "tokbox." + ".".join(path.relative_to(PACKAGE).with_suffix("").parts)
    for path in PACKAGE.rglob("*.py")
    if path.name not in ("__init__.py", "__main__.py")
)

#: Floors of the house: a room may use those below it, never one on its own floor.
FLOORS = {
    "arrow_values": 0,
    "errors": 0,
    "enums": 1,
    "exact": 0,
    "lazy": 0,
    "pickling": 0,
    "private_files": 0,
    "readonly": 0,
    "literals": -1,
    "times": -1,
    "suggestions": -1,
    "typed": -2,
    "secrecy": 1,
    "response_enums": 2,
    "_memory": 1,
    "_fastsign": 2,
    "_arrow": 2,
    "_capsules": 2,
    "_csv": 2,
    "tokens": 3,
    "transport": 3,
    "rest": 4,
    "emulator": 4,
    "integrations": 4,
    "webhooks": 5,
    "cli": 6,
}
#: Pairs that must not import each other although the order allows it: receiving code knows
#: only what it receives.
STRANGERS = {("webhooks", "emulator")}
#: Packages that only one part may import, and only when they are used.
KEPT_OUT = [
    "urllib3",
    "cryptography",
    "click",
    "rich",
    "starlette",
    "uvicorn",
    "websockets",
    "jwt",
    "sqlite3",
    "pyarrow",
    "ray",
    "pyspark",
]


def room(module: str) -> str:
    return module.split(".")[1] if "." in module else ""


def test_imports_point_down():
    wrong = []
    for module, imported in structure.read_imports(PACKAGE.parent).items():
        here = room(module)
        if here in ("", "__main__", "types"):
            continue  # they import every part, lazily
        for name in sorted(imported):
            there = room(name)
            if there == here:
                continue
            if there not in FLOORS:  # `from tokbox import __version__`
                is_right = here == "cli"
            else:
                is_right = FLOORS[there] < FLOORS[here] and (here, there) not in STRANGERS
            if not is_right:
                wrong.append(f"{module} imports {name}")
    assert wrong == []


def run(program: str) -> str:
    command = [sys.executable, "-W", "error", "-c", program]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_every_module_can_be_imported_alone():
    run(
        "import importlib, sys\n"
        f"for name in {MODULES!r}:\n"
        "    before = set(sys.modules)\n"
        "    importlib.import_module(name)\n"
        "    for new in set(sys.modules) - before:\n"
        "        if new.startswith('tokbox'): del sys.modules[new]\n"
    )


def loaded_by(program: str) -> list[str]:
    """The modules that a program imports, without those that were imported before it."""
    before = "import sys\nbefore = set(sys.modules)\n"
    return run(f"{before}{program}\nprint(*set(sys.modules) - before)").split()


@pytest.mark.parametrize(
    "what", ["import tokbox", "from tokbox import Tokbox, decode, Role, errors"]
)
def test_importing_and_signing_load_nothing_heavy(what):
    loaded = loaded_by(
        f"{what}\nimport tokbox\n"
        "session = tokbox.Tokbox('12345678', '0123456789abcdef').session('1_MX4xMjM0NTY3OH5-MTcwMDAwMDAwMDEyM35BYn4')\n"
        "session.tokens(10)"
    )
    assert not [name for name in KEPT_OUT if name in loaded]


#: The modules that signing tokens loads, beside those of an interpreter without `site`.
#: Some exist only in some versions of Python.
SIGNING_LOADS = """
    __future__ _collections _collections_abc _functools _operator _stat _thread _weakref
    _weakrefset abc binascii codecs collections collections.abc enum functools genericpath
    importlib importlib._bootstrap importlib._bootstrap_external itertools keyword operator
    os os.path posixpath reprlib stat threading types warnings
    tokbox tokbox._capsules tokbox._fastsign tokbox._memory tokbox.enums tokbox.errors
    tokbox.exact tokbox.lazy tokbox.readonly tokbox.secrecy tokbox.typed
    tokbox.tokens.light_dataclass
    tokbox.rest tokbox.rest.base tokbox.suggestions tokbox.rest.client
    tokbox.rest.environment tokbox.rest.client_resources tokbox.rest.session_calls
    tokbox.rest.sessions
    tokbox.tokens tokbox.tokens.batch tokbox.tokens.claims tokbox.tokens.credentials
    tokbox.tokens.parallel tokbox.tokens.jwt tokbox.tokens.session tokbox.tokens.backend tokbox.tokens.signer
    tokbox.tokens.t1
"""
SIGN = """
import sys
sys.path.insert(0, sys.argv[1])
before = set(sys.modules)
import tokbox
key, secret = "40000123", "example0secret0example0secret0example0sec"
id = "1_MX40MDAwMDEyM35-MTcwMDAwMDAwMDEyM35BYjNkRWZHaElqS2xNbk9wUXJTdFV2V3h-UH5-"
with {client} as tb:
    tb.session(id).token()
    tb.session(id).tokens(2, role="moderator", expiration=60)
print(*set(sys.modules) - before)
"""


@pytest.mark.parametrize(
    "client",
    [
        "tokbox.Tokbox(key, secret)",
        "tokbox.Signer(key, secret)",
        "tokbox.Tokbox.from_env({'TOKBOX_API_KEY': key, 'TOKBOX_SECRET': secret})",
    ],
)
def test_signing_loads_these_modules_and_no_others(client):
    # Without site, which imports what editable packages of the machine need.
    program = [sys.executable, "-I", "-S", "-c", SIGN.format(client=client)]
    done = subprocess.run(
        [*program, str(PACKAGE.parent)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    loaded = {name for name in done.stdout.split() if not name.startswith("_cython_")}
    assert loaded - {"cython_runtime"} <= set(SIGNING_LOADS.split())


def test_receiving_webhooks_loads_no_client():
    loaded = loaded_by("import tokbox.webhooks")
    assert not [name for name in KEPT_OUT if name in loaded]
    assert "tokbox.rest.client" not in loaded


def test_signing_loads_nothing_of_webhooks():
    loaded = loaded_by("import tokbox\ntokbox.Signer")
    assert not [name for name in loaded if name.startswith("tokbox.webhooks")]


def test_the_public_names_are_exactly_those_promised():
    for name in tokbox.__all__:
        assert getattr(tokbox, name) is not None
    assert set(dir(tokbox)) == set(tokbox.__all__)
    assert set(dir(tokbox.types)) == set(tokbox.types.__all__)
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = tokbox.nothing


def test_the_version_is_the_distribution_s():
    from importlib.metadata import version

    assert tokbox.__version__ == version("tokbox")
