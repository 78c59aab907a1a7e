"""Validation of claims and credentials.

Each ``check_*`` function validates an argument and returns the value for the token, as an
exact str or int (see `tokbox.exact`). For a value that is not valid it raises
InvalidClaimsError with the field, the value and the rule. The limits are those of the
OpenTok developer guide ("Connection token creation"), also where official SDKs differ.
"""

from __future__ import annotations

import binascii
import time
from collections.abc import Iterable, Mapping
from functools import lru_cache

from tokbox._fastsign import CLAIMS, has_surrogate, session_owner
from tokbox.enums import DAYS_30, HOURS_24, Role
from tokbox.errors import (
    InvalidClaimsError,
    InvalidInputError,
    WrongClaimsError,
    WrongPurposeError,
)
from tokbox.exact import (
    exact_int,
    exact_number,
    exact_text,
    has_no_dimensions,
    whole_number,
)
from tokbox.tokens.credentials import APPLICATION_HINT, odd_character, secret_rule
from tokbox.typed import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from tokbox.tokens.token import Token

__all__ = [
    "CHECKS",
    "FIRST_TIMESTAMP",
    "MAX_CONNECTION_DATA",
    "MAX_LAYOUT_CLASSES",
    "MAX_SESSION_ID",
    "ROLES",
    "ROW_DEFAULTS",
    "SCOPE",
    "TEXTS",
    "SessionId",
    "check_api_key",
    "check_application_id",
    "check_claim",
    "check_connection_data",
    "check_count",
    "check_end_time",
    "check_expiration",
    "check_expires_at",
    "check_kind",
    "check_layout_classes",
    "check_multithread",
    "check_now",
    "check_one_end",
    "check_project",
    "check_project_id",
    "check_purpose",
    "check_role",
    "check_secret",
    "check_session_id",
    "check_session_of",
    "foreign_session",
    "is_base64_id",
    "parse_lifetime",
    "wrong_claims",
]

#: The most characters (code points) of connection data, and of all class names joined.
MAX_CONNECTION_DATA = 1000
MAX_LAYOUT_CLASSES = 1000

#: The options of ``sign_rows`` with their defaults. A claim is empty by default.
ROW_DEFAULTS: dict[str, Any] = {
    **{argument: "" for argument, *_ in CLAIMS if argument != "session_id"},
    "role": Role.PUBLISHER,
    "expiration": HOURS_24,
    "expires_at": None,
    "kind": None,
    "multithread": False,
    "memory_pool": None,
    "nonce": None,
}

#: The claims that are text, by argument, with their names in T1 tokens and in JWTs.
TEXTS = tuple((argument, t1, jwt) for argument, type_, t1, jwt in CLAIMS if type_ == "TEXT")

#: The scope of client tokens.
SCOPE = "session.connect"

#: The roles, each by itself.
ROLES = {role.value: role.value for role in Role}
_ROLE_RULE = "be one of " + ", ".join(ROLES)

_UUID = "(?i)[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
MAX_SESSION_ID = 255
#: Durations are never as long, and timestamps since 2001 are never shorter.
FIRST_TIMESTAMP = 10**9
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
_CANONICAL = "end as base64 encoders end it, with unused bits of 0"


class SessionId:
    """The fields of a parsed session id."""

    __slots__ = ("created_ms", "location", "project_id", "text")

    #: The project or application it belongs to: an API key, or an application id.
    project_id: str
    #: The location hint, an IP address, or "".
    location: str
    #: The creation time in milliseconds since the epoch; None for ids created before 2014,
    #: which contain the date as text.
    created_ms: int | None
    #: The session id itself.
    text: str

    def __init__(
        self, project_id: str, location: str, created_ms: int | None, text: str
    ) -> None:
        self.project_id = project_id
        self.location = location
        self.created_ms = created_ms
        self.text = text


def _is_number(text: str) -> bool:
    """Return whether *text* is 1 to 20 digits, as API keys are."""
    return len(text) <= 20 and text.isascii() and text.isdecimal()


def _is_uuid(text: str) -> bool:
    import re

    return re.fullmatch(_UUID, text) is not None


