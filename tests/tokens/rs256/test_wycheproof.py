"""Signatures of Wycheproof: RSASSA-PKCS1-v1_5 with SHA-256 and 2,048 bits."""

from __future__ import annotations

from collections import Counter

from tests.support import vectors
from tokbox.tokens.rs256.keys import PublicKey


def test_wycheproof_signatures_are_judged_as_they_should_be():
    found: Counter[tuple[str, bool]] = Counter()
    for group in vectors.wycheproof("rsa_signature_2048_sha256_test.json")["testGroups"]:
        key = PublicKey(group["publicKeyPem"])
        for case in group["tests"]:
            message, signature = bytes.fromhex(case["msg"]), bytes.fromhex(case["sig"])
            held = key._verify_signature(message, signature)
            assert key._core.verify_signature(message, signature) is held
            found[case["result"], held] += 1
    # The vectors accept missing parameters of the hash; tokbox refuses them.
    assert found == {("valid", True): 9, ("invalid", False): 249, ("acceptable", False): 1}
