"""Ids become one segment of a path, in every method that takes one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.rest.test_sessions import SESSION, answers
from tests.support.rest import KEY, SECRET, Script
from tokbox import Account, InvalidInputError, Tokbox

CALLS: dict[str, Callable[[Tokbox, str], Any]] = {
    "archives.get": lambda tb, id: tb.archives.get(id),
    "archives.stop": lambda tb, id: tb.archives.stop(id),
    "archives.set_layout": lambda tb, id: tb.archives.set_layout(id, "pip"),
    "archives.add_stream": lambda tb, id: tb.archives.add_stream(id, "s"),
    "archives.remove_stream": lambda tb, id: tb.archives.remove_stream(id, "s"),
    "audio_connectors.stop": lambda tb, id: tb.audio_connectors.stop(SESSION, id),
    "broadcasts.stop": lambda tb, id: tb.broadcasts.stop(id),
    "callbacks.delete": lambda tb, id: tb.callbacks.delete(id),
    "captions.stop": lambda tb, id: tb.captions.stop(id),
    "moderation.disconnect": lambda tb, id: tb.moderation.disconnect(SESSION, id),
    "moderation.mute_stream": lambda tb, id: tb.moderation.mute_stream(SESSION, id),
    "renders.stop": lambda tb, id: tb.renders.stop(id),
    "signals.send": lambda tb, id: tb.signals.send(SESSION, "x", connection_id=id),
    "sip.play_dtmf": lambda tb, id: tb.sip.play_dtmf(SESSION, "1", connection_id=id),
    "streams.get": lambda tb, id: tb.streams.get(SESSION, id),
}


@pytest.mark.parametrize("id", [".", "..", "%2e%2e", "%252E.", "a/../b", "..\\b", "a%00"])
@pytest.mark.parametrize("call", list(CALLS.values()), ids=list(CALLS))
def test_an_id_that_leads_elsewhere_is_refused_by_every_method(
    call: Callable[[Tokbox, str], Any], id: str
) -> None:
    script = Script(answers({}))
    with Tokbox(KEY, SECRET, transport=script) as tb:
        with pytest.raises(InvalidInputError, match="ID from the service"):
            call(tb, id)
        assert script.requests == []


@pytest.mark.parametrize("id", ["..", "%2e%2e"])
def test_an_id_of_a_project_that_leads_elsewhere_is_refused(id: str) -> None:
    script = Script(answers({}))
    with Account(KEY, SECRET, transport=script) as account:
        for call in (account.projects.get, account.projects.delete):
            with pytest.raises(InvalidInputError, match="ID from the service"):
                call(id)
        assert script.requests == []
