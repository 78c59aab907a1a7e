"""Hints on the usual cause of an error and its solution, by error code or message."""

from __future__ import annotations

__all__ = ["hint"]

_BY_CODE = {
    10101: "the session id is damaged; pass it exactly as new_session() returned it",
    15001: "the session is being archived; for one more, give it a multi_archive_tag",
    15002: "only an archive that is started, paused or stopped can be stopped",
    15004: "only an archive that is available, uploaded or deleted can be deleted",
    15008: "create the session with media_mode=MediaMode.MEDIA_ROUTER to archive it",
    15202: "a signal needs data, at least an empty text",
    50005: "max_duration is 60 to 36,000 seconds",
    60003: "the session has captions already; stop those first, or use them",
}

#: For codes without meaning (-1, -99 and those equal to the status): by the message.
_BY_WORDS = (
    (
        "issuer not found",
        "the service knows no such API key: check it, and that api_url is the "
        "environment that it belongs to",
    ),
    (
        "id in the token does not match the one in the url",
        "the credentials belong to another project than the one that was asked for",
    ),
    (
        "no clients are actively connected",
        "a client must connect to the session first; creating it is not enough",
    ),
    (
        "already composed for given tag",
        "the session is being broadcast; for one more, give it a multi_broadcast_tag",
    ),
    (
        "experience composer not found or already stopped",
        "it may have ended by itself: at its max_duration, or with its session",
    ),
    (
        "session id missing or invalid",
        "the session id is damaged; pass it exactly as new_session() returned it",
    ),
    ("invalid dtmf digits", "digits are 0 to 9, *, # and p, a pause of half a second"),
)

_BY_STATUS = {
    407: "the proxy wants credentials: proxy='http://user:password@host:port'",
    408: "the service gave up; of a stream this also means that it is unknown",
    413: "it is too large; a signal takes 8 kB of data and 128 bytes of type",
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
