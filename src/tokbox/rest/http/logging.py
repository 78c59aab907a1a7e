"""Log the method, path, status and time of requests.

The logger is ``tokbox``. Calls are logged at DEBUG, retries and other reactions to errors
at INFO. Records have the same values as attributes, by the names of OpenTelemetry: for
example ``http.response.status_code`` and ``tokbox.duration`` (seconds). Headers and bodies
are not logged at any level, and anything that looks like a token is removed from messages.
``TOKBOX_LOG=debug`` (or ``info``) enables the log.
"""

from __future__ import annotations

import logging
import os

from tokbox.errors import InvalidInputError, redact

__all__ = ["from_environment", "log"]

_LEVELS = {"debug": logging.DEBUG, "info": logging.INFO}


class _Redaction(logging.Filter):
    """Format the message and redact it, before any handler receives it."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg, record.args = redact(record.getMessage()), ()
        return True


log: logging.Logger = logging.getLogger("tokbox")
log.addFilter(_Redaction())


def from_environment() -> None:
    """Apply ``TOKBOX_LOG``: log to standard error, unless logging is already configured.

    Raises ``InvalidInputError`` for an unknown level.
    """
    word = os.environ.get("TOKBOX_LOG")
    if not word:
        return
    level = _LEVELS.get(word.lower())
    if level is None:
        raise InvalidInputError("TOKBOX_LOG", word, "be debug or info")
    log.setLevel(level)
    if not log.hasHandlers():
        handler = logging.StreamHandler()
        handler.setFormatter(logging.Formatter("%(asctime)s %(name)s %(message)s"))
        log.addHandler(handler)