def is_base64_id(text: str) -> bool:
    """Return whether *text* is a digit, ``_`` and base64 in the alphabet of URLs."""
    rest = text[2:].replace("_", "").replace("-", "")
    is_base64 = len(text) > 2 and text.isascii() and (rest.isalnum() or not rest)
    return is_base64 and text[0].isdecimal() and text[1] == "_"


def check_api_key(
    api_key: object, field: str = "api_key", what: str = "the project's API key"
) -> str:
    """Return the API key as text; an int is accepted."""
    number = exact_int(api_key)
    # Python converts no number of thousands of digits.
    is_short = number is not None and 0 <= number < 10**20
    text = str(number) if is_short else exact_text(api_key)
    if text is not None and _is_number(text):
        return text
    # Not shown: key and secret are easily mixed up.
    rule = f"be {what}, a number{_mistake(text)}"
    raise InvalidInputError(field, None, rule, show=False)


def _mistake(api_key: str | None) -> str:
    """Describe what was given instead of an API key, as far as that is known."""
    if api_key is None:
        return ""
    if _is_uuid(api_key.strip()) or "-----BEGIN" in api_key:
        return (
            "; a UUID and a private key are an application's credentials: "
            + APPLICATION_HINT
        )
    odd = odd_character(api_key)
    return f": it holds {odd}" if odd else ""


def _id_text(value: object) -> str | None:
    """Return an id as exact text: a str, a number or an object such as a uuid.UUID."""
    text = exact_text(value)
    if text is not None:
        return text
    number = exact_int(value)
    if number is None:
        return exact_text(str(value))
    # Python converts no number of thousands of digits.
    return str(number) if abs(number) < 10**20 else None


def check_application_id(application_id: object, field: str = "application_id") -> str:
    """Return the id of a Vonage application as text, in lower case; a UUID object is
    accepted."""
    text = _id_text(application_id) or ""
    if _is_uuid(text):
        return text.lower()
    rule = "be the application's id, a UUID"
    is_number = _is_number(text)
    if is_number:
        rule += (
            ": a number is a project's API key: use Tokbox(api_key, secret), or set "
            "TOKBOX_API_KEY and TOKBOX_SECRET"
        )
    elif "-----BEGIN" in text:
        rule += ", and this is a private key: the id comes first"
    elif odd := odd_character(text):
        rule += f": it holds {odd}"
    # Shown only if it cannot be a secret.
    shown = not text or is_number or text.count("-") == 4
    raise InvalidInputError(field, application_id, rule, show=shown)


def check_project_id(project_id: object) -> str:
    """Return an API key, or the id of an application, as text."""
    text = _id_text(project_id) or ""
    if text.isdecimal():
        return check_api_key(text, "project_id")
    if _is_uuid(text):
        return check_application_id(text)
    rule = "be an API key, a number, or an application's id, a UUID"
    if odd := odd_character(text):
        rule += f": it holds {odd}"
    raise InvalidInputError("project_id", None, rule, show=False)


def check_secret(
    secret: object, field: str = "secret", what: str = "the project's API secret"
) -> bytes:
    """Return the secret as HMAC uses it; see `tokbox.tokens.credentials`."""
    text = exact_text(secret) or ""
    if rule := secret_rule(text, what):
        raise InvalidInputError(field, None, rule, show=False)
    return text.encode()


def check_project(
    api_key: object,
    secret: object,
    fields: tuple[str, str] = ("api_key", "secret"),
    owner: str = "project",
) -> tuple[str, bytes]:
    """Check an API key and its secret, which are easily swapped; return both."""
    key_text, secret_text = exact_text(api_key) or "", exact_text(secret) or ""
    looks_like_a_secret = not (
        secret_rule(key_text) or key_text.isdecimal() or _is_uuid(key_text)
    )
    if looks_like_a_secret and _is_number(secret_text):
        rule = f"be the {owner}'s API key, a number: key and secret are swapped"
        raise InvalidInputError(fields[0], None, rule, show=False)
    return (
        check_api_key(api_key, fields[0], f"the {owner}'s API key"),
        check_secret(secret, fields[1], f"the {owner}'s API secret"),
    )


