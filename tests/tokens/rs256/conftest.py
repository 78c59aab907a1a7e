from __future__ import annotations

import pytest

from tests.support.applications import APPLICATION, SESSION, key_pair
from tokbox.tokens.signer import Signer


@pytest.fixture
def signer():
    return Signer.from_private_key(APPLICATION, key_pair())


@pytest.fixture
def session(signer):
    return signer.session(SESSION)
