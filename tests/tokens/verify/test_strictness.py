"""Tokens that are signed well and still refused: too early, for another purpose, or in
another encoding than any SDK writes. One at a time and many at a time."""

from __future__ import annotations

import base64
import itertools
import json

import pytest

import tokbox
from tests.support import reference
from tests.support.applications import APPLICATION, key_pair
from tests.support.batches import KEY, SECRET, SESSION
from tests.support.corpus import CORPUS, fields, make_raw, make_raw_jwt, members
from tests.support.dialects import (
    CREATED,
    DIALECTS,
    EXPIRES,
    OPENTOK,
    VONAGE,
    sign_hs256,
    sign_rs256,
)
from tests.support.encodings import ALPHABET, encodings, session_of_length
from tests.support.kernels import every_kernel
from tokbox import Signer, _fastsign
from tokbox.errors import (
    InvalidClaimsError,
    InvalidInputError,
    MalformedTokenError,
    NotYetValidTokenError,
    TokenError,
    WrongClaimsError,
    WrongPurposeError,
)
from tokbox.tokens import t1
from tokbox.tokens.verification import verify as verify_module

NOW = 1_700_000_200
PROJECT = Signer(KEY, SECRET)
FOR_URLS = str.maketrans("+/", "-_")


def hs256(**changes: object) -> str:
    return sign_hs256({**OPENTOK, "exp": EXPIRES, "nonce": 1, **changes})


def rs256(**changes: object) -> str:
    return sign_rs256({**VONAGE, "exp": EXPIRES, "jti": "1", **changes})


def signer_of(token: str) -> Signer:
    if token.startswith("ey") and tokbox.decode(token).algorithm == "RS256":
        return Signer.from_private_key(APPLICATION, key_pair())
    return Signer(KEY, SECRET)


def refusal(token: str, now: float = NOW, signer: Signer | None = None) -> TokenError:
    """Return the error of *token*; `verify` and `verify_many` must raise the same, and the
    core must not accept it."""
    signer = signer or signer_of(token)
    with pytest.raises(TokenError) as caught:
        signer.verify(token, now=now)
    (found,) = signer.verify_many([token], now=now).failures.values()
    assert (type(found), str(found)) == (type(caught.value), str(caught.value))
    assert found.reason == caught.value.reason
    if isinstance(signer._backend.key, _fastsign.Key):
        assert core(signer, [token], now) != [_fastsign.VALID]
    return caught.value


def core(signer: Signer, tokens: list[str], now: float = NOW) -> list[int]:
    """Return the core's verdict on each of *tokens*."""
    verdicts, _ = _fastsign.verify_many(
        signer._backend.key,
        t1.head(KEY),
        KEY.encode(),
        tokens,
        int(now),
        verify_module.LEEWAY,
        hs256_heads=verify_module._heads.known["HS256"],
    )
    return list(verdicts)


def accepted(token: str, now: float = NOW) -> tokbox.Token:
    signer = signer_of(token)
    assert not signer.verify_many([token], now=now).failures
    return signer.verify(token, now=now)


### Argument errors ###


@every_kernel
def test_no_refused_token_raises_a_value_error():
    refused: list[TokenError] = []
    for token in CORPUS:
        try:
            PROJECT.verify(token, session_id=SESSION, now=NOW)
        except TokenError as error:
            refused.append(error)
    failures = PROJECT.verify_many(CORPUS, session_id=SESSION, now=NOW).failures.values()
    assert len(failures) == len(refused) > 1000
    assert not [error for error in (*refused, *failures) if isinstance(error, ValueError)]


@pytest.mark.parametrize(
    "options", [{"now": "noon"}, {"now": float("nan")}, {"session_id": 5}], ids=str
)
def test_an_invalid_argument_of_verify_is_not_a_token_error(options):
    for call in (
        lambda: PROJECT.verify("T1==", **options),
        lambda: PROJECT.verify_many(["T1=="], **options),
    ):
        with pytest.raises(InvalidInputError) as caught:
            call()
        assert not isinstance(caught.value, TokenError)


### Not yet valid ###


@every_kernel
@pytest.mark.parametrize("make", [hs256, rs256])
def test_a_token_is_refused_before_its_nbf_with_a_minute_of_leeway(make):
    token = make(nbf=NOW + 3600)
    assert accepted(token, NOW + 3540).not_before == NOW + 3600
    error = refusal(token, NOW + 3539)
    assert isinstance(error, NotYetValidTokenError)
    assert error.reason == "not_yet_valid"
    assert (error.not_before, error.create_time) == (NOW + 3600, CREATED)
    assert str(error) == "the token is not valid for another 61 s (its nbf)"