def check_session_id(session_id: object, tenant: str | None = None) -> SessionId:
    """Parse a session id, and validate that it belongs to *tenant* if one is given.

    An id is a digit, ``_`` and the base64 of fields joined by ``~``, in the alphabet of
    URLs and without padding; the second field is the tenant: an API key or, on Vonage,
    an application id. Unused bits of its last character must be 0 (RFC 4648, section
    3.5): otherwise one session would have several ids.
    """
    whole = exact_text(session_id)
    if not whole:
        raise InvalidClaimsError("session_id", session_id, "be a string that is not empty")
    if len(whole) > MAX_SESSION_ID:
        raise InvalidClaimsError(
            "session_id", session_id, f"have at most {MAX_SESSION_ID} characters"
        )
    fields: list[str] = []
    raw, text = b"", ""
    if is_base64_id(whole):
        text = whole[2:].replace("-", "+").replace("_", "/")
        text += "=" * (-len(text) % 4)
        try:
            raw = binascii.a2b_base64(text)
            fields = raw.decode("ascii").split("~")
        except ValueError:
            fields = []
    if len(fields) < 4 or not fields[1]:
        raise InvalidClaimsError(
            "session_id", session_id, "be a session id as the service makes them"
        )
    if binascii.b2a_base64(raw, newline=False).decode() != text:
        raise InvalidClaimsError("session_id", session_id, _CANONICAL)
    if tenant is not None and fields[1].lower() != tenant:
        raise foreign_session(session_id, fields[1], tenant)
    made = fields[3]
    created_ms = int(made) if made.isdecimal() else None
    return SessionId(fields[1], fields[2], created_ms, whole)


def foreign_session(session_id: object, owner: str, tenant: str) -> InvalidClaimsError:
    """Return the error for a session of *owner* that is used as one of *tenant*."""
    kind = _kind_of(tenant)
    error = InvalidClaimsError("session_id", session_id, f"belong to {kind} {tenant}")
    # The id may contain any text in place of an owner.
    other = _kind_of(owner)
    belongs = f"{other} {owner}" if other else "another project"
    uses = tenant if other == kind else f"{kind} {tenant}"
    error._template = (
        f"session_id {{value}} belongs to {belongs}, but this client uses {uses}"
    )
    return error


def _kind_of(owner: str) -> str:
    """Return "API key" or "application", or "" for other text."""
    return "API key" if _is_number(owner) else "application" if _is_uuid(owner) else ""


def check_session_of(session_id: object, tenant: str) -> str:
    """Return the id of a session that belongs to *tenant*, as `check_session_id` does."""
    if type(session_id) is str and session_owner(session_id) == tenant:
        return session_id
    return check_session_id(session_id, tenant).text


def check_role(role: object) -> str:
    """Return the role as the token spells it."""
    text = exact_text(role)
    if text not in ROLES:
        raise InvalidClaimsError("role", role, _ROLE_RULE)
    return ROLES[text]


def check_purpose(token: Token) -> None:
    """Raise WrongPurposeError unless *token* is for joining a session.

    ``scope`` must be ``session.connect`` or absent, and ``ist`` must be ``project`` or
    absent: the tokens of an account have ``account``.
    """
    for claim, value, wanted in (
        ("scope", token.scope, SCOPE),
        ("ist", token.unknown.get("ist"), "project"),
    ):
        if value is not None and value != wanted:
            raise WrongPurposeError(claim, value, wanted)


def wrong_claims(error: InvalidClaimsError) -> WrongClaimsError:
    """Return the error of a signed token whose claim failed a check with *error*."""
    reason = "encoding" if error._rule == _CANONICAL else "invalid_claims"
    return WrongClaimsError(error.field, error.value, error._rule, reason=reason)


@lru_cache(maxsize=1024)  # columns repeat few lifetimes
def parse_lifetime(text: str) -> int | None:
    """Return the seconds of ``90``, ``30m``, ``1h30m`` or ``7d``; None for other text."""
    import re

    text = text.strip().lower()
    if re.fullmatch(r"[0-9]{1,12}", text):
        return int(text)
    if not re.fullmatch(r"(?:[0-9]{1,12}[smhdw])+", text):
        return None
    parts = re.findall(r"([0-9]+)([smhdw])", text)
    return sum(int(number) * _UNITS[unit] for number, unit in parts)


