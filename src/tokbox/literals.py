"""The strings that arguments accept, as `Literal` types.

Type checkers accept them in place of the members of :mod:`tokbox.enums`.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

__all__ = [
    "ArchiveModeName",
    "ArchiveStatusName",
    "AudioEncoding",
    "AudioRate",
    "AudioTransportName",
    "CallbackEvent",
    "CallbackGroup",
    "LayoutName",
    "MediaModeName",
    "MessageKind",
    "OutputModeName",
    "ProjectStatusName",
    "RequestMethod",
    "Resolution",
    "RoleName",
    "RowErrors",
    "ScreenshareLayoutName",
    "StorageEncryption",
    "StorageFallback",
    "StreamModeName",
    "TokenKind",
    "WebhookState",
]

#: Strings that type checkers accept instead of the members of an enum.
RoleName: TypeAlias = Literal["subscriber", "publisher", "publisheronly", "moderator"]
MediaModeName: TypeAlias = Literal["routed", "relayed", "p2p", "enabled", "disabled"]
ArchiveModeName: TypeAlias = Literal["always", "manual"]
OutputModeName: TypeAlias = Literal["composed", "individual"]
StreamModeName: TypeAlias = Literal["auto", "manual"]

#: The statuses of an archive that can be waited for.
ArchiveStatusName: TypeAlias = Literal[
    "started", "paused", "stopped", "available", "uploaded"
]

#: The states that a project can be set to.
ProjectStatusName: TypeAlias = Literal["ACTIVE", "SUSPENDED"]

#: Width and height of a composed video or a rendered page.
Resolution: TypeAlias = Literal[
    "640x480", "480x640", "1280x720", "720x1280", "1920x1080", "1080x1920"
]

#: How the streams of a composed video are arranged while a screen is shared.
ScreenshareLayoutName: TypeAlias = Literal[
    "bestFit", "horizontalPresentation", "pip", "verticalPresentation"
]
#: The layouts of a composed video; ``custom`` requires a stylesheet.
LayoutName: TypeAlias = Literal[ScreenshareLayoutName, "custom"]

#: Groups and events of callbacks: ``archive`` has ``status``, the other groups have
#: ``created`` and ``destroyed``.
CallbackGroup: TypeAlias = Literal["connection", "stream", "archive", "sip_call"]
CallbackEvent: TypeAlias = Literal["created", "destroyed", "status"]

#: The format of a token.
TokenKind: TypeAlias = Literal["t1", "jwt"]
#: The result of ``sign_rows`` for a row that breaks a rule: an exception, or None.
RowErrors: TypeAlias = Literal["raise", "null"]

#: The methods that ``tb.request`` sends.
RequestMethod: TypeAlias = Literal["GET", "POST", "PUT", "PATCH", "DELETE"]

#: The form of audio in the messages of a WebSocket, its encoding in JSON, and its samples
#: a second.
AudioTransportName: TypeAlias = Literal["binary", "json"]
AudioEncoding: TypeAlias = Literal["base64"]
AudioRate: TypeAlias = Literal[8000, 16000, 24000]

#: Server-side encryption of a bucket.
StorageEncryption: TypeAlias = Literal["s3", "none"]
#: Fallback storage for archives. One guide has ``vonage`` instead of ``opentok``.
StorageFallback: TypeAlias = Literal["none", "opentok", "vonage"]

#: Messages that the emulator delivers to simulated clients, and the states of its webhooks.
MessageKind: TypeAlias = Literal["signal", "dtmf", "mute"]
WebhookState: TypeAlias = Literal["waiting", "delivered", "failed", "refused"]
