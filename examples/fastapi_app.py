"""A web service for video rooms, with FastAPI.

Install the packages, start the emulator in one terminal and the service in another::

    pip install 'tokbox[cli,emulator]' fastapi uvicorn
    tokbox emulator
    export TOKBOX_API_URL=http://127.0.0.1:10865 TOKBOX_API_KEY=12345678
    export TOKBOX_SECRET=0123456789abcdef0123456789abcdef01234567
    uvicorn --app-dir examples fastapi_app:app

Then open http://127.0.0.1:8000/docs. Without ``TOKBOX_API_URL`` it uses the service itself.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated

from fastapi import Body, FastAPI, Request
from fastapi.responses import JSONResponse

import tokbox
from tokbox.types import Archive, Page

#: Left out of responses: the response of the service, and what only servers may read.
PRIVATE = {"raw", "unknown", "url", "password", "certificate"}


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[dict[str, tokbox.AsyncTokbox]]:
    """Create one client for all requests, and close it at the end."""
    async with tokbox.AsyncTokbox.from_env() as tb:
        yield {"tb": tb}


app = FastAPI(title="Rooms", lifespan=lifespan)


@app.exception_handler(tokbox.TokboxError)
async def show_error(request: Request, error: tokbox.TokboxError) -> JSONResponse:
    """Respond with the status that fits an error."""
    if isinstance(error, tokbox.InvalidInputError):
        status = 422
    elif isinstance(error, tokbox.NotFoundError | tokbox.ConflictError):
        status = error.status
    else:
        status = 502
    return JSONResponse({"detail": str(error)}, status)


@app.post("/rooms", status_code=201)
async def create_room(request: Request) -> dict[str, str]:
    """Create a room; its ID is the ID of a routed session."""
    session = await request.state.tb.new_session()
    return {"id": session.session_id}


@app.post("/rooms/{room}/tokens", status_code=201)
async def join_room(
    request: Request, room: str, name: Annotated[str, Body(embed=True)]
) -> dict[str, str]:
    """Sign the token with which a page joins the room, valid for two hours."""
    session = request.state.tb.session(room)
    token = session.token(connection_data=name, expiration=tokbox.HOURS_2)
    return {"project": request.state.tb.project_id, "session": room, "token": token}


@app.post("/rooms/{room}/archives", status_code=201, response_model_exclude=PRIVATE)
async def start_archive(request: Request, room: str) -> Archive:
    """Start to record a room that someone has joined."""
    archive: Archive = await request.state.tb.archives.start(room)
    return archive


@app.post("/archives/{archive_id}/stop", response_model_exclude=PRIVATE)
async def stop_archive(request: Request, archive_id: str) -> Archive:
    """Stop a recording."""
    archive: Archive = await request.state.tb.archives.stop(archive_id)
    return archive


@app.get("/archives/{archive_id}", response_model_exclude=PRIVATE)
async def get_archive(request: Request, archive_id: str) -> Archive:
    """Return a recording."""
    archive: Archive = await request.state.tb.archives.get(archive_id)
    return archive


@app.get(
    "/rooms/{room}/archives",
    response_model_exclude={"raw": True, "unknown": True, "items": {"__all__": PRIVATE}},
)
async def list_archives(request: Request, room: str) -> Page[Archive]:
    """Return the recordings of a room, newest first."""
    page: Page[Archive] = await request.state.tb.archives.list(room)
    return page
