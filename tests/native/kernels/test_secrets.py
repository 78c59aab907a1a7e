"""Secrets decide about no branch and no address, as far as memcheck sees.

In the variant "ctgrind" secrets and what is computed from them count as undefined, until
a signature is written into its token, or the outcome of a comparison is known. So every
test of this folder looks for leaks there. These look whether one would be found.
"""

from __future__ import annotations

import pytest

from tests.native.kernels.variants import VARIANTS


@pytest.mark.parametrize(
    "harness", [v for v in VARIANTS if v.name == "ctgrind"], ids=["ctgrind"], indirect=True
)
@pytest.mark.parametrize(
    ("how", "complaint"),
    [("branch", "Conditional jump"), ("address", "Use of uninitialised value")],
)
def test_a_planted_leak_is_found(harness, how, complaint):
    with pytest.raises(pytest.fail.Exception, match=complaint):
        harness.ask([f"leak {how} {bytes(20).hex()}"])
