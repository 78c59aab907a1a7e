"""Control a running emulator over HTTP: simulated clients, time, faults and records."""

from __future__ import annotations

import http.client
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NoReturn, Protocol, TypedDict
from urllib.parse import quote, urlencode, urlsplit

from tokbox.emulator.model.audio_socket import AudioSocket
from tokbox.emulator.model.clock import MAX_ADVANCE, MAX_ROTATION
from tokbox.emulator.model.hosts import DEFAULT_PORT, is_url
from tokbox.emulator.store.messages import Message
from tokbox.emulator.store.request_log import LoggedRequest
from tokbox.emulator.store.webhook_outbox import Delivery
from tokbox.errors import (
    APIError,
    AuthenticationError,
    ConflictError,
    ConnectError,
    InvalidInputError,
    NotFoundError,
    ProtocolError,
    RequestTimeoutError,
)
from tokbox.exact import exact_int, exact_number, exact_text
from tokbox.lazy import set_module
from tokbox.literals import MessageKind, RoleName, WebhookState
from tokbox.pickling import PickledByName
from tokbox.secrecy import safe_repr, strip_traceback
from tokbox.tokens.verification.verify import decode

__all__ = ["Controls", "Signal", "SimulatedClient", "SimulatedStream", "connect"]

#: The maximum time of one request, in seconds.
_TIMEOUT = 60.0
#: Seconds between two requests that wait for webhooks.
_INTERVAL = 0.02
_ERRORS: dict[int, type[APIError]] = {
    403: AuthenticationError,
    404: NotFoundError,
    409: ConflictError,
}


class _Where(TypedDict):
    """The request that an error names."""

    method: str
    path: str


class HasSessionId(Protocol):
    """A :class:`tokbox.Session`, or any other object with the ID of a session."""

    @property
    def session_id(self) -> str: ...


@set_module("tokbox.emulator")
@safe_repr
@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatedClient(PickledByName):
    """A simulated client that is connected to a session."""

    session_id: str
    connection_id: str
    #: The stream that it has published since it connected, if any.
    stream_id: str | None = None


@set_module("tokbox.emulator")
@safe_repr
@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatedStream(PickledByName):
    """A stream that a simulated client publishes."""

    session_id: str
    connection_id: str
    stream_id: str


@set_module("tokbox.emulator")
@safe_repr
@dataclass(frozen=True, slots=True, kw_only=True)
class Signal(PickledByName):
    """A signal that was delivered to every client in :attr:`recipients`."""

    #: Counts up from 1 and is never reused; ``after`` compares with it.
    number: int
    session_id: str
    #: By the emulated clock, in milliseconds since the epoch.
    sent_ms: int
    type: str | None
    data: str
    #: The IDs of the connections that received it.
    recipients: tuple[str, ...]


