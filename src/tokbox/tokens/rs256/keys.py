"""RSA keys for RS256 (RFC 7518, section 3.3).

A key source is one of these:

- a ``str`` that contains ``-----BEGIN``: the key as PEM text
- any other ``str``, or an ``os.PathLike``: the path of a PEM file
- ``bytes``: the content of a PEM file
- a key object of the package ``cryptography``

OpenSSL needs about 45 ms to read and validate a private key, about a hundred times as long
as for a signature, so a key should be created once and kept. OpenSSL reads keys and signs,
through ``cryptography``, which is imported with the first key. The C core verifies
(``src/kernels/tokens/rsa.c``), so that threads verify in parallel.
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
from tokbox.tokens.verification.verify import check, check_many, prepare_keys

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
    from cryptography.hazmat.primitives.hashes import SHA256

__all__ = ["PrivateKey", "PrivateKeySource", "PublicKey", "PublicKeySource"]

#: Sources of a private key; see the module docstring.
PrivateKeySource: TypeAlias = "str | bytes | os.PathLike[str] | RSAPrivateKey | PrivateKey"
#: Sources of a public key.
PublicKeySource: TypeAlias = "str | bytes | os.PathLike[str] | RSAPublicKey | PublicKey"

#: The minimum key size for RS256 in bits (RFC 7518, section 3.3).
MIN_BITS = 2048

#: Primes for the detection of keys with CVE-2017-15361 (ROCA); see `_check`.
_ROCA_PRIMES = (11, 13, 17, 19, 37, 53, 61, 71, 73, 79, 97, 103, 107, 109, 127, 151, 157)

#: Minimum number of tokens for a second thread; below it, a thread costs more time than it
#: saves.
_THREAD_THRESHOLD = 64

_PEM = "-----BEGIN"
_ENCRYPTED = re.compile(rb"-----BEGIN ENCRYPTED|^Proc-Type: 4,ENCRYPTED", re.MULTILINE)
_LABEL = re.compile(rb"-----BEGIN ([A-Z0-9 ]+)-----")


@set_module("tokbox")
@strip_traceback
class PrivateKey:
    """The RSA private key of a Vonage application.

    *source*
        PEM text, a path, bytes or a key object (see `tokbox.tokens.rs256.keys`)
    *password*
        the password of an encrypted PEM; by default None
    *skip_validation*
        True to skip the validation of the key's numbers by OpenSSL; by default False. The
        validation takes about 45 ms for 2,048 bits; without it, reading takes less than a
        millisecond. Skip it only for a key that was validated before and cannot have
        changed: a signature by a key with wrong numbers can reveal the key

    A key can be shared between threads. It cannot be pickled or copied. Example::

        key = PrivateKey("private.key", skip_validation=True)
        tb = Tokbox.from_private_key(application_id, key)

    Raises InvalidInputError unless *source* is a readable RSA private key of at least 2,048
    bits; the message contains no part of the key. Raises MissingDependencyError if
    ``cryptography`` is not installed.
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
        """Derive a secret of 32 bytes from this key for one *purpose*.

        It is the SHA-256 of *purpose* and the key's numbers (PKCS #8 in DER).
        """
        from cryptography.hazmat.primitives.serialization import (
            Encoding,
            NoEncryption,
            PrivateFormat,
        )

        der = self._key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
        return hashlib.sha256(purpose + der).digest()

    def public_key(self) -> PublicKey:
        """Return the matching `PublicKey`, which verifies signatures of this key."""
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
    """The RSA public key of a Vonage application, which verifies tokens.

    *source*
        PEM text, a path, bytes or a key object (see `tokbox.tokens.rs256.keys`)

    The key is read and validated once, so create it once and keep it. It can be shared
    between threads, pickled and copied. Example::

        key = tokbox.PublicKey("public.pem")
        token = key.verify(text, application_id="00000000-0000-4000-8000-000012345678")

    Raises InvalidInputError unless *source* is a readable RSA public key of at least 2,048
    bits; a private key is refused, because verification does not need it. Raises
    MissingDependencyError if ``cryptography`` is not installed.
    """

    __slots__ = ("_core", "_key", "_scheme")

    #: The key as an object of the C core.
    _core: RSAKey
    _key: RSAPublicKey
    _scheme: tuple[PKCS1v15, SHA256]

    def __init__(self, source: PublicKeySource) -> None:
        if isinstance(source, PublicKey):
            self._core, self._key, self._scheme = source._core, source._key, source._scheme
            return
        self._scheme = _scheme()
        self._key = _public(source)
        self._core = _core_key(self._key)

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
        other_keys: Iterable[PublicKeySource] = (),
    ) -> Token:
        """Verify a token of a Vonage application (RS256) and return its claims.

        *token*
            a JWT that is signed with RS256
        *application_id*
            the application that the token must be for; None, the default, for any
            application. The session of the token must always belong to its application
        *session_id*
            the session that the token must be for; None, the default, for any session
        *now*
            the time of verification, in seconds since the epoch; by default the clock's
        *other_keys*
            further public keys that are accepted, too, for example the old key during a
            rotation: `PublicKey` objects or their sources; by default none

        Raises the exceptions of `Signer.verify`, and InvalidInputError for an
        *application_id* that is not a UUID.
        """
        return check(
            token,
            self,
            _tenant(application_id),
            session_id=session_id,
            now=now,
            others=prepare_keys(other_keys, PublicKey),
        )

    def verify_many(
        self,
        tokens: Iterable[str] | ArrowArray | ArrowStream,
        *,
        application_id: str | None = None,
        session_id: str | None = None,
        now: float | None = None,
        other_keys: Iterable[PublicKeySource] = (),
        multithread: bool = False,
    ) -> Verification:
        """Verify many tokens, each like `verify`, and return a `Verification`.

        *tokens*
            an iterable of tokens, or an Arrow array or stream of strings
        *application_id*, *session_id*, *now*, *other_keys*
            as in `verify`
        *multithread*
            True to use every CPU that is available to the process; by default one thread

        Tokens that are not valid are reported in the result and raise no exception. Raises
        InvalidInputError for an argument that is not valid, InvalidArrowError for an array
        of anything but strings. Example::

            verification = key.verify_many(tokens)
            print(len(verification.failures), "tokens are not valid")
        """
        check_multithread(multithread)
        return check_many(
            tokens,
            self,
            _tenant(application_id),
            session_id=session_id,
            now=now,
            threads=lambda n: threads_for(n, multithread, _THREAD_THRESHOLD),
            others=prepare_keys(other_keys, PublicKey),
        )

    def _verify_signature(self, message: bytes, signature: bytes) -> bool:
        """Return whether *signature* is the private key's signature of *message*."""
        from cryptography.exceptions import InvalidSignature

        try:
            self._key.verify(signature, message, *self._scheme)
        except InvalidSignature:
            return False
        return True

    def pem(self) -> str:
        """Return the key as PEM text (SubjectPublicKeyInfo)."""
        from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

        return self._key.public_bytes(
            Encoding.PEM, PublicFormat.SubjectPublicKeyInfo
        ).decode()

    def __repr__(self) -> str:
        return f"<PublicKey RSA-{self.bits}>"

    def __reduce__(self) -> tuple[type[PublicKey], tuple[str]]:
        return PublicKey, (self.pem(),)


