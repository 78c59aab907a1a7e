"""RSA keys: the accepted formats, the refused keys, and secrecy."""

from __future__ import annotations

import copy
import math
import pickle
import subprocess
import sys
import uuid
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding
from cryptography.hazmat.primitives.asymmetric.rsa import (
    RSAPrivateNumbers,
    RSAPublicNumbers,
)
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)

from tests.support import reference
from tests.support.applications import (
    APPLICATION,
    key_pair,
    numbers,
    private_pem,
    public_pem,
)
from tests.support.lookalikes import Disguised, member
from tokbox.errors import ClosedError, InvalidInputError
from tokbox.tokens.rs256.keys import _ROCA_PRIMES, PrivateKey, PublicKey
from tokbox.tokens.signer import Signer

PASSWORD = "correct horse ü"


def pem(form: PrivateFormat, password: str = "") -> bytes:
    cipher = BestAvailableEncryption(password.encode()) if password else NoEncryption()
    return key_pair().private_bytes(Encoding.PEM, form, cipher)


PKCS8, PKCS1 = PrivateFormat.PKCS8, PrivateFormat.TraditionalOpenSSL


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "private.key"
    path.write_text(private_pem())
    return path


@pytest.mark.parametrize(
    "make",
    [
        lambda file: private_pem(),
        lambda file: "\n  " + private_pem() + "\n\n",
        lambda file: private_pem().replace("\n", "\r\n"),
        lambda file: private_pem().encode(),
        lambda file: bytearray(private_pem().encode()),
        lambda file: pem(PKCS1),
        lambda file: file,
        lambda file: str(file),
        lambda file: key_pair(),
        lambda file: PrivateKey(key_pair()),
    ],
    ids=[
        "text", "indented", "crlf", "bytes", "bytearray", "PKCS #1", "path", "str path",
        "key object", "PrivateKey",
    ],
)  # fmt: skip
def test_a_private_key_is_read_from_content_or_path(make, file):
    key = PrivateKey(make(file))
    assert key.bits == 2048
    assert key._sign(b"message") == reference.rs256(*numbers(), b"message")


@pytest.mark.parametrize("form", [PKCS8, PKCS1], ids=["PKCS #8", "PKCS #1"])
@pytest.mark.parametrize("password", [PASSWORD, PASSWORD.encode()], ids=["text", "bytes"])
def test_an_encrypted_key_is_read_with_its_password(form, password):
    key = PrivateKey(pem(form, PASSWORD), password=password)
    assert key._sign(b"m") == reference.rs256(*numbers(), b"m")


def wrong_pem() -> bytes:
    """Return a key of which one number, the private exponent, is wrong."""
    good = key_pair().private_numbers()
    wrong = RSAPrivateNumbers(
        good.p, good.q, good.d + 2, good.dmp1, good.dmq1, good.iqmp, good.public_numbers
    )
    key = wrong.private_key(unsafe_skip_rsa_key_validation=True)
    return key.private_bytes(Encoding.PEM, PKCS8, NoEncryption())


def test_the_numbers_of_a_key_are_validated_unless_that_is_skipped():
    with pytest.raises(InvalidInputError, match="that can be read"):
        PrivateKey(wrong_pem())
    with pytest.raises(InvalidInputError, match="that can be read"):
        PrivateKey(wrong_pem(), skip_validation=False)
    assert PrivateKey(wrong_pem(), skip_validation=True).bits == 2048


def test_a_key_whose_validation_is_skipped_signs_and_is_still_checked():
    signer = Signer.from_private_key(
        APPLICATION, PrivateKey(private_pem(), skip_validation=True)
    )
    assert signer._backend.key.private._sign(b"x") == PrivateKey(private_pem())._sign(b"x")
    with pytest.raises(InvalidInputError, match="be a private key"):
        PrivateKey(public_pem(), skip_validation=True)
    with pytest.raises(InvalidInputError, match="skip_validation must be True or False"):
        PrivateKey(private_pem(), skip_validation="yes")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "make",
    [
        lambda file: public_pem(),
        lambda file: public_pem().encode(),
        lambda file: file,
        lambda file: key_pair().public_key(),
        lambda file: PublicKey(key_pair().public_key()),
        lambda file: pickle.loads(pickle.dumps(PublicKey(public_pem()))),
    ],
    ids=["text", "bytes", "path", "key object", "PublicKey", "pickled"],
)
def test_a_public_key_is_read_from_content_or_path(make, file):
    file.write_text(public_pem())
    key = PublicKey(make(file))
    signature = reference.rs256(*numbers(), b"message")
    assert key._verify_signature(b"message", signature)
    assert not key._verify_signature(b"massage", signature)
    assert not key._verify_signature(b"message", signature[:-1])
    assert key.pem() == public_pem()


