"""Other programs that do the same work.

Each rival is a function ``prepare(n)``, as `Contender` expects it: it returns work that
makes n tokens, or raises `Unavailable`. One of its tokens is verified before it is timed.
"""

from __future__ import annotations

from tokbox import Signer

from .. import workloads


class Unavailable(Exception):
    """This rival cannot run on this machine; the message has the reason."""


def verify(token: str) -> None:
    """Raise TokenError unless *token* is valid for the common work."""
    signer = Signer(workloads.API_KEY, workloads.SECRET)
    signer.verify(token, session_id=workloads.SESSION_ID)