@every_kernel
@pytest.mark.parametrize("make", [hs256, rs256])
@pytest.mark.parametrize("nbf", [0, CREATED, NOW + 60, NOW + 60.0, NOW + 0.5, None])
def test_a_token_is_accepted_from_its_nbf_on(make, nbf):
    expected = None if nbf is None else int(nbf)
    assert accepted(make(nbf=nbf)).not_before == expected


@every_kernel
def test_nbf_may_be_a_fraction():
    assert refusal(hs256(nbf=NOW + 61.5)).reason == "not_yet_valid"
    assert refusal(make_raw_jwt(members(nbf="1.700000300e9"))).reason == "not_yet_valid"


@every_kernel
@pytest.mark.parametrize("make", [hs256, rs256])
@pytest.mark.parametrize(
    "nbf", ["soon", str(CREATED), "", True, False, [], [CREATED], {}, -1, 10**12, 1e300]
)
def test_an_nbf_that_is_not_a_number_of_seconds_is_malformed(make, nbf):
    with pytest.raises(MalformedTokenError, match="its nbf is"):
        tokbox.decode(make(nbf=nbf))
    with pytest.raises(MalformedTokenError, match="its nbf is"):
        Signer(KEY, SECRET).verify(hs256(nbf=nbf), now=NOW)
    assert PROJECT.verify_many([hs256(nbf=nbf)], now=NOW).failures[0].reason == "malformed"


@every_kernel
def test_an_expired_token_is_expired_with_any_nbf():
    assert refusal(hs256(nbf=CREATED), EXPIRES).reason == "expired"


@every_kernel
def test_nbf_has_no_meaning_in_a_t1_token():
    claims = accepted(make_raw(fields(nbf="9" * 10)))
    assert (claims.not_before, dict(claims.unknown)) == (None, {"nbf": "9" * 10})


def test_decode_shows_when_a_token_begins_without_judging_it():
    assert tokbox.decode(hs256(nbf=NOW + 10**6)).not_before == NOW + 10**6
    assert tokbox.decode(hs256()).not_before is None


### For another purpose ###


WRONG_SCOPES = [
    "", " ", "session", "session.connect ", "SESSION.CONNECT", "session.connect session.moderate",
    "archive.list", "é",
]  # fmt: skip


@every_kernel
@pytest.mark.parametrize("scope", WRONG_SCOPES)
@pytest.mark.parametrize(
    "make",
    [hs256, rs256, lambda scope: make_raw(fields(scope=scope.replace(" ", "+")))],
    ids=["hs256", "rs256", "t1"],
)
def test_another_scope_than_session_connect_is_refused(make, scope):
    error = refusal(make(scope=scope))
    assert isinstance(error, WrongPurposeError)
    assert (error.reason, error.claim, error.value) == ("wrong_scope", "scope", scope)
    assert str(error).startswith("scope must be session.connect (or absent)")
    assert tokbox.decode(make(scope=scope)).scope == scope


@every_kernel
def test_a_scope_may_be_absent():
    for token in (
        hs256(scope=None),
        rs256(scope=None),
        make_raw(fields()),
        make_raw_jwt(members(scope=None)),
    ):
        assert accepted(token).scope is None


@every_kernel
@pytest.mark.parametrize("scope", [["session.connect"], {"session.connect": 1}, True])
def test_a_scope_that_is_not_text_is_malformed(scope):
    assert refusal_of_unreadable(hs256(scope=scope)).reason == "malformed"


def refusal_of_unreadable(token: object) -> TokenError:
    with pytest.raises(MalformedTokenError):
        tokbox.decode(token)  # type: ignore[arg-type]
    return refusal(token, signer=PROJECT)  # type: ignore[arg-type]


@every_kernel
@pytest.mark.parametrize(
    "ist", ["account", "", "Project", "project ", 5, True, ["project"], {}]
)
@pytest.mark.parametrize("make", [hs256, rs256])
def test_a_token_of_an_account_is_not_a_client_token(make, ist):
    error = refusal(make(ist=ist))
    assert isinstance(error, WrongPurposeError)
    assert (error.reason, error.claim, error.value) == ("wrong_ist", "ist", ist)
    assert str(error).startswith("ist must be project (or absent)")


