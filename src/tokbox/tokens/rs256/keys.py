"""RSA keys for RS256 (RFC 7518, section 3.3): read and checked once, then used often.

A key is given as one of these, and nothing is guessed:

- text that holds ``-----BEGIN`` is the key itself, as PEM;
- any other ``str``, and every ``os.PathLike``, is the path of a PEM file;
- ``bytes`` are the content of such a file;
- a key object of the package ``cryptography`` is taken as it is.

To read a key and to find out that its numbers are those of an RSA key takes OpenSSL 45 ms,
some hundred times as long as to sign with it, so a key is an object to be kept. OpenSSL
reads keys and signs, by way of ``cryptography``, which is loaded with the first key.
The core verifies (``src/kernels/tokens/rsa.c``), so that threads need not take turns for
each signature.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, NoReturn, TypeAlias

from tokbox._fastsign import RSAKey
from tokbox.errors import InvalidInputError, MissingDependencyError
from tokbox.exact import exact_text
from tokbox.lazy import set_module
from tokbox.secrecy import strip_traceback
from tokbox.tokens.claims import check_application_id, check_multithread
from tokbox.tokens.columns import ArrowArray, ArrowStream
from tokbox.tokens.credentials import is_utf_16, read_bytes
from tokbox.tokens.parallel import threads_for
from tokbox.tokens.token import Token
from tokbox.tokens.verification.results import Verification
from tokbox.tokens.verification.verify import check, check_many

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
    from cryptography.hazmat.primitives.hashes import SHA256

__all__ = ["PrivateKey", "PrivateKeySource", "PublicKey", "PublicKeySource"]

#: What a private key can be made of; see the top of this file.
PrivateKeySource: TypeAlias = "str | bytes | os.PathLike[str] | RSAPrivateKey | PrivateKey"
#: What a public key can be made of.
PublicKeySource: TypeAlias = "str | bytes | os.PathLike[str] | RSAPublicKey | PublicKey"

#: The fewest bits that RS256 allows (RFC 7518, section 3.3).
MIN_BITS = 2048

#: Some primes that tell the keys of CVE-2017-15361 (ROCA) from others; see `_check`.
_ROCA_PRIMES = (11, 13, 17, 19, 37, 53, 61, 71, 73, 79, 97, 103, 107, 109, 127, 151, 157)

#: Below this many tokens to verify, a second thread costs more than it saves.
_WORTH_A_THREAD = 64

_PEM = "-----BEGIN"
_ENCRYPTED = re.compile(rb"-----BEGIN ENCRYPTED|^Proc-Type: 4,ENCRYPTED", re.MULTILINE)
_LABEL = re.compile(rb"-----BEGIN ([A-Z0-9 ]+)-----")


@set_module("tokbox")
@strip_traceback
class PrivateKey:
    """An RSA key that signs, read and checked once. It can be shared between threads.

    *source* is PEM text, a path, bytes or a key object (see `tokbox.tokens.rs256.keys`),
    *password* what its PEM is encrypted with. A private key cannot be pickled or copied
    by `copy`: it stays where it was read.

    OpenSSL validates the numbers of the key, which takes 45 ms for 2,048 bits: most of a
    cold start. With ``skip_validation=True`` it does not, and reading takes less than a
    millisecond. That is safe only for a key that was validated before and cannot have
    changed since: signatures with wrong numbers can reveal the key. Example::

        key = PrivateKey("private.key", skip_validation=True)
        tb = Tokbox.from_private_key(application_id, key)

    Raises InvalidInputError, which never shows any of it, unless *source* is an RSA key of
    at least 2,048 bits that can be read; MissingDependencyError without ``cryptography``.
    """

    __slots__ = ("_key", "_scheme")

    _key: RSAPrivateKey
    _scheme: tuple[PKCS1v15, SHA256]

    def __init__(
        self,
        source: PrivateKeySource,
        *,
        password: str | bytes | None = None,
        skip_validation: bool = False,
    ) -> None:
        if type(skip_validation) is not bool:
            raise InvalidInputError("skip_validation", skip_validation, "be True or False")
        if isinstance(source, PrivateKey):
            if password is not None:
                _refuse("password", "be left out: the key was read before")
            self._key, self._scheme = source._key, source._scheme
            return
        self._scheme = _scheme()
        self._key = _private(source, password, skip_validation)

    @property
    def bits(self) -> int:
        """The length of its modulus."""
        return self._key.key_size

    @strip_traceback
    def _sign(self, message: bytes) -> bytes:
        """Return the signature of *message*: RSASSA-PKCS1-v1_5 with SHA-256."""
        return self._key.sign(message, *self._scheme)

    @strip_traceback
    def _secret_for(self, purpose: bytes) -> bytes:
        """Return 32 bytes that nobody knows who has not this key, made for a purpose.

        They are SHA-256 of *purpose* and the key's numbers (PKCS #8 in DER).
        """
        from cryptography.hazmat.primitives.serialization import (
            Encoding,
            NoEncryption,
            PrivateFormat,
        )

        der = self._key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
        return hashlib.sha256(purpose + der).digest()

    def public_key(self) -> PublicKey:
        """Return the half that verifies what this one signed."""
        return PublicKey(self._key.public_key())

    def __repr__(self) -> str:
        return f"<PrivateKey RSA-{self.bits}>"

    def __reduce__(self) -> NoReturn:
        raise TypeError(
            "a PrivateKey cannot be pickled or copied: read it where it is used"
        )


@set_module("tokbox")
@strip_traceback
class PublicKey:
    """An RSA key that verifies the tokens of a Vonage application, without its private key.

    *source* is PEM text, a path, bytes or a key object (see `tokbox.tokens.rs256.keys`).

    Raises InvalidInputError unless it is an RSA key of at least 2,048 bits that can be
    read; a private key is refused, since it does not belong where only this one is needed.
    MissingDependencyError without ``cryptography``. It is read and checked once, so it
    should be made once and kept. Example::

        key = tokbox.PublicKey("public.pem")
        token = key.verify(text, application_id="00000000-0000-4000-8000-000012345678")
    """

    __slots__ = ("_core", "_key", "_scheme")

    #: The same key as the core has it.
    _core: RSAKey
    _key: RSAPublicKey
    _scheme: tuple[PKCS1v15, SHA256]

    def __init__(self, source: PublicKeySource) -> None:
        if isinstance(source, PublicKey):
            self._core, self._key, self._scheme = source._core, source._key, source._scheme
            return
        self._scheme = _scheme()
        self._key = _public(source)
        self._core = _for_the_core(self._key)

    @property
    def bits(self) -> int:
        """The length of its modulus."""
        return self._key.key_size

    def verify(
        self,
        token: str,
        *,
        application_id: str | None = None,
        session_id: str | None = None,
        now: float | None = None,
    ) -> Token:
        """Verify a token of a Vonage application (RS256), and return its claims.

        *application_id*
            the application that the token must be for; None, the default, for any
            application. The session of the token must belong to its application
        *session_id*
            the session that the token must be for; None, the default, for any session
        *now*
            the time of verification, in seconds since the epoch; by default the clock's

        Raises the exceptions of `Signer.verify`, and InvalidInputError for an
        *application_id* that is not a UUID.
        """
        return check(token, self, _tenant(application_id), session_id=session_id, now=now)

    def verify_many(
        self,
        tokens: Iterable[str] | ArrowArray | ArrowStream,
        *,
        application_id: str | None = None,
        session_id: str | None = None,
        now: float | None = None,
        multithread: bool = False,
    ) -> Verification:
        """Verify many tokens, each as `verify` does; see `Verification`.

        They can also be an Arrow array or stream of strings. *multithread* uses every CPU.
        """
        check_multithread(multithread)
        return check_many(
            tokens,
            self,
            _tenant(application_id),
            session_id=session_id,
            now=now,
            threads=lambda n: threads_for(n, multithread, _WORTH_A_THREAD),
        )

    def _holds(self, message: bytes, signature: bytes) -> bool:
        """Say whether *signature* is that of *message* under this key's other half."""
        from cryptography.exceptions import InvalidSignature

        try:
            self._key.verify(signature, message, *self._scheme)
        except InvalidSignature:
            return False
        return True

    def pem(self) -> str:
        """Return it as PEM text."""
        from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

        return self._key.public_bytes(
            Encoding.PEM, PublicFormat.SubjectPublicKeyInfo
        ).decode()

    def __repr__(self) -> str:
        return f"<PublicKey RSA-{self.bits}>"

    def __reduce__(self) -> tuple[type[PublicKey], tuple[str]]:
        return PublicKey, (self.pem(),)


