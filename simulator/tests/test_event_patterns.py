"""Event patterns: one table of what is meant, one of what is refused."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backup_simulator.services.events import pattern as events_pattern

EVENT: dict[str, Any] = {
    "source": "aws.backup",
    "detail-type": "Copy Job State Change",
    "account": "111111111111",
    "resources": ["arn:aws:ec2:eu-west-1::snapshot/snap-1", "arn:aws:ec2:eu-west-1::image/ami-1"],
    "detail": {
        "state": "FAILED",
        "size": 300,
        "ratio": 0.5,
        "encrypted": False,
        "message": None,
        "empty": [],
        "address": "10.0.0.7",
        "createdBy": {"backupPlanId": "plan-1"},
        "steps": [{"name": "one"}, {"name": "two"}],
    },
}


def detail(wanted: Any) -> dict[str, Any]:
    """A pattern about the detail."""
    return {"detail": wanted}


MEANT: list[Any] = [
    pytest.param({"source": ["aws.backup"]}, True, id="a value"),
    pytest.param({"source": ["aws.ec2", "aws.backup"]}, True, id="any of a list"),
    pytest.param({"source": ["aws.ec2"]}, False, id="another value"),
    pytest.param({"source": ["aws.backup"], "account": ["2"]}, False, id="all fields must agree"),
    pytest.param({"resources": ["arn:aws:ec2:eu-west-1::image/ami-1"]}, True, id="any of the event's list"),
    pytest.param({"absent": ["x"]}, False, id="a field that is not there"),
    pytest.param(detail({"state": ["FAILED"], "createdBy": {"backupPlanId": ["plan-1"]}}), True, id="nested"),
    pytest.param(detail({"steps": {"name": ["two"]}}), True, id="objects in a list"),
    pytest.param(detail({"size": [300.0]}), True, id="numbers are equal as numbers"),
    pytest.param(detail({"size": ["300"]}), False, id="a text is no number"),
    pytest.param(detail({"encrypted": [False]}), True, id="a truth value"),
    pytest.param(detail({"encrypted": [0]}), False, id="a truth value is no number"),
    pytest.param(detail({"message": [None]}), True, id="null"),
    pytest.param(detail({"absent": [None]}), False, id="absent is not null"),
    pytest.param({"source": [{"prefix": "aws."}]}, True, id="prefix"),
    pytest.param({"source": [{"prefix": {"equals-ignore-case": "AWS."}}]}, True, id="prefix in any case"),
    pytest.param({"source": [{"prefix": "backup"}]}, False, id="no prefix"),
    pytest.param({"detail-type": [{"suffix": "State Change"}]}, True, id="suffix"),
    pytest.param({"source": [{"equals-ignore-case": "AWS.Backup"}]}, True, id="in any case"),
    pytest.param({"detail-type": [{"wildcard": "Copy*State*"}]}, True, id="wildcard"),
    pytest.param({"detail-type": [{"wildcard": "Copy\\*"}]}, False, id="a star that is meant"),
    pytest.param(detail({"state": [{"anything-but": "COMPLETED"}]}), True, id="anything but a value"),
    pytest.param(detail({"state": [{"anything-but": ["FAILED", "COMPLETED"]}]}), False, id="anything but a list"),
    pytest.param(detail({"size": [{"anything-but": 300}]}), False, id="anything but a number"),
    pytest.param(detail({"state": [{"anything-but": {"prefix": "FA"}}]}), False, id="anything but a prefix"),
    pytest.param(detail({"state": [{"anything-but": {"suffix": ["X", "Y"]}}]}), True, id="anything but suffixes"),
    pytest.param(detail({"absent": [{"anything-but": "x"}]}), False, id="anything but needs a value"),
    pytest.param(detail({"size": [{"numeric": [">", 0, "<=", 300]}]}), True, id="a range"),
    pytest.param(detail({"size": [{"numeric": ["<", 300]}]}), False, id="below"),
    pytest.param(detail({"ratio": [{"numeric": ["=", 0.5]}]}), True, id="a fraction"),
    pytest.param(detail({"state": [{"numeric": [">", 0]}]}), False, id="a text is in no range"),
    pytest.param(detail({"state": [{"exists": True}]}), True, id="exists"),
    pytest.param(detail({"absent": [{"exists": True}]}), False, id="does not exist"),
    pytest.param(detail({"absent": [{"exists": False}]}), True, id="shall not exist"),
    pytest.param({"absent": {"deeper": [{"exists": False}]}}, False, id="below what is not there"),
    pytest.param(detail({"createdBy": [{"exists": True}]}), False, id="exists is about leaves"),
    pytest.param(detail({"empty": [{"exists": False}]}), True, id="an empty list is no value"),
    pytest.param(detail({"absent": [{"exists": False}], "state": ["FAILED"]}), True, id="exists among others"),
    pytest.param(detail({"address": [{"cidr": "10.0.0.0/24"}]}), True, id="an address"),
    pytest.param(detail({"address": [{"cidr": "10.0.1.0/24"}]}), False, id="another network"),
    pytest.param(detail({"state": [{"cidr": "10.0.1.0/24"}]}), False, id="no address"),
    pytest.param({"$or": [{"account": ["2"]}, {"source": ["aws.backup"]}]}, True, id="one of two"),
    pytest.param(detail({"$or": [{"state": ["X"]}, {"size": [1]}]}), False, id="none of two"),
]


@pytest.mark.parametrize(("pattern", "meant"), MEANT)
def test_patterns_mean_what_is_documented(pattern: dict[str, Any], meant: bool) -> None:
    """A pattern that was put is a pattern that is matched."""
    assert events_pattern.matches(events_pattern.parse(json.dumps(pattern)), EVENT) is meant


REFUSED: list[Any] = [
    pytest.param("{", "JSON", id="no JSON"),
    pytest.param("[]", "not an object", id="a list"),
    pytest.param("{}", "Empty objects", id="nothing"),
    pytest.param('{"source": "aws.backup"}', '"source" must be an object or an array', id="a bare value"),
    pytest.param('{"detail": {}}', "Empty objects", id="an empty part"),
    pytest.param('{"source": []}', "Empty arrays", id="an empty list"),
    pytest.param('{"source": [["x"]]}', "String, number", id="a list in a list"),
    pytest.param('{"source": [{"begins-with": "x"}]}', "Unrecognized match type begins-with", id="an unknown operator"),
    pytest.param('{"source": [{"prefix": "x", "suffix": "y"}]}', "Only one key", id="two operators"),
    pytest.param('{"source": [{"prefix": 1}]}', "prefix", id="a prefix that is a number"),
    pytest.param('{"source": [{"exists": "yes"}]}', "exists", id="exists with a text"),
    pytest.param('{"source": [{"numeric": ["~", 1]}]}', "numeric", id="an unknown comparison"),
    pytest.param('{"source": [{"numeric": [">", "1"]}]}', "numeric", id="a comparison with a text"),
    pytest.param('{"source": [{"numeric": [">"]}]}', "numeric", id="half a comparison"),
    pytest.param('{"source": [{"anything-but": []}]}', "anything-but", id="anything but nothing"),
    pytest.param('{"source": [{"anything-but": {"numeric": [">", 1]}}]}', "anything-but", id="anything but a range"),
    pytest.param('{"source": [{"wildcard": "a**b"}]}', "wildcard", id="two stars"),
    pytest.param('{"source": [{"cidr": "10.0.0.0/99"}]}', "CIDR", id="no network"),
]


@pytest.mark.parametrize(("text", "words"), REFUSED)
def test_what_is_no_pattern_is_refused(text: str, words: str) -> None:
    """With the reason."""
    with pytest.raises(events_pattern.BadPatternError) as refusal:
        events_pattern.parse(text)

    assert words in str(refusal.value)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@given(JSON, JSON)
def test_no_pattern_and_no_event_break_the_matcher(pattern: Any, event: Any) -> None:
    """A pattern is refused, or it means an event or does not."""
    try:
        checked = events_pattern.parse(json.dumps(pattern))
    except events_pattern.BadPatternError:
        return

    assert events_pattern.matches(checked, event) in {True, False}


@given(st.dictionaries(st.text(min_size=1, max_size=5), st.text(max_size=5) | st.integers(), min_size=1, max_size=4))
def test_an_event_is_meant_by_the_pattern_of_its_own_values(event: dict[str, Any]) -> None:
    """And by no longer one once a value differs."""
    pattern = {name: [value] for name, value in event.items()}
    name = next(iter(event))

    assert events_pattern.matches(pattern, event)
    assert not events_pattern.matches(pattern, event | {name: ["longer than any"]})
    assert not events_pattern.matches(pattern, {key: value for key, value in event.items() if key != name})
