"""What others offer for the same work, each behind a small adapter.

An adapter is a module with a ``label`` and a function ``make(mode)``, which returns a
function that makes n tokens and returns the seconds it took, or raises Unavailable with a
sentence that says why it cannot run here.
"""

from __future__ import annotations


class Unavailable(Exception):
    """This rival cannot run on this machine; the message says why."""
