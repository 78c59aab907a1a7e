"""The voice bot in examples/, against the emulator's WebSocket."""

from __future__ import annotations

import asyncio
import importlib.util
import socket
import time
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

import tokbox
from tokbox.emulator import Clock, Server, serve
from tokbox.emulator.model.audio_socket import AudioSocket

BOT = Path(__file__).parents[2] / "examples/voice_bot.py"
SECOND = 32_000


@pytest.fixture
def bot() -> ModuleType:
    """The module of the bot, with a free port."""
    spec = importlib.util.spec_from_file_location("voice_bot", BOT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        module.PORT = listener.getsockname()[1]  # type: ignore[attr-defined]
    return module


async def wait_for(server: Server, condition: Callable[[AudioSocket], bool]) -> AudioSocket:
    while True:
        found = await asyncio.to_thread(server.audio_sockets)
        if found and condition(found[0]):
            return found[0]
        await asyncio.sleep(0.01)


def test_bot_repeats_each_second_and_clears_the_one_before(
    bot: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def talk(server: Server, session_id: str) -> AudioSocket:
        running = asyncio.create_task(bot.main(session_id, f"ws://127.0.0.1:{bot.PORT}/"))
        await wait_for(server, lambda found: found.state == "open")
        await asyncio.to_thread(server.advance, 1)
        await wait_for(server, lambda found: found.received_bytes == SECOND)
        # Half of the first answer is published until the second one clears the rest.
        await asyncio.to_thread(server.advance, 0.5)
        await wait_for(server, lambda found: len(found.audio) == SECOND // 2)
        with pytest.raises(InvalidStatus, match="401"):
            await asyncio.to_thread(connect, f"ws://127.0.0.1:{bot.PORT}/")
        await asyncio.to_thread(server.advance, 0.5)
        result = await wait_for(server, lambda found: found.received_bytes == 2 * SECOND)
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        return result

    now = time.time()
    with (
        serve(clock=Clock(lambda: now)) as server,
        tokbox.Tokbox(server.api_key, server.secret, api_url=server.url) as tb,
    ):
        monkeypatch.setenv("TOKBOX_API_KEY", server.api_key)
        monkeypatch.setenv("TOKBOX_SECRET", server.secret)
        monkeypatch.setenv("TOKBOX_API_URL", server.url)
        session = tb.new_session()
        server.connect(session, publish=True)
        found = asyncio.run(talk(server, session.session_id))
    assert found.messages == ({"action": "clear"}, {"action": "clear"})
    assert found.error == ""