def _seconds(duration: object) -> int | None:
    """Return a duration as a number of seconds; None if it is none, or no whole number."""
    if type(duration) is int:
        return duration
    text = exact_text(duration)
    if text is not None:
        return parse_lifetime(text) if len(text) < 100 else None
    from datetime import timedelta

    if isinstance(duration, timedelta):
        # pandas.Timedelta has nanoseconds, too. Its base class can hold 0 instead of its
        # value, so only its attributes are read.
        if duration.microseconds or getattr(duration, "nanoseconds", 0):
            return None
        return duration.days * 86400 + duration.seconds
    if type(duration).__name__ == "timedelta64":
        return _numpy_seconds(duration)
    return whole_number(duration)


def _numpy_seconds(duration: Any) -> int | None:
    try:
        seconds = duration.astype("timedelta64[s]")
        # False for NaT, and for months, which have no fixed length.
        return exact_int(seconds.astype("int64")) if seconds == duration else None
    except (AttributeError, TypeError, OverflowError):
        return None


def check_expiration(expiration: object) -> int:
    """Return how long a token shall live, in seconds; 0 leaves it to the service.

    It is given as whole seconds, as a timedelta, or as text such as "90s", "30m" or "2h".
    """
    seconds = _seconds(expiration)
    if seconds is None:
        rule = "be whole seconds, or a duration such as 90s, 30m, 1h or 7d"
        if hasattr(expiration, "timestamp"):  # a datetime
            rule += _timestamp_hint(FIRST_TIMESTAMP)
        raise InvalidClaimsError("expiration", expiration, rule)
    if not 0 <= seconds <= DAYS_30:
        rule = f"be between 0 and {DAYS_30} seconds (30 days)"
        raise InvalidClaimsError("expiration", expiration, rule + _timestamp_hint(seconds))
    return seconds


def _timestamp_hint(seconds: int) -> str:
    """Return a hint if a duration is a time since the epoch, of any unit."""
    if seconds < FIRST_TIMESTAMP:
        return ""
    return ": it is a duration, not a timestamp; give the time of the end as expires_at"


