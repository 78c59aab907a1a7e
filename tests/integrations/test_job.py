"""A job for workers: what it checks before it travels, and what signs a batch of it."""

from __future__ import annotations

import pickle
import sys
from dataclasses import fields
from datetime import timedelta

import pyarrow as pa
import pytest

from tests.support.batches import KEY, NOW, OTHER_SESSION, SECRET, SESSION
from tests.support.lookalikes import ArrayOfNoDimensions, Disguised, Index, bool_, member
from tokbox.enums import Role
from tokbox.errors import InvalidClaimsError, InvalidInputError, MissingDependencyError
from tokbox.integrations import ray, spark
from tokbox.integrations.job import SigningJob, col
from tokbox.integrations.keyref import KeyRef
from tokbox.tokens.derive import Derived
from tokbox.tokens.signer import Signer
from tokbox.tokens.verification.verify import decode

RUN = {"nonce": Derived(run_id="r", row_key=col("id"), issued_at=NOW)}
GUESTS = pa.table(
    {
        "id": pa.array(range(6)),
        "session": pa.array([SESSION, OTHER_SESSION] * 3).dictionary_encode(),
        "role": ["publisher", "moderator"] * 3,
        "name": pa.array(["Ada", None, "Zoë", "", "q", "x" * 1000], pa.large_string()),
        "seconds": pa.array([0, 60, 3600, 1, 2, 3], pa.int32()),
        "classes": [["focus"], [], None, ["a", "b"], ["c"], ["d"]],
    }
)
COLUMNS = {
    "session_id": col("session"),
    "role": col("role"),
    "connection_data": col("name"),
    "expiration": col("seconds"),
    "initial_layout_class_list": col("classes"),
}


@pytest.fixture(autouse=True)
def key(monkeypatch):
    monkeypatch.setenv("A_SECRET", SECRET)


def make(**given):
    return SigningJob(**{"project_id": KEY, "key": "env:A_SECRET", **given})


def test_columns_and_values_are_signed_as_a_signer_would():
    expected = Signer(KEY, SECRET).sign_rows(
        GUESTS["session"],
        role=GUESTS["role"],
        connection_data=GUESTS["name"],
        expiration=GUESTS["seconds"],
        initial_layout_class_list=GUESTS["classes"],
        kind="jwt",
        nonce=Derived(run_id="r", row_key=range(6), issued_at=NOW),
    )
    signed = make(**COLUMNS, kind="jwt", **RUN).open()(GUESTS)
    assert signed["token"].to_pylist() == expected.tolist()
    assert signed.drop_columns(["token"]).equals(GUESTS)
    assert signed["token"].type == pa.large_string()
    signed.validate(full=True)


@pytest.mark.parametrize("piece", [1, 4, 6])
def test_a_signer_signs_batch_after_batch(piece):
    job = make(**COLUMNS, **RUN)
    sign, whole = job.open(), job.open()(GUESTS)["token"].to_pylist()
    batches = [sign(batch) for batch in GUESTS.to_batches(max_chunksize=piece)]
    assert all(isinstance(batch, pa.RecordBatch) for batch in batches)
    # Earlier results do not change when later batches are signed.
    assert pa.Table.from_batches(batches)["token"].to_pylist() == whole


def test_a_batch_of_no_rows_comes_back_with_its_columns():
    signed = make(**COLUMNS, **RUN, error_column="why").open()(GUESTS.slice(0, 0))
    assert signed.num_rows == 0
    assert signed.schema.names[-2:] == ["token", "why"]


def test_a_key_may_be_named_by_a_reference():
    job = make(**COLUMNS, key=KeyRef("env:A_SECRET"))
    assert job == make(**COLUMNS, key="env:A_SECRET")


