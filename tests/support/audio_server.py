"""A WebSocket server in a thread, as the other side of an Audio Connector."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from websockets.sync.server import ServerConnection, serve

__all__ = ["audio_server", "wait_until"]


@contextmanager
def audio_server(
    handler: Callable[[ServerConnection], None], **options: Any
) -> Iterator[str]:
    """Run *handler* for every connection; yield the URI of the server."""
    with serve(handler, "127.0.0.1", 0, **options) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"ws://127.0.0.1:{server.socket.getsockname()[1]}/"
        finally:
            server.shutdown()
            thread.join()


def wait_until(condition: Callable[[], bool]) -> None:
    """Wait until *condition* returns true."""
    pause = threading.Event()
    while not condition():
        pause.wait(0.005)
