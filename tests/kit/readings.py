"""Vault policies as people and chance write them, one caller, and what the simulator's evaluator makes of both."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

from backup_simulator.policies import policy
from backup_simulator.policies.principal import Principal
from backup_simulator.policies.principal_element import Grant
from backup_simulator.wire import SimulatorError
from crossvault.aspects.vault_policy.statement import COPY_INTO
from crossvault.iam.context import Caller, Fact, NotKnown
from crossvault.iam.evaluation import Verdict

SOURCE, TARGET, OTHER = "111111111111", "222222222222", "333333333333"
ROLE = f"arn:aws:iam::{SOURCE}:role/service-role/copier"
ROOT = f"arn:aws:iam::{SOURCE}:root"
SESSION = f"arn:aws:sts::{SOURCE}:assumed-role/copier/AWSBackup-copier"
VAULT = f"arn:aws:backup:eu-central-1:{TARGET}:backup-vault:copies"
ORG, PATH, VAULT_PATH = "o-ours", "o-ours/r-root/ou-root-work/", "o-ours/r-root/ou-root-vaults/"


@dataclass(frozen=True)
class World:
    """The request as AWS has it, and what of it the product may know."""

    session: str
    keys: dict[str, tuple[str, ...]]
    caller: Caller

    def simulated(self, document: str) -> Verdict | None:
        """Return the simulator's answer; None where it refuses the document or cannot judge it."""
        principal = Principal(
            kind="role",
            account=SOURCE,
            arn=f"arn:aws:sts::{SOURCE}:assumed-role/copier/{self.session}",
            identity_arn=ROLE,
            unique_id="AROACOPIER",
            user_id=f"AROACOPIER:{self.session}",
            name="copier",
        )
        try:
            compiled = policy.compiled(json.loads(document))
            grant = policy.granted(compiled, policy.Question(COPY_INTO, VAULT, principal, self.keys))
        except (policy.MalformedPolicyError, SimulatorError):
            return None
        return {None: Verdict.DENIED, Grant.NOTHING: Verdict.NOT_ALLOWED}.get(grant, Verdict.ALLOWED)


def world(
    *, known: bool = True, session: str = "AWSBackup-copier", more: dict[str, tuple[str, ...]] | None = None
) -> World:
    """Build a request of a member of an organization for a vault of another; ``more`` is what nobody told us."""
    keys: dict[str, tuple[str, ...]] = {
        "aws:principalarn": (ROLE,),
        "aws:principalaccount": (SOURCE,),
        "aws:principalorgid": (ORG,),
        "aws:principalorgpaths": (PATH,),
        "aws:principaltype": ("AssumedRole",),
        "aws:resourceaccount": (TARGET,),
        "aws:resourceorgid": (ORG,),
        "aws:resourceorgpaths": (VAULT_PATH,),
        **(more or {}),
    }
    facts: tuple[Fact, ...] = (ORG, ORG, PATH, VAULT_PATH) if known else (NotKnown("was not seen"),) * 4
    return World(session, keys, Caller(ROLE, SOURCE, *facts))


def alone() -> World:
    """Build a request of an account in no organization, for a vault in none."""
    made = world()
    keys = {name: values for name, values in made.keys.items() if "org" not in name}
    return World(made.session, keys, Caller(ROLE, SOURCE, "", "", "", ""))


# --- Documents by chance -------------------------------------------------------------------------------------------


def _some(values: list[str]) -> st.SearchStrategy[str | list[str]]:
    return st.sampled_from(values) | st.lists(st.sampled_from(values), min_size=1, max_size=3)


