"""What selections mean: of which types ARNs are, what is asked for and meant of the answers, what can be copied."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.kit.builders import desired, destination, observed, source_vault, target_vault
from tests.kit.judging import rows

from crossvault.aspects.lifecycle import Lifecycle
from crossvault.aspects.resource_types.arns import SHAPES, types_meant, types_of
from crossvault.aspects.resource_types.matrix import TYPES
from crossvault.aspects.resource_types.seen import REGION_SETTINGS, RegionSettings
from crossvault.aspects.schedule import selected as selecting
from crossvault.aspects.schedule.declared import SCHEDULE, Conditions, Rule, Schedule, Selection
from crossvault.aspects.schedule.matching import Counting, Question, asked, means, possible_types, questions
from crossvault.aspects.schedule.seen import MATCHES, PLANS, Matches, Plans
from crossvault.engine.declared import Desired, Scope
from crossvault.engine.looks import Seen, Unseen
from crossvault.engine.observed import Observed
from crossvault.engine.rows import Prerequisite
from crossvault.words.problems import ErrorClass, Problem
from crossvault.words.reasons import Reason

HERE = "eu-west-1:111111111111"
ARNS = {
    f"arn:aws:ec2:{HERE}:volume/vol-1": "EBS",
    f"arn:aws:ec2:{HERE}:instance/i-1": "EC2",
    f"arn:aws:ec2:{HERE}:snapshot/snap-1": "",
    "arn:aws:s3:::orders": "S3",
    f"arn:aws:elasticfilesystem:{HERE}:file-system/fs-1": "EFS",
    f"arn:aws:elasticfilesystem:{HERE}:access-point/fsap-1": "",
    f"arn:aws:rds:{HERE}:db:orders": "RDS",
    f"arn:aws:rds:{HERE}:cluster:orders": "Aurora/DocumentDB/Neptune/RDS",
    f"arn:aws:rds:{HERE}:snapshot:orders": "",
    f"arn:aws:dynamodb:{HERE}:table/orders": "DynamoDB",
    f"arn:aws:fsx:{HERE}:file-system/fs-1": "FSx",
    f"arn:aws:fsx:{HERE}:volume/fs-1/fsvol-1": "FSx",
    f"arn:aws:storagegateway:{HERE}:gateway/sgw-1/volume/vol-1": "Storage Gateway",
    f"arn:aws:timestream:{HERE}:database/d/table/t": "Timestream",
    "arn:aws:backup-gateway:eu-west-1:111111111111:vm/vm-1": "VirtualMachine",
    f"arn:aws:ssm-sap:{HERE}:HANA/app/COMPONENT/c": "SAP HANA on Amazon EC2",
    f"arn:aws:eks:{HERE}:cluster/c": "EKS",
    f"arn:aws:dsql:{HERE}:cluster/c": "DSQL",
    f"arn:aws:cloudformation:{HERE}:stack/s/1": "CloudFormation",
    f"arn:aws:redshift:{HERE}:cluster:c": "Redshift",
    f"arn:aws:redshift-serverless:{HERE}:namespace/n": "Redshift Serverless",
    f"arn:aws:lambda:{HERE}:function:f": "",
    f"arn:aws:backup:{HERE}:recovery-point:1": "",
    "none": "",
    "": "",
}
TROUBLE = Problem(Reason.ACCESS_DENIED, "Not allowed.", ErrorClass.STUCK)


# --- Types ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("arn", "types"), ARNS.items())
def test_an_arn_tells_of_which_types_a_resource_may_be(arn: str, types: str) -> None:
    """Nothing where AWS Backup backs none of them up."""
    assert "/".join(types_of(arn)) == types


def test_every_type_of_the_matrix_has_arns() -> None:
    """And no other."""
    assert {name for each in SHAPES for name in each.types} == set(TYPES)


@pytest.mark.parametrize(
    ("patterns", "types"),
    [
        (["*"], set(TYPES)),
        (["arn:aws:*"], set(TYPES)),
        (["arn:aws:rds:*"], {"RDS", "Aurora", "DocumentDB", "Neptune"}),
        ([f"arn:aws:rds:{HERE}:db:*"], {"RDS"}),
        ([f"arn:aws:rds:{HERE}:d*"], {"RDS"}),
        ([f"arn:aws:ec2:{HERE}:*"], {"EBS", "EC2"}),
        ([f"arn:aws:ec2:{HERE}:volume/vol-1*", "arn:aws:s3:::*"], {"EBS", "S3"}),
        ([f"arn:aws:redshift:{HERE}:cluster:c"], {"Redshift"}),
        (["arn:aws:redshift*"], {"Redshift", "Redshift Serverless"}),
        (["arn:aws:lambda:*"], set()),
    ],
)
def test_a_pattern_tells_of_which_types_all_may_be(patterns: list[str], types: set[str]) -> None:
    """One that nothing can be of is left out."""
    assert types_meant(patterns) == types


@given(st.sampled_from([arn for arn, types in ARNS.items() if types]), st.integers(0, 80))
def test_what_matches_a_pattern_is_of_a_type_that_the_pattern_tells(arn: str, length: int) -> None:
    """Wherever the star stands."""
    assert set(types_of(arn)) <= types_meant([f"{arn[:length]}*"])


# --- What is meant -------------------------------------------------------------------------------------------------


def selection(**members: Any) -> Selection:
    """Return a selection."""
    return replace(Selection("some", "role"), **members)


VOLUME, OTHER = f"arn:aws:ec2:{HERE}:volume/vol-1", f"arn:aws:ec2:{HERE}:volume/vol-2"
TAGGED = Conditions(equal=(("backup", "true"),))


@pytest.mark.parametrize(
    ("members", "tags", "meant"),
    [
        pytest.param({"resources": ("*",)}, {}, True, id="everything"),
        pytest.param({"resources": (VOLUME,)}, {}, True, id="its own ARN"),
        pytest.param({"resources": (OTHER,)}, {}, False, id="another ARN"),
        pytest.param({"resources": (f"arn:aws:ec2:{HERE}:volume/*",)}, {}, True, id="ARNs that begin so"),
        pytest.param({"resources": ("*",), "not_resources": ("arn:aws:ec2:*",)}, {}, False, id="left out"),
        pytest.param({"resources": ("arn:aws:ec2:*:*:volume/*",)}, {}, True, id="a type, wherever"),
        pytest.param({"resources": ("arn:aws:ec2:*:*:instance/*",)}, {}, False, id="another type, wherever"),
        pytest.param({"resources": (f"arn:aws:ec2:*:{HERE.split(':')[1]}:volume/*",)}, {}, True, id="any Region"),
        pytest.param({"resources": ("arn:aws:ec2:eu-north-1:*:volume/*",)}, {}, False, id="another Region"),
        pytest.param({"resources": (VOLUME.replace(HERE, "*:*"),)}, {}, True, id="one volume, wherever"),
        pytest.param({"resources": (VOLUME.replace(HERE, "*:*")[:-1],)}, {}, False, id="no longer name"),
        pytest.param({"resources": ("arn:aws:ec2:*:*",)}, {}, True, id="a service, wherever"),
        pytest.param(
            {"resources": ("*",), "not_resources": ("arn:aws:ec2:*:*:volume/*",)}, {}, False, id="all but a type"
        ),
        pytest.param({"resources": ("*",), "conditions": TAGGED}, {"backup": "true"}, True, id="the tag"),
        pytest.param({"resources": ("*",), "conditions": TAGGED}, {"backup": "True"}, False, id="another value"),
        pytest.param({"resources": ("*",), "conditions": TAGGED}, {"Backup": "true"}, False, id="another key"),
        pytest.param({"any_of_tags": (("a", "1"), ("b", "2"))}, {"b": "2"}, True, id="one of the tags"),
        pytest.param({"any_of_tags": (("a", "1"), ("b", "2"))}, {"b": "1"}, False, id="none of the tags"),
        pytest.param(
            {"resources": (OTHER,), "any_of_tags": (("a", "1"),)}, {"a": "1"}, True, id="not named, but one of the tags"
        ),
        pytest.param(
            {"any_of_tags": (("a", "1"),), "not_resources": (VOLUME,)},
            {"a": "1"},
            False,
            id="one of the tags, left out",
        ),
    ],
)
def test_a_selection_means_what_it_says(members: dict[str, Any], tags: dict[str, str], meant: bool) -> None:
    """Of one volume."""
    assert means(selection(**members), VOLUME, tags) is meant


@pytest.mark.parametrize(
    ("pattern", "value", "alike"),
    [
        ("orders-*", "orders-1", True),
        ("orders-*", "orders-", True),
        ("*-tmp", "a-tmp", True),
        ("*-tmp", "a-tmp-b", False),
        ("a*b*c", "axxbyyc", True),
        ("a*b*b", "ab", False),
        ("**", "", True),
        ("", "", True),
        ("", "a", False),
        ("a?", "ab", False),
        ("a.*", "ab", False),
        ("a*", "a\nb", True),
    ],
)
def test_a_star_stands_for_anything_and_nothing_else_does(pattern: str, value: str, alike: bool) -> None:
    """In like and notLike; who has no such tag is never alike."""
    like = selection(resources=("*",), conditions=Conditions(like=(("name", pattern),)))
    unlike = selection(resources=("*",), conditions=Conditions(not_like=(("name", pattern),)))

    assert means(like, VOLUME, {"name": value}) is alike
    assert means(unlike, VOLUME, {"name": value}) is not alike
    assert not means(like, VOLUME, {})
    assert means(unlike, VOLUME, {})


@pytest.mark.parametrize(
    ("members", "listings"),
    [
        ({"resources": ("*",)}, [()]),
        ({"resources": ("*",), "conditions": TAGGED}, [(("backup", ("true",)),)]),
        (
            {
                "resources": ("*",),
                "conditions": Conditions((("a", "1"),), (("b", "2"),), (("c", "3*"),), (("d", "4"),)),
            },
            [(("a", ("1",)), ("c", ()))],
        ),
        ({"any_of_tags": (("a", "1"), ("a", "2"), ("b", "3"))}, [(("a", ("1", "2")),), (("b", ("3",)),)]),
        ({"resources": (VOLUME,), "any_of_tags": (("a", "1"),)}, [(), (("a", ("1",)),)]),
    ],
)
def test_as_little_as_may_be_is_listed(members: dict[str, Any], listings: list[Any]) -> None:
    """What AWS can judge it judges; what it cannot is judged of its answers."""
    assert list(questions(selection(**members))) == [Question(each) for each in listings]


def test_a_key_with_many_values_is_asked_for_twenty_at_a_time() -> None:
    """As many as AWS takes."""
    found = list(questions(selection(any_of_tags=tuple(("a", str(number)) for number in range(30)))))

    assert [len(values) for each in found for _, values in each.tags] == [20, 10]


_TAGS = st.dictionaries(st.sampled_from("abc"), st.sampled_from(["", "1", "2", "12"]))
_PAIRS = st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from(["1", "2", "*", "1*", "*2"])), max_size=2).map(
    tuple
)
SELECTIONS = st.builds(
    Selection,
    st.just("some"),
    st.just("role"),
    st.lists(st.sampled_from(["*", VOLUME, "arn:aws:ec2:*", "arn:aws:rds:*"]), max_size=2).map(tuple),
    st.lists(st.sampled_from([VOLUME, "arn:aws:rds:*"]), max_size=1).map(tuple),
    _PAIRS,
    st.builds(Conditions, _PAIRS, _PAIRS, _PAIRS, _PAIRS),
)


@given(SELECTIONS, st.sampled_from([each for each in ARNS if each]), _TAGS)
def test_whatever_is_meant_is_in_one_of_the_listings(chosen: Selection, arn: str, tags: dict[str, str]) -> None:
    """A listing has what has all its tags, with one of the values where it names some."""

    def has(question: Question) -> bool:
        return all(key in tags and (not values or tags[key] in values) for key, values in question.tags)

    if means(chosen, arn, tags):
        assert any(has(each) for each in questions(chosen))


def test_a_resource_counts_once() -> None:
    """However often it is listed; what cannot be backed up does not."""
    counting = Counting(selection(resources=("*",)))
    for arn in (VOLUME, OTHER, VOLUME, f"arn:aws:lambda:{HERE}:function:f", f"arn:aws:rds:{HERE}:db:x"):
        counting.add(arn, {})

    assert counting.counted(whole=True) == Matches(((("EBS",), 2), (("RDS",), 1)))


@pytest.mark.parametrize(
    ("members", "matches", "types"),
    [
        pytest.param({"resources": (VOLUME,)}, None, {"EBS"}, id="ARNs tell without a look"),
        pytest.param({"resources": (VOLUME,), "conditions": TAGGED}, None, {"EBS"}, id="conditions only narrow them"),
        pytest.param({"resources": ("*",)}, Matches(((("EBS",), 1),)), None, id="there may be more without tags"),
        pytest.param({"resources": ("*",), "conditions": TAGGED}, Matches(((("EBS",), 1),)), {"EBS"}, id="all counted"),
        pytest.param({"any_of_tags": (("a", "1"),)}, Matches(((("EBS",), 1),), whole=False), None, id="not all"),
        pytest.param({"any_of_tags": (("a", "1"),)}, Matches(), None, id="nothing yet"),
        pytest.param({"any_of_tags": (("a", "1"),)}, None, None, id="not counted"),
        pytest.param({"resources": (VOLUME,), "any_of_tags": (("a", "1"),)}, None, None, id="tags add to ARNs"),
    ],
)
def test_which_types_may_be_selected_is_known_or_is_not(
    members: dict[str, Any], matches: Matches | None, types: set[str] | None
) -> None:
    """None stands for any."""
    assert possible_types(selection(**members), matches) == types


# --- The row -------------------------------------------------------------------------------------------------------


RULE = Rule("daily", "cron(0 5 ? * * *)", Lifecycle(None, 35))
BY_TAG = selection(resources=("*",), conditions=TAGGED)
REDSHIFT = f"arn:aws:redshift:{HERE}:cluster:c"


def declared(*selections: Selection, rule: Rule = RULE, **scope: Any) -> Desired:
    """Return a policy with these selections."""
    made = replace(desired(destination("dr", vault=target_vault())), scope=Scope(**scope))
    return made.having(SCHEDULE, Schedule((rule,), selections))


def seen(**matches: Any) -> Observed:
    """Return what is seen where selections mean so much."""
    found = observed()
    sight = found.source.having(PLANS, Seen(Plans())).having(MATCHES, matches)
    return replace(found, source=sight)


def row_of(policy: Desired, found: Observed, name: str = selecting.SELECTED_ROW) -> Prerequisite:
    """Return one row of the source."""
    return next(each for each in rows(policy, found) if each.name == name)


@pytest.mark.parametrize(
    ("chosen", "look", "expected", "told"),
    [
        pytest.param(
            BY_TAG, Seen(Matches(((("EBS",), 2), (("RDS",), 1)))), Reason.ALL_MET, "today: some 3.", id="counted"
        ),
        pytest.param(
            selection(resources=("*",)),
            Seen(Matches(((("EBS",), 2),))),
            Reason.ALL_MET,
            "some at least 2. What never had a tag is not counted.",
            id="some of them",
        ),
        pytest.param(
            BY_TAG, Seen(Matches()), Reason.NOTHING_SELECTED, "some asks for tag backup=true.", id="a tag nobody bears"
        ),
        pytest.param(
            selection(resources=("*",)), Seen(Matches()), Reason.ALL_MET, "some at least 0.", id="what never had a tag"
        ),
        pytest.param(BY_TAG, Seen(Matches(whole=False)), Reason.ALL_MET, "some at least 0.", id="not all listed"),
        pytest.param(BY_TAG, Unseen(TROUBLE), Reason.ACCESS_DENIED, "Not allowed.", id="not allowed to look"),
        pytest.param(
            BY_TAG,
            Seen(Matches(((("EBS",), 2), (("Redshift",), 3)))),
            Reason.SELECTED_NEVER_COPIED,
            "some: 3 Redshift.",
            id="a type that is never copied",
        ),
        pytest.param(
            selection(resources=(VOLUME, REDSHIFT)),
            Unseen(TROUBLE),
            Reason.SELECTED_NEVER_COPIED,
            "some: Redshift.",
            id="one that is named, without a look",
        ),
        pytest.param(
            selection(resources=(REDSHIFT,)),
            Unseen(TROUBLE),
            Reason.DESTINATION_TAKES_NOTHING,
            "Nothing that is selected can be copied to dr: AWS Backup copies no Redshift there",
            id="nothing else is named",
        ),
        pytest.param(
            BY_TAG,
            Seen(Matches(((("CloudFormation",), 2),))),
            Reason.DESTINATION_TAKES_NOTHING,
            "copies no CloudFormation there",
            id="nothing else is counted",
        ),
        pytest.param(
            BY_TAG,
            Seen(Matches(((("Aurora", "DocumentDB", "Neptune", "RDS"), 2),))),
            Reason.ALL_MET,
            "some 2.",
            id="a cluster may be of a type that is copied",
        ),
    ],
)
def test_what_is_selected_is_judged(chosen: Selection, look: Any, expected: Reason, told: str) -> None:
    """It holds no copy."""
    policy = declared(chosen)
    row = row_of(policy, seen(some=look))

    assert row.reason is expected
    assert told in row.message
    assert not row.blocks


@pytest.mark.parametrize(
    ("members", "words"),
    [
        ({"any_of_tags": (("a", "1"), ("b", "2"))}, "tag a=1 or b=2"),
        (
            {
                "resources": ("*",),
                "conditions": Conditions((("a", "1"),), (("b", "2"),), (("c", "3*"),), (("d", "4"),)),
            },
            "tag a=1 and c like 3* and b other than 2 and 1 more",
        ),
        ({"resources": (VOLUME,), "conditions": TAGGED}, f"tag backup=true of {VOLUME}"),
        ({"resources": (VOLUME,), "any_of_tags": (("a", "1"),)}, f"of {VOLUME} or tag a=1"),
        ({"any_of_tags": (("a", "1"),), "not_resources": (OTHER,)}, f"tag a=1 without {OTHER}"),
        ({"resources": ("*",)}, "everything"),
    ],
)
def test_what_a_selection_asks_for_is_told_as_it_is_declared(members: dict[str, Any], words: str) -> None:
    """A person compares it with the tags in AWS."""
    assert asked(selection(**members)) == words


def test_of_several_selections_the_one_that_means_nothing_is_told() -> None:
    """Others do not hide it."""
    policy = declared(BY_TAG, replace(BY_TAG, name="typo", conditions=Conditions(equal=(("backup", "ture"),))))
    row = row_of(policy, seen(some=Seen(Matches(((("EBS",), 2),))), typo=Seen(Matches())))

    assert (row.reason, row.blocks) == (Reason.NOTHING_SELECTED, False)
    assert row.message == "Nothing is backed up by what means no resource today: typo asks for tag backup=ture."
    assert "spec.schedule.selections of typo" in row.remedy


def test_types_whose_copies_nobody_asks_for_are_not_told() -> None:
    """Who lists the types to be copied has decided about all others."""
    policy = declared(BY_TAG, resource_types=("EBS",))
    found = seen(some=Seen(Matches(((("EBS",), 2), (("Redshift",), 3)))))

    assert row_of(policy, found).reason is Reason.ALL_MET


def test_a_copy_within_the_account_takes_what_crosses_regions() -> None:
    """CloudFormation goes to another Region of its account."""
    stays = replace(target_vault(), account=source_vault().account)
    policy = replace(declared(BY_TAG), destinations=(destination("dr", vault=stays),))

    assert row_of(policy, seen(some=Seen(Matches(((("CloudFormation",), 2),))))).reason is Reason.ALL_MET


def test_basic_backups_of_dynamodb_are_never_copied() -> None:
    """They are where the Region's settings leave the advanced features out."""
    policy = declared(BY_TAG)
    found = seen(some=Seen(Matches(((("DynamoDB",), 4), (("EBS",), 1)))))
    basic = RegionSettings({"DynamoDB": True}, {"DynamoDB": False})
    found = replace(found, source=found.source.having(REGION_SETTINGS, Seen(basic)))

    assert "4 DynamoDB" in row_of(policy, found).message


