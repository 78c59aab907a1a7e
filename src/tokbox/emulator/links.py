"""Download links of archives: good for ten minutes, for one file, from this emulator."""

from __future__ import annotations

import hashlib
import hmac

from starlette.responses import Response

from tokbox.emulator import files
from tokbox.emulator.calls import Call
from tokbox.emulator.records import Archive
from tokbox.emulator.replies import Refusal

__all__ = ["download", "make"]

_LIFETIME_MS = 10 * 60 * 1000


def make(call: Call, archive: Archive) -> str:
    """Make a link to the file of an available archive; every read makes a new one."""
    expires = str(call.now_ms + _LIFETIME_MS)
    path = f"/_emulator/archive/{archive.api_key}/{archive.archive_id}"
    signature = _sign(call, archive, expires)
    url = call.request.url
    return (
        f"{url.scheme}://{url.netloc}{path}/{files.file_name(archive)}"
        f"?expires={expires}&signature={signature}"
    )


def download(call: Call) -> Response:
    """``GET /_emulator/archive/{apiKey}/{archiveId}/{fileName}``, what a link leads to."""
    store = call.emulator.store
    archive = store.archive(call.param("api_key"), call.param("archive_id"))
    if archive is None or call.param("file_name") != files.file_name(archive):
        raise Refusal(404, "No such file")
    query = call.query()
    expires, signature = query.get("expires", ""), query.get("signature", "")
    if not hmac.compare_digest(_sign(call, archive, expires).encode(), signature.encode()):
        raise Refusal(403, "The signature of the link is wrong")
    if call.now_ms >= int(expires):
        raise Refusal(403, "The link has expired; reading the archive gives a new one")
    if archive.status != "available":
        raise Refusal(404, f"The archive is {archive.status}")
    content = files.render(archive, store.recordings(archive.archive_id))
    return Response(content, media_type=files.media_type(archive))


def _sign(call: Call, archive: Archive, expires: str) -> str:
    message = f"{archive.archive_id}:{expires}".encode()
    return hmac.new(call.emulator.store.link_key(), message, hashlib.sha256).hexdigest()