def test_values_for_all_rows_are_given_as_a_session_takes_them():
    job = make(
        session_id=SESSION,
        role=Role.MODERATOR,
        expiration=timedelta(hours=1),
        initial_layout_class_list=["a", "b"],
        connection_data=col("name"),
        **RUN,
    )
    expected = Signer(KEY, SECRET).sign_rows(SESSION, role=Role.MODERATOR, connection_data=GUESTS["name"], expiration=3600, initial_layout_class_list="a b", nonce=Derived(run_id="r", row_key=range(6), issued_at=NOW))  # fmt: skip
    assert job.open()(GUESTS)["token"].to_pylist() == expected.tolist()


def test_text_that_begins_like_a_column_of_the_command_line_is_a_value():
    job = make(session_id=col("session"), connection_data="col:name")
    tokens = job.open()(GUESTS)["token"].to_pylist()
    assert {decode(token).connection_data for token in tokens} == {"col:name"}


### Rows that break a rule ###

BAD = GUESTS.set_column(0, "id", pa.array([1, 2, None, 1, 5, 6])).set_column(
    2, "role", pa.array(["publisher", "king", *["publisher"] * 4])
)


def test_a_row_that_breaks_a_rule_ends_the_job():
    with pytest.raises(
        InvalidClaimsError, match="row 1 with id 2: role must be one of"
    ) as caught:
        make(**COLUMNS, **RUN).open()(BAD)
    assert caught.value.row == 1


@pytest.mark.parametrize("as_batch", [False, True])
def test_the_error_column_contains_the_reason_for_a_missing_token(as_batch):
    batch = BAD.to_batches()[0] if as_batch else BAD
    signed = make(**COLUMNS, **RUN, error_column="why").open()(batch)
    signed.validate(full=True)
    why = signed.column("why").to_pylist()
    assert [reason and reason.split(" must ")[0] for reason in why] == [
        None, "role", "row_key", "row_key", None, None,
    ]  # fmt: skip
    tokens = signed.column("token").to_pylist()
    assert [token is None for token in tokens] == [reason is not None for reason in why]
    assert signed.column("token").null_count == 3


### Pickling ###


def test_a_job_travels_without_the_secret():
    job = make(**COLUMNS, **RUN)
    carried = pickle.dumps(job)
    assert SECRET.encode() not in carried
    assert SECRET not in repr(job)
    assert pickle.loads(carried) == job
    assert pickle.loads(carried).open()(GUESTS).equals(job.open()(GUESTS))


def test_an_opened_job_shows_its_key_fingerprint_and_is_not_pickled():
    sign = make(**COLUMNS).open()
    assert repr(sign) == f"<BatchSigner of key {Signer(KEY, SECRET).fingerprint}>"
    with pytest.raises(TypeError, match="cannot be pickled"):
        pickle.dumps(sign)


### Jobs that are refused before they are sent to workers ###


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"key": SECRET}, "key"),
        ({"project_id": "none"}, "project_id"),
        ({"project_id": "1" * 21}, "project_id"),
        ({"session_id": "1_none"}, "session_id"),
        ({"role": "king"}, "role"),
        ({"expiration": -1}, "expiration"),
        ({"initial_layout_class_list": ["a b"]}, "initial_layout_class_list"),
        ({"connection_data": "x" * 1001}, "connection_data"),
        ({"connection_data": "no column"}, "session_id"),
        ({"kind": "jot"}, "kind"),
        ({"nonce": "counted"}, "nonce"),
        ({"nonce": "derived"}, "nonce"),
        ({"nonce": Derived(run_id="r", row_key=["id"], issued_at=NOW)}, "row_key"),
        ({"session_id": "col:session"}, "session_id"),
        ({"token_column": ""}, "token_column"),
        ({"error_column": "token"}, "token_column"),
    ],
    ids=str,
)  # fmt: skip
def test_invalid_options_are_refused_when_the_job_is_made(given, field):
    with pytest.raises(InvalidInputError) as caught:
        make(**{"session_id": SESSION, "connection_data": col("name"), **given})
    assert caught.value.field == field
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize(
    ("given", "rule"),
    [
        ({"connection_data": col("Name")}, "connection_data must name one of the columns"),
        ({"token_column": "name"}, "token_column must be new"),
        ({"error_column": "id"}, "error_column must be new"),
    ],
)
def test_columns_that_do_not_fit_the_table_are_refused(given, rule):
    job = make(**{"session_id": SESSION, "connection_data": col("name"), **given})
    with pytest.raises(InvalidInputError, match=rule):
        job.open()(GUESTS)


