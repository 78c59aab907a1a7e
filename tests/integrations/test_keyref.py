"""Key references: the pickle contains the place of the secret, never the secret."""

from __future__ import annotations

import copy
import hashlib
import pickle
import sys
import traceback
import types

import pytest

import tokbox
from tests.support.applications import APPLICATION, key_pair, private_pem, public_pem
from tests.support.applications import SESSION as APPLICATION_SESSION
from tests.support.batches import KEY, SECRET, SESSION
from tests.support.lookalikes import ArrayOfNoDimensions, Disguised, member
from tokbox.errors import InvalidInputError
from tokbox.integrations import KeyRef
from tokbox.tokens.rs256.keys import PublicKey
from tokbox.tokens.signer import Signer

CANARY = "canary0secret0canary"


@pytest.fixture
def place(monkeypatch, tmp_path):
    """Put a secret where each kind of reference leads to; return the three."""

    def put(secret):
        monkeypatch.setenv("A_SECRET", secret)
        path = tmp_path / "a secret:1"
        path.write_text(f"{secret}\n")
        module = types.ModuleType("vault_of_tests")
        module.fetch = lambda: secret
        monkeypatch.setitem(sys.modules, "vault_of_tests", module)
        return ["env:A_SECRET", f"file:{path}", "import:vault_of_tests:fetch"]

    return put


### Resolving ###


@pytest.mark.parametrize("kind", [0, 1, 2], ids=["env", "file", "import"])
def test_a_reference_leads_to_an_api_secret(place, kind):
    reference = KeyRef(place(CANARY)[kind])
    assert reference.resolve() == CANARY
    token = reference.signer(KEY).session(SESSION).token()
    assert Signer(KEY, CANARY).verify(token).session_id == SESSION


@pytest.mark.parametrize("kind", [0, 1, 2], ids=["env", "file", "import"])
def test_a_reference_leads_to_an_application_s_private_key(place, kind):
    signer = KeyRef(place(private_pem())[kind]).signer(APPLICATION)
    token = signer.session(APPLICATION_SESSION).token()
    assert PublicKey(public_pem()).verify(token).session_id == APPLICATION_SESSION


def test_a_variable_may_contain_a_pem_on_one_line(monkeypatch):
    monkeypatch.setenv("A_SECRET", private_pem().strip().replace("\n", "\\n"))
    assert KeyRef("env:A_SECRET").signer(APPLICATION)._is_application


def test_a_function_may_return_bytes(place, monkeypatch):
    reference = KeyRef(place(CANARY)[2])
    monkeypatch.setattr(sys.modules["vault_of_tests"], "fetch", lambda: CANARY.encode())
    assert reference.resolve() == CANARY


def test_a_reference_is_followed_where_it_is_used_and_not_before(place, monkeypatch):
    references = [KeyRef(text) for text in place("before")]
    place("after")
    assert [reference.resolve() for reference in references] == ["after"] * 3


def test_a_reference_travels_as_its_text():
    reference = KeyRef("env:A_SECRET")
    assert pickle.loads(pickle.dumps(reference)) == copy.copy(reference) == reference
    assert b"env:A_SECRET" in pickle.dumps(reference)
    assert str(reference) == "env:A_SECRET"


### Refused references ###