def test_many_selections_are_told_in_few_words() -> None:
    """A status is read by people, and bounded."""
    policy = declared(*(replace(BY_TAG, name=f"s{number}") for number in range(100)))
    row = row_of(policy, seen(**{f"s{number}": Seen(Matches(((("EBS",), 1),))) for number in range(100)}))
    empty = row_of(policy, seen(**{f"s{number}": Seen(Matches()) for number in range(100)}))

    assert row.message.endswith("s4 1, and 95 more.")
    assert empty.message.endswith("s4 asks for tag backup=true; and 95 more.")


def test_a_selection_that_was_not_counted_keeps_what_was_known_of_it() -> None:
    """What was never counted has its name."""
    policy = declared(BY_TAG, replace(BY_TAG, name="other"))
    found = seen(some=Unseen(TROUBLE))
    before = {"selections": [{"name": "some", "matches": 7, "atLeast": False}]}

    assert selecting.rows(policy, found, before) == {
        "some": {"name": "some", "matches": 7, "atLeast": False},
        "other": {"name": "other"},
    }


# --- Continuous backups --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("continuous", "kept", "expected", "told"),
    [
        pytest.param(False, None, Reason.ALL_MET, "for as long as their copies need them.", id="not continuous"),
        pytest.param(
            True, None, Reason.COPIES_ARE_SNAPSHOTS, "would be gone after 14 days", id="gone with their backups"
        ),
        pytest.param(True, 365, Reason.ALL_MET, "are snapshots (daily).", id="kept for as long as is said"),
    ],
)
def test_copies_of_continuous_backups_are_snapshots(
    continuous: bool, kept: int | None, expected: Reason, told: str
) -> None:
    """Whoever wants them says for how long."""
    rule = replace(RULE, continuous=continuous, lifecycle=Lifecycle(None, 14))
    lifecycle = Lifecycle(None, kept) if kept else None
    policy = replace(declared(BY_TAG, rule=rule), destinations=(destination("dr", lifecycle=lifecycle),))
    row = row_of(policy, seen(some=Seen(Matches())), "Schedule")

    assert row.reason is expected
    assert told in row.message
    assert not row.blocks
