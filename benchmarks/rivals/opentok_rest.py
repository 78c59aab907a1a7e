"""The official Python SDK for OpenTok, asking for an archive."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from contextlib import ExitStack

from . import Place, Unavailable

label = "opentok (Python)"
note = "it connects anew for every call"


def make(place: Place, stack: ExitStack) -> Callable[[], object]:
    try:
        from opentok import Client
    except ImportError:
        raise Unavailable("the package opentok is not installed") from None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        client = Client(place.tenant, place.secret, api_url=place.url)
    return lambda: client.get_archive(place.archive_id)
