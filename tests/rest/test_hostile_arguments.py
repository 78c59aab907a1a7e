"""Every method of every resource, with random arguments: it sends a correct request to this
service only, or raises an error before anything is sent."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import suppress
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest
import urllib3
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.batches import KEY, SECRET
from tests.support.hostile_values import arguments
from tests.support.sizes import size
from tokbox import Tokbox
from tokbox.errors import TokboxError
from tokbox.rest.resources.base import Resource

API = "https://api.example.invalid"


class Nobody:
    """A pool that records requests and sends nothing."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str, dict[str, Any]]] = []

    def request(self, method: str, url: str, **options: Any) -> Any:
        self.asked.append((method, url, options))
        raise urllib3.exceptions.ProtocolError("nobody is there", OSError())


def methods() -> Iterator[tuple[str, str]]:
    """Every public method that asks the service something."""
    with Tokbox(KEY, SECRET) as tb:
        for name in sorted(vars(type(tb)).keys() | set(dir(tb))):
            one = getattr(tb, name)
            if name.startswith("_") or not isinstance(one, Resource):
                continue
            for method in dir(one):
                if not method.startswith("_") and callable(getattr(one, method)):
                    yield name, method
    yield from (("", "new_session"), ("", "request"))


METHODS = list(methods())


def test_there_are_methods_to_be_tried() -> None:
    assert len({name for name, _ in METHODS}) > 10


@pytest.mark.filterwarnings("ignore:captions.get:DeprecationWarning")
@pytest.mark.parametrize(("resource", "method"), METHODS)
@settings(max_examples=size(15, 50), deadline=None)
@given(data=st.data())
def test_only_well_formed_requests_are_sent(resource: str, method: str, data: Any) -> None:
    pool = Nobody()
    tb = Tokbox(KEY, SECRET, API, http=pool, retries=0)
    call = getattr(getattr(tb, resource) if resource else tb, method)
    first, named = arguments(call, data)
    with suppress(TokboxError):
        result = call(*first, **named)
        if isinstance(result, Iterator):
            next(result, None)
    assert len(pool.asked) <= 1
    for verb, url, options in pool.asked:
        parts = urlsplit(url)
        assert verb.isalpha()
        assert f"{parts.scheme}://{parts.netloc}" == API
        assert url.isascii()
        assert url.isprintable()
        assert " " not in url
        path = parts.path
        while True:
            assert not {"..", "."} & set(re.split(r"[/\\]", path)), parts.path
            if path == (path := unquote(path)):
                break
        for name, value in options["headers"].items():
            assert not set("\r\n\0") & set(name + value)
        body = options.get("body")
        if body and "json" in options["headers"].get("Content-Type", ""):
            json.loads(body, parse_constant=pytest.fail)