@set_module("tokbox.emulator")
@strip_traceback
class Controls:
    """The control calls of a running emulator, sent over HTTP.

    :func:`connect` returns them for an emulator in another process; :class:`Server` has
    them for its own. *session* is a session or its ID. All calls raise
    :class:`NotFoundError` if the session or client does not exist, and
    :class:`ConnectError` if the emulator cannot be reached::

        client = server.connect(session, publish=True)
        session.signal(data="hello")
        assert [signal.data for signal in server.signals(session)] == ["hello"]
        server.disconnect(client)
    """

    def __init__(self, url: str) -> None:
        text = exact_text(url)
        if text is None or not is_url(text):
            raise InvalidInputError("url", url, "be an http or https URL")
        self._url = text.rstrip("/")

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.url}>"

    @property
    def url(self) -> str:
        """The base URL for clients, without a trailing slash."""
        return self._url

    # Simulated clients.

    def connect(
        self,
        session_or_token: str | HasSessionId,
        *,
        publish: bool = False,
        role: RoleName | None = None,
        connection_data: str | None = None,
        name: str = "",
        video_type: str = "camera",
    ) -> SimulatedClient:
        """Connect a simulated client to a session.

        *session_or_token* is a client token, which is verified as the service does, or a
        session or its ID: no token is needed then. With *publish*, the client also
        publishes a stream with *name* and *video_type* (``camera``, ``screen`` or
        ``custom``).

        *role* (default: ``publisher``) and *connection_data* are only for a session: a
        token has its own.

        Raises :class:`AuthenticationError` if the token is refused or its role may not
        publish, :class:`MalformedTokenError`, and :class:`InvalidInputError`.
        """
        body: dict[str, object] = {
            "publish": publish,
            "name": name,
            "videoType": video_type,
        }
        text = exact_text(session_or_token)
        if text is None or text.startswith(("1_", "2_")):
            session_id, route = _session_id(session_or_token), "client"
            body |= {"role": role or "publisher", "data": connection_data or ""}
        else:
            session_id, route = decode(text).session_id, "connection"
            body["token"] = text
            for field, value in (("role", role), ("connection_data", connection_data)):
                if value is not None:
                    raise InvalidInputError(
                        field, value, "be omitted: the token has its own"
                    )
        joined = self._send("POST", _in_session(session_id, f"/{route}"), body)
        return SimulatedClient(
            session_id=session_id,
            connection_id=joined["connectionId"],
            stream_id=joined["streamId"],
        )

    def disconnect(self, client: SimulatedClient) -> None:
        """Disconnect a client; its streams end."""
        self._send("DELETE", _of_client(client))

    def publish(
        self, client: SimulatedClient, *, name: str = "", video_type: str = "camera"
    ) -> SimulatedStream:
        """Publish a stream of a client.

        *video_type* is ``camera``, ``screen`` or ``custom``. Raises
        :class:`AuthenticationError` if the role of the client may not publish.
        """
        body = {"name": name, "videoType": video_type}
        published = self._send("POST", f"{_of_client(client)}/stream", body)
        return SimulatedStream(
            session_id=client.session_id,
            connection_id=client.connection_id,
            stream_id=published["streamId"],
        )

    def unpublish(self, published: SimulatedStream | SimulatedClient) -> None:
        """End one stream, or all streams of a client."""
        path = f"{_of_client(published)}/stream"
        if isinstance(published, SimulatedStream):
            path += f"/{quote(published.stream_id, safe='')}"
        self._send("DELETE", path)

    # Time, failures and settings.

    def advance(self, seconds: float) -> None:
        """Move the emulated clock forward, and run all events that become due.

        Archives and other jobs change their states, and webhooks are retried: call
        :meth:`drain_webhooks` to wait for them. *seconds* may be up to a hundred years.
        Raises :class:`InvalidInputError`.
        """
        step = _check_seconds("seconds", seconds, MAX_ADVANCE)
        self._send("POST", "/clock", {"advance": step})

    def reset(self) -> None:
        """Delete all state: sessions, archives, logs, faults, changes of the clock."""
        self._send("POST", "/reset")

    def fail_session(
        self, session: str | HasSessionId, *, reason: str | None = None
    ) -> None:
        """End an active session as a failure of the service does.

        All its clients are disconnected, and its archives and other jobs fail. *reason*
        replaces the documented reason. Raises :class:`ConflictError` if it is not active.
        """
        self._fail(session, {}, reason)

    def fail_job(
        self, session: str | HasSessionId, job_id: str, *, reason: str | None = None
    ) -> None:
        """Make one archive, broadcast, render or call of a session fail.

        *reason* replaces the documented reason. Raises :class:`NotFoundError` if it is not
        running.
        """
        self._fail(session, {"id": job_id}, reason)

    def _fail(
        self, session: str | HasSessionId, body: dict[str, str], reason: str | None
    ) -> None:
        if reason is not None:
            body["reason"] = reason
        self._send("POST", _in_session(_session_id(session), "/failure"), body)

    def rotate_session(
        self, session: str | HasSessionId, *, migrate: bool = False, after: float = 0
    ) -> None:
        """Move a session to another server, as the service does after about eight hours.

        *after* is the time until then by the emulated clock, in seconds, up to a year.
        Webhooks get a notification four hours and one hour before, if there is as much
        time. Archives, broadcasts, captions and Experience Composers stop, and the
        application must start them again. With *migrate*, clients, SIP calls and Audio
        Connectors remain. Without it all are disconnected, and the session is destroyed
        with the reason ``serverRotation``; its ID remains valid.

        Raises :class:`InvalidInputError`, and :class:`ConflictError` if no client is
        connected to the session::

            server.rotate_session(session, migrate=True, after=4 * 3600)
        """
        seconds = _check_seconds("after", after, MAX_ROTATION)
        if not isinstance(migrate, bool):
            raise InvalidInputError("migrate", migrate, "be True or False")
        body = {"migrate": migrate, "after": seconds}
        self._send("POST", _in_session(_session_id(session), "/rotation"), body)

    def fail_uploads(self, project_id: str, *, fail: bool = True) -> None:
        """Make uploads to the storage target of a project fail, or succeed again.

        *project_id* is an API key or an application ID. The ``fallback`` of the target
        determines what happens to the archives.
        """
        self._send("POST", f"/storage/{quote(project_id, safe='')}", {"broken": fail})

    def fail_next(
        self,
        fault: Mapping[str, object],
        *,
        method: str | None = None,
        path: str | None = None,
        times: int = 1,
    ) -> None:
        """Inject *fault* into the next *times* matching requests to the service's API.

        A fault is a value of the header ``X-Tokbox-Emulator``, such as ``{"drop": True,
        "after": True}``; *path* is as in :meth:`requests`. Raises
        :class:`InvalidInputError`.
        """
        asked = {
            name: value if (number := exact_number(value)) is None else number
            for name, value in fault.items()
        }
        wanted = {"method": method, "path": path}
        body = {name: value for name, value in wanted.items() if value is not None}
        times = _check_int("times", times)
        try:
            self._send("POST", "/faults", {**body, "fault": asked, "times": times})
        except APIError as error:
            _refuse_argument(error, "fault", asked, "be a fault")

    def set_webhooks(self, project_id: str, webhooks: Mapping[str, str]) -> None:
        """Replace the webhooks of a project or an application.

        *webhooks* has URLs by event name, such as ``archive_status``, and an optional
        ``signature_secret``. Raises :class:`InvalidInputError`.
        """
        body = {"projectId": project_id, "webhooks": dict(webhooks)}
        try:
            self._send("POST", "/webhooks", body)
        except APIError as error:
            _refuse_argument(error, "webhooks", None, "be webhooks of a known project")

    # Records of what happened.

    def requests(
        self,
        *,
        method: str | None = None,
        path: str | None = None,
        project_id: str | None = None,
        status: int | None = None,
        created: bool | None = None,
        after: int = 0,
    ) -> list[LoggedRequest]:
        """Return the logged requests to the service's API, oldest first.

        Entries must match all filters that are given: *path* may contain ``*`` for any
        text, as in ``"/v2/project/*/archive"``, *created* is whether the request created
        something, and *after* excludes entries up to that number. The latest 10,000 are
        kept.
        """
        found = self._list(
            "/requests",
            method=method,
            path=path,
            project_id=project_id,
            status=None if status is None else _check_int("status", status, 999),
            created=None if created is None else str(bool(created)).lower(),
            after=_check_int("after", after),
        )
        return [LoggedRequest.from_description(item) for item in found]

    def messages(
        self,
        *,
        kind: MessageKind | None = None,
        session_id: str | None = None,
        connection_id: str | None = None,
        after: int = 0,
    ) -> list[Message]:
        """Return the messages that clients received, oldest first.

        Messages must match all filters that are given: *kind* is ``signal``, ``dtmf`` or
        ``mute``, *connection_id* is one of the recipients, and *after* excludes messages up
        to that number. The latest 10,000 are kept.
        """
        found = self._list(
            "/messages",
            kind=kind,
            session_id=session_id,
            connection_id=connection_id,
            after=_check_int("after", after),
        )
        return [Message.from_description(item) for item in found]

    def audio_sockets(
        self, *, session_id: str | None = None, connector_id: str | None = None
    ) -> list[AudioSocket]:
        """Return the WebSockets of Audio Connectors with what they exchanged, oldest first.

        They must match all filters that are given. The emulator connects to loopback
        addresses only, sends a test tone of 440 Hz, and records the audio and the messages
        that the server sends. The latest 100 are kept::

            (socket,) = server.audio_sockets(connector_id=connector.id)
            assert socket.audio and not socket.error
        """
        found = self._list("/connectors", session_id=session_id, connector_id=connector_id)
        return [AudioSocket.from_description(item) for item in found]

    def signals(
        self,
        session: str | HasSessionId | None = None,
        *,
        client: SimulatedClient | None = None,
        type: str | None = None,
        after: int = 0,
    ) -> list[Signal]:
        """Return the signals that clients received, oldest first.

        Signals must match all filters that are given: *session*, the receiving *client*,
        and *type*. *after* excludes messages up to that number.
        """
        found = self.messages(
            kind="signal",
            session_id=None if session is None else _session_id(session),
            connection_id=None if client is None else client.connection_id,
            after=after,
        )
        return [
            Signal(
                number=message.number,
                session_id=message.session_id,
                sent_ms=message.sent_ms,
                type=message.content["type"],
                data=message.content["data"],
                recipients=message.recipients,
            )
            for message in found
            if type in (None, message.content["type"])
        ]

    def webhooks(
        self,
        *,
        project_id: str | None = None,
        event: str | None = None,
        url: str | None = None,
        state: WebhookState | None = None,
        after: int = 0,
    ) -> list[Delivery]:
        """Return the webhooks that were sent or are waiting, oldest first.

        Webhooks must match all filters that are given: *event* is a name such as
        ``archive_status``, *state* is ``waiting``, ``delivered``, ``failed`` or
        ``refused``, and *after* excludes deliveries up to that number.
        """
        found = self._list(
            "/webhooks",
            project_id=project_id,
            event=event,
            url=url,
            state=state,
            after=_check_int("after", after),
        )
        return [Delivery.from_description(item) for item in found]

    def drain_webhooks(self, *, timeout: float = 30) -> None:
        """Wait until no webhook is due.

        Each one is then delivered, has failed or waits for a retry.

        Retries follow the emulated clock: after 5 s, then after twice as long each time, up
        to 15 minutes, for 24 hours. *timeout* is in seconds. Raises :class:`TimeoutError`
        when it has passed.
        """
        end = time.monotonic() + timeout
        while due := self._count_due():
            if time.monotonic() > end:
                raise TimeoutError(f"{due} webhooks still wait to be delivered")
            time.sleep(_INTERVAL)

    def _count_due(self) -> int:
        now_ms = self._send("GET", "/clock")["now"]
        waiting = self._list("/webhooks", state="waiting")
        return sum(delivery["due"] <= now_ms for delivery in waiting)

    # Requests.

    def _list(self, route: str, /, **filters: object) -> list[dict[str, Any]]:
        given = {name: value for name, value in filters.items() if value is not None}
        items: list[dict[str, Any]] = self._send("GET", f"{route}?{urlencode(given)}")[
            "items"
        ]
        return items

    def _send(self, method: str, path: str, body: object = None) -> Any:
        """Send a request to a control route; return the JSON of the response, if any."""
        parts = urlsplit(self.url)
        # No proxy and no retry: the emulator is on this machine or near it.
        connect: type[http.client.HTTPConnection] = http.client.HTTPConnection
        if parts.scheme == "https":
            connect = http.client.HTTPSConnection
        connection = connect(parts.hostname or "", parts.port, timeout=_TIMEOUT)
        target = f"{parts.path}/_emulator{path}"
        where: _Where = {"method": method, "path": target.partition("?")[0]}
        content = None if body is None else json.dumps(body)
        try:
            try:
                connection.connect()
            except OSError as error:
                message = f"no emulator answers at {self.url}: {error.strerror or error}"
                raise ConnectError(message, **where) from None
            connection.request(method, target, content, {"Accept": "application/json"})
            response = connection.getresponse()
            status, text = response.status, response.read()
            answer = json.loads(text) if text else None
        except TimeoutError:
            raise RequestTimeoutError(f"no response in {_TIMEOUT} s", **where) from None
        except (OSError, ValueError, http.client.HTTPException) as error:
            message = f"the response is not one of an emulator: {type(error).__name__}"
            raise ProtocolError(message, **where) from None
        finally:
            connection.close()
        if status < 400:
            return answer
        details = answer if isinstance(answer, dict) else {}
        raise _ERRORS.get(status, APIError)(
            status=status,
            message=str(details.get("message", "")),
            code=details.get("code"),
            **where,
        )


