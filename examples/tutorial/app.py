"""A small web application with rooms: tokens for a page, archives and webhooks."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI, HTTPException, Request
from fastapi.responses import HTMLResponse

import tokbox
import tokbox.webhooks

tb = tokbox.AsyncTokbox.from_env()
receiver = tokbox.webhooks.Receiver(os.environ["SIGNATURE_SECRET"])

# A real application stores these in a database.
session_ids: dict[str, str] = {}
archives: dict[str, str] = {}


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    yield
    await tb.aclose()


app = FastAPI(lifespan=lifespan)


def session_of(room: str) -> tokbox.types.AsyncSession:
    if room not in session_ids:
        raise HTTPException(404, "there is no such room")
    return tb.session(session_ids[room])


@app.put("/rooms/{room}")
async def create_room(room: str) -> dict[str, str]:
    if room not in session_ids:
        session = await tb.new_session()
        session_ids[room] = session.session_id
    return {"session_id": session_ids[room]}


@app.post("/rooms/{room}/token")
async def create_token(room: str, name: str) -> dict[str, str]:
    session = session_of(room)
    token = session.token(connection_data=f"name={name}", expiration="2h")
    return {"project": tb.project_id, "session_id": session.session_id, "token": token}


@app.post("/rooms/{room}/archives")
async def start_archive(room: str) -> dict[str, str]:
    try:
        archive = await session_of(room).start_archive(name=room)
    except (tokbox.NotFoundError, tokbox.ConflictError) as error:
        # No participant has joined, or the session is recorded already.
        raise HTTPException(409, error.message) from None
    archives.setdefault(archive.id, archive.status)
    return {"id": archive.id}


@app.post("/archives/{id}/stop")
async def stop_archive(id: str) -> dict[str, str]:
    if id not in archives:
        raise HTTPException(404, "there is no such archive")
    archive = await tb.archives.stop(id)
    return {"id": archive.id, "status": archive.status}


@app.get("/archives/{id}")
async def archive_status(id: str) -> dict[str, str]:
    if id not in archives:
        raise HTTPException(404, "there is no such archive")
    return {"id": id, "status": archives[id]}


@app.post("/hooks/archive")
async def archive_changed(request: Request) -> None:
    try:
        event = receiver.receive(request.headers, await request.body())
    except tokbox.WebhookError as error:
        raise HTTPException(400, error.reason) from None
    if isinstance(event, tokbox.webhooks.ArchiveChanged):
        archives[event.archive.id] = event.archive.status


@app.get("/rooms/{room}", response_class=HTMLResponse)
async def page(room: str) -> str:
    session_of(room)
    return PAGE


PAGE = """<!doctype html>
<title>Room</title>
<script src="https://static.opentok.com/v2/js/opentok.min.js"></script>
<div id="people"></div>
<script type="module">
  const room = location.pathname;
  const name = prompt("Your name?") || "guest";
  const url = `${room}/token?name=${encodeURIComponent(name)}`;
  const found = await (await fetch(url, { method: "POST" })).json();
  const session = OT.initSession(found.project, found.session_id);
  session.on("streamCreated", ({ stream }) =>
    session.subscribe(stream, "people", { insertMode: "append" }));
  session.connect(found.token, (error) =>
    error ? alert(error.message) : session.publish("people", { insertMode: "append" }));
</script>
"""