def _core_key(key: RSAPublicKey) -> RSAKey:
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
    """Return the required application id, or None for any application."""
    return None if application_id is None else check_application_id(application_id)


def _scheme() -> tuple[PKCS1v15, SHA256]:
    """Return the padding and the hash of RS256, as ``cryptography`` expects them."""
    try:
        from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
        from cryptography.hazmat.primitives.hashes import SHA256
    except ImportError:
        raise MissingDependencyError("cryptography", "vonage") from None
    return PKCS1v15(), SHA256()


def _refuse(field: str, rule: str) -> NoReturn:
    # The value is hidden, because it may be a key.
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
    # Raised outside of the handler: the chained exception might quote the key.
    _refuse(what, wrong)


def _check(what: str, key: RSAPublicKey) -> None:
    """Refuse a key that is too short or has a known weakness (ROCA)."""
    if key.key_size < MIN_BITS:
        _refuse(what, f"have at least {MIN_BITS} bits, and this has {key.key_size}")
    # CVE-2017-15361: some chips created the factors from powers of 65537, so the modulus is
    # also a power of 65537 modulo each of these primes. One in 2**27 other keys matches.
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
    """Return the PEM in *source*, or in the file that it names."""
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
        # The path is not shown: it might be a misplaced secret.
        problem = getattr(error, "strerror", None) or str(error)
    _refuse(what, f"be PEM text, which begins with {_PEM}, or name a file ({problem})")