def _for_the_core(key: RSAPublicKey) -> RSAKey:
    numbers = key.public_numbers()
    words = (key.key_size + 63) // 64
    square = pow(2, 128 * words, numbers.n)
    sizes = (key.key_size + 7) // 8, (numbers.e.bit_length() + 7) // 8, 8 * words
    modulus, exponent, third = (
        number.to_bytes(size, "big")
        for number, size in zip((numbers.n, numbers.e, square), sizes, strict=True)
    )
    return RSAKey(modulus, exponent, third)


def _tenant(application_id: object) -> str | None:
    """Return the application that tokens must be for, or None for any application."""
    return None if application_id is None else check_application_id(application_id)


def _scheme() -> tuple[PKCS1v15, SHA256]:
    """What RS256 is made of, as ``cryptography`` takes it."""
    try:
        from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
        from cryptography.hazmat.primitives.hashes import SHA256
    except ImportError:
        raise MissingDependencyError("cryptography", "vonage") from None
    return PKCS1v15(), SHA256()


def _refuse(field: str, rule: str) -> NoReturn:
    # Nothing of a key is ever shown, nor of what was meant to be one.
    raise InvalidInputError(field, None, rule, show=False)


def _private(source: object, password: object, skip_validation: bool) -> RSAPrivateKey:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    what = "private_key"
    if isinstance(source, RSAPrivateKey):
        if password is not None:
            _refuse("password", "be left out: the key was read before")
        _check(what, source.public_key())
        return source
    pem = _read(what, source)
    if (label := _LABEL.search(pem)) and not label[1].endswith(b"PRIVATE KEY"):
        _refuse(what, f"be a private key, not a {label[1].decode().lower()}")
    secret = _password(password, encrypted=bool(_ENCRYPTED.search(pem)))
    wrong = "hold a key in PEM that can be read"
    if secret is not None:
        wrong += " with this password"
    how = {"unsafe_skip_rsa_key_validation": skip_validation}
    key = _load(what, wrong, lambda: load_pem_private_key(pem, secret, **how))
    if not isinstance(key, RSAPrivateKey):
        _refuse(what, "be an RSA key: RS256 takes no other")
    _check(what, key.public_key())
    return key