@pytest.mark.parametrize(
    ("module", "extra", "use"),
    [
        ("pyarrow", "arrow", lambda job: job.open()),
        ("ray.data", "ray", lambda job: ray.sign(None, job, workers=1)),
        ("pyspark.sql.types", "spark", lambda job: spark.sign(None, job)),
    ],
)
def test_an_engine_that_is_missing_is_one_sentence(monkeypatch, module, extra, use):
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(MissingDependencyError, match=rf"pip install 'tokbox\[{extra}\]'"):
        use(make(**COLUMNS))


@pytest.mark.parametrize("text", [Disguised, member])
def test_a_job_travels_with_exact_text_and_numbers(text):
    job = make(
        project_id=text(KEY),
        key=text("env:A_SECRET"),
        session_id=text(SESSION),
        role=text("moderator"),
        connection_data=col(text("name")),
        expiration=Index(60),
        initial_layout_class_list=[text("focus"), text("full")],
        kind=text("jwt"),
        nonce=Derived(run_id=text("r"), row_key=col(text("id")), issued_at=Index(NOW)),
        token_column=text("signed"),
        error_column=text("why"),
    )
    plain = make(
        session_id=SESSION,
        role="moderator",
        connection_data=col("name"),
        expiration=60,
        initial_layout_class_list="focus full",
        kind="jwt",
        **RUN,
        token_column="signed",
        error_column="why",
    )
    travelled = pickle.loads(pickle.dumps(job))
    assert travelled == plain
    for field in fields(plain):
        found = getattr(travelled, field.name)
        assert type(found) is type(getattr(plain, field.name))
    assert travelled.open()(GUESTS).equals(plain.open()(GUESTS))


@pytest.mark.parametrize("text", [Disguised, member])
def test_a_job_checks_the_exact_text_of_its_claims(text):
    for field, value in (("role", "king"), ("session_id", "1_none"), ("kind", "t2")):
        claims = {"session_id": SESSION, "connection_data": col("name"), field: text(value)}
        with pytest.raises(InvalidClaimsError) as caught:
            make(**claims)
        assert caught.value.field == field


@pytest.mark.parametrize("name", [1, b"a", "", ArrayOfNoDimensions(1)])
@pytest.mark.parametrize("field", ["token_column", "error_column"])
def test_a_new_column_needs_a_name_that_is_text(field, name):
    with pytest.raises(InvalidInputError) as caught:
        make(session_id=col("session"), **{field: name})
    assert caught.value.field == field


@pytest.mark.parametrize("field", ["workers", "batch_size"])
@pytest.mark.parametrize("wrong", [0, -1, True, bool_(1), 1.0, None, "1"])
def test_workers_and_batches_of_ray_are_whole_numbers(monkeypatch, field, wrong):
    monkeypatch.setattr(ray, "load", lambda *names: None)
    job = make(session_id=col("session"))
    with pytest.raises(InvalidInputError, match="an int, at least 1") as caught:
        ray.sign(None, job, **{"workers": 1, field: wrong})
    assert caught.value.field == field


def test_ray_gets_plain_numbers(monkeypatch):
    class Ray:
        """As much of ray.data, and of a dataset, as is used."""

        names = GUESTS.schema.names

        def schema(self):
            return self

        def ActorPoolStrategy(self, size):
            return size

        def map_batches(self, actor, **options):
            return options

    monkeypatch.setattr(ray, "load", lambda *names: Ray())
    job = make(session_id=col("session"))
    options = ray.sign(Ray(), job, workers=Index(2), batch_size=Index(50))
    for name, expected in (("compute", 2), ("batch_size", 50)):
        assert (type(options[name]), options[name]) == (int, expected)
