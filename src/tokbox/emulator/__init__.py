"""A local emulator of the service, with simulated clients.

It is a second, independent implementation of the protocol: it imports nothing from
``tokbox.rest``. Any client of the real service can use it::

    with tokbox.emulator.serve() as server:
        requests.post(server.url + "/session/create", headers={...})

It needs the extra ``emulator`` (starlette, uvicorn, httptools, cryptography and
websockets). The packages are imported when one of the names below is first used, not when
this package is imported.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from tokbox.errors import MissingDependencyError

if TYPE_CHECKING:
    from tokbox.emulator.app import create_app
    from tokbox.emulator.controls import (
        Controls,
        Signal,
        SimulatedClient,
        SimulatedStream,
        connect,
    )
    from tokbox.emulator.foreground import Announcement, run
    from tokbox.emulator.model.clock import Clock
    from tokbox.emulator.model.rules import Rules
    from tokbox.emulator.server import Server, serve
    from tokbox.emulator.store.accounts import (
        DEFAULT_ACCOUNT_KEY,
        DEFAULT_ACCOUNT_SECRET,
        DEFAULT_API_KEY,
        DEFAULT_APPLICATION_ID,
        DEFAULT_SECRET,
    )

__all__ = [
    "DEFAULT_ACCOUNT_KEY",
    "DEFAULT_ACCOUNT_SECRET",
    "DEFAULT_API_KEY",
    "DEFAULT_APPLICATION_ID",
    "DEFAULT_SECRET",
    "Announcement",
    "Clock",
    "Controls",
    "Rules",
    "Server",
    "Signal",
    "SimulatedClient",
    "SimulatedStream",
    "connect",
    "create_app",
    "run",
    "serve",
]

_HOMES = {
    "DEFAULT_ACCOUNT_KEY": "store.accounts",
    "DEFAULT_ACCOUNT_SECRET": "store.accounts",
    "DEFAULT_API_KEY": "store.accounts",
    "DEFAULT_APPLICATION_ID": "store.accounts",
    "DEFAULT_SECRET": "store.accounts",
    "Announcement": "foreground",
    "Clock": "model.clock",
    "Controls": "controls",
    "Rules": "model.rules",
    "Server": "server",
    "Signal": "controls",
    "SimulatedClient": "controls",
    "SimulatedStream": "controls",
    "connect": "controls",
    "create_app": "app",
    "run": "foreground",
    "serve": "server",
}

#: Import names of the packages in the extra, with their distribution names.
_PACKAGES = {
    "httptools": "httptools",
    "starlette": "starlette",
    "uvicorn": "uvicorn",
    "cryptography": "cryptography",
    "websockets": "websockets",
}


def __getattr__(name: str) -> Any:
    """Import *name* from its module, or raise an error that names the missing extra."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    except ModuleNotFoundError as error:
        package = _PACKAGES.get((error.name or "").partition(".")[0])
        if package is None:
            raise
        raise MissingDependencyError(package, "emulator") from None


def __dir__() -> list[str]:
    return sorted(__all__)