def _public(source: object) -> RSAPublicKey:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    what = "public_key"
    if isinstance(source, RSAPublicKey):
        _check(what, source)
        return source
    pem = _read(what, source)
    if (label := _LABEL.search(pem)) and not label[1].endswith(b"PUBLIC KEY"):
        _refuse(what, f"be a public key, not a {label[1].decode().lower()}")
    wrong = "hold a key in PEM that can be read"
    key = _load(what, wrong, lambda: load_pem_public_key(pem))
    if not isinstance(key, RSAPublicKey):
        _refuse(what, "be an RSA key: RS256 takes no other")
    _check(what, key)
    return key


def _load(what: str, wrong: str, load: Callable[[], Any]) -> Any:
    from cryptography.exceptions import UnsupportedAlgorithm

    try:
        return load()
    except (ValueError, TypeError, UnsupportedAlgorithm):
        pass
    # Outside of the handler: what went wrong might quote the key.
    _refuse(what, wrong)


def _check(what: str, key: RSAPublicKey) -> None:
    """See that nobody can compute the private key that belongs to *key*."""
    if key.key_size < MIN_BITS:
        _refuse(what, f"have at least {MIN_BITS} bits, and this has {key.key_size}")
    # Some chips made factors from powers of 65537, and so the modulus is one, modulo each
    # of many primes. Of other keys, one in 2**27 looks like that to these.
    modulus = key.public_numbers().n
    if all(
        modulus % prime in {pow(65537, exponent, prime) for exponent in range(prime)}
        for prime in _ROCA_PRIMES
    ):
        _refuse(what, "be another one: this can be computed by anyone (CVE-2017-15361)")


def _password(password: object, *, encrypted: bool) -> bytes | None:
    if password is None:
        if encrypted:
            _refuse("private_key", "come with password=: its PEM is encrypted")
        return None
    text = exact_text(password)
    found = password if text is None else text.encode(errors="surrogatepass")
    if not isinstance(found, bytes) or not found:
        _refuse("password", "be text or bytes that are not empty")
    if not encrypted:
        _refuse("password", "be left out: the key's PEM is not encrypted")
    return found


def _read(what: str, source: object) -> bytes:
    """The PEM that *source* is or names."""
    given = exact_text(source)
    if given is not None:
        source, text = given, given.strip()
        if _PEM in text:
            if "\n" not in text and "\\n" in text:
                _refuse(what, "have line breaks in its PEM, where it has \\ and n")
            return text.encode(errors="replace")
        if not text or "\n" in text or "\0" in text:
            _refuse(what, f"be PEM text, which begins with {_PEM}, or a path")
    elif isinstance(source, bytes | bytearray | memoryview):
        pem = bytes(source)
        if is_utf_16(pem):
            _refuse(what, "hold a key in PEM that can be read: it is UTF-16, not UTF-8")
        return pem
    elif not isinstance(source, os.PathLike):
        rule = f"be PEM text, bytes, a path or a key object, not {type(source).__name__}"
        _refuse(what, rule)
    try:
        return read_bytes(source)
    except (OSError, ValueError) as error:
        # Not the path: it might be a secret that was put in the wrong place.
        problem = getattr(error, "strerror", None) or str(error)
    _refuse(what, f"be PEM text, which begins with {_PEM}, or name a file ({problem})")
