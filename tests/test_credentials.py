"""Credentials from every source: cleaning, refusals and messages."""

from __future__ import annotations

import sys
import traceback
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.support.applications import (
    APPLICATION,
    private_pem,
    public_pem,
)
from tests.support.applications import (
    SESSION as APPLICATION_SESSION,
)
from tests.support.batches import KEY, SESSION
from tokbox import AsyncTokbox, PrivateKey, PublicKey, Signer, Tokbox
from tokbox.emulator import create_app
from tokbox.emulator.foreground import (
    ENVIRONMENT_VARIABLE,
    projects_from_environment,
    projects_from_file,
    webhooks_from_file,
)
from tokbox.errors import InvalidInputError
from tokbox.integrations import KeyRef
from tokbox.integrations.job import SigningJob, col
from tokbox.rest.account import Account
from tokbox.rest.resources.broadcasts import RtmpTarget
from tokbox.rest.resources.sip import SipAuth
from tokbox.rest.resources.storage import AzureStorage, S3Storage
from tokbox.rest.validation import credential
from tokbox.tokens.credentials import MAX_BYTES, decode
from tokbox.webhooks import Receiver

SECRET = "canary0secret0canary"
BOM = "\ufeff"
ALPHABET = "".join(c for c in map(chr, range(0x21, 0x7F)) if c not in "'\"`")

#: Faults of a secret, and the words that describe them.
LENIENT = [
    ("\n", "a line break"),
    ("\r\n", "a carriage return"),
    ("\r", "a carriage return"),
    (" ", "a space"),
    ("\t", "a tab"),
    ("\0", "a NUL character"),
    ("\x1b", "a control character"),
    ("\x7f", "a control character"),
    ('"', "a quotation mark"),
    ("'", "a quotation mark"),
    ("`", "a quotation mark"),
    (BOM, "a byte order mark"),
    ("\u200b", "an invisible character"),
    ("\u00a0", "a space outside ASCII"),
    ("\u2028", "a line separator"),
    ("é", "a character outside ASCII"),
    ("\ud800", "a lone surrogate"),
]


def unnamed(value: object) -> str:
    """Keep a canary out of the names of tests, which are in the environment."""
    return ""


def refusal(call: Callable[[], object]) -> InvalidInputError:
    """Return the error of a call that shows no secret, in no frame of its own."""
    with pytest.raises(InvalidInputError) as caught:
        call()
    shown = "".join(traceback.format_exception(caught.value)) + repr(caught.value.value)
    assert "canary" not in shown
    assert caught.value.__context__ is None
    return caught.value


### Text that a program passes is used as it is, or refused ###

STRICT: dict[str, Callable[[Any], object]] = {
    "Signer": lambda text: Signer(KEY, text),
    "Tokbox": lambda text: Tokbox(KEY, text),
    "AsyncTokbox": lambda text: AsyncTokbox(KEY, text),
    "Account": lambda text: Account(KEY, text),
    "Receiver": Receiver,
    "second secret of a Receiver": lambda text: Receiver("other", text),
    "tenant of a Receiver": lambda text: Receiver("other", api_key=text),
    "project of an emulator": lambda text: create_app(projects={KEY: text}),
    "account of an emulator": lambda text: create_app(accounts={KEY: text}),
    "webhooks of an emulator": lambda text: create_app(
        webhooks={KEY: {"signature_secret": text}}
    ),
    "token of a client": lambda text: credential("token", text),
}


@pytest.mark.parametrize("source", STRICT)
@pytest.mark.parametrize(("odd", "kind"), LENIENT, ids=[ascii(odd) for odd, _ in LENIENT])
def test_a_secret_with_an_odd_character_is_refused_by_its_position(
    source: str, odd: str, kind: str
) -> None:
    rule = "must be printable ASCII without spaces and quotes: it holds "
    for text, position in [(SECRET + odd, 21), (odd + SECRET, 1), (f"can{odd}ary", 4)]:
        error = refusal(lambda text=text: STRICT[source](text))  # type: ignore[misc]
        assert f"{rule}{kind} at position {position}" in str(error)


@pytest.mark.filterwarnings("ignore::tokbox.ShortSecretWarning")
@pytest.mark.parametrize("source", STRICT)
def test_all_other_printable_characters_are_valid_in_a_secret(source: str) -> None:
    for text in (ALPHABET, "0123456789abcdef", "s"):
        STRICT[source](text)