SMALL = 1024
EC_PEM = (
    ec.generate_private_key(ec.SECP256R1())
    .private_bytes(Encoding.PEM, PKCS8, NoEncryption())
    .decode()
)
BASE64 = private_pem().split("-----")[2]


@pytest.mark.parametrize(
    ("source", "password", "field", "rule"),
    [
        (private_pem(key_pair(SMALL)), None, "private_key", "at least 2048 bits"),
        (key_pair(SMALL), None, "private_key", "at least 2048 bits"),
        (EC_PEM, None, "private_key", "be an RSA key"),
        (public_pem(), None, "private_key", "not a public key"),
        ("-----BEGIN CERTIFICATE-----\nAA==\n", None, "private_key", "not a certificate"),
        (private_pem()[:800], None, "private_key", "can be read"),
        (private_pem().replace("\n", "\\n"), None, "private_key", "line breaks"),
        ("-----BEGIN", None, "private_key", "can be read"),
        (b"", None, "private_key", "can be read"),
        ("", None, "private_key", "or a path"),
        (BASE64, None, "private_key", "or a path"),
        (BASE64.replace("\n", ""), None, "private_key", "name a file"),
        ("no\0path", None, "private_key", "or a path"),
        ("example0secret0example0secret0example0sec", None, "private_key", "No such file"),
        (Path("/"), None, "private_key", "name a file"),
        (None, None, "private_key", "not NoneType"),
        (5, None, "private_key", "not int"),
        (pem(PKCS8, PASSWORD), None, "private_key", "come with password="),
        (pem(PKCS1, PASSWORD), None, "private_key", "come with password="),
        (pem(PKCS8, PASSWORD), "another", "private_key", "with this password"),
        (pem(PKCS1, PASSWORD), "another", "private_key", "with this password"),
        (pem(PKCS8, PASSWORD), "\ud800", "private_key", "with this password"),
        (pem(PKCS8, PASSWORD), "", "password", "not empty"),
        (pem(PKCS8, PASSWORD), 5, "password", "be text or bytes"),
        (private_pem(), PASSWORD, "password", "be left out"),
        (key_pair(), PASSWORD, "password", "be left out"),
        (PrivateKey(key_pair()), PASSWORD, "password", "be left out"),
    ],
)  # fmt: skip
def test_an_invalid_private_key_is_refused_and_not_shown(source, password, field, rule):
    with pytest.raises(InvalidInputError) as caught:
        PrivateKey(source, password=password)
    assert caught.value.field == field
    assert rule in str(caught.value)
    assert caught.value.value is None
    assert caught.value.__context__ is None or isinstance(caught.value.__context__, OSError)
    if isinstance(source, str) and len(source) > 20:
        body = source.removeprefix("-----BEGIN ")
        assert body[:12] not in repr(caught.value).replace("PRIVATE KEY", "")


def powers(prime: int) -> set[int]:
    """The powers of 65537 modulo a prime."""
    return {pow(65537, exponent, prime) for exponent in range(prime)}


