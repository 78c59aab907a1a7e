"""Parse responses: JSON of successful calls, and errors in any format.

Errors are JSON, two kinds of XML, an empty body, or the HTML of a proxy or another server
between the client and the service. Each becomes an ``APIError`` with all information that
could be parsed.
"""

from __future__ import annotations

import html
import json
import math
import re
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from typing import Any, NoReturn

from tokbox import errors
from tokbox.readonly import ReadOnlyDict
from tokbox.rest.http.error_hints import hint
from tokbox.transport import Response

__all__ = ["api_error", "read_json", "refuse_page", "request_id", "retry_after"]

#: Clock errors in seconds above which an error response is attributed to the local clock:
#: ahead (the service rejects tokens from its future) or behind (tokens expire).
_MAX_AHEAD = 30
_MAX_BEHIND = 120

#: Error messages of the service are short; a longer one is probably a web page.
_MAX_MESSAGE = 500
_MAX_PAGE_BYTES = 65_536

_REDIRECT = (
    "redirects are never followed, because they would send the credentials to another "
    "URL; check api_url"
)
_FOREIGN = "a proxy, a firewall or another server sent it, not the service"
_CREDENTIALS = (
    "the usual cause is a wrong secret or private key, or one that belongs to another "
    "project or environment"
)

#: Headers that contain a request ID, in order of preference. Both are undocumented.
_REQUEST_ID = ("x-request-id", "request-id")

_BY_STATUS: dict[int, type[errors.APIError]] = {
    401: errors.AuthenticationError,
    403: errors.AuthenticationError,
    404: errors.NotFoundError,
    409: errors.ConflictError,
    429: errors.RateLimitError,
}

_XML_CODE = re.compile(r"<code>\s*(-?\d{1,9})\s*</code>")
_XML_MESSAGE = re.compile(r"<message>(.*?)</message>", re.DOTALL)
_XML_DESCRIPTION = re.compile(r"<description>(.*?)</description>", re.DOTALL)
_XML_ERROR = re.compile(r"<error\s[^<>]*?\bcode\s*=\s*[\"'](-?\d{1,9})[\"'][^<>]*>")
_XML_ATTRIBUTE = re.compile(r"<\w[^<>]*?\bmessage\s*=\s*(?:\"([^\"]*)\"|'([^']*)')")
_HTML = re.compile(r"<(?:!doctype\s+html|html)[\s>]", re.IGNORECASE)
_HTML_TITLE = re.compile(r"<title[^>]*>(.*?)</title>", re.DOTALL | re.IGNORECASE)


def read_json(response: Response, *, method: str, path: str, attempts: int) -> Any:
    """Return the JSON of a successful response.

    Raises ``ProtocolError`` if it is not JSON, and ``APIError`` if it is the XML error
    document that session creation used to send with status 200.
    """
    body = response.body
    try:
        return _DECODER.decode(body.decode(json.detect_encoding(body), "surrogatepass"))
    except (ValueError, RecursionError):
        # Raised below, so that a chained exception does not contain the body.
        pass
    text = _text(response)
    if _XML_ERROR.search(text):
        raise api_error(response, method=method, path=path, attempts=attempts, now=None)
    kind = response.headers.get("content-type", "no content type")
    if not response.body:
        what = "its body is empty"
    else:
        size = len(response.body)
        what = f"its body has {size} bytes of the type {_clean(kind, limit=60)}"
    raise errors.ProtocolError(
        f"the response with status {response.status} is not JSON: {what}",
        method=method,
        path=path,
        attempts=attempts,
        request_id=request_id(response.headers),
    )


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


_DECODER = json.JSONDecoder(object_hook=ReadOnlyDict, parse_constant=_refuse_constant)


def refuse_page(response: Response, *, method: str, path: str, attempts: int) -> None:
    """Raise ``ProtocolError`` if a successful response is a web page.

    The service sends no web pages. One from a captive portal or a proxy would otherwise
    count as success in calls that ignore the body.
    """
    if _is_page(response):
        title = _title(_text(response))
        called = f' with the title "{title}"' if title else ""
        raise errors.ProtocolError(
            f"the response with status {response.status} is a web page{called}: {_FOREIGN}",
            method=method,
            path=path,
            attempts=attempts,
            request_id=request_id(response.headers),
        )


