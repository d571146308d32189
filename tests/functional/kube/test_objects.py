"""Objects as mappings: their parts, and the smallest patch from one status to another."""

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.kit.fake_api import ACCOUNTS, POLICIES, merged, policy

from crossvault.kinds import POLICY
from crossvault.kinds.policy.parse import accounts_named_by
from crossvault.kube import objects

SCALARS = st.one_of(st.booleans(), st.integers(-5, 5), st.sampled_from(["", "a", "b"]))
NAMES = st.sampled_from(["a", "b", "c"])
VALUES = st.recursive(
    st.one_of(SCALARS, st.none()),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(NAMES, inner, max_size=3)),
    max_leaves=12,
)
MAPPINGS = st.dictionaries(NAMES, VALUES, max_size=3)


@given(old=MAPPINGS, new=MAPPINGS)
def test_patch_turns_one_into_the_other(old: dict[str, Any], new: dict[str, Any]) -> None:
    """Merging the patch gives what was wanted, without its nulls; a second look finds nothing to do."""
    stored = objects.without_nulls(old)
    after = merged(copy.deepcopy(stored), objects.merge_patch(stored, new))

    assert after == objects.without_nulls(new)
    assert objects.merge_patch(after, new) == {}


@pytest.mark.parametrize(
    ("old", "new", "patch"),
    [
        pytest.param({"a": 1}, {"a": 1}, {}, id="equal"),
        pytest.param({}, {"a": None}, {}, id="null is absent"),
        pytest.param({"a": 1, "b": 2}, {"a": 1}, {"b": None}, id="what is gone is removed"),
        pytest.param({"a": {"b": 1, "c": 2}}, {"a": {"b": 1}}, {"a": {"c": None}}, id="inside, too"),
        pytest.param({"a": [1, 2]}, {"a": (1, 2)}, {}, id="tuples are lists"),
        pytest.param({"a": [{"b": 1}]}, {"a": [{"b": 1, "c": None}]}, {}, id="nulls in lists are absent"),
        pytest.param({"a": [1]}, {"a": [1, 2]}, {"a": [1, 2]}, id="lists are replaced"),
        pytest.param({"a": 1}, {"a": {"b": 1}}, {"a": {"b": 1}}, id="another type replaces"),
    ],
)
def test_patch_is_the_smallest(old: dict[str, Any], new: dict[str, Any], patch: dict[str, Any]) -> None:
    """Only what differs is written."""
    assert objects.merge_patch(old, new) == patch


@pytest.mark.parametrize("member", ["managedFields", "annotations", "labels", "ownerReferences"])
def test_what_is_never_looked_at_is_not_kept(member: str) -> None:
    """It is most of an object, and up to a megabyte of whatever its owner writes."""
    body = policy()
    body["metadata"][member] = [{"manager": "kubectl"}]

    assert member not in objects.slim(body)["metadata"]
    assert (member in objects.slim(body, labels=True)["metadata"]) is (member == "labels")
    assert member in body["metadata"]


@pytest.mark.parametrize(
    "spec",
    [None, {}, [], {"source": "x", "destinations": "y"}, {"source": {"accountRef": "z"}, "destinations": [None, 1]}],
)
def test_accounts_of_a_malformed_policy_are_none(spec: object) -> None:
    """The index never fails, whatever a body holds."""
    assert accounts_named_by({**policy(), "spec": spec}) == frozenset()


def test_accounts_of_a_policy_are_all_it_names() -> None:
    """Source and destinations."""
    assert accounts_named_by(policy()) == frozenset({"production", "dr"})


def test_paths_are_those_of_the_api() -> None:
    """Namespaced and cluster-scoped, collection, object and subresource."""
    assert POLICIES.path("shop", "orders", "status") == (
        "/apis/crossvault.io/v1alpha1/namespaces/shop/crossaccountbackuppolicies/orders/status"
    )
    assert POLICIES.path() == "/apis/crossvault.io/v1alpha1/crossaccountbackuppolicies"
    assert ACCOUNTS.path("", "dr") == "/apis/crossvault.io/v1alpha1/backupaccounts/dr"


def test_key_says_what_it_is_about() -> None:
    """For logs."""
    assert str(objects.key_of(POLICY.name, policy())) == "CrossAccountBackupPolicy shop/orders"