@every_kernel
@pytest.mark.parametrize("make", [hs256, rs256])
@pytest.mark.parametrize("ist", ["project", None])
def test_an_ist_is_project_or_absent(make, ist):
    assert accepted(make(ist=ist)).unknown.get("ist") == ist


@every_kernel
def test_the_value_of_a_wrong_scope_is_shown_short():
    assert len(str(refusal(hs256(scope="x" * 5000)))) < 200


### Twice ###


def t1_with_head(head: str, data: bytes | None = None) -> str:
    """Return a T1 token with *head*; SIG in it becomes the signature of *data*."""
    good = base64.b64decode(make_raw(fields() if data is None else data)[4:])
    before, _, signed = good.partition(b":")
    text = head.replace("SIG", before.decode().partition("&sig=")[2])
    return "T1==" + base64.b64encode(text.encode() + b":" + signed).decode()


@every_kernel
def test_a_head_as_sdks_write_it_is_accepted():
    """Or the tests below would show little."""
    assert accepted(t1_with_head(f"partner_id={KEY}&sig=SIG"))


@every_kernel
@pytest.mark.parametrize(
    ("head", "name"),
    [
        (f"partner_id=1&partner_id={KEY}&sig=SIG", "partner_id"),
        (f"partner_id={KEY}&sig=SIG&partner_id={KEY}", "partner_id"),
        (f"partner_id={KEY}&partner_id={KEY}&sig=SIG", "partner_id"),
        (f"partner_id={KEY}&sig={'0' * 40}&sig=SIG", "sig"),
        (f"partner_id={KEY}&sig=SIG&sig=SIG", "sig"),
        (f"partner_id={KEY}&sig=&sig=SIG", "sig"),
        (f"partner_id&partner_id={KEY}&sig=SIG", "partner_id"),
    ],
)
def test_a_duplicate_field_before_the_signed_text_is_refused(head, name):
    error = refusal_of_unreadable(t1_with_head(head))
    assert error.reason == "duplicate"
    assert f"it holds {name} twice before the colon" in str(error)


@every_kernel
@pytest.mark.parametrize(
    "head",
    [
        f"sig=SIG&partner_id={KEY}", f"partner_id={KEY}&sig=SIG&", f"&partner_id={KEY}&sig=SIG",
        f"partner_id={KEY}&&sig=SIG", f"partner_id={KEY}&x=1&sig=SIG", f"partner_id={KEY}&sig=SIG&x=1",
        "partner_id=&sig=SIG", "sig=SIG", f"partner_id={KEY}", f"partner_id={KEY}&sig=", f"PARTNER_ID={KEY}&sig=SIG",
        f"partner%5Fid={KEY}&sig=SIG", f"partner_id={KEY}&sig=SIG0", f"partner_id={KEY}&sig= SIG", "", "&",
    ],
)  # fmt: skip
def test_a_head_that_no_sdk_writes_is_malformed(head):
    assert refusal_of_unreadable(t1_with_head(head)).reason == "malformed"


@every_kernel
@pytest.mark.parametrize("pair", [pair.decode() for pair in fields().split(b"&")])
def test_a_duplicate_signed_field_is_refused(pair):
    name, _, value = pair.partition("=")
    encoded = f"%{ord(name[0]):02x}{name[1:]}={value}"
    for again in (pair, f"{name}=", f"{name}=x", encoded):
        for data in (fields() + f"&{again}".encode(), again.encode() + b"&" + fields()):
            error = refusal_of_unreadable(make_raw(data))
            assert error.reason == "duplicate"
            assert f"it holds '{name}' twice" in str(error)


@every_kernel
def test_the_name_of_a_field_is_decoded_like_its_value():
    data = fields(role=None) + b"&r%6fle=moderator&a+b=1&%C3%A9=2"
    claims = accepted(make_raw(data))
    assert (claims.role, dict(claims.unknown)) == ("moderator", {"a b": "1", "é": "2"})


@every_kernel
def test_a_long_duplicate_name_is_shortened():
    data = fields() + b"&" + b"x" * 5000 + b"=&" + b"x" * 5000 + b"="
    assert len(str(refusal_of_unreadable(make_raw(data)))) < 200


NAMES = [*json.loads(members()), "nbf", "colour"]