def api_error(
    response: Response,
    *,
    method: str,
    path: str,
    attempts: int,
    now: float | None,
    corrected: float = 0.0,
    api_url: str = "",
) -> errors.APIError:
    """Return the exception for an error response.

    *now* is the local time of the response (seconds since the epoch), or ``None`` to skip
    the clock check; *corrected* is the clock offset that the request was signed with.
    *api_url* is given until a call of the client has succeeded, because a wrong URL is then
    a likely cause.
    """
    code, message = _explanation(response)
    # A web page from another server is no evidence about credentials or clock.
    foreign = _is_page(response)
    if 300 <= response.status < 400:
        advice: str | None = _REDIRECT
    elif foreign:
        advice = f"this is a web page: {_FOREIGN}"
    else:
        advice = hint(response.status, code, message)
    if response.status == 404 and api_url and code is None and (foreign or not advice):
        first = f"no call has succeeded yet, so check api_url ({api_url})"
        advice = f"{advice}; {first}" if advice else first
    elif response.status in (401, 403) and not advice:
        advice = _CREDENTIALS
    details: dict[str, Any] = {
        "status": response.status,
        "code": code,
        "message": message,
        "method": method,
        "path": path,
        "attempts": attempts,
        "request_id": request_id(response.headers),
        "hint": advice,
    }
    kind = _BY_STATUS.get(response.status, errors.APIError)
    if response.status >= 500:
        kind = errors.ServerError
    if kind is errors.RateLimitError:
        return errors.RateLimitError(
            retry_after=retry_after(response.headers, now), **details
        )
    if kind is errors.AuthenticationError and now is not None and not foreign:
        offset = _clock_offset(response.headers, now)
        if offset is not None and not -_MAX_BEHIND <= offset - corrected <= _MAX_AHEAD:
            details["hint"] = (
                f"this machine's clock is {abs(offset):.0f} s "
                f"{'ahead of' if offset > 0 else 'behind'} the service's"
            )
            return errors.ClockSkewError(offset=offset, **details)
    return kind(**details)


def request_id(headers: Mapping[str, str]) -> str | None:
    """Return the service's ID of a request, or ``None`` if it sent none."""
    given = next((headers[name] for name in _REQUEST_ID if headers.get(name)), "")
    return _clean(given, limit=100) or None


def retry_after(headers: Mapping[str, str], now: float | None) -> float | None:
    """Return the seconds in ``Retry-After``, or ``None`` if it is absent or invalid.

    The header is a number of seconds or a date (RFC 9110, 10.2.3). A date is compared with
    the response's ``Date`` if it has one; a date in the past gives 0. A negative number is
    invalid.
    """
    text = headers.get("retry-after", "").strip()
    if re.fullmatch(r"[0-9]{1,12}(?:\.[0-9]{1,9})?", text):
        return float(text)
    then = _http_date(text)
    sent = _http_date(headers.get("date", ""))
    reference = now if sent is None else sent
    if then is None or reference is None:
        return None
    return max(0.0, then - reference)


def _clock_offset(headers: Mapping[str, str], now: float) -> float | None:
    theirs = _http_date(headers.get("date", ""))
    return None if theirs is None else now - theirs


def _http_date(text: str) -> float | None:
    try:
        stamp = parsedate_to_datetime(text).timestamp()
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return stamp if math.isfinite(stamp) else None


def _explanation(response: Response) -> tuple[int | None, str]:
    """Return the service's error code and message, if they can be parsed."""
    text = _text(response)
    try:
        body = json.loads(text)
    except (ValueError, RecursionError):
        return _explanation_from_markup(text)
    if not isinstance(body, dict):
        return None, ""
    code = body.get("code")
    if isinstance(code, str) and re.fullmatch(r"-?[0-9]{1,9}", code):
        code = int(code)
    if not isinstance(code, int) or isinstance(code, bool):
        code = None
    # Vonage's gateway sends problem documents (RFC 9457) with title and detail.
    for key in ("message", "description", "detail", "title"):
        words = body.get(key)
        if isinstance(words, str) and words.strip():
            return code, _clean(words)
    return code, ""


def _explanation_from_markup(text: str) -> tuple[int | None, str]:
    # Regular expressions avoid the risks of parsing untrusted XML, and also match in a
    # truncated document.
    found = _XML_CODE.search(text) or _XML_ERROR.search(text)
    code = int(found[1]) if found else None
    for pattern in (_XML_MESSAGE, _XML_DESCRIPTION):
        words = pattern.search(text)
        if words and words[1].strip():
            return code, _clean(html.unescape(words[1]))
    if found and (attribute := _XML_ATTRIBUTE.search(text, found.end())):
        return code, _clean(html.unescape(attribute[1] or attribute[2] or ""))
    if title := _title(text):
        return code, title
    return code, "" if text.lstrip().startswith("<") else _clean(text)


def _is_page(response: Response) -> bool:
    # Skip a byte order mark and white space. Most responses are JSON and are not decoded.
    if not response.body.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<"):
        return False
    text = _text(response)
    if not text.lstrip("\ufeff \t\r\n").startswith("<"):
        return False
    if _HTML.search(text, 0, 1000):
        return True
    # The page may be truncated. Old errors of the service were XML with any content type.
    called = response.headers.get("content-type", "").lower().startswith("text/html")
    return called and not (_XML_CODE.search(text) or _XML_ERROR.search(text))


def _title(text: str) -> str:
    found = _HTML_TITLE.search(text)
    return _clean(html.unescape(found[1])) if found else ""


def _text(response: Response) -> str:
    return response.body[:_MAX_PAGE_BYTES].decode("utf-8", "replace")


def _clean(text: str, *, limit: int = _MAX_MESSAGE) -> str:
    """Return untrusted text on one line of limited length, without credentials."""
    # A debugging proxy may echo the request.
    text = errors.redact(text)
    if not text.isprintable():
        text = "".join(c if c.isprintable() else " " for c in text)
    text = " ".join(text.split())
    return text if len(text) <= limit else f"{text[:limit]}..."
