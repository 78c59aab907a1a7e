"""What clients of every kind have in common: calls of their own, options, and an end."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NoReturn

from tokbox.rest import raw
from tokbox.rest.options import Limits, check_names
from tokbox.secrecy import strip_traceback

if TYPE_CHECKING:
    from types import TracebackType

    from typing_extensions import Self, Unpack

    from tokbox.enums import RequestMethod
    from tokbox.rest.raw import APIResponse
    from tokbox.rest.requester import Requester
    from tokbox.tokens.signer import Signer

__all__ = ["Client"]


@strip_traceback
class Client:
    """Hold a key and connections; subclasses add the resources that they reach."""

    __slots__ = ("_borrowed", "_requester", "_signer")

    _borrowed: bool
    _requester: Requester
    _signer: Signer

    def _assemble(self, signer: Signer, requester: Requester) -> None:
        """Put a client together, whatever its credentials are."""
        self._signer = signer
        self._requester = requester
        self._borrowed = False

    @property
    def api_url(self) -> str:
        """Return where requests go, without a slash at the end."""
        return self._requester.api_url

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
        check_names(f"{type(self).__name__}.with_options", limits, options=Limits)
        requester = self._requester.with_options(**limits)
        client = type(self).__new__(type(self))
        client._assemble(self._signer, requester)
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
            self._requester.close()
            self._signer.close()

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
