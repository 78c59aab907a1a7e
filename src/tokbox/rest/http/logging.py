"""Say what goes over the wire: by method, path, status and time, never more.

Everything is logged as ``tokbox``, calls at DEBUG and what is done about a failure at
INFO. Headers and bodies are not logged at any level, and what looks like a token in a
message is taken out. ``TOKBOX_LOG=debug`` (or ``info``) shows it without any code.
"""

from __future__ import annotations

import logging
import os

from tokbox.errors import InvalidInputError, redact

__all__ = ["from_environment", "log"]

_LEVELS = {"debug": logging.DEBUG, "info": logging.INFO}


class _Redaction(logging.Filter):
    """Write the message out and redact it, before any handler gets to see it."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg, record.args = redact(record.getMessage()), ()
        return True


log: logging.Logger = logging.getLogger("tokbox")
log.addFilter(_Redaction())


def from_environment() -> None:
    """Do what ``TOKBOX_LOG`` says: to standard error, unless logging is set up already.

    Raises ``InvalidInputError`` for a level that there is not.
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
