"""The token inspector of the page."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from tokbox.emulator.errors import HTTPError, TokenRejectedError
from tokbox.emulator.http.request import RequestContext
from tokbox.emulator.http.responses import json_response
from tokbox.emulator.simulation.client_tokens import verify_client_token
from tokbox.errors import MalformedTokenError
from tokbox.tokens.token import Token
from tokbox.tokens.verification.verify import decode

__all__ = ["inspect"]

#: The maximum length of a token, in characters.
_MAX_TOKEN = 64 * 1024


def inspect(context: RequestContext) -> Response:
    """``POST /_emulator/inspect``: decode and verify a token: ``{"token": ...}``.

    The response has the claims, the expiration, and a result with a reason. The result is
    ``accepted`` or ``refused``, as for a client that connects with the token, or
    ``unknown`` if the project of the token is unknown.
    """
    token = context.json_object().get("token")
    if not isinstance(token, str) or len(token) > _MAX_TOKEN:
        raise HTTPError(400, "token must be a string of a sensible length")
    token = token.strip()
    if not token:
        raise HTTPError(400, "There is no token; paste one")
    now = context.emulator.clock.token_time()
    found: dict[str, Any] = {"now": round(now * 1000), "kind": None, "claims": {}}
    try:
        claims = decode(token)
    except MalformedTokenError as error:
        return json_response(
            {
                **found,
                "made": None,
                "expires": None,
                "result": "refused",
                "reason": f"This is no token that a client can join with: {error}.",
            }
        )
    result, reason = _verify(context, token, claims, now)
    return json_response(
        {
            **found,
            "kind": claims.kind,
            "claims": _shown(claims),
            "made": claims.create_time * 1000,
            "expires": claims.end_time * 1000,
            "result": result,
            "reason": reason,
        }
    )


def _verify(
    context: RequestContext, token: str, claims: Token, now: float
) -> tuple[str, str]:
    project = context.emulator.accounts.find(claims.project_id)
    if project is None:
        return (
            "unknown",
            f"Not judged: {claims.project_id} is neither a project nor an application of "
            "this emulator, so the signature cannot be checked.",
        )
    try:
        joining = verify_client_token(token, project, claims.session_id, now=now)
    except TokenRejectedError as denied:
        return "refused", f"Refused with client error 1004: {denied}."
    if context.emulator.store.session(claims.session_id) is None:
        return (
            "refused",
            "Refused: the token is good, but its session was not created here.",
        )
    return "accepted", f"Accepted: its holder joins the session as a {joining.role}."


def _shown(claims: Token) -> dict[str, Any]:
    return {
        "api_key": claims.project_id,
        "session": claims.session_id,
        "role": claims.role,
        "connection_data": claims.connection_data,
        "layout_classes": " ".join(claims.initial_layout_class_list),
        "scope": claims.scope,
        "nonce": claims.nonce,
        "nbf": claims.not_before,
        **claims.unknown,
    }
