"""Documents of ``crossvault iam`` as CloudFormation: one template for each account, a YAML document each. Pure."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from . import policies
from .policies import Json

OPERATOR, COPY_ROLES = "OperatorArn", "CreateCopyRoles"

_WORD = re.compile(r"(?<=[a-z])(?=[A-Z])")


class _Plain(yaml.SafeDumper):
    """Writes every text out, and nothing twice by an anchor."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ANN401, ARG002 - PyYAML's signature
        """Write what occurs twice twice."""
        return True


def templates(answer: Mapping[str, Any]) -> str:
    """Return the templates, each after a line that says for which account it is."""
    return "---\n".join(map(text, stacks(answer)))


@dataclass(frozen=True, slots=True)
class Stack:
    """One template.

    Attributes:
        name: What a stack of it is called.
        file: What a file of it is called.
        account_id: Where it is deployed; empty where nobody has said who the operator is.
    """

    title: str
    name: str
    file: str
    account_id: str
    template: Json


def text(stack: Stack) -> str:
    """Return a template as YAML, after a line that says for which account it is."""
    body = yaml.dump(stack.template, Dumper=_Plain, sort_keys=False, allow_unicode=False, width=120)
    return f"# {stack.title}\n{body}"


def deploying(stack: Stack, path: Path) -> tuple[str, str]:
    """Return what makes a stack of a file: the account to be in, and the command of the AWS CLI.

    What the template has no value for is taken from the shell.
    """
    words = ["aws", "cloudformation", "deploy", "--stack-name", stack.name, "--template-file", str(path)]
    command = shlex.join([*words, "--capabilities", "CAPABILITY_NAMED_IAM"])
    asked = [name for name, each in stack.template.get("Parameters", {}).items() if "Default" not in each]
    given = "".join(f' {name}="${_variable(name)}"' for name in asked)
    return f"# {stack.title}:", f"{command}{' --parameter-overrides' if given else ''}{given}"


def _variable(name: str) -> str:
    """Return the name of a parameter as a shell has it: ``EXTERNAL_ID`` for ``ExternalId``."""
    return _WORD.sub("_", name).upper()


def stacks(answer: Mapping[str, Any]) -> list[Stack]:
    """Return the templates: that of the operator's own identity first, if it is a role."""
    found: list[Stack] = []
    operator = answer.get("operator")
    if operator is not None:
        account_id = operator["accountId"] or ""
        where = f" in account {account_id}" if account_id else ""
        title, template = f"The operator's own identity{where}", _operator(operator)
        found.append(Stack(title, "crossvault-operator", "operator.yaml", account_id, template))
    by_account: dict[str, list[Json]] = {}
    for entry in answer["accounts"]:
        by_account.setdefault(entry["accountId"], []).append(entry)
    for account_id, entries in by_account.items():
        names = ", ".join(name for each in entries for name in policies.names_of(each))
        title, template = f"Account {account_id}: {names}", _account(account_id, entries, answer)
        found.append(Stack(title, "crossvault", f"account-{account_id}.yaml", account_id, template))
    return [each for each in found if each.template["Resources"]]


def _template(description: str, resources: Json, parameters: Json, parts: Json | None = None) -> Json:
    found = {"AWSTemplateFormatVersion": "2010-09-09", "Description": description}
    return found | ({"Parameters": parameters} if parameters else {}) | (parts or {}) | {"Resources": resources}


def _operator(operator: Mapping[str, Any]) -> Json:
    """Return the template of the operator's role; without its trust there is only what it is allowed."""
    arn, permissions = operator["role"], policies.split(operator["permissions"])
    name = arn.rsplit("/", 1)[-1] if ":role/" in arn else None
    if operator["trust"] is None or name is None:
        identity = {"Roles": [name]} if name is not None else {"Users": [arn.rsplit("/", 1)[-1]]}
        return _template(
            "What the operator of Crossvault is allowed in its own account",
            {
                _logical("Policy", number): {
                    "Type": "AWS::IAM::ManagedPolicy",
                    "Properties": {"PolicyDocument": each, **identity},
                }
                for number, each in enumerate(permissions, 1)
                if arn.startswith("arn:")
            },
            {},
        )
    role = _role("Operator", arn, operator["trust"], permissions)
    return _template("The identity of the operator of Crossvault", role, {})