#: The primes with evidence: modulo the others, every number is a power of 65537.
_TELLING = [
    prime
    for prime in range(3, 168)
    if all(prime % factor for factor in range(2, prime)) and len(powers(prime)) < prime - 1
]
#: A modulus that is 1, a power of 65537, modulo each of the primes.
_MODULUS = 2 * math.prod(_TELLING)
ROCA = RSAPublicNumbers(65537, 1 + (2**2048 - 2) // _MODULUS * _MODULUS).public_key()


@pytest.mark.parametrize(
    ("source", "rule"),
    [
        (private_pem(), "not a private key"),
        (public_pem(key_pair(SMALL)), "at least 2048 bits"),
        (
            ec.generate_private_key(ec.SECP256R1())
            .public_key()
            .public_bytes(Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo),
            "be an RSA key",
        ),
        pytest.param(public_pem()[:100], "can be read", id="half-a-pem"),
        (ROCA, "CVE-2017-15361"),
        ("nothing", "No such file"),
    ],
)
def test_an_invalid_public_key_is_refused(source, rule):
    with pytest.raises(InvalidInputError, match=rule) as caught:
        PublicKey(source)
    assert caught.value.field == "public_key"
    assert "None" not in str(caught.value)


def test_every_distinguishing_prime_is_tested():
    assert list(_ROCA_PRIMES) == _TELLING


@pytest.mark.parametrize("prime", _TELLING)
def test_a_key_that_one_prime_clears_is_accepted(prime):
    others = 2 * math.prod(_TELLING) // prime
    modulus = 1 + (2**2048 - 2) // others * others
    while modulus % prime in powers(prime):
        modulus -= others
    key = RSAPublicNumbers(65537, modulus).public_key()
    assert PublicKey(key).bits == 2048


def test_a_file_that_is_far_too_large_is_not_read_to_its_end(tmp_path):
    path = tmp_path / "large"
    with path.open("wb") as file:
        file.truncate(1 << 40)
    with pytest.raises(InvalidInputError, match="more than 65536 bytes"):
        PrivateKey(path)


def test_a_file_is_read_up_to_its_last_byte(tmp_path):
    path = tmp_path / "padded.pem"
    path.write_text(private_pem().ljust(65_536, "\n"))
    assert PrivateKey(path).bits == 2048
    path.write_text(private_pem().ljust(65_537, "\n"))
    with pytest.raises(InvalidInputError, match="more than 65536 bytes"):
        PrivateKey(path)


def test_a_private_key_is_not_shown_or_pickled():
    key = PrivateKey(private_pem())
    assert repr(key) == "<PrivateKey RSA-2048>"
    for leave in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(TypeError, match="pickled or copied"):
            leave(key)
    assert repr(PublicKey(public_pem())) == "<PublicKey RSA-2048>"


def test_a_key_is_read_once_for_all_tokens(monkeypatch):
    read = []
    load = serialization.load_pem_private_key
    monkeypatch.setattr(
        serialization,
        "load_pem_private_key",
        lambda *a, **k: read.append(1) or load(*a, **k),
    )
    signer = Signer.from_private_key(APPLICATION, private_pem())
    for _ in range(3):
        signer._jwt({})
    assert len(read) == 1


def test_signatures_equal_those_of_openssl():
    signature = key_pair().sign(b"m", padding.PKCS1v15(), SHA256())
    assert signature == PrivateKey(key_pair())._sign(b"m")


@pytest.mark.parametrize("id_", [APPLICATION, APPLICATION.upper(), uuid.UUID(APPLICATION)])
def test_an_application_id_is_a_uuid_in_any_case(id_):
    assert Signer.from_private_key(id_, key_pair()).project_id == APPLICATION


@pytest.mark.parametrize(
    "id_", ["", "40000123", APPLICATION[:-1], f"{{{APPLICATION}}}", None]
)
def test_an_invalid_application_id_is_refused(id_):
    with pytest.raises(InvalidInputError) as caught:
        Signer.from_private_key(id_, key_pair())
    assert (caught.value.field, caught.value.value) == ("application_id", id_)


def test_a_signer_shows_its_application_only():
    signer = Signer.from_private_key(APPLICATION, private_pem())
    assert repr(signer) == f"<Signer for application {APPLICATION}>"
    with pytest.raises(TypeError, match="pickled"):
        pickle.dumps(signer)
    signer.close()
    with pytest.raises(ClosedError, match="closed"):
        signer._jwt({})


def test_without_cryptography_the_error_names_the_package_to_install():
    program = (
        "import sys\n"
        "for name in ('cryptography', 'cryptography.hazmat'): sys.modules[name] = None\n"
        "import tokbox\n"
        "try: tokbox.PrivateKey('-----BEGIN')\n"
        "except tokbox.MissingDependencyError as error: print(error, error.extra)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert "pip install 'tokbox[vonage]'" in done.stdout, done.stderr


@pytest.mark.parametrize("text", [Disguised, member])
def test_a_key_its_path_and_its_password_are_read_as_exact_text(tmp_path, text):
    path = tmp_path / "key.pem"
    path.write_bytes(pem(PKCS8, PASSWORD))
    for source in (pem(PKCS8, PASSWORD).decode(), str(path)):
        key = PrivateKey(text(source), password=text(PASSWORD))
        assert key.public_key()._verify_signature(b"m", key._sign(b"m"))
    with pytest.raises(InvalidInputError, match="password"):
        PrivateKey(pem(PKCS8, PASSWORD), password=text(""))
