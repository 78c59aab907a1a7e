"""The client of one project: its sessions, tokens and resources."""

from __future__ import annotations

import os
from collections.abc import Mapping

from tokbox.enums import ArchiveMode, MediaMode
from tokbox.errors import InvalidInputError
from tokbox.lazy import set_module
from tokbox.rest.base import DEFAULT_URL, VONAGE_URL, Client, option_classes
from tokbox.rest.client_resources import ClientResources
from tokbox.rest.sessions import Session
from tokbox.secrecy import strip_traceback
from tokbox.suggestions import refuse_unknown_options
from tokbox.tokens.signer import Signer
from tokbox.typed import TYPE_CHECKING, overload

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Literal, Self

    from typing_extensions import Unpack

    from tokbox.literals import ArchiveModeName, MediaModeName, Resolution
    from tokbox.rest.http.auth import KeyAuth
    from tokbox.rest.http.options import Options
    from tokbox.tokens.batch import TokenBatch
    from tokbox.tokens.columns import ArrowArray, ArrowStream
    from tokbox.tokens.row_columns import Column, RowOptions
    from tokbox.tokens.rs256.keys import PrivateKeySource, PublicKeySource
    from tokbox.tokens.token import Token
    from tokbox.tokens.verification.results import Verification

__all__ = ["Tokbox"]


