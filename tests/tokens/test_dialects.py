"""Tokens of every SDK are read and verified; faults of SDKs are not repeated."""

from __future__ import annotations

import warnings

import pytest

import tokbox
from tests.support import dialects
from tests.support.applications import APPLICATION, key_pair, private_pem, public_pem
from tests.support.applications import SESSION as APPLICATION_SESSION
from tests.support.batches import KEY, SECRET, SESSION
from tests.support.dialects import (
    CREATED,
    DIALECTS,
    PROJECT_DIALECTS,
    VONAGE_DIALECTS,
    Dialect,
)
from tests.support.kernels import every_kernel
from tokbox import Role, Signer, Tokbox
from tokbox.errors import BadSignatureError, ExpiredTokenError, InvalidClaimsError

NOW = CREATED + 60


def each(chosen: list[Dialect]):
    """Parametrize over *chosen*, each marked with its traps."""
    return pytest.mark.parametrize(
        "dialect",
        [
            pytest.param(
                one, id=one.name, marks=[pytest.mark.trap(*one.traps)] if one.traps else []
            )
            for one in chosen
        ],
    )


def client(dialect: Dialect) -> Tokbox:
    """The client of whom the token was made for."""
    if dialect.says.algorithm == "RS256":
        return Tokbox.from_private_key(APPLICATION, key_pair())
    return Tokbox(KEY, SECRET)


@each(DIALECTS)
def test_a_token_of_each_sdk_is_read(dialect):
    assert tokbox.decode(dialect.token) == dialect.says


@every_kernel
@each(DIALECTS)
def test_a_token_of_each_sdk_is_valid(dialect):
    with client(dialect) as tb:
        assert tb.verify(dialect.token, now=NOW) == dialect.says
        session_id = dialect.says.session_id
        assert tb.verify(dialect.token, session_id=session_id, now=NOW) == dialect.says


@every_kernel
@each(PROJECT_DIALECTS)
def test_the_core_verifies_the_tokens_of_each_sdk(dialect, monkeypatch):
    """They need no look by Python, which is a hundred times slower."""
    monkeypatch.delattr("tokbox.tokens.verification.verify.verify_slow_path")
    with client(dialect) as tb:
        assert tb.verify_many([dialect.token], now=NOW).ok


@every_kernel
@each(DIALECTS)
def test_a_token_of_each_sdk_ends_at_its_expiry_or_after_a_day(dialect):
    with client(dialect) as tb:
        end = dialect.says.end_time
        assert tb.verify(dialect.token, now=end - 1)
        with pytest.raises(ExpiredTokenError):
            tb.verify(dialect.token, now=end)


@each(VONAGE_DIALECTS)
def test_a_public_key_is_enough_for_a_token_of_each_vonage_sdk(dialect):
    key = tokbox.PublicKey(public_pem())
    found = key.verify(dialect.token, application_id=APPLICATION, now=NOW)
    assert found == dialect.says


@every_kernel
@pytest.mark.parametrize(
    "chosen", [PROJECT_DIALECTS, VONAGE_DIALECTS], ids=["project", "application"]
)
@pytest.mark.parametrize("multithread", [False, True])
def test_tokens_of_all_sdks_are_verified_in_one_batch(chosen, multithread):
    tokens = [one.token for one in chosen] * 40
    with client(chosen[0]) as tb:
        found = tb.verify_many(tokens, now=NOW, multithread=multithread)
    assert {tokens[row]: str(error) for row, error in found.failures.items()} == {}


@every_kernel
@each(DIALECTS)
def test_no_token_of_any_sdk_is_valid_with_another_key(dialect):
    if dialect.says.algorithm == "RS256":
        other = Signer.from_private_key(APPLICATION, key_pair(number=1))
    else:
        other = Signer(KEY, "another")
    with pytest.raises(BadSignatureError):
        other.verify(dialect.token, now=NOW)
    assert list(other.verify_many([dialect.token], now=NOW).failures) == [0]


@every_kernel
@pytest.mark.trap(8)
def test_a_token_may_be_shown_again_and_again():
    """Nonces repeat: two servers that start alike sign the same token."""
    signer = Signer(KEY, SECRET)
    token = DIALECTS[0].token
    assert signer.verify(token, now=NOW) == signer.verify(token, now=NOW)
    assert not signer.verify_many([token] * 100, now=NOW).failures


def test_the_java_token_needs_its_alphabet():
    """Or the test above would not show that it is read."""
    java = next(one for one in DIALECTS if one.name == "Java")
    assert "-" in java.token
    assert "_" in java.token
    assert java.token.endswith("=")


def test_each_trap_of_reading_has_a_token():
    traps = {trap for one in DIALECTS for trap in one.traps}
    assert traps == {*range(8, 22), 23, 24}


### The SDKs that can be asked ###


