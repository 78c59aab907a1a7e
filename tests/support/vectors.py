"""Published test vectors, read from where they are installed.

- NIST CAVP (FIPS 180-4) and RFC 2202 / 4231: the PyPI package ``cryptography-vectors``.
- Wycheproof (C2SP, testvectors_v1): the folder named by ``TOKBOX_VECTORS``, or a
  ``shared/vectors`` beside the checkout.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import cryptography_vectors
import pytest

_PYCA = Path(cryptography_vectors.__file__).parent
_BESIDE = Path(__file__).parents[3] / "shared" / "vectors"


def _lines(name: str) -> list[tuple[str, str]]:
    """The ``name = value`` lines of a response file."""
    text = (_PYCA / name).read_text()
    pairs = (line.partition("=") for line in text.splitlines() if not line.startswith("#"))
    return [(k.strip(), v.strip()) for k, equals, v in pairs if equals]


def _records(name: str, first: str) -> list[dict[str, str]]:
    records: list[dict[str, str]] = []
    for key, value in _lines(name):
        if key == first:
            records.append({})
        if records:
            records[-1][key] = value
    return records


def pem(name: str) -> bytes:
    """Return a published test key, as a PEM file."""
    return (_PYCA / "asymmetric" / name).read_bytes()


def cavp_messages(name: str) -> list[tuple[bytes, bytes]]:
    """(message, digest) of a ShortMsg or LongMsg file."""
    # A message of length 0 is written as 00.
    return [
        (bytes.fromhex(r["Msg"])[: int(r["Len"]) // 8], bytes.fromhex(r["MD"]))
        for r in _records(name, "Len")
    ]


def cavp_monte(name: str) -> tuple[bytes, list[bytes]]:
    """(seed, digests) of a Monte Carlo file."""
    lines = _lines(name)
    seed = next(v for k, v in lines if k == "Seed")
    return bytes.fromhex(seed), [bytes.fromhex(v) for k, v in lines if k == "MD"]


def rfc_hmac(name: str) -> list[tuple[bytes, bytes, bytes]]:
    """(key, message, mac) of an RFC 2202 or 4231 file."""
    return [
        (bytes.fromhex(r["Key"]), bytes.fromhex(r["Msg"]), bytes.fromhex(r["MD"]))
        for r in _records(name, "Len")
    ]


def wycheproof(name: str) -> dict[str, Any]:
    """A Wycheproof file; skips the test where there is none."""
    folder = Path(os.environ.get("TOKBOX_VECTORS", _BESIDE))
    path = folder / "wycheproof" / name
    if not path.exists():
        pytest.skip(
            f"no Wycheproof vectors: set TOKBOX_VECTORS to a folder with {path.name}"
        )
    return json.loads(path.read_text())
