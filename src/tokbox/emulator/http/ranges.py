"""Parts of files: the headers ``Range`` and ``If-Range`` (RFC 9110, 13.1.5 and 14)."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping

from starlette.responses import Response

__all__ = ["file_response"]

_RANGE = re.compile(r"bytes=(?:([0-9]{1,18})-([0-9]{1,18})?|-([0-9]{1,18}))", re.IGNORECASE)


def file_response(content: bytes, media_type: str, asked: Mapping[str, str]) -> Response:
    """Return a file, or the part of it that the request headers *asked* ask for.

    A header with several ranges, or in another unit, is ignored, as RFC 9110 permits. So is
    a range with an ``If-Range`` that is not the entity tag of the file.
    """
    tag = f'"{hashlib.sha256(content).hexdigest()[:32]}"'
    headers = {"Accept-Ranges": "bytes", "ETag": tag}
    found = _RANGE.fullmatch(asked.get("range", "").replace(" ", ""))
    if found is None or asked.get("if-range", tag) != tag:
        return Response(content, headers=headers, media_type=media_type)
    size = len(content)
    if found[3] is None:
        first, last = int(found[1]), min(int(found[2] or size), size - 1)
    else:
        first, last = max(0, size - int(found[3])), size - 1
    if first > last:
        headers["Content-Range"] = f"bytes */{size}"
        return Response(b"", 416, headers=headers)
    headers["Content-Range"] = f"bytes {first}-{last}/{size}"
    return Response(content[first : last + 1], 206, headers=headers, media_type=media_type)
