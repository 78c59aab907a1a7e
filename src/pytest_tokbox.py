"""Fixtures for pytest: an emulator, and clients of it.

pytest imports this module in each run in which tokbox is installed, so the module imports
nothing of tokbox before a fixture is used. It is outside of the package for the same
reason: importing a submodule would import ``tokbox``.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tokbox import Account, Tokbox
    from tokbox.emulator import Server
    from tokbox.rest.aio import AsyncTokbox

__all__ = [
    "tokbox_account",
    "tokbox_async_client",
    "tokbox_client",
    "tokbox_server",
]

_SERVER = pytest.StashKey["Server"]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options, each on the command line and in the configuration file."""
    group = parser.getgroup("tokbox", "tokbox: the emulator of tokbox_server")
    group.addoption(
        "--tokbox-strict",
        action="store_const",
        const=True,
        help="refuse requests that the service's documentation does not describe "
        "(ini: tokbox_strict)",
    )
    group.addoption(
        "--tokbox-seed",
        type=_read_seed,
        metavar="N",
        help="give the same IDs to the same calls in every test (ini: tokbox_seed)",
    )
    parser.addini(
        "tokbox_strict",
        "refuse requests that the service's documentation does not describe",
        type="bool",
        default=False,
    )
    parser.addini("tokbox_seed", "give the same IDs to the same calls in every test")


def pytest_configure(config: pytest.Config) -> None:
    """Validate the seed of the configuration file."""
    _seed(config)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Reset the emulator before the fixtures of each test, if it runs."""
    if (server := item.config.stash.get(_SERVER, None)) is not None:
        server.reset()


@pytest.fixture(scope="session")
def tokbox_server(pytestconfig: pytest.Config) -> Iterator[Server]:
    """An emulator of the service, the same for all tests; it is reset before each test."""
    from tokbox.emulator import serve

    strict = pytestconfig.getoption("tokbox_strict") or pytestconfig.getini("tokbox_strict")
    with serve(strict=bool(strict), seed=_seed(pytestconfig)) as server:
        pytestconfig.stash[_SERVER] = server
        yield server
        del pytestconfig.stash[_SERVER]


@pytest.fixture
def tokbox_client(tokbox_server: Server) -> Iterator[Tokbox]:
    """A client of the emulator's first project."""
    from tokbox import Tokbox

    server = tokbox_server
    with Tokbox(server.api_key, server.secret, server.url, trust_env=False) as client:
        yield client


@pytest.fixture
def tokbox_async_client(tokbox_server: Server) -> Iterator[AsyncTokbox]:
    """A client for asyncio of the emulator's first project, for any plugin that runs it."""
    import asyncio
    from concurrent.futures import ThreadPoolExecutor

    from tokbox.rest.aio import AsyncTokbox

    server = tokbox_server
    client = AsyncTokbox(server.api_key, server.secret, server.url, trust_env=False)
    yield client
    # In a thread, because the event loop of this one belongs to the plugin that runs it.
    with ThreadPoolExecutor(1) as executor:
        executor.submit(asyncio.run, client.aclose()).result()


@pytest.fixture
def tokbox_account(tokbox_server: Server) -> Iterator[Account]:
    """The emulator's account, which manages projects."""
    from tokbox import Account

    server = tokbox_server
    with Account(
        server.account_key, server.account_secret, server.url, trust_env=False
    ) as account:
        yield account


def _seed(config: pytest.Config) -> int | None:
    seed: int | None = config.getoption("tokbox_seed")
    if seed is None and (text := config.getini("tokbox_seed")):
        try:
            return _read_seed(text)
        except ValueError:
            message = f"tokbox_seed {text!r} is not valid: use a whole number from 0"
            raise pytest.UsageError(message) from None
    return seed


def _read_seed(text: str) -> int:
    if not (text.isascii() and text.isdecimal()):
        raise ValueError
    return int(text)
