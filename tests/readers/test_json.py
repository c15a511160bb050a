"""JSON of strangers: whatever it holds can be counted with and printed."""

import json

import pytest

from netgain.readers._json import loads, without_quotes


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (r'"\ud800x"', "\ufffdx"),
        (r'"x\udc00"', "x\ufffd"),
        (r'"\ud83d\ude00"', "\U0001f600"),
        (r'{"\uDBFF": 1}', {"\ufffd": 1}),
        (r'"\u00e9"', "\u00e9"),
    ],
)
def test_half_a_surrogate_pair_is_replaced(text: str, value: object) -> None:
    """A whole pair is one character; half of one, which no file can be written with, is replaced."""
    assert loads(text) == value
    json.dumps(loads(text), ensure_ascii=False).encode()


def test_a_number_beyond_every_float_is_infinite() -> None:
    """Arithmetic with it does not fail."""
    assert loads("1" + "0" * 400) * 2.0 == float("inf")


@pytest.mark.parametrize(
    ("document", "meant"),
    [
        ('{"loss": 0.5}', {"loss": 0.5}),
        ({"config": '{"lr": 0.1}', "note": "{lr}"}, {"config": {"lr": 0.1}, "note": "{lr}"}),
        ({"report": '{"cat": {"f1": 0.5}}'}, {"report": '{"cat": {"f1": 0.5}}'}),
        ({"config": {"lr": {"peak": 0.1}}}, {"config": {"lr": {"peak": 0.1}}}),
        ("a {text}", "a {text}"),
        ('{"lr": }', '{"lr": }'),
    ],
)
def test_an_object_in_quotes_is_the_object(document: object, meant: object) -> None:
    """What was serialised twice is opened; a text that is no object stays one."""
    assert without_quotes(document) == meant