def check_end_time(expires_at: object) -> int:
    """Return when a token shall end, in seconds since the epoch.

    It is given as an aware datetime, as text such as 2026-01-31T12:00Z, or as whole seconds
    since the epoch. Fractions of a second are cut off.
    """
    from datetime import datetime

    moment, text = expires_at, exact_text(expires_at)
    if text is not None and text.isascii() and text.isdecimal() and len(text) < 13:
        return int(text)
    if text is not None:
        try:
            moment = datetime.fromisoformat(text.upper())
        except ValueError:
            moment = None
    # NaT of pandas is a datetime, too, and equals nothing.
    if isinstance(moment, datetime) and moment == moment:
        if moment.utcoffset() is None:
            rule = (
                "have a time zone, as 2026-01-31T12:00Z and datetime.now(timezone.utc) have"
            )
            raise InvalidClaimsError("expires_at", expires_at, rule)
        return int(moment.timestamp() // 1)
    seconds = whole_number(moment)
    if seconds is None:
        rule = "be an aware datetime, or a time such as 2026-01-31T12:00Z"
        raise InvalidClaimsError("expires_at", expires_at, rule)
    return seconds


def check_expires_at(expires_at: object, create_time: int) -> int:
    """Return how long a token lives that is made at *create_time*, in seconds."""
    seconds = check_end_time(expires_at) - create_time
    if not 0 < seconds <= DAYS_30:
        rule = "be in the future, by at most 30 days"
        raise InvalidClaimsError("expires_at", expires_at, rule)
    return seconds


def check_one_end(expiration: object, expires_at: object) -> None:
    """Raise InvalidInputError if both arguments are given."""
    if expires_at is None or (type(expiration) is int and expiration == HOURS_24):
        return
    rule = "be left out, or expiration must be: both say when a token ends"
    raise InvalidInputError("expires_at", None, rule, show=False)


def check_connection_data(connection_data: object) -> str:
    """Return the connection data, which is empty for None."""
    if connection_data is None:
        return ""
    text = exact_text(connection_data)
    if text is None:
        raise InvalidClaimsError("connection_data", connection_data, "be a string")
    if len(text) > MAX_CONNECTION_DATA:
        rule = f"have at most {MAX_CONNECTION_DATA} characters"
        raise InvalidClaimsError("connection_data", connection_data, rule)
    _check_text("connection_data", text, connection_data)
    return text


def check_layout_classes(classes: object) -> str:
    """Return layout class names as the token spells them, with spaces in between.

    A string holds them in this form, an iterable one by one. None means no class.
    """
    name = "initial_layout_class_list"
    if classes is None:
        return ""
    text = exact_text(classes)
    given: Iterable[object]
    if text is not None:
        given = text.split(" ") if text else ()
    elif isinstance(classes, list | tuple):
        given = classes
    elif not isinstance(classes, Iterable) or isinstance(
        classes, bytes | bytearray | Mapping
    ):
        raise InvalidClaimsError(name, classes, "be a sequence of class names")
    elif has_no_dimensions(classes):
        rule = "be a sequence of class names (an array without dimensions holds none)"
        raise InvalidClaimsError(name, classes, rule)
    else:
        given = classes
    names = []
    for one in map(exact_text, given):
        # This splits at any white space.
        if one is None or one.split() != [one]:
            rule = "hold names that are strings, not empty and without spaces"
            raise InvalidClaimsError(name, classes, rule)
        names.append(one)
    joined = " ".join(names)
    if len(joined) > MAX_LAYOUT_CLASSES:
        rule = f"have at most {MAX_LAYOUT_CLASSES} characters when joined by spaces"
        raise InvalidClaimsError(name, classes, rule)
    _check_text(name, joined, classes)
    return joined


def _check_text(field: str, text: str, value: object) -> None:
    if "\0" in text:
        raise InvalidClaimsError(field, value, "not hold a NUL character")
    if has_surrogate(text):
        rule = "be text that UTF-8 can carry, without lone surrogates"
        raise InvalidClaimsError(field, value, rule)


#: The validation function of each claim but the session, whose project matters. The core
#: has the same claims, with their types and names: see `tokbox._fastsign.CLAIMS`.
CHECKS: dict[str, Callable[[Any], Any]] = {
    "role": check_role,
    "connection_data": check_connection_data,
    "expiration": check_expiration,
    "expires_at": check_end_time,
    "initial_layout_class_list": check_layout_classes,
}


def check_claim(name: str, value: object) -> Any:
    """Check any claim but the session by its name."""
    return CHECKS[name](value)


def check_kind(kind: object, *, application: bool = False) -> bool:
    """Return whether tokens of *kind* are JWTs. Raises InvalidClaimsError.

    None is the default: "jwt" for an *application*, else "t1". Tokens of an application are
    always JWTs.
    """
    if kind is None:
        return application
    text = exact_text(kind)
    if text == "jwt":
        return True
    if application:
        rule = "be jwt: T1 tokens are signed with an API secret, and this is an application"
        raise InvalidClaimsError("kind", kind, rule)
    if text == "t1":
        return False
    raise InvalidClaimsError("kind", kind, "be t1 or jwt")


def check_count(n: object) -> int:
    """Return the number of tokens, from 0 to 10**18. Raises InvalidClaimsError."""
    count = exact_int(n)
    if count is None:
        raise InvalidClaimsError("n", n, "be an int")
    if count < 0:
        raise InvalidClaimsError("n", n, "be at least 0")
    if count > 10**18:
        raise InvalidClaimsError("n", n, "be at most 10**18, what one nonce can count")
    return count


def check_multithread(multithread: object) -> bool:
    """Return *multithread* if it is a bool.

    In ``tokens`` it comes before the role, so the role is easily passed in its place.
    """
    if type(multithread) is bool:
        return multithread
    is_role = exact_text(multithread) in ROLES
    hint = " (pass a role as role=...)" if is_role else ""
    raise InvalidInputError("multithread", multithread, f"be True or False{hint}")


def check_now(now: object) -> int:
    """Return *now*, or the time of the clock if it is None, in whole seconds."""
    moment = time.time() if now is None else exact_number(now)
    # Infinity and NaN minus themselves are NaN.
    if moment is None or moment - moment != 0:
        raise InvalidInputError("now", now, "be seconds since the epoch, finite")
    return int(moment)