@every_kernel
def test_tokens_of_the_official_sdk_are_decoded():
    from opentok import OpenTok, Roles

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        sdk = OpenTok(KEY, SECRET)
    for use_jwt in (False, True):
        token = sdk.generate_token(
            SESSION,
            Roles.moderator,
            data=dialects.DATA,
            initial_layout_class_list=["focus", "small"],
            use_jwt=use_jwt,
        )
        found = Signer(KEY, SECRET).verify(token, session_id=SESSION)
        assert found.kind == ("jwt" if use_jwt else "t1")
        assert (found.role, found.connection_data) == ("moderator", dialects.DATA)
        assert found.initial_layout_class_list == ("focus", "small")


def test_tokens_of_the_vonage_sdk_are_decoded():
    from vonage_http_client import Auth, HttpClient
    from vonage_video import TokenOptions, Video

    auth = Auth(application_id=APPLICATION, private_key=private_pem())
    options = TokenOptions(
        session_id=APPLICATION_SESSION,
        role="moderator",
        connection_data=dialects.DATA,
        initial_layout_class_list=["focus", "small"],
    )
    token = Video(HttpClient(auth)).generate_client_token(options)
    text = token.decode() if isinstance(token, bytes) else token
    found = tokbox.PublicKey(public_pem()).verify(text)
    assert (found.role, found.connection_data) == ("moderator", dialects.DATA)
    assert found.initial_layout_class_list == ("focus", "small")
    assert found.project_id == APPLICATION


### Faults of SDKs that tokbox must not have ###


@pytest.fixture(params=["t1", "jwt", "rs256"])
def sign(request):
    """A session of each environment, and the kinds of token that it has."""
    if request.param == "rs256":
        signer = Signer.from_private_key(APPLICATION, key_pair())
        return lambda **claims: signer.verify(
            signer.session(APPLICATION_SESSION).token(**claims)
        )
    signer = Signer(KEY, SECRET)
    return lambda **claims: signer.verify(
        signer.session(SESSION).token(kind=request.param, **claims)
    )


@every_kernel
@pytest.mark.trap(22, 23)
def test_all_given_claims_are_in_the_token(sign):
    found = sign(
        role=Role.MODERATOR,
        connection_data=dialects.DATA,
        expiration=600,
        initial_layout_class_list=["focus"],
    )
    assert (found.role, found.connection_data) == ("moderator", dialects.DATA)
    assert found.initial_layout_class_list == ("focus",)
    assert found.expire_time == found.create_time + 600


@every_kernel
@pytest.mark.trap(15, 24)
def test_a_token_has_an_explicit_lifetime_of_a_day_in_each_environment(sign):
    found = sign()
    assert found.expire_time == found.create_time + 86_400


@every_kernel
@pytest.mark.trap(23)
def test_the_kind_is_what_is_documented():
    project = Signer(KEY, SECRET).session(SESSION)
    application = Signer.from_private_key(APPLICATION, key_pair())
    token = application.session(APPLICATION_SESSION).token()
    assert tokbox.decode(project.token()).algorithm == "HMAC-SHA1"
    assert tokbox.decode(project.token(kind="jwt")).algorithm == "HS256"
    assert tokbox.decode(token).algorithm == "RS256"


@every_kernel
@pytest.mark.trap(25)
def test_times_are_compared_as_numbers():
    """As text, 999999999 is after 1000000000."""
    said = {**dialects.OPENTOK, "iat": 999_999_000, "exp": 1_000_000_000, "nonce": 1}
    signer = Signer(KEY, SECRET)
    t1 = f"session_id={SESSION}&create_time=999999000&expire_time=1000000000&nonce=1"
    for token in (dialects.sign_hs256(said), dialects.sign_t1(t1)):
        assert signer.verify(token, now=999_999_999)
        assert not signer.verify_many([token], now=999_999_999).failures
        with pytest.raises(ExpiredTokenError):
            signer.verify(token, now=1_000_000_000)


@every_kernel
@pytest.mark.trap(25)
@pytest.mark.parametrize(
    "text", ['","role":"moderator', "&role=moderator", "\\", '"', "a=b&session_id=c"]
)
def test_no_text_becomes_a_claim_of_its_own(sign, text):
    found = sign(role="subscriber", connection_data=text)
    assert (found.role, found.connection_data) == ("subscriber", text)


@every_kernel
@pytest.mark.trap(26)
@pytest.mark.parametrize("character", ["x", "é", "\U0001f600"])
def test_the_limit_counts_characters_in_every_kind(sign, character):
    assert sign(connection_data=character * 1000).connection_data == character * 1000
    with pytest.raises(InvalidClaimsError, match="at most 1000 characters"):
        sign(connection_data=character * 1001)


@every_kernel
@pytest.mark.trap(27)
@pytest.mark.parametrize("secret", ["abc.xyz", "private.key", "/etc/passwd", "a.b"])
def test_a_secret_may_look_like_anything(secret):
    with Tokbox(KEY, secret) as tb:
        token = tb.session(SESSION).token(kind="jwt")
        assert tb.verify(token).algorithm == "HS256"
        claims = {**dialects.OPENTOK, "exp": dialects.EXPIRES}
        assert tb.verify(dialects.sign_hs256(claims, secret), now=NOW)