@pytest.mark.parametrize("source", STRICT)
@pytest.mark.parametrize("value", ["", None, 5, SECRET.encode()], ids=unnamed)
def test_a_secret_that_is_not_text_is_refused(source: str, value: object) -> None:
    if not (value is None and source == "tenant of a Receiver"):
        refusal(lambda: STRICT[source](value))


def test_the_result_of_a_function_is_used_unchanged(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    module = types.ModuleType("vault_of_credentials")
    monkeypatch.setitem(sys.modules, module.__name__, module)
    reference = KeyRef("import:vault_of_credentials:fetch")
    for found in (f"{SECRET}\n", f"{SECRET}\n".encode(), f"{SECRET}\xff".encode("latin-1")):
        module.fetch = lambda found=found: found  # type: ignore[attr-defined]
        assert "at position 21" in str(refusal(lambda: reference.signer(KEY)))


@pytest.mark.parametrize(
    "make",
    [
        lambda text: SipAuth("user", text),
        lambda text: RtmpTarget("rtmp://a", text),
        lambda text: S3Storage(access_key=text, secret_key="x", bucket="bucket"),
        lambda text: S3Storage(access_key="x", secret_key=text, bucket="bucket"),
        lambda text: AzureStorage(
            account_name="name", account_key=text, container="container"
        ),
    ],
    ids=["SIP", "RTMP", "S3 access key", "S3 secret key", "Azure"],
)
def test_a_secret_of_another_service_contains_no_control_character(make: Any) -> None:
    wrong = "must be a string without control characters: it holds"
    for odd, kind in LENIENT:
        if odd in (" ", "'", '"', "`", "é", "\u200b", "\u00a0"):
            make(f"{SECRET}{odd}")
        else:
            message = str(refusal(lambda odd=odd: make(f"{SECRET}{odd}")))  # type: ignore[misc]
            assert f"{wrong} {kind} at position 21" in message


### Text from files and variables may have a byte order mark and white space ###


def from_variable(content: bytes, folder: Path, patch: pytest.MonkeyPatch) -> Signer:
    patch.setenv("A_SECRET", content.decode())
    return KeyRef("env:A_SECRET").signer(KEY)


def from_file(content: bytes, folder: Path, patch: pytest.MonkeyPatch) -> Signer:
    (folder / "secret").write_bytes(content)
    return KeyRef(f"file:{folder / 'secret'}").signer(KEY)


def from_env(content: bytes, folder: Path, patch: pytest.MonkeyPatch) -> Signer:
    text = content.decode()
    return Tokbox.from_env({"TOKBOX_API_KEY": KEY, "TOKBOX_SECRET": text})._signer


def from_env_of_opentok(content: bytes, folder: Path, patch: pytest.MonkeyPatch) -> Signer:
    text = content.decode()
    return Tokbox.from_env({"OPENTOK_API_KEY": KEY, "OPENTOK_API_SECRET": text})._signer


def from_env_file(content: bytes, folder: Path, patch: pytest.MonkeyPatch) -> Signer:
    (folder / "secret").write_bytes(content)
    environment = {"TOKBOX_API_KEY": KEY, "TOKBOX_SECRET_FILE": str(folder / "secret")}
    return Tokbox.from_env(environment)._signer


FRAMED = [from_variable, from_file, from_env, from_env_of_opentok, from_env_file]
FILES = [from_file, from_env_file]
Source = Callable[[bytes, Path, pytest.MonkeyPatch], Signer]


@pytest.mark.parametrize("source", FRAMED)
@pytest.mark.parametrize("start", ["", BOM], ids=ascii)
@pytest.mark.parametrize("end", ["", "\n", "\r\n"], ids=ascii)
def test_a_byte_order_mark_and_one_line_end_are_removed(
    source: Source, start: str, end: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    signer = source(f"{start}{SECRET}{end}".encode(), tmp_path, monkeypatch)
    token = signer.session(SESSION).token()
    assert Signer(KEY, SECRET).verify(token).project_id == KEY


@pytest.mark.parametrize("source", FRAMED)
@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (f"{SECRET}\n\n", "a line break at position 21"),
        (f"{SECRET}\r\n\r\n", "a carriage return at position 21"),
        (f"{SECRET}\r", "a carriage return at position 21"),
        (f"{SECRET}\n\r", "a line break at position 21"),
        (f"{SECRET} \n", "a space at position 21"),
        (f"\n{SECRET}", "a line break at position 1"),
        (f"{BOM}{BOM}{SECRET}", "a byte order mark at position 1"),
        (f"'{SECRET}'\n", "a quotation mark at position 1"),
        (f"{SECRET}\n{SECRET}\n", "a line break at position 21"),
    ],
    ids=unnamed,
)
def test_other_content_of_a_file_or_a_variable_is_refused(
    source: Source,
    content: str,
    problem: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    error = refusal(lambda: source(content.encode(), tmp_path, monkeypatch))
    assert f"it holds {problem}" in str(error)


@pytest.mark.parametrize("source", FILES)
@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (SECRET.encode("utf-16"), "it is UTF-16, not UTF-8"),
        (b"\xfe\xff" + SECRET.encode("utf-16-be"), "it is UTF-16, not UTF-8"),
        (SECRET.encode("utf-16-le"), "it holds a NUL character at position 2"),
        (f"{SECRET}é".encode("latin-1"), "it is not UTF-8 text"),
        (b"a" * (MAX_BYTES + 1), f"more than {MAX_BYTES} bytes"),
        (b"\n", "empty"),
        (BOM.encode(), "empty"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_file_that_is_not_utf_8_text_is_refused(
    source: Source,
    content: bytes,
    problem: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert problem in str(refusal(lambda: source(content, tmp_path, monkeypatch)))


def test_the_longest_file_is_read() -> None:
    assert decode(b"a" * MAX_BYTES) == "a" * MAX_BYTES


def test_ids_in_variables_may_have_a_frame() -> None:
    framed = {"TOKBOX_API_KEY": f"{BOM}{KEY}\r\n", "TOKBOX_SECRET": SECRET}
    assert Tokbox.from_env(framed).project_id == KEY
    framed = {
        "TOKBOX_APPLICATION_ID": f"{BOM}{APPLICATION}\n",
        "TOKBOX_PRIVATE_KEY": f"{BOM}{private_pem()}",
    }
    assert Tokbox.from_env(framed).project_id == APPLICATION


@pytest.mark.parametrize(
    ("environment", "message"),
    [
        (
            {"TOKBOX_API_KEY": f"{KEY} ", "TOKBOX_SECRET": SECRET},
            "TOKBOX_API_KEY must be the project's API key, a number: it holds a space at "
            "position 9",
        ),
        (
            {"OPENTOK_API_KEY": KEY, "OPENTOK_API_SECRET": f"{SECRET} "},
            "OPENTOK_API_SECRET must be printable ASCII",
        ),
        (
            {"TOKBOX_APPLICATION_ID": f"{APPLICATION} ", "TOKBOX_PRIVATE_KEY": "x"},
            f"TOKBOX_APPLICATION_ID must be the application's id, a UUID, not "
            f"'{APPLICATION} ': it holds a space",
        ),
        (
            {"TOKBOX_API_KEY": APPLICATION, "TOKBOX_SECRET": private_pem()},
            "TOKBOX_API_KEY must be the project's API key, a number; a UUID and a private "
            "key are an application's credentials",
        ),
        (
            {"VONAGE_APPLICATION_ID": KEY, "VONAGE_PRIVATE_KEY": SECRET},
            f"VONAGE_APPLICATION_ID must be the application's id, a UUID, not '{KEY}': a "
            "number is a project's API key",
        ),
    ],
)
def test_a_variable_with_a_wrong_value_is_named(
    environment: dict[str, str], message: str
) -> None:
    assert str(refusal(lambda: Tokbox.from_env(environment))).startswith(message)


def test_a_secret_file_with_a_wrong_secret_is_named_by_its_variable(tmp_path: Path) -> None:
    path = tmp_path / "secret"
    path.write_text(f"{SECRET} ")
    environment = {"TOKBOX_API_KEY": KEY, "TOKBOX_SECRET_FILE": str(path)}
    error = refusal(lambda: Tokbox.from_env(environment))
    assert error.field == "TOKBOX_SECRET_FILE"
    assert "name a file with the secret, which must be printable ASCII" in error.rule


def test_a_private_key_file_is_never_the_name_of_another(tmp_path: Path) -> None:
    key, link = tmp_path / "key.pem", tmp_path / "link"
    key.write_text(private_pem())
    link.write_text(str(key))
    environment = {
        "TOKBOX_APPLICATION_ID": APPLICATION,
        "TOKBOX_PRIVATE_KEY_FILE": str(link),
    }
    with pytest.raises(InvalidInputError, match="hold a key in PEM that can be read"):
        Tokbox.from_env(environment)


### Private and public keys ###


@pytest.mark.parametrize(
    "change",
    [
        lambda pem: BOM + pem,
        lambda pem: pem.replace("\n", "\r\n"),
        lambda pem: pem.replace("\n", " \n"),
        lambda pem: f"\n  {pem}\n\n",
        lambda pem: f'"{pem}"',
        lambda pem: pem.strip(),
    ],
    ids=["BOM", "CRLF", "trailing spaces", "blank lines", "quotes", "no line end"],
)
def test_a_pem_may_have_a_frame(change: Callable[[str], str], tmp_path: Path) -> None:
    token = Signer.from_private_key(APPLICATION, private_pem())
    path = tmp_path / "key.pem"
    for kind, pem in ((PrivateKey, private_pem()), (PublicKey, public_pem())):
        path.write_bytes(change(pem).encode())
        for source in (change(pem), change(pem).encode(), path):
            assert kind(source).bits == 2048
    path.write_bytes(change(private_pem()).encode())
    signer = KeyRef(f"file:{path}").signer(APPLICATION)
    assert token.verify(signer.session(APPLICATION_SESSION).token())
    environment = {
        "TOKBOX_APPLICATION_ID": APPLICATION,
        "TOKBOX_PRIVATE_KEY_FILE": str(path),
    }
    assert Tokbox.from_env(environment).project_id == APPLICATION
    create_app(applications={APPLICATION: change(public_pem())})


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-be"])
def test_a_pem_in_utf_16_is_named_as_such(encoding: str, tmp_path: Path) -> None:
    mark = "" if encoding == "utf-16" else BOM
    private = (mark + private_pem()).encode(encoding)
    public = (mark + public_pem()).encode(encoding)
    path = tmp_path / "key.pem"
    path.write_bytes(private)
    for source in (private, path):
        with pytest.raises(InvalidInputError, match="it is UTF-16, not UTF-8"):
            PrivateKey(source)
    with pytest.raises(InvalidInputError, match="it is UTF-16, not UTF-8"):
        PublicKey(public)
    with pytest.raises(InvalidInputError, match="it is UTF-16"):
        create_app(applications={APPLICATION: public})


### Credentials of another kind, or in another order ###

PEM = f"-----BEGIN PRIVATE KEY-----\n{SECRET}\n-----END PRIVATE KEY-----\n"
OF_AN_APPLICATION = (
    "a UUID and a private key are an application's credentials: use "
    "Tokbox.from_private_key, or set TOKBOX_APPLICATION_ID and TOKBOX_PRIVATE_KEY"
)


@pytest.mark.parametrize("make", [Tokbox, AsyncTokbox, Signer, Account])
@pytest.mark.parametrize(
    ("key", "secret"),
    [
        (APPLICATION, PEM),
        (APPLICATION.upper(), SECRET),
        (f" {APPLICATION}\n", PEM),
        (PEM, APPLICATION),
    ],
    ids=unnamed,
)
def test_an_application_s_credentials_are_sent_to_from_private_key(
    make: Callable[[str, str], object], key: str, secret: str
) -> None:
    error = refusal(lambda: make(key, secret))
    assert OF_AN_APPLICATION in str(error)
    assert error.field == ("account_key" if make is Account else "api_key")


@pytest.mark.parametrize("make", [Tokbox, AsyncTokbox, Signer, Account, Receiver])
@pytest.mark.parametrize("pem", [PEM, BOM + PEM, f'"{PEM}"'], ids=["", "BOM", "quotes"])
def test_a_private_key_is_not_a_secret(make: Any, pem: str) -> None:
    error = refusal(lambda: make(pem) if make is Receiver else make(KEY, pem))
    assert "not a private key: for an application use Tokbox.from_private_key" in error.rule


@pytest.mark.parametrize("make", [Tokbox, AsyncTokbox, Signer, Account])
def test_a_key_and_a_secret_that_are_swapped_are_named(
    make: Callable[[str, str], object],
) -> None:
    error = refusal(lambda: make(SECRET, KEY))
    assert "a number: key and secret are swapped" in str(error)
    environment = {"TOKBOX_API_KEY": SECRET, "TOKBOX_SECRET": KEY}
    assert "swapped" in str(refusal(lambda: Tokbox.from_env(environment)))
    assert "swapped" in str(refusal(lambda: create_app(projects={SECRET: KEY})))


@pytest.mark.parametrize("key", ["1" * 21, f"{KEY} ", "", APPLICATION])
def test_a_wrong_key_beside_a_secret_of_digits_is_not_called_swapped(key: str) -> None:
    assert "swapped" not in str(refusal(lambda: Signer(key, KEY)))


@pytest.mark.parametrize(
    "make",
    [Tokbox.from_private_key, AsyncTokbox.from_private_key, Signer.from_private_key],
)
def test_a_project_s_credentials_are_sent_to_the_constructor(make: Any) -> None:
    error = refusal(lambda: make(KEY, SECRET))
    assert error.field == "application_id"
    assert f"not '{KEY}': a number is a project's API key: use Tokbox(" in str(error)
    assert "the id comes first" in str(refusal(lambda: make(PEM, APPLICATION)))
    assert "be the application's id" in str(refusal(lambda: make(SECRET, KEY)))
    assert "begins with -----BEGIN" in str(refusal(lambda: make(APPLICATION, SECRET)))
    odd = refusal(lambda: make(f"{APPLICATION}\n", private_pem()))
    assert ": it holds a line break at position 37" in str(odd)


@pytest.mark.parametrize(
    "project_id", [f"{KEY} ", f"{APPLICATION}\n", "canary", "", None], ids=unnamed
)
def test_a_job_and_a_reference_check_whose_key_it_is(project_id: Any) -> None:
    reference = KeyRef("env:NOT_SET_ANYWHERE")
    for call in (
        lambda: reference.signer(project_id),
        lambda: SigningJob(project_id=project_id, key=reference, session_id=col("s")),
    ):
        error = refusal(call)
        assert error.field == "project_id"
        assert "be an API key, a number, or an application's id, a UUID" in error.rule


def test_a_reference_to_credentials_of_another_kind_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("A_SECRET", PEM)
    error = refusal(lambda: KeyRef("env:A_SECRET").signer(KEY))
    assert "not a private key: for an application use" in str(error)
    monkeypatch.setenv("A_SECRET", SECRET)
    error = refusal(lambda: KeyRef("env:A_SECRET").signer(APPLICATION))
    assert "private_key must hold a key in PEM" in str(error)


### Credentials of the emulator ###


@pytest.mark.parametrize("start", ["", BOM], ids=ascii)
def test_the_files_of_an_emulator_may_begin_with_a_byte_order_mark(
    start: str, tmp_path: Path
) -> None:
    path = tmp_path / "projects.json"
    path.write_text(f'{start}{{"7": "{SECRET}"}}\r\n', encoding="utf-8")
    assert projects_from_file(path) == {"7": SECRET}
    path.write_text(f'{start}{{"7": {{"signature_secret": "s"}}}}\n', encoding="utf-8")
    assert webhooks_from_file(path) == {"7": {"signature_secret": "s"}}
    environment = {ENVIRONMENT_VARIABLE: f"{start}7:{SECRET}, 8:other\r\n"}
    assert projects_from_environment(environment) == {"7": SECRET, "8": "other"}


@pytest.mark.parametrize("read", [projects_from_file, webhooks_from_file])
@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (f'{{"7": "{SECRET}"}}'.encode("utf-16"), "in UTF-8: it is UTF-16"),
        (f'{{"7": "{SECRET}é"}}'.encode("latin-1"), "be a JSON file such as"),
        (f'["{SECRET}"]'.encode(), "be a JSON file such as"),
        (b'{"7": 5}', "be a JSON file such as"),
        (b"[" * 100_000, "be a JSON file such as"),
    ],
    ids=["UTF-16", "Latin-1", "array", "number", "deep"],
)
def test_a_file_of_an_emulator_that_cannot_be_read_is_refused(
    read: Callable[[Path], object], content: bytes, problem: str, tmp_path: Path
) -> None:
    path = tmp_path / "file.json"
    path.write_bytes(content)
    assert problem in str(refusal(lambda: read(path)))


def test_a_wrong_secret_of_an_emulator_names_its_project() -> None:
    for option in ("projects", "accounts"):
        owners: Any = {option: {"7": "good" * 8, "8": f"{SECRET}\n"}}
        message = str(refusal(lambda owners=owners: create_app(**owners)))
        assert f"a line break at position 21 (of {option[:-1]} 8)" in message
    assert "API key, a number" in str(refusal(lambda: create_app(projects={SECRET: ""})))