@set_module("tokbox.emulator")
@strip_traceback
def connect(url: str = f"http://127.0.0.1:{DEFAULT_PORT}") -> Controls:
    """Return the control calls of an emulator that runs in another process.

    *url* is its base URL; the default is that of ``tokbox emulator``. Raises
    :class:`ConnectError` if nothing answers there, :class:`ProtocolError` if it is not an
    emulator, and :class:`InvalidInputError`::

        server = tokbox.emulator.connect("http://127.0.0.1:10865")
        client = server.connect(session.token(), publish=True)
    """
    controls = Controls(url)
    answer = controls._send("GET", "")
    if not isinstance(answer, dict) or answer.get("name") != "tokbox emulator":
        message = f"{controls.url} is not an emulator of tokbox"
        raise ProtocolError(message, method="GET", path="/_emulator")
    return controls


def _session_id(session: object) -> str:
    session_id = exact_text(getattr(session, "session_id", session))
    if session_id is None:
        rule = "be a session, a session ID or a client token"
        raise InvalidInputError("session", session, rule)
    return session_id


def _in_session(session_id: str, path: str) -> str:
    return f"/session/{quote(session_id, safe='')}{path}"


def _of_client(client: SimulatedClient | SimulatedStream) -> str:
    path = f"/connection/{quote(client.connection_id, safe='')}"
    return _in_session(client.session_id, path)


def _check_int(field: str, value: object, maximum: int = 2**63 - 1) -> int:
    number = exact_int(value)
    if number is None or not 0 <= number <= maximum:
        raise InvalidInputError(field, value, f"be a whole number from 0 to {maximum}")
    return number


def _check_seconds(field: str, value: object, maximum: int) -> float:
    seconds = exact_number(value)
    if seconds is None or not 0 <= seconds <= maximum:
        raise InvalidInputError(field, value, f"be a number of seconds from 0 to {maximum}")
    return seconds


def _refuse_argument(error: APIError, field: str, value: object, rule: str) -> NoReturn:
    """Raise the error of an invalid argument for a 400, else *error* itself."""
    if error.status != 400:
        raise error
    show = value is not None
    raise InvalidInputError(field, value, f"{rule} ({error.message})", show=show) from None
