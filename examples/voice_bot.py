"""A voice bot: it repeats the audio of a session, one second at a time.

Install the packages, and start the emulator in another terminal::

    pip install 'tokbox[cli,emulator]' websockets
    tokbox emulator
    export TOKBOX_API_URL=http://127.0.0.1:10865 TOKBOX_API_KEY=12345678
    export TOKBOX_SECRET=0123456789abcdef0123456789abcdef01234567
    python examples/voice_bot.py SESSION_ID

Without ``TOKBOX_API_URL`` it uses the service itself, which needs a public address that
leads to the port 8765: ``python examples/voice_bot.py SESSION_ID wss://bot.example.org/``.
"""

from __future__ import annotations

import asyncio
import json
import secrets
import sys
from http import HTTPStatus

from websockets.asyncio.server import Request, Response, ServerConnection, serve

import tokbox

PORT = 8765
RATE = 16_000
#: One second of 16-bit samples.
PHRASE_BYTES = 2 * RATE
#: Only the Audio Connector that this program starts has the key.
KEY = secrets.token_urlsafe()


def check_key(connection: ServerConnection, request: Request) -> Response | None:
    """Refuse a handshake without the key: the address of a bot is public."""
    if secrets.compare_digest(request.headers.get("Bot-Key", ""), KEY):
        return None
    return connection.respond(HTTPStatus.UNAUTHORIZED, "The key is wrong.\n")


async def converse(connection: ServerConnection) -> None:
    """Send each second of audio back; a speech model would create an answer here."""
    heard = bytearray()
    async for message in connection:
        if isinstance(message, str):  # an event: connected, cleared, disconnected
            print(json.loads(message)["event"])
            continue
        heard += message
        if len(heard) >= PHRASE_BYTES:
            # The participant is speaking, so the rest of the last answer is discarded.
            await connection.send(json.dumps({"action": "clear"}))
            await connection.send(bytes(heard))
            heard.clear()


async def main(session_id: str, uri: str = f"ws://127.0.0.1:{PORT}/") -> None:
    """Run the bot in a session until the program is interrupted."""
    socket = tokbox.WebSocket(
        uri, headers={"Bot-Key": KEY}, audio_rate=RATE, bidirectional=True
    )
    async with (
        serve(converse, "127.0.0.1", PORT, process_request=check_key) as server,
        tokbox.AsyncTokbox.from_env() as tb,
    ):
        await tb.session(session_id).start_audio_connector(socket)
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
