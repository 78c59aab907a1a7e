"""Errors of unknown names suggest the name that tokbox has."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import tokbox
from tests.support.batches import KEY, SECRET, SESSION
from tokbox import Account, AsyncTokbox, Signer, Tokbox, webhooks
from tokbox.suggestions import names

ROOT = Path(__file__).parents[1]


@pytest.fixture
def tb() -> Iterator[Tokbox]:
    with Tokbox(KEY, SECRET) as client:
        yield client


def public(kind: type) -> list[str]:
    return [name for name in dir(kind) if not name.startswith("_") and name.islower()]


@pytest.mark.parametrize(
    ("module", "kind", "page"),
    [("opentok", "Client", "opentok"), ("vonage_video", "Video", "vonage")],
)
def test_each_method_of_an_official_sdk_leads_to_ours(
    tb: Tokbox, module: str, kind: str, page: str
) -> None:
    theirs = getattr(pytest.importorskip(module), kind)
    missing = [name for name in public(theirs) if not hasattr(tb, name)]
    assert len(missing) > 20
    for name in missing:
        ours = names.OPENTOK.get(name) or names.VONAGE[name]
        message = f"'Tokbox' object has no attribute '{name}'; did you mean {ours}? See "
        with pytest.raises(AttributeError, match=f"^{re.escape(message)}docs/migrate/"):
            getattr(tb, name)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("generate_token", "session(session_id).token? See docs/migrate/opentok.md"),
        ("create_session", "new_session? See docs/migrate/opentok.md"),
        ("initiate_sip_call", "sip.dial? See docs/migrate/vonage.md"),
    ],
)
def test_the_suggestion_of_an_attribute_names_the_page(
    tb: Tokbox, name: str, text: str
) -> None:
    with pytest.raises(AttributeError, match=re.escape(text)) as caught:
        getattr(tb, name)
    assert (caught.value.name, caught.value.obj) == (name, tb)
    page = re.search(r"docs/\S+", text)
    assert page is not None
    assert (ROOT / page[0]).is_file()


@pytest.mark.parametrize("path", sorted({*names.OPENTOK.values(), *names.VONAGE.values()}))
def test_suggested_attributes_exist(tb: Tokbox, path: str) -> None:
    option = re.fullmatch(r"(\w+)= of the client", path)
    if option is not None:
        Tokbox(KEY, SECRET, **{option[1]: None if option[1] == "proxy" else "a"})  # type: ignore[arg-type]
        return
    attributes = path.rpartition(" ")[2].partition("(timeout")[0].partition("(expira")[0]
    owner: Any = tb
    for part in attributes.replace("session(session_id)", "session").split("."):
        owner = getattr(owner(SESSION) if part == "token" else owner, part)
    assert callable(owner)


@pytest.mark.parametrize("name", names.MODULES)
def test_names_of_the_modules_of_official_sdks_lead_to_ours(name: str) -> None:
    ours = names.MODULES[name]
    with pytest.raises(AttributeError, match=f"did you mean tokbox.{re.escape(ours)}"):
        getattr(tokbox, name)
    owner: Any = tokbox
    for part in ours.split("."):
        owner = getattr(owner, part)
    assert owner.__module__.startswith("tokbox")


def test_public_names_of_opentok_are_known() -> None:
    opentok = pytest.importorskip("opentok")
    theirs = {
        name
        for name in dir(opentok)
        if isinstance(getattr(opentok, name), type) and not hasattr(tokbox, name)
    }
    assert theirs <= names.MODULES.keys()


def test_other_attributes_have_the_usual_message(tb: Tokbox) -> None:
    for owner in (tb, Account(KEY, SECRET), AsyncTokbox(KEY, SECRET)):
        name = type(owner).__name__
        message = f"^'{name}' object has no attribute 'archivez'$"
        with pytest.raises(AttributeError, match=message):
            getattr(owner, "archivez")  # noqa: B009
        assert not hasattr(owner, "generate_tokens")
    with pytest.raises(
        AttributeError, match=r"^module 'tokbox' has no attribute 'Tokboxx'$"
    ):
        getattr(tokbox, "Tokboxx")  # noqa: B009


def test_asynchronous_objects_suggest_names_too() -> None:
    tb = AsyncTokbox(KEY, SECRET)
    with pytest.raises(AttributeError, match=r"'AsyncTokbox' object.*mean new_session"):
        getattr(tb, "create_session")  # noqa: B009
    with pytest.raises(AttributeError, match="'AsyncArchives' object has no attribute 'x'"):
        getattr(tb.archives, "x")  # noqa: B009
    asyncio.run(tb.aclose())


def test_a_session_suggests_its_method(tb: Tokbox) -> None:
    for session in (tb.session(SESSION), Signer(KEY, SECRET).session(SESSION)):
        with pytest.raises(AttributeError, match=r"generate_token.*did you mean"):
            getattr(session, "generate_token")  # noqa: B009


#: A call with an argument of another name, and the argument that is meant.
ARGUMENTS: dict[str, tuple[Callable[[Any], Any], str, str]] = {
    name: (call, name.split()[0], ours)
    for name, (call, ours) in {
        "data token": (lambda x: session_of().token(data=x), "connection_data"),
        "expire_time token": (lambda x: session_of().token(expire_time=x), "expires_at"),
        "ttl token": (lambda x: session_of().token(ttl=x), "expiration"),
        "use_jwt token": (lambda x: session_of().token(use_jwt=x), "kind"),
        "connectionData token": (
            lambda x: session_of().token(connectionData=x),
            "connection_data",
        ),
        "rolle token": (lambda x: session_of().token(rolle=x), "role"),
        "data tokens": (lambda x: session_of().tokens(2, data=x), "connection_data"),
        "multi_thread tokens": (
            lambda x: session_of().tokens(2, multi_thread=x),
            "multithread",
        ),
        "data token_batch": (
            lambda x: session_of().token_batch(2, data=x),
            "connection_data",
        ),
        "chunks iter_batches": (lambda x: session_of().iter_batches(2, chunks=x), "chunk"),
        "data write_tokens": (
            lambda x: session_of().write_tokens("t", 2, data=x),
            "connection_data",
        ),
        "mediamode new_session": (
            lambda x: Tokbox(KEY, SECRET).new_session(mediamode=x),
            "media_mode",
        ),
        "archiveName new_session": (
            lambda x: Tokbox(KEY, SECRET).new_session(archiveName=x),
            "archive_name",
        ),
        "sesion_id session": (
            lambda x: Tokbox(KEY, SECRET).session(sesion_id=x),
            "session_id",
        ),
        "roles sign_rows": (lambda x: Signer(KEY, SECRET).sign_rows([], roles=x), "role"),
        "sesion_id verify": (
            lambda x: Signer(KEY, SECRET).verify("t", sesion_id=x),
            "session_id",
        ),
        "offst list": (lambda x: Tokbox(KEY, SECRET).archives.list(offst=x), "offset"),
        "payload send": (
            lambda x: Tokbox(KEY, SECRET).signals.send(SESSION, payload=x),
            "data",
        ),
        "sip_uri dial": (lambda x: Tokbox(KEY, SECRET).sip.dial(SESSION, sip_uri=x), "uri"),
        "excludedStreamIds mute_all": (
            lambda x: Tokbox(KEY, SECRET).moderation.mute_all(SESSION, excludedStreamIds=x),
            "excluded_stream_ids",
        ),
        "hasAudio start": (
            lambda x: Tokbox(KEY, SECRET).archives.start(SESSION, hasAudio=x),
            "has_audio",
        ),
        "api_secret Tokbox": (lambda x: Tokbox(KEY, api_secret=x), "secret"),
        "api_secret Signer": (lambda x: Signer(KEY, api_secret=x), "secret"),
        "maxage Receiver": (lambda x: webhooks.Receiver("secret", maxage=x), "max_age"),
        "multi_thread decode_many": (
            lambda x: tokbox.decode_many([], multi_thread=x),
            "multithread",
        ),
    }.items()
}


def session_of() -> Any:
    return Signer(KEY, SECRET).session(SESSION)


@pytest.mark.parametrize("case", ARGUMENTS)
def test_an_unknown_argument_suggests_ours(case: str) -> None:
    call, given, ours = ARGUMENTS[case]
    with pytest.raises(TypeError, match=f"argument {given!r}; did you mean {ours!r}") as e:
        call("canary0value")
    assert "canary0value" not in str(e.value)
    assert e.value.__suppress_context__ or e.value.__context__ is None


def test_an_unknown_argument_names_the_class_of_the_object() -> None:
    with Tokbox(KEY, SECRET) as tb:
        with pytest.raises(TypeError, match=r"^Session\.token\(\) got an unexpected"):
            tb.session(SESSION).token(data="x")  # type: ignore[call-arg]
        with pytest.raises(TypeError, match=r"^Archives\.list\(\) got an unexpected"):
            tb.archives.list(page=3)  # type: ignore[call-arg]
    with pytest.raises(TypeError, match=r"^decode\(\) got .*; it accepts token$"):
        tokbox.decode("t", verify=True)  # type: ignore[call-arg]

    async def main() -> None:
        async with AsyncTokbox(KEY, SECRET) as client:
            with pytest.raises(TypeError, match=r"^AsyncSession\.token\(\) got .*'conne"):
                client.session(SESSION).token(data="x")  # type: ignore[call-arg]
            with pytest.raises(TypeError, match=r"^AsyncTokbox\.new_session\(\) got"):
                await client.new_session(medium="x")  # type: ignore[call-arg]
            with pytest.raises(TypeError, match=r"^AsyncArchives\.list\(\) got .*'offset'"):
                await client.archives.list(offst=3)  # type: ignore[call-arg]

    asyncio.run(main())


def test_a_function_without_arguments_says_so() -> None:
    with Tokbox(KEY, SECRET) as tb, pytest.raises(TypeError, match="no such arguments"):
        tb.close(now=True)  # type: ignore[call-arg]


def test_other_type_errors_are_unchanged() -> None:
    session = session_of()
    with pytest.raises(TypeError, match=r"missing 1 required positional argument: 'n'"):
        session.tokens(role="publisher")
    with pytest.raises(TypeError, match="multiple values for argument 'n'"):
        session.tokens(2, n=2)
    with pytest.raises(TypeError, match="Signer"):
        tokbox.types.SessionSigner(session_id=SESSION)
    with pytest.raises(TypeError, match=r"^expected$"):
        session.write_tokens("/dev/null", 2, progress=raises_type_error)


def raises_type_error(written: int) -> None:
    raise TypeError("expected")
