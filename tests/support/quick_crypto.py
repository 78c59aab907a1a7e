"""Skip repeated work of OpenSSL.

OpenSSL tests the primes of an RSA key whenever it loads the key, which takes 45 ms. The
result depends on the text of the key alone, so a key that passed is not tested again. Each
TLS context reads the certificates of the system, which no test needs: tests of TLS have an
authority of their own.
"""

from __future__ import annotations

import os
from typing import Any

__all__ = ["skip_repeated_work"]


def skip_repeated_work() -> None:
    """Change this process. Call it before a test imports `load_pem_private_key`."""
    os.environ["SSL_CERT_FILE"] = os.devnull
    try:
        from cryptography.hazmat.primitives import serialization
    except ImportError:
        return
    load = serialization.load_pem_private_key
    passed: set[tuple[bytes, bytes | None]] = set()

    def load_once_tested(
        data: Any, password: Any, backend: Any = None, **options: Any
    ) -> Any:
        text = (bytes(data), password)
        if text in passed:
            options["unsafe_skip_rsa_key_validation"] = True
        key = load(data, password, backend, **options)
        passed.add(text)
        return key

    serialization.load_pem_private_key = load_once_tested
