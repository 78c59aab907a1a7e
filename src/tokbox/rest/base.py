"""What clients of every kind have in common: calls of their own, options, and an end."""

from __future__ import annotations

import os

from tokbox.rest.unknown_options import refuse_unknown_options
from tokbox.secrecy import strip_traceback
from tokbox.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import TracebackType
    from typing import Any, NoReturn

    from typing_extensions import Self, Unpack

    from tokbox.literals import RequestMethod
    from tokbox.rest.http.auth import Auth
    from tokbox.rest.http.options import Limits, Options
    from tokbox.rest.http.requester import Requester
    from tokbox.rest.raw import APIResponse
    from tokbox.tokens.backend import SigningBackend
    from tokbox.tokens.signer import Signer

__all__ = ["DEFAULT_URL", "VONAGE_URL", "Client", "option_classes"]

DEFAULT_URL = "https://api.opentok.com"
VONAGE_URL = "https://video.api.vonage.com"


def option_classes() -> Mapping[str, Any]:
    """Return the classes that name the options of clients. Loads HTTP."""
    from tokbox.rest.http import options

    return vars(options)


@strip_traceback
@refuse_unknown_options(option_classes)
class Client:
    """Hold a key and connections; subclasses add the resources that they reach."""

    __slots__ = ("_api_url", "_borrowed", "_made", "_signer")

    _signer: Signer
    _borrowed: bool
    _api_url: str

    if TYPE_CHECKING:

        def _auth(self) -> Auth:
            """Return what authenticates the requests of this kind of client."""
            raise NotImplementedError

    #: The requester, once it was made.
    _made: list[Requester]

    @property
    def _backend(self) -> SigningBackend:
        return self._signer._backend

    def _assemble(self, signer: Signer, api_url: str, options: Options) -> None:
        """Put a client together, whatever its credentials are."""
        self._signer = signer
        self._borrowed = False
        self._api_url = api_url
        self._made = []
        urls = (DEFAULT_URL, VONAGE_URL)
        is_default = not options and type(api_url) is str and api_url in urls
        # Options are checked now. Without any, HTTP is loaded at the first request.
        if not is_default or "TOKBOX_LOG" in os.environ:
            self._connect(options)

    def _connect(self, options: Options) -> None:
        from tokbox.rest.http.options import connect

        # Of threads that do this at the same time, all use the first requester.
        self._made.append(connect(self._auth(), self._api_url, **options))

    @property
    def _requester(self) -> Requester:
        """The requester, created at its first use, since signing needs no HTTP."""
        if not self._made:
            self._connect({})
            if self._signer._is_closed:
                self._made[0].close()
        return self._made[0]

    @property
    def api_url(self) -> str:
        """Return where requests go, without a slash at the end."""
        return self._made[0].api_url if self._made else self._api_url

    def with_options(self, **limits: Unpack[Limits]) -> Self:
        """Return a client with other limits, over the same connections and key.

        *timeout* is the limit in seconds for a whole call with its retries and waits,
        *read_timeout* for a single read; *retries* is how many attempts may follow the
        first.

        It costs nothing, so it can be made for a single call::

            tb.with_options(timeout=60, retries=0).archives.get(archive_id)

        What is left out or None stays as it is. It ends with the client that it was made
        from: to close it does nothing. Raises ``InvalidInputError`` for a limit out of
        bounds.
        """
        client = type(self).__new__(type(self))
        client._signer = self._signer
        client._made = [self._requester.with_options(**limits)]
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
        """Make a call that there is no method for, with all that other calls have.

        *path* is below ``api_url``, and ``{project}`` in it stands for the path of the
        project, ``/v2/project/`` and its id::

            tb.request("GET", "{project}/archive", params={"count": 1}).json()

        The body is *json*, anything that JSON can say, or a *form*. *headers* go along;
        those that authenticate and frame the request are the client's own. *timeout* is
        the limit in seconds for the whole call; None means the client's limit.

        Raises ``InvalidInputError`` before anything is sent, ``APIError`` for an answer
        other than 2xx, ``TransportError`` if there is no usable one. It is repeated by the
        same rules as all calls: POST and PATCH only if no byte was sent.
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
        """Close the connections and wipe the key. May be repeated."""
        if not self._borrowed:
            # In this order, so that a requester that another thread makes is closed, too.
            self._signer.close()
            if self._made:
                self._made[0].close()

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