@pytest.mark.parametrize(
    "text",
    [CANARY, f"secret:{CANARY}", f"env:{CANARY} ", f"import:{CANARY}", "env:", "file:",
     "import:os", "import::x", "import:a:b:c", "file:\0", "", None, 5, CANARY.encode()],
    ids=lambda text: "secret" if CANARY in str(text) else ascii(text),
)  # fmt: skip
def test_an_invalid_reference_is_refused_and_not_shown(text):
    with pytest.raises(
        InvalidInputError, match="env:NAME, file:PATH or import:MODULE:FUNC"
    ) as e:
        KeyRef(text)
    assert CANARY not in "".join(traceback.format_exception(e.value))


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("env:NOT_SET_ANYWHERE", "no such variable"),
        ("file:/none/such", "No such file"),
        ("file:.", "Is a directory"),
        ("file:/dev/zero", "more than 65536 bytes"),
        ("file:/dev/null", "empty"),
        ("import:no_such_module:f", "raised ModuleNotFoundError"),
        ("import:os:no_such_function", "raised AttributeError"),
        ("import:os:getpid", "did not return text"),
    ],
)
def test_a_reference_that_leads_nowhere_is_named(text, problem):
    with pytest.raises(InvalidInputError, match=problem) as caught:
        KeyRef(text).signer(KEY)
    assert text in str(caught.value)


def test_errors_of_a_function_are_not_quoted(place, monkeypatch):
    def fail():
        raise LookupError(f"{CANARY} is locked")

    reference = KeyRef(place(CANARY)[2])
    monkeypatch.setattr(sys.modules["vault_of_tests"], "fetch", fail)
    with pytest.raises(InvalidInputError, match="raised LookupError") as caught:
        reference.resolve()
    assert CANARY not in "".join(traceback.format_exception(caught.value))
    assert caught.value.__context__ is None


@pytest.mark.parametrize("project_id", [KEY, APPLICATION])
@pytest.mark.parametrize("kind", [0, 1, 2], ids=["env", "file", "import"])
def test_a_key_that_signs_nothing_is_named_by_its_reference_alone(place, kind, project_id):
    wrong = f"-----BEGIN {CANARY}-----\n{CANARY}" if project_id == KEY else CANARY
    text = place(wrong)[kind]
    with pytest.raises(InvalidInputError) as caught:
        KeyRef(text).signer(project_id)
    assert text in str(caught.value)
    assert CANARY not in "".join(traceback.format_exception(caught.value))
    assert caught.value.__context__ is None


@pytest.mark.parametrize("project_id", ["", "x", "1" * 21, "3f2b8c10", None])
def test_whose_key_it_is_is_checked_before_it_is_read(project_id):
    with pytest.raises(InvalidInputError, match="project_id must be"):
        KeyRef("env:NOT_SET_ANYWHERE").signer(project_id)


### Fingerprints, and what does not travel ###


def test_a_fingerprint_is_of_the_key_s_name_and_not_of_the_secret():
    expected = hashlib.sha256(KEY.encode()).hexdigest()[:8]
    assert Signer(KEY, "a").fingerprint == Signer(KEY, "b").fingerprint == expected
    application = Signer.from_private_key(APPLICATION, key_pair())
    assert application.fingerprint == hashlib.sha256(APPLICATION.encode()).hexdigest()[:8]


@pytest.mark.parametrize("make", [Signer, tokbox.Tokbox])
def test_pickling_a_key_fails_with_advice_to_pass_a_reference(make):
    holder = make(KEY, CANARY)
    with pytest.raises(
        TypeError, match=r"cannot be\s+pickled or copied.*tokbox\.integrations\.KeyRef"
    ):
        pickle.dumps(holder)
    holder.close()


@pytest.mark.parametrize("text", [Disguised, member])
def test_a_reference_and_what_it_leads_to_are_exact_text(place, monkeypatch, text):
    place(SECRET)
    reference = KeyRef(text("env:A_SECRET"))
    assert (type(reference.reference), reference.reference) == (str, "env:A_SECRET")
    assert reference.signer(text(KEY)).project_id == KEY
    module = types.ModuleType("vault_of_tests")
    module.fetch = lambda: text(SECRET)
    monkeypatch.setitem(sys.modules, "vault_of_tests", module)
    found = KeyRef("import:vault_of_tests:fetch").resolve()
    assert (type(found), found) == (str, SECRET)
    for wrong in (text("nothing"), ArrayOfNoDimensions(1)):
        with pytest.raises(InvalidInputError, match="env:NAME"):
            KeyRef(wrong)
