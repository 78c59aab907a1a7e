"""A program for asyncio that watches the rooms of a project."""

# pyright: strict

from __future__ import annotations

import asyncio
from collections.abc import Iterable

import tokbox
from tokbox import AsyncTokbox
from tokbox.types import (
    Archive,
    AsyncArchives,
    AsyncSession,
    Broadcast,
    Connection,
    Page,
    SipCall,
)


async def total(archives: AsyncArchives) -> int:
    size = 0
    async for archive in archives.iter():
        size += archive.size or 0
    return size


async def watch(tb: AsyncTokbox, session: AsyncSession) -> str | None:
    connections: Page[Connection] = await session.list_connections()
    if len(connections) < 2:
        return None
    broadcast: Broadcast = await session.start_broadcast(hls=tokbox.Hls(dvr=True))
    call: SipCall = await session.dial("sip:a@example.com", auth=tokbox.SipAuth("a", "b"))
    await session.signal("now live", type="news")
    await tb.moderation.mute_all(session.session_id)
    print(call.id, call.connection_id)
    return broadcast.urls.hls


async def recordings(tb: AsyncTokbox, ids: Iterable[str]) -> list[Archive]:
    return await asyncio.gather(*(tb.archives.get(each) for each in ids))


async def main() -> None:
    async with AsyncTokbox.from_env(read_timeout=5) as tb:
        session = await tb.new_session(archive_mode="always")
        tokens: list[str] = await session.tokens(100, True)
        found = await tb.verify_many(tokens, multithread=True)
        print(found.ok, await watch(tb, session), await total(tb.archives))
        short = tb.with_options(timeout=2, retries=0)
        print([archive.name for archive in await recordings(short, ["a", "b"])])