@every_kernel
@pytest.mark.parametrize("name", NAMES)
def test_a_duplicate_claim_is_refused(name):
    once = members(nbf="1700000100", colour='"blue"').decode()
    value = json.dumps(json.loads(once)[name])
    escaped = f"\\u{ord(name[0]):04x}{name[1:]}"
    for again, said in itertools.product((name, escaped), (value, '"x"', "null")):
        for payload in (
            f'{once[:-1]},"{again}":{said}}}',
            f'{{"{again}":{said},{once[1:]}',
        ):
            error = refusal_of_unreadable(make_raw_jwt(payload.encode()))
            assert error.reason == "duplicate"
            assert "the same name twice" in str(error)


@every_kernel
@pytest.mark.parametrize(
    "head",
    [
        '{"typ":"JWT","alg":"HS256","alg":"HS256"}',
        '{"alg":"none","typ":"JWT","alg":"HS256"}',
        '{"typ":"JWT","typ":"JWT","alg":"HS256"}',
    ],
)
def test_a_header_with_a_duplicate_name_is_refused(head):
    error = refusal_of_unreadable(make_raw_jwt(members(), head=head))
    assert error.reason == "duplicate"


@every_kernel
def test_a_duplicate_nested_name_is_refused():
    payload = members(acl='{"paths":{"/a":{},"/a":{}}}')
    assert refusal_of_unreadable(make_raw_jwt(payload)).reason == "duplicate"


### Encoded in another way ###


@every_kernel
def test_a_signature_has_one_encoding():
    """Every byte in every place of the hexadecimal digits."""
    good = base64.b64decode(make_raw(fields())[4:])
    begin = len(t1.head(KEY))
    tokens, expected = [], []
    for place, byte in itertools.product(range(begin, begin + 40), range(256)):
        other = good[:place] + bytes([byte]) + good[place + 1 :]
        tokens.append("T1==" + base64.b64encode(other).decode())
        expected.append(other == good)
    assert list(PROJECT.verify_many(tokens, now=NOW)) == expected
    verdicts = core(PROJECT, tokens)
    assert [verdict == _fastsign.VALID for verdict in verdicts] == expected
    for token, holds in zip(tokens, expected, strict=True):
        if not holds:
            with pytest.raises(TokenError):
                PROJECT.verify(token, now=NOW)


@every_kernel
def test_a_signature_in_upper_case_is_refused():
    good = make_raw(fields())
    head, _, data = base64.b64decode(good[4:]).partition(b"&sig=")
    upper = head + b"&sig=" + data[:40].upper() + data[40:]
    token = "T1==" + base64.b64encode(upper).decode()
    error = refusal_of_unreadable(token)
    assert error.reason == "malformed"
    assert "lower case" in str(error)


@every_kernel
def test_one_token_is_not_in_both_alphabets():
    token = make_raw(fields(connection_data="?~?~?~", nonce="~?~?~?"))
    places = [i for i, character in enumerate(token) if character in "+/"]
    assert len(places) > 2
    assert {"+", "/"} <= set(token)
    assert accepted(token) == accepted(token.translate(FOR_URLS))
    for some in (places[:1], places[1:], places[-1:]):
        chars = list(token)
        for place in some:
            chars[place] = chars[place].translate(FOR_URLS)
        error = refusal_of_unreadable("".join(chars))
        assert error.reason == "alphabet"
        assert "mixes the two alphabets" in str(error)


@every_kernel
@pytest.mark.parametrize("padding", [1, 2])
def test_the_end_of_a_t1_token_has_one_encoding(padding):
    token = next(
        token
        for nonce in ("1", "12", "123")
        if (token := make_raw(fields(nonce=nonce))).count("=") == padding + 2
    )
    body = token[:-padding]
    others = [other + "=" * padding for other in encodings(body) if other != body]
    assert len(others) == (3 if padding == 1 else 15)
    for other in others:
        error = refusal_of_unreadable(other)
        assert error.reason == "encoding"


