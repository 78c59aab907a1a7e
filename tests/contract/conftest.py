"""One emulator for the official SDKs, emptied before each test.

They sign by the real clock, so that is the emulator's as well.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from tests.support.applications import public_pem
from tests.support.emulator import Api
from tokbox.emulator import Server, serve


@pytest.fixture(scope="session")
def shared_server() -> Iterator[Server]:
    # The long delay keeps stopped archives stopped until a test advances the clock.
    with serve(processing_delay=3600) as server:
        yield server


@pytest.fixture
def server(shared_server: Server) -> Server:
    Api(shared_server.url).request("POST", "/_emulator/reset")
    return shared_server


@pytest.fixture
def public_key(server: Server) -> str:
    """The public half of the application's key, which verifies its tokens."""
    key = load_pem_private_key(server.private_key.encode(), None)
    assert isinstance(key, RSAPrivateKey)
    return public_pem(key)


# How a session is made (routed) and joined (joined) differs from SDK to SDK.


@pytest.fixture
def live(routed: str, joined: dict[str, str]) -> str:
    """A routed session in which a client publishes."""
    return routed


@pytest.fixture
def stream_id(joined: dict[str, str]) -> str:
    """The stream of that client."""
    return joined["streamId"]
