"""The emulator accepts the same tokens as tokbox's verification, from every SDK.

It reads JWTs with other code, so that each tests the other.
"""

from __future__ import annotations

import pytest

from tests.support.applications import APPLICATION, key_pair
from tests.support.batches import KEY, SECRET
from tests.support.dialects import CREATED, DIALECTS, Dialect
from tests.tokens.test_dialects import each
from tokbox.emulator.errors import TokenRejectedError
from tokbox.emulator.simulation.client_tokens import ClientClaims, verify_client_token
from tokbox.emulator.store.accounts import Application, Project


@each(DIALECTS)
def test_a_token_of_each_sdk_opens_its_session(dialect: Dialect) -> None:
    tenant: Application | Project = Project(KEY, SECRET)
    if dialect.says.algorithm == "RS256":
        tenant = Application(APPLICATION, key_pair().public_key())
    says = dialect.says
    admitted = verify_client_token(dialect.token, tenant, says.session_id, now=CREATED + 60)
    assert admitted == ClientClaims(
        says.role, says.connection_data, says.initial_layout_class_list
    )
    with pytest.raises(TokenRejectedError):
        verify_client_token(dialect.token, tenant, says.session_id, now=says.end_time)
