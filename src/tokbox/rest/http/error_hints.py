"""Hints on the usual cause of an error and its solution, by error code or message."""

from __future__ import annotations

__all__ = ["hint"]

_BY_CODE = {
    10101: "the session ID is damaged; pass it exactly as new_session() returned it",
    15001: "the session is being archived; give a second archive a multi_archive_tag",
    15002: "only an archive that is started, paused or stopped can be stopped",
    15004: "only an archive that is available, uploaded or deleted can be deleted",
    15008: "create the session with media_mode=MediaMode.MEDIA_ROUTER to archive it",
    15202: "a signal needs data, at least an empty string",
    50005: "max_duration is 60 to 36,000 seconds",
    60003: "the session already has captions; use them, or stop them first",
}

#: For codes without meaning (-1, -99 and those equal to the status): by the message.
_BY_WORDS = (
    (
        "issuer not found",
        "the service does not know this API key; check it, and check that api_url is the "
        "environment of the key",
    ),
    (
        "id in the token does not match the one in the url",
        "the credentials belong to another project than the request",
    ),
    (
        "no clients are actively connected",
        "a client must connect to the session first; creating it is not enough",
    ),
    (
        "already composed for given tag",
        "the session is being broadcast; give a second broadcast a multi_broadcast_tag",
    ),
    (
        "experience composer not found or already stopped",
        "it may have ended at its max_duration, or with its session",
    ),
    (
        "session id missing or invalid",
        "the session ID is damaged; pass it exactly as new_session() returned it",
    ),
    (
        "role of the token",
        "omit token=, and the client signs a token with the required role",
    ),
    ("invalid dtmf digits", "digits are 0 to 9, *, # and p, a pause of half a second"),
)

_BY_STATUS = {
    407: "the proxy requires credentials: proxy='http://user:password@host:port'",
    408: "the service timed out; for a stream, this can mean that the stream is unknown",
    413: "the request is too large; a signal has at most 8 kB of data and a type of at "
    "most 128 bytes",
}


def hint(status: int, code: int | None, message: str) -> str | None:
    """Return the most specific hint for an error, or None."""
    if code in _BY_CODE:
        return _BY_CODE[code]
    words = message.lower()
    for phrase, text in _BY_WORDS:
        if phrase in words:
            return text
    return _BY_STATUS.get(status)
