"""Rules: their syntax, and the errors for invalid ones."""

from __future__ import annotations

from dataclasses import fields

import pytest

from tokbox.emulator import Rules
from tokbox.emulator.model.rules import _CHOICES, make_rules
from tokbox.errors import InvalidInputError


def test_strict_turns_every_refusal_on_and_nothing_else() -> None:
    strict, usual = make_rules(True), make_rules(False)
    assert usual == Rules()
    for field in fields(Rules):
        value = getattr(strict, field.name)
        if field.name.startswith("refuse_"):
            assert value is True
        else:
            assert value == getattr(usual, field.name)


def test_default_is_the_first_choice() -> None:
    for name, choices in _CHOICES.items():
        assert getattr(Rules(), name) == choices[0]


def test_rules_are_read_from_text() -> None:
    rules = make_rules(
        False,
        {"render_stop": "204", "refuse_odd_methods": "TRUE", "mute_reply": "message"},
    )
    assert rules == Rules(render_stop=204, refuse_odd_methods=True, mute_reply="message")
    assert make_rules(rules, {"render_stop": "none"}).render_stop is None


def test_unknown_rule_error_lists_the_known_ones() -> None:
    with pytest.raises(InvalidInputError, match=r"captions_start.*unset_name"):
        make_rules(False, {"render": "200"})


@pytest.mark.parametrize("text", ["201", "", "yes"])
def test_unknown_value_error_lists_the_known_ones(text: str) -> None:
    with pytest.raises(InvalidInputError, match="none or 200 or 204"):
        make_rules(False, {"render_stop": text})