@every_kernel
@pytest.mark.parametrize("part", [0, 1, 2])
def test_each_part_of_a_jwt_has_one_encoding(part):
    heads = ['{"typ":"JWT","alg":"HS256"}', '{"alg":"HS256"}', '{"alg":"HS256","kid":"1"}']
    found = 0
    for head, jti in itertools.product(heads, ('"1"', '"12"', '"123"')):
        parts = make_raw_jwt(members(jti=jti), head=head).split(".")
        for other in encodings(parts[part]):
            if other == parts[part]:
                continue
            # The signature is made again for what is signed, or is reencoded itself.
            changed = [*parts[:part], other, *parts[part + 1 :]]
            if part < 2:
                changed[2] = reference.base64url(
                    PROJECT._backend.key.hmac_sha256(".".join(changed[:2]).encode())
                )
            assert refusal_of_unreadable(".".join(changed)).reason == "truncated"
            found += 1
        padded = [*parts[:part], parts[part] + "=", *parts[part + 1 :]]
        assert refusal_of_unreadable(".".join(padded)).reason == "alphabet"
    assert found > 2


### Session ids ###


@every_kernel
@pytest.mark.parametrize("length", range(40, 48))
def test_a_session_has_one_id(length):
    """Encoders write 0 into the bits that base64 leaves over (RFC 4648, section 3.5)."""
    session_id = session_of_length(length)
    others = [other for other in encodings(session_id) if other != session_id]
    spare = {0: 0, 2: 4, 3: 2}[(len(session_id) - 2) % 4]
    assert len(others) == 2**spare - 1
    for make in (
        lambda value: make_raw(fields(session_id=value)),
        lambda value: make_raw_jwt(members(session_id=json.dumps(value))),
    ):
        assert accepted(make(session_id)).session_id == session_id
        assert core(PROJECT, [make(session_id)]) == [_fastsign.VALID]
        for other in others:
            error = refusal(make(other))
            assert isinstance(error, WrongClaimsError)
            assert (error.reason, error.field) == ("encoding", "session_id")
            assert "unused bits" in error.rule


@pytest.mark.parametrize("length", [84, 85])
def test_an_application_s_session_has_one_id(length):
    good = session_of_length(length, APPLICATION)
    assert len(encodings(good)) in (4, 16)
    for other in encodings(good):
        if other == good:
            assert accepted(rs256(session_id=other))
        else:
            assert refusal(rs256(session_id=other)).reason == "encoding"


@every_kernel
@pytest.mark.parametrize("length", [44, 45])
def test_tokens_are_not_signed_for_another_encoding_of_a_session(length):
    good = session_of_length(length)
    assert len(encodings(good)) in (4, 16)
    for other in encodings(good):
        if other == good:
            continue
        with pytest.raises(InvalidClaimsError) as caught:
            PROJECT.session(other)
        assert "unused bits" in caught.value.rule
        with pytest.raises(InvalidClaimsError) as caught:
            PROJECT.sign_rows([good, other, good])
        assert caught.value.row == 1
        assert "unused bits" in caught.value.rule
        batch = PROJECT.sign_rows([good, other, good], errors="null")
        assert [token is None for token in batch] == [False, True, False]


@every_kernel
@pytest.mark.parametrize("length", [44, 45])
def test_an_arrow_column_accepts_one_encoding_of_a_session(length):
    pa = pytest.importorskip("pyarrow")
    good = session_of_length(length)
    ids = encodings(good)
    assert len(ids) in (4, 16)
    batch = PROJECT.sign_rows(pa.array(ids), errors="null")
    assert [token is not None for token in batch] == [one == good for one in ids]


@every_kernel
@pytest.mark.parametrize(
    "session_id",
    [
        SESSION.replace("-", "+"), SESSION.swapcase(), SESSION + "=", SESSION + "==", SESSION[:2] + SESSION[2:].lower(),
        session_of_length(44) + "==", session_of_length(45) + "=",
    ],
)  # fmt: skip
def test_another_alphabet_case_or_padding_makes_no_session_id(session_id):
    for token in (
        make_raw(fields(session_id=session_id.replace("+", "%2B").replace("=", "%3D"))),
        make_raw_jwt(members(session_id=json.dumps(session_id))),
    ):
        error = refusal(token)
        assert isinstance(error, WrongClaimsError)
        assert error.field == "session_id"


### Official SDKs ###


@every_kernel
@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda one: one.name)
def test_no_token_of_any_sdk_is_too_strictly_read(dialect):
    assert accepted(dialect.token) == dialect.says


def test_the_alphabet_of_session_ids_is_that_of_urls():
    raw = bytes(range(256)) * 3
    assert set(base64.urlsafe_b64encode(raw).decode()) == set(ALPHABET)
