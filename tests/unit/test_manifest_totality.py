"""Nothing that JSON can say makes the parser raise, and it understands what the schema lets in."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.kit.broken_manifests import ACCOUNT, POLICY, altered

from crossvault.engine.declared import Account, Desired
from crossvault.kinds.account.grants import AllowedNamespaces
from crossvault.kinds.account.parse import AccountDeclaration, parse_account
from crossvault.kinds.policy.parse import parse_policy
from crossvault.kinds.rejected import Rejected
from crossvault.manifest import schema

ACCOUNTS = {
    "production": AccountDeclaration(Account("production", "111111111111"), AllowedNamespaces(all=True)),
    "dr": AccountDeclaration(Account("dr", "222222222222"), AllowedNamespaces(all=True)),
}

SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
JSON = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4)
)
FIELDS = sorted(
    {
        *("accountRef", "name", "region", "vault", "copyRole", "create", "encryptionKey", "lifecycle", "mode", "since"),
        *("deleteAfterDays", "retry", "backoff", "maxCopyLag", "matchLabels", "selector", "all", "names", "roleArn"),
    }
)
LIKELY = st.recursive(
    SCALARS | st.sampled_from(["dr", "production", "first", "24h", "Enforce", "2026-11-01T00:00:00Z", "eu-west-1"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(FIELDS), inner, max_size=5),
)
PARTS = (
    *("metadata", "metadata.name", "metadata.namespace", "metadata.generation", "metadata.creationTimestamp"),
    *("spec", "spec.source", "spec.source.vault", "spec.source.copyRole", "spec.destinations", "spec.destinations[0]"),
    *("spec.recoveryPoints", "spec.backfill", "spec.objectives", "spec.copying", "spec.mode", "spec.accountId"),
    *("spec.roleArn", "spec.limits", "spec.allowedNamespaces", "spec.sessionTags", "spec.regions"),
)


class TestTotality:
    """Nothing that JSON can say makes the parser raise."""

    @given(st.dictionaries(st.text(max_size=8), JSON, max_size=5))
    def test_arbitrary_bodies_are_answered(self, body: dict[str, Any]) -> None:
        """Garbage is rejected."""
        assert isinstance(parse_account(body), Rejected)
        assert isinstance(parse_policy(body, ACCOUNTS, {}), Rejected)

    @given(st.sampled_from(PARTS), JSON | LIKELY)
    def test_any_part_may_be_anything(self, part: str, value: object) -> None:
        """A good manifest with one arbitrary part is parsed or rejected with at least one fault."""
        for result in (
            parse_policy(altered(POLICY, {part: value}), ACCOUNTS, {}),
            parse_account(altered(ACCOUNT, {part: value} if "destinations[0]" not in part else {})),
        ):
            if isinstance(result, Rejected):
                assert result.faults
                assert len(set(result.faults)) == len(result.faults)

    @settings(max_examples=50, deadline=None)
    @given(st.sampled_from(["spec.recoveryPoints", "spec.backfill", "spec.objectives", "spec.copying"]), LIKELY)
    def test_what_the_schema_lets_in_the_parser_understands(self, part: str, value: object) -> None:
        """No spec passes the CRD and then fails for its form."""
        body = altered(POLICY, {part: value})
        if not schema.check(body).faults:
            assert isinstance(parse_policy(body, ACCOUNTS, {}), Desired)