@set_module("tokbox")
@strip_traceback
@refuse_unknown_options(option_classes)
class Tokbox(ClientResources, Client):
    """Client of one project: create sessions, sign tokens, record archives.

    *api_key* and *secret* are those of an OpenTok project. For a Vonage application use
    `from_private_key`, and without a key on this machine `from_token`. *api_url* is the
    base URL of the service or of an emulator. The constructor and signing send no requests.
    A client is safe to share between threads and can be used after a fork. Call ``close()``
    at the end, or use a ``with`` statement. For the options (timeouts, retries, proxies and
    others) see :class:`~tokbox.rest.http.options.Options`.

    Raises ``InvalidInputError`` for an invalid argument. A secret must be printable ASCII
    without spaces and quotation marks.
    """

    __slots__ = ()

    _level = "project"

    def __init__(
        self,
        api_key: str,
        secret: str,
        api_url: str = DEFAULT_URL,
        **options: Unpack[Options],
    ) -> None:
        self._assemble(Signer(api_key, secret), api_url, options)

    @classmethod
    def from_private_key(
        cls,
        application_id: str,
        key: PrivateKeySource,
        api_url: str = VONAGE_URL,
        *,
        password: str | bytes | None = None,
        **options: Unpack[Options],
    ) -> Self:
        """Return a client of a Vonage application, which signs with a private key.

        *key* is PEM text that begins with ``-----BEGIN``, the path of a PEM file, bytes, a
        key object of the package ``cryptography``, or a ``tokbox.PrivateKey``. *password*
        decrypts the PEM. The key is read and checked once, here. This takes 45 ms;
        ``tokbox.PrivateKey`` can skip the check. The signatures are RS256.

        Raises ``InvalidInputError`` unless *application_id* is a UUID and the key is RSA of
        at least 2,048 bits. Raises ``MissingDependencyError`` without ``cryptography``,
        which ``pip install 'tokbox[vonage]'`` installs.
        """
        signer = Signer.from_private_key(application_id, key, password=password)
        client = cls.__new__(cls)
        client._assemble(signer, api_url, options)
        return client

    @classmethod
    def from_env(
        cls, environ: Mapping[str, str] | None = None, **options: Unpack[Options]
    ) -> Self:
        """Return a client configured by environment variables, for OpenTok or Vonage.

        The credentials are ``TOKBOX_API_KEY`` with ``TOKBOX_SECRET`` or
        ``TOKBOX_SECRET_FILE`` (a file that contains it, for mounted secrets), or
        ``TOKBOX_APPLICATION_ID`` with ``TOKBOX_PRIVATE_KEY`` or
        ``TOKBOX_PRIVATE_KEY_FILE``. If all of these are unset, they are ``OPENTOK_API_KEY``
        with ``OPENTOK_API_SECRET``, or ``VONAGE_APPLICATION_ID`` with
        ``VONAGE_PRIVATE_KEY`` or ``VONAGE_PRIVATE_KEY_PATH``. A byte order mark at the
        start of a credential and one newline at its end are removed.

        The arguments in *options* override the variables for options.
        :mod:`tokbox.rest.environment` has the table of all variables.

        Raises ``InvalidInputError`` that names the missing or invalid variable, or if there
        are credentials for both OpenTok and Vonage.
        """
        from tokbox.rest import environment

        environ = os.environ if environ is None else environ
        if not isinstance(environ, Mapping):
            rule = f"be a mapping of variables, not {type(environ).__name__}"
            raise InvalidInputError("environ", None, rule, show=False)
        found = environment.credentials(environ)
        options = environment.options(environ, options)
        if found.kind == "application":
            url = found.api_url or VONAGE_URL
            key = found.secret.encode() if found.from_file else found.secret
            return cls.from_private_key(found.id, key, url, **options)
        return cls(found.id, found.secret, found.api_url or DEFAULT_URL, **options)

    @property
    def project_id(self) -> str:
        """Return the ID of the project (its API key) or of the application."""
        return self._signer.project_id

    def _auth(self) -> KeyAuth:
        from tokbox.rest.http.auth import ApplicationAuth, ProjectAuth

        signer = self._signer
        if signer._is_application:
            return ApplicationAuth(signer.project_id, signer._jwt)
        return ProjectAuth(signer.project_id, signer._jwt)

    def new_session(
        self,
        location: str | None = "",
        media_mode: MediaMode | MediaModeName = MediaMode.MEDIA_ROUTER,
        archive_mode: ArchiveMode | ArchiveModeName = ArchiveMode.MANUAL,
        *,
        e2ee: bool = False,
        archive_name: str | None = None,
        archive_resolution: Resolution | None = None,
        timeout: float | None = None,
    ) -> Session:
        """Create a session.

        *location* is the dotted IPv4 address of a place near the clients. Without it (None
        or ""), the location of the first client is used. *media_mode* is a ``MediaMode``,
        or "routed", "relayed" or "p2p" (the same as "relayed"). *archive_name* (1 to 80
        characters) and *archive_resolution* (for example ``1280x720``) require
        ``ArchiveMode.ALWAYS``. *e2ee*, end-to-end encryption, requires a routed session
        without ``ArchiveMode.ALWAYS``. *timeout* is the limit in seconds for the whole
        call; None means the client's limit.

        Raises ``InvalidInputError`` before anything is sent, ``APIError`` if the service
        rejects the call, ``TransportError`` if there is no usable response.
        """
        from tokbox.rest import new_session

        form = new_session.parameters(
            location,
            media_mode,
            archive_mode,
            e2ee=e2ee,
            archive_name=archive_name,
            archive_resolution=archive_resolution,
        )
        new_session.warn_if_unarchivable(form)
        return new_session.create(self, form, timeout)

    def session(self, session_id: str) -> Session:
        """Return the session with an existing ID. Validates the ID; sends nothing.

        Raises ``InvalidClaimsError`` if it is damaged or belongs to another project.
        """
        id = self._signer.project_id
        return Session(
            session_id,
            _backend=self._backend,
            _resources=self,
            _properties={"project_id": id, "partner_id": id},
        )

    @overload
    def sign_rows(
        self,
        session_id: Column[str],
        *,
        errors: Literal["raise"] = ...,
        **options: Unpack[RowOptions],
    ) -> TokenBatch[str]: ...
    @overload
    def sign_rows(
        self,
        session_id: Column[str],
        *,
        errors: Literal["null"],
        **options: Unpack[RowOptions],
    ) -> TokenBatch[str | None]: ...
    @overload
    def sign_rows(
        self, session_id: Column[str], *, errors: str, **options: Unpack[RowOptions]
    ) -> TokenBatch[str] | TokenBatch[str | None]: ...
    def sign_rows(
        self,
        session_id: Column[str],
        *,
        errors: str = "raise",
        **options: Unpack[RowOptions],
    ) -> TokenBatch[str] | TokenBatch[str | None]:
        """Sign one token per row, each with its own claims, in order.

        Each claim is one value for all rows, or a column: a sequence (or an Arrow array)
        with one value per row. For example, one token for each guest of two sessions::

            guests = [("1_MX4...", "Ada"), ("1_MX4...", "Grace"), ("1_NX5...", "Edsger")]
            sessions, names = zip(*guests)
            tokens = tb.sign_rows(
                sessions, role=Role.SUBSCRIBER, connection_data=names, expiration=HOURS_2
            )

        *expires_at* can replace *expiration*: an aware datetime, or a column of them, at
        which the tokens expire.

        An invalid value raises ``InvalidClaimsError`` with the index of its ``row``, and
        nothing is signed. With ``errors="null"`` the token of an invalid row is None, and
        ``tokens.failures`` has its error. With a ``tokbox.Derived`` as *nonce*, signing the
        same rows again returns the same tokens. See ``Signer.sign_rows`` for details.
        """
        return self._signer.sign_rows(session_id, errors=errors, **options)

    def verify(
        self,
        token: str,
        *,
        session_id: str | None = None,
        now: float | None = None,
        other_keys: Iterable[Signer | PublicKeySource] = (),
    ) -> Token:
        """Verify a token, and return its claims.

        *session_id*
            the session that the token must be for; None, the default, accepts any session
        *now*
            the time of verification, in seconds since the epoch; the default is the current
            time
        *other_keys*
            further keys of the same project or application that are accepted, too, for
            example the old secret during a rotation: secrets, public keys (see
            `tokbox.PublicKey`) or `Signer` objects; by default none

        Raises ``MalformedTokenError``, ``WrongAlgorithmError``, ``WrongKeyError``,
        ``BadSignatureError``, ``WrongPurposeError``, ``WrongClaimsError``,
        ``WrongSessionError``, ``NotYetValidTokenError`` or ``ExpiredTokenError``. All of
        these are ``TokenError`` and have a ``.reason`` in one word. Raises
        ``InvalidInputError`` for another argument that is not valid. Example::

            try:
                claims = tb.verify(token, session_id=session.session_id)
            except tokbox.TokenError as error:
                print(error.reason)
        """
        return self._signer.verify(
            token, session_id=session_id, now=now, other_keys=other_keys
        )

    def verify_many(
        self,
        tokens: Iterable[str] | ArrowArray | ArrowStream,
        *,
        session_id: str | None = None,
        now: float | None = None,
        other_keys: Iterable[Signer | PublicKeySource] = (),
        multithread: bool = False,
    ) -> Verification:
        """Verify many tokens, each as ``verify`` does.

        Returns a sequence that contains, for each token in order, whether it is valid. Its
        ``.failures`` has the exceptions that ``verify`` would raise, by row. Its ``.ok`` is
        True if all tokens are valid::

            for row, error in tb.verify_many(tokens).failures.items():
                print(row, error)
        """
        return self._signer.verify_many(
            tokens,
            session_id=session_id,
            now=now,
            other_keys=other_keys,
            multithread=multithread,
        )

    def __repr__(self) -> str:
        return f"Tokbox({self.project_id!r}, api_url={self.api_url!r})"