def _account(account_id: str, entries: list[Json], answer: Mapping[str, Any]) -> Json:
    resources: Json = {}
    copiers: dict[str, Json] = {}
    for number, entry in enumerate((each for each in entries if each["role"] is not None), 1):
        trusted = policies.replaced(entry["trust"], answer["operatorArn"], {"Ref": OPERATOR})
        for text, parameter in _external_ids(entries).items():
            trusted = policies.replaced(trusted, text, {"Ref": parameter})
        logical = _logical("Role", number)
        resources |= _role(logical, entry["role"], trusted, policies.split(entry["permissions"]))
    for entry in entries:
        copiers |= {each["role"]: each for each in entry["copyRoles"]}
    for number, each in enumerate(copiers.values(), 1):
        copier = _role(_logical("CopyRole", number), each["role"], each["trust"], ())
        for resource in copier.values():
            resource["Condition"] = COPY_ROLES
            resource["Properties"]["ManagedPolicyArns"] = each["managedPolicies"]
        resources |= copier
    keys = [need for entry in entries for need in entry["keyStatements"]]
    return _template(
        f"The roles that Crossvault works with in account {account_id}",
        resources,
        _parameters(answer, entries, copies=bool(copiers)),
        ({"Conditions": {COPY_ROLES: {"Fn::Equals": [{"Ref": COPY_ROLES}, "true"]}}} if copiers else {})
        | ({"Metadata": {"KeyStatements": keys}} if keys else {}),
    )


def _parameters(answer: Mapping[str, Any], entries: list[Json], *, copies: bool) -> Json:
    arn, made = answer["operatorArn"], dict[str, Any]()
    if any(each["role"] is not None for each in entries):
        known = {"Default": arn} if arn.startswith("arn:") else {}
        words = {"Description": "The operator's own identity, which the roles trust"}
        pattern = {"AllowedPattern": "arn:aws[a-z-]*:iam::[0-9]{12}:(role|user)/.+"}
        made[OPERATOR] = {"Type": "String", **words, **pattern, **known}
    for text, parameter in _external_ids(entries).items():
        words = {"Description": f"The External ID in the operator's Secret: {text.partition(':')[2]}"}
        made[parameter] = {"Type": "String", **words, "NoEcho": True, "MinLength": 2, "MaxLength": 1224}
    if copies:
        words = {"Description": "Whether to make the roles that AWS Backup copies with, where they are not there yet"}
        made[COPY_ROLES] = {"Type": "String", **words, "AllowedValues": ["true", "false"], "Default": "false"}
    return made


def _external_ids(entries: list[Json]) -> dict[str, str]:
    """Return the parameters for External IDs in Secrets, by what stands for them in trust policies."""
    texts = sorted({one["placeholder"] for each in entries for one in each.get("parameters", ())})
    return {text: _logical("ExternalId", number) for number, text in enumerate(texts, 1)}


def _role(logical: str, arn: str, trust: Mapping[str, Any], permissions: policies.Documents) -> Json:
    """Return a role with its permissions: in it as far as they have room, else as managed policies."""
    path, _, name = arn.partition(":role")[2].rpartition("/")
    properties: Json = {"RoleName": name, "Path": f"{path}/", "AssumeRolePolicyDocument": trust}
    resource: Json = {"Type": "AWS::IAM::Role", "Properties": properties}
    if len(permissions) == 1:
        properties["Policies"] = [{"PolicyName": "crossvault", "PolicyDocument": permissions[0]}]
        return {logical: resource}
    attached = {
        _logical(f"{logical}Policy", number): {
            "Type": "AWS::IAM::ManagedPolicy",
            "Properties": {"PolicyDocument": each, "Roles": [{"Ref": logical}]},
        }
        for number, each in enumerate(permissions, 1)
    }
    return {logical: resource} | attached


def _logical(name: str, number: int) -> str:
    return name if number == 1 else f"{name}{number}"
