"""Base class of all clients: direct requests, options, and closing."""

from __future__ import annotations

import os

from tokbox.enums import HOURS_24
from tokbox.errors import InvalidInputError
from tokbox.secrecy import strip_traceback
from tokbox.suggestions import raise_no_attribute, refuse_unknown_options
from tokbox.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import timedelta
    from types import TracebackType
    from typing import Any, Literal, NoReturn, Self

    from typing_extensions import Unpack

    from tokbox.literals import RequestMethod
    from tokbox.rest.http.auth import KeyAuth
    from tokbox.rest.http.options import Limits, Options
    from tokbox.rest.http.requester import Requester
    from tokbox.rest.raw import APIResponse
    from tokbox.tokens.backend import SigningBackend
    from tokbox.tokens.signer import Signer

__all__ = ["DEFAULT_URL", "VONAGE_URL", "Client", "option_classes"]

DEFAULT_URL = "https://api.opentok.com"
VONAGE_URL = "https://video.api.vonage.com"


def option_classes() -> Mapping[str, Any]:
    """Return the classes that define the options of clients. Imports the HTTP modules."""
    from tokbox.rest.http import options
    from tokbox.tokens.row_columns import RowOptions

    return {**vars(options), "RowOptions": RowOptions}


@strip_traceback
@refuse_unknown_options(option_classes)
class Client:
    """Base class of clients; owns the key and the connections."""

    __slots__ = ("_api_url", "_borrowed", "_requesters", "_signer")

    _signer: Signer
    _borrowed: bool
    _api_url: str

    if TYPE_CHECKING:
        #: The value of ``ist`` in tokens for the REST calls of this kind of client.
        _level: Literal["project", "account"]

        def _auth(self) -> KeyAuth:
            """Return the authentication for the requests of this kind of client."""
            raise NotImplementedError

    #: Contains the requester after it has been created.
    _requesters: list[Requester]

    if not TYPE_CHECKING:  # a type checker would accept any name
        __getattr__ = raise_no_attribute

    @classmethod
    def from_token(
        cls, token: str, api_url: str | None = None, **options: Unpack[Options]
    ) -> Self:
        """Return a client that authenticates with a ready-made token, and has no key.

        *token* is a JWT for REST calls, as ``rest_token`` returns it on a machine that has
        the key. *api_url* is by default the service of the token: OpenTok for HS256, Vonage
        for RS256. The options are those of the constructor.

        The client sends the token with each request. Calls that sign or verify tokens raise
        ``MissingKeyError``. After the token's ``exp``, calls raise ``ExpiredTokenError``,
        and nothing is sent: make another client from a new token.

        Raises ``InvalidInputError`` unless *token* is a JWT for this kind of client,
        ``ExpiredTokenError`` if it has expired. The signature is not verified.
        """
        from tokbox.rest.http.auth import ReadyAuth
        from tokbox.rest.http.options import connect
        from tokbox.rest.ready_token import KeylessBackend, parse
        from tokbox.tokens.signer import Signer

        ready = parse(token, cls._level)
        if api_url is None:
            api_url = VONAGE_URL if ready.is_application else DEFAULT_URL
        backend = KeylessBackend(ready.owner_id, ready.is_application)
        client = cls.__new__(cls)
        client._signer = Signer._of(backend)
        client._borrowed = False
        client._api_url = api_url
        client._requesters = [connect(ReadyAuth(ready), api_url, **options)]
        return client

    def rest_token(self, *, expiration: int | timedelta | str = 180) -> str:
        """Sign a JWT for REST calls, for a machine without the key.

        *expiration* is its lifetime: seconds, a timedelta, or text such as "5m"; by default
        3 minutes, at most 24 hours. OpenTok documents a maximum of 5 minutes. Pass it to
        ``from_token``, or send it in the header ``X-OPENTOK-AUTH`` (OpenTok) or
        ``Authorization: Bearer`` (Vonage). It cannot join a session, and whoever has it can
        make all calls of the project.

        Raises ``InvalidInputError`` for another *expiration*, ``MissingKeyError`` for a
        client without a key, ``ClosedError`` after ``close()``.
        """
        from tokbox.tokens.claims import check_expiration

        seconds = check_expiration(expiration)
        if not 0 < seconds <= HOURS_24:
            rule = f"be between 1 and {HOURS_24} seconds (24 hours)"
            raise InvalidInputError("expiration", expiration, rule)
        return self._auth().token(seconds)

    @property
    def _backend(self) -> SigningBackend:
        return self._signer._backend

    def _assemble(self, signer: Signer, api_url: str, options: Options) -> None:
        """Initialise a client with any kind of credentials."""
        self._signer = signer
        self._borrowed = False
        self._api_url = api_url
        self._requesters = []
        urls = (DEFAULT_URL, VONAGE_URL)
        is_default = not options and type(api_url) is str and api_url in urls
        # Validate options now. Without options, HTTP is imported at the first request.
        if not is_default or "TOKBOX_LOG" in os.environ:
            self._connect(options)

    def _connect(self, options: Options) -> None:
        from tokbox.rest.http.options import connect

        # If several threads do this at the same time, all use the first requester.
        self._requesters.append(connect(self._auth(), self._api_url, **options))

    @property
    def _requester(self) -> Requester:
        """The requester. It is created at its first use, because signing needs no HTTP."""
        if not self._requesters:
            self._connect({})
            if self._signer._is_closed:
                self._requesters[0].close()
        return self._requesters[0]

    @property
    def api_url(self) -> str:
        """Return the base URL of the API, without a trailing slash."""
        return self._requesters[0].api_url if self._requesters else self._api_url

    def with_options(self, **limits: Unpack[Limits]) -> Self:
        """Return a client with other limits that shares the connections and key.

        *timeout* is the limit in seconds for a whole call, including retries and waits.
        *read_timeout* is the limit in seconds for a single read. *retries* is the maximum
        number of retries.

        The call is cheap, so it can be used for a single request::

            tb.with_options(timeout=60, retries=0).archives.get(archive_id)

        Limits that are omitted or None do not change. The returned client works until the
        original client is closed; its own ``close()`` does nothing. Raises
        ``InvalidInputError`` for an invalid limit.
        """
        client = type(self).__new__(type(self))
        client._signer = self._signer
        client._requesters = [self._requester.with_options(**limits)]
        client._borrowed = True
        return client

    def request(
        self,
        method: RequestMethod,
        path: str,
        *,
        params: Mapping[str, str | int] | None = None,
        json: Any = None,
        form: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        timeout: float | None = None,
    ) -> APIResponse:
        """Send a request for which there is no method.

        Authentication, retries and errors are as in all other calls. *path* is relative to
        ``api_url``. ``{project}`` in it is replaced by the path of the project,
        ``/v2/project/`` and its ID::

            tb.request("GET", "{project}/archive", params={"count": 1}).json()

        The body is *json*, any value that JSON can represent, or a *form*. *headers* are
        added to the headers of the client, and cannot replace those that authenticate and
        frame the request. *timeout* is the limit in seconds for the whole call; None means
        the client's limit.

        Raises ``InvalidInputError`` before anything is sent, ``APIError`` for a status
        other than 2xx, ``TransportError`` if there is no usable response. The usual retry
        rules apply: POST and PATCH are retried only if no byte of the request was sent.
        """
        from tokbox.rest import raw

        return raw.request(
            self._requester,
            method,
            path,
            params=params,
            json=json,
            form=form,
            headers=headers,
            timeout=timeout,
        )

    def close(self) -> None:
        """Close the connections and wipe the key. Can be called more than once."""
        if not self._borrowed:
            # This order also closes a requester that another thread is creating.
            self._signer.close()
            if self._requesters:
                self._requesters[0].close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def __reduce__(self) -> NoReturn:
        raise TypeError(
            f"{type(self).__name__} holds a secret and open connections, and cannot be "
            "pickled or copied; pass a reference to its key "
            "(tokbox.integrations.KeyRef) and make a client where it is used"
        )

    def __copy__(self) -> NoReturn:
        self.__reduce__()

    def __deepcopy__(self, memo: object) -> NoReturn:
        self.__reduce__()