_ACCOUNTS = [SOURCE, ROOT, ROOT.replace("aws:", "aws-cn:"), OTHER, f"arn:aws:iam::{OTHER}:root"]
_ROLES = [ROLE, ROLE.replace("service-role/", ""), ROLE + "2", "AROAGONE", ROLE.replace("aws:", "aws-cn:")]
PRINCIPALS = st.one_of(
    st.just("*"),
    _some(["*", ROLE, ROOT]).map(lambda them: {"AWS": them}),
    _some(["*", *_ACCOUNTS, *_ROLES, SESSION, SESSION + "2"]).map(lambda them: {"AWS": them}),
    _some(["backup.amazonaws.com"]).map(lambda them: {"Service": them}),
    st.just({"AWS": ROLE, "Service": "backup.amazonaws.com"}),
)
SPARED = _some([ROLE, ROOT, SOURCE, SESSION, OTHER]).map(lambda them: {"AWS": them}) | st.just(
    {"AWS": [ROLE, ROOT, SESSION]}
)
ACTIONS = _some([COPY_INTO]) | _some(
    [COPY_INTO.upper(), "backup:Copy*", "backup:CopyFromBackupVault", "backup:*", "*", "backup:CopyInto?ackupVault"]
)
RESOURCES = _some(["*"]) | _some(
    [
        "*",
        VAULT,
        VAULT + "2",
        "arn:aws:backup:*:*:backup-vault:*",
        f"arn:aws:backup:*:{TARGET}:backup-vault/copies",
        "arn:aws:backup:*:${aws:ResourceAccount}:backup-vault:*",
        "arn:aws:backup:*:${aws:PrincipalAccount}:*",
        "arn:aws:backup:*:*:backup-vault:${backup:Invented, 'copies'}",
        "arn:aws:backup:${aws:RequestedRegion}:*:*",
        "${*}",
    ]
)
_IDS = [ORG, ORG.upper(), "o-other", "o-*", "o-?urs", "*", "", "${aws:ResourceOrgID}", "${aws:PrincipalOrgID}", "${*}"]
_IDS += ["${backup:Invented}", "${backup:Invented, 'o-ours'}", "${aws:SourceVpc}", "${aws:SourceVpc, 'o-ours'}"]
_ARNS = [ROLE, ROLE + "2", "arn:aws:iam::*:role/*", "arn:aws:iam::*:role/copier", "arn:*:role/*", "*", "arn:aws:iam::*"]
_ARNS += ["arn:aws:iam::${aws:PrincipalAccount}:role/service-role/copier", "arn:*:*:*:*:*", "x"]
_PATHS = [PATH, PATH + "*", "o-ours/*", "o-ours/r-root/*", "o-other/*", VAULT_PATH, "*", "o-ours/r-root/ou-*/ou-*"]
_VALUES: dict[str, list[str]] = {
    "aws:PrincipalOrgID": _IDS,
    "aws:principalorgid": _IDS,
    "aws:ResourceOrgID": _IDS,
    "aws:PrincipalArn": _ARNS,
    "aws:PrincipalAccount": [SOURCE, TARGET, "1*", "${aws:ResourceAccount}"],
    "aws:ResourceAccount": [SOURCE, TARGET, "${aws:ResourceAccount}"],
    "aws:PrincipalType": ["AssumedRole", "assumedrole", "User"],
    "aws:PrincipalOrgPaths": _PATHS,
    "aws:ResourceOrgPaths": _PATHS,
    "backup:CopySourceArn": ["x", "*"],
}
HIDDEN: dict[str, list[str]] = {
    "aws:SourceVpc": ["vpc-1", "vpc-*", "vpc-2"],
    "aws:PrincipalTag/team": ["a", "b"],
    "aws:RequestedRegion": ["eu-central-1", "eu-west-1"],
}
_OPERATORS = ["StringEquals", "StringNotEquals", "StringLike", "StringNotLike", "StringEqualsIgnoreCase"]
_OPERATORS += ["StringNotEqualsIgnoreCase", "ArnLike", "ArnNotLike", "ArnEquals", "ArnNotEquals"]
_OTHERS = ["Bool", "NumericEquals", "DateLessThan", "IpAddress", "NotIpAddress", "BinaryEquals", "StringFits"]
_READABLE = {"Bool": "true", "NumericEquals": "1", "DateLessThan": "2026-01-01T00:00:00Z", "IpAddress": "10.0.0.0/8"}
_READABLE |= {"NotIpAddress": "10.0.0.0/8", "BinaryEquals": "eA=="}


@st.composite
def conditions(draw: st.DrawFn, *, hidden: bool) -> dict[str, Any]:
    """Write one to three tests, some of them on what cannot be known."""
    values = _VALUES | HIDDEN if hidden else _VALUES
    written: dict[str, dict[str, Any]] = {}
    for _ in range(draw(st.integers(1, 3))):
        key = draw(st.sampled_from(sorted(values)))
        name = draw(st.sampled_from([*_OPERATORS, *_OPERATORS, "Null", *(_OTHERS if hidden else [])]))
        prefix = "" if name == "Null" else draw(st.sampled_from(["", "", "", "ForAnyValue:", "ForAllValues:"]))
        suffix = "" if name == "Null" else draw(st.sampled_from(["", "", "", "IfExists"]))
        wanted: Any = draw(_some(["true", "false", "True"])) if name == "Null" else draw(_some(values[key]))
        operator = f"{prefix}{name}{suffix}"
        written.setdefault(operator, {})[key] = _READABLE.get(name, wanted)
    return written


@st.composite
def statements(draw: st.DrawFn, *, hidden: bool) -> dict[str, Any]:
    """Write a statement."""
    effect = draw(st.sampled_from(["Allow", "Allow", "Deny"]))
    made: dict[str, Any] = {"Effect": effect}
    if effect == "Deny" and draw(st.booleans()):
        made["NotPrincipal"] = draw(SPARED)
    else:
        made["Principal"] = draw(PRINCIPALS)
    made[draw(st.sampled_from(["Action", "Action", "Action", "NotAction"]))] = draw(ACTIONS)
    member = draw(st.sampled_from(["Resource", "Resource", "Resource", "NotResource", ""]))
    if member:
        made[member] = draw(RESOURCES)
    if draw(st.booleans()):
        made["Condition"] = draw(conditions(hidden=hidden))
    if draw(st.booleans()):
        made["Sid"] = draw(st.sampled_from(["A", "Deny Others"]))
    return made


@st.composite
def documents(draw: st.DrawFn, *, hidden: bool = True) -> str:
    """Write a document of either version."""
    listed = draw(st.lists(statements(hidden=hidden), min_size=1, max_size=4))
    made: dict[str, Any] = {"Statement": listed[0] if len(listed) == 1 and draw(st.booleans()) else listed}
    if version := draw(st.sampled_from(["2012-10-17", "2012-10-17", "2008-10-17", ""])):
        made["Version"] = version
    return json.dumps(made)


@st.composite
def worlds(draw: st.DrawFn) -> World:
    """Draw what the request holds besides, and whether the organization was seen."""
    more: dict[str, tuple[str, ...]] = {
        name.lower(): (draw(st.sampled_from(values)),) for name, values in HIDDEN.items() if draw(st.booleans())
    }
    session = draw(st.sampled_from(["AWSBackup-copier", "AWSBackup-copier2", "AWSBackup-CopyJob"]))
    return (
        draw(st.just(alone()))
        if draw(st.integers(0, 5)) == 0
        else world(known=draw(st.integers(0, 3)) != 0, session=session, more=more)
    )
