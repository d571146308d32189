"""What the operator takes a selection to mean is what the simulator backs up, which was written apart from it."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from backup_simulator.services.backup.plans import selecting
from crossvault.aspects.schedule.declared import Conditions, Selection
from crossvault.aspects.schedule.document import selection_document
from crossvault.aspects.schedule.matching import means

VOLUME, DATABASE = "arn:aws:ec2:eu-west-1:111111111111:volume/vol-1", "arn:aws:rds:eu-west-1:111111111111:db:orders"
_TAGS = st.dictionaries(st.sampled_from("abc"), st.sampled_from(["", "1", "2", "12", "1?2", "x.1"]))
_VALUES = st.sampled_from(["", "1", "2", "*", "1*", "*2", "1*2", "?", "1?2", "x.*", "**1"])
_PAIRS = st.dictionaries(st.sampled_from("abc"), _VALUES, max_size=2).map(lambda each: tuple(sorted(each.items())))
SELECTIONS = st.builds(
    Selection,
    st.just("some"),
    st.just("arn:aws:iam::111111111111:role/backup"),
    st.lists(st.sampled_from(["*", VOLUME, "arn:aws:ec2:*", "arn:aws:rds:*"]), max_size=2).map(tuple),
    st.lists(st.sampled_from([VOLUME, "arn:aws:rds:*"]), max_size=1).map(tuple),
    _PAIRS,
    st.builds(Conditions, _PAIRS, _PAIRS, _PAIRS, _PAIRS),
)


@given(SELECTIONS, st.sampled_from([VOLUME, DATABASE]), _TAGS)
def test_both_mean_the_same(chosen: Selection, arn: str, tags: dict[str, str]) -> None:
    """ARNs, conditions, any of some tags, and what is left out."""
    assert means(chosen, arn, tags) == selecting.means(selection_document(chosen), arn, tags)
