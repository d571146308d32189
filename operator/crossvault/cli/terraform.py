"""Documents of ``crossvault iam`` as Terraform: a file with the roles of every account. Pure.

Each account has a provider of its own, by the alias of its name: who uses the file declares those.
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from . import policies
from .policies import Json

OPERATOR, COPY_ROLES = "operator_arn", "create_copy_roles"

_STRANGE = re.compile(r"[^a-z0-9_-]")
_BEHIND = re.compile(r"_(?:copy(?:_[0-9]+){0,2}|[0-9]+|key_statements)")
_OPERATOR = "operator"
_TEMPLATE = re.compile(r"([$%])(?=\{)")


@dataclass(frozen=True, slots=True)
class Expression:
    """What stands in a file as it is, and not as a text."""

    text: str


def module(answer: Mapping[str, Any]) -> str:
    """Return the file."""
    blocks = [*_variables(answer), *_operator(answer), *_accounts(answer)]
    return "\n".join([*_head(answer), *blocks])


def _head(answer: Mapping[str, Any]) -> Iterator[str]:
    yield "# Printed by crossvault iam. Each account has a provider of its own:"
    for each in _providers(answer):
        yield f'#   provider "aws" {{ alias = {_text(each)} ... }}'
    yield ""


def _providers(answer: Mapping[str, Any]) -> Iterator[str]:
    if answer.get("operator") is not None and answer["operator"]["role"].startswith("arn:"):
        yield "operator"
    yield from (name for name, _ in _named(answer["accounts"]))


def _variables(answer: Mapping[str, Any]) -> Iterator[str]:
    arn = answer["operatorArn"]
    known = {"default": arn} if arn.startswith("arn:") else {}
    words = "The operator's own identity, which the roles trust."
    yield block(("variable", OPERATOR), {"type": Expression("string"), "description": words, **known})
    for text, name in _external_ids(answer).items():
        secret = f"The External ID in the operator's Secret: {text.partition(':')[2]}"
        yield block(("variable", name), {"type": Expression("string"), "description": secret, "sensitive": True})
    words = "Whether to make the roles that AWS Backup copies with, where they are not there yet."
    yield block(("variable", COPY_ROLES), {"type": Expression("bool"), "description": words, "default": False})


def _operator(answer: Mapping[str, Any]) -> Iterator[str]:
    operator = answer.get("operator")
    if operator is None or not operator["role"].startswith("arn:"):
        return
    provider, name = Expression("aws.operator"), operator["role"].rsplit("/", 1)[-1]
    if operator["trust"] is not None and ":role/" in operator["role"]:
        yield _role("operator", operator["role"], operator["trust"], provider)
        yield from _permissions("operator", operator["permissions"], provider)
        return
    kind = "role" if ":role/" in operator["role"] else "user"
    for label, each in _labelled("operator", policies.split(operator["permissions"])):
        parts = {"provider": provider, "name": f"crossvault-{label}", kind: name, "policy": _document(each)}
        yield block(("resource", f"aws_iam_{kind}_policy", label), parts)


def _accounts(answer: Mapping[str, Any]) -> Iterator[str]:
    made: set[str] = set()
    for name, entry in _named(answer["accounts"]):
        provider = Expression(f"aws.{name}")
        if entry["role"] is not None:
            trust = policies.replaced(entry["trust"], answer["operatorArn"], Expression(f"var.{OPERATOR}"))
            for text, variable in _external_ids(answer).items():
                trust = policies.replaced(trust, text, Expression(f"var.{variable}"))
            yield _role(name, entry["role"], trust, provider)
            yield from _permissions(name, entry["permissions"], provider)
        for number, each in enumerate(entry["copyRoles"], 1):
            if each["role"] not in made:
                made.add(each["role"])
                yield from _copy_role(f"{name}_copy" + (f"_{number}" if number > 1 else ""), each, provider)
        if entry["keyStatements"]:
            yield block(("locals",), {f"{name}_key_statements": entry["keyStatements"]})


def _copy_role(label: str, copier: Mapping[str, Any], provider: Expression) -> Iterator[str]:
    count = Expression(f"var.{COPY_ROLES} ? 1 : 0")
    yield _role(label, copier["role"], copier["trust"], provider, count=count)
    for one, arn in _labelled(label, copier["managedPolicies"]):
        role = Expression(f"aws_iam_role.{label}[0].name")
        parts = {"count": count, "provider": provider, "role": role, "policy_arn": arn}
        yield block(("resource", "aws_iam_role_policy_attachment", one), parts)


def _role(label: str, arn: str, trust: Any, provider: Expression, **first: Any) -> str:  # noqa: ANN401 - a document
    path, _, name = arn.partition(":role")[2].rpartition("/")
    parts = {**first, "provider": provider, "name": name, "path": f"{path}/", "assume_role_policy": _document(trust)}
    return block(("resource", "aws_iam_role", label), parts)


def _permissions(label: str, document: Mapping[str, Any], provider: Expression) -> Iterator[str]:
    """Yield what a role is allowed: in it as far as there is room, else as managed policies."""
    documents, role = policies.split(document), Expression(f"aws_iam_role.{label}.name")
    if len(documents) == 1:
        parts = {"provider": provider, "name": "crossvault", "role": role, "policy": _document(documents[0])}
        yield block(("resource", "aws_iam_role_policy", label), parts)
        return
    for one, each in _labelled(label, documents):
        parts = {"provider": provider, "name": f"crossvault-{one}", "policy": _document(each)}
        yield block(("resource", "aws_iam_policy", one), parts)
        attached = {"provider": provider, "role": role, "policy_arn": Expression(f"aws_iam_policy.{one}.arn")}
        yield block(("resource", "aws_iam_role_policy_attachment", one), attached)


def _external_ids(answer: Mapping[str, Any]) -> dict[str, str]:
    """Return the variables for External IDs in Secrets, by what stands for them in trust policies."""
    texts = sorted({one["placeholder"] for each in answer["accounts"] for one in each.get("parameters", ())})
    return {text: "external_id" if number == 1 else f"external_id_{number}" for number, text in enumerate(texts, 1)}


def _labelled(label: str, found: Iterable[Any]) -> Iterator[tuple[str, Any]]:
    for number, each in enumerate(found, 1):
        yield (label if number == 1 else f"{label}_{number}"), each


def _named(entries: Iterable[Json]) -> Iterator[tuple[str, Json]]:
    """Yield every account with a name that Terraform takes, and from which no label comes that another one has."""
    listed = [(_clean(entry["account"]), entry) for entry in entries]
    bases, taken = {_OPERATOR, *(name for name, _ in listed)}, {_OPERATOR}
    for name, entry in listed:
        while name in taken or _comes_from(name, bases | taken) or any(_comes_from(each, {name}) for each in taken):
            name += "_"  # noqa: PLW2901 - until nobody has it
        taken.add(name)
        yield name, entry


def _clean(account: str) -> str:
    name = _STRANGE.sub("_", account)
    return name if name[:1].isalpha() else f"account_{name}"


def _comes_from(label: str, names: Container[str]) -> bool:
    """Tell whether a label is the name of one of these with what :func:`_accounts` puts behind it."""
    places = (place for place, each in enumerate(label) if each == "_")
    return any(label[:place] in names and _BEHIND.fullmatch(label[place:]) for place in places)


# --- HCL -----------------------------------------------------------------------------------------------------------


def block(labels: tuple[str, ...], parts: Mapping[str, Any]) -> str:
    """Write a block."""
    first, *names = labels
    head = " ".join([first, *(_text(each) for each in names)])
    return "\n".join([f"{head} {{", *(f"  {key} = {_value(each, 1)}" for key, each in parts.items()), "}", ""])


def _document(document: Mapping[str, Any]) -> Expression:
    return Expression(f"jsonencode({_value(document, 1)})")


def _value(value: Any, depth: int) -> str:  # noqa: ANN401 - any part of a document
    inside, after = "  " * (depth + 1), "  " * depth
    match value:
        case Expression():
            return value.text
        case bool():
            return "true" if value else "false"
        case str():
            return _text(value)
        case list() | tuple():
            return "[" + "".join(f"\n{inside}{_value(each, depth + 1)}," for each in value) + f"\n{after}]"
        case _:
            lines = (f"\n{inside}{_text(key)} = {_value(each, depth + 1)}" for key, each in value.items())
            return "{" + "".join(lines) + f"\n{after}}}"


_ESCAPED = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"}


def _text(text: str) -> str:
    """Write a text; what begins a template is doubled, and what is not printable written as its code.

    https://developer.hashicorp.com/terraform/language/expressions/strings
    """
    return '"' + _TEMPLATE.sub(r"\1\1", "".join(map(_character, text))) + '"'


def _character(one: str) -> str:
    if one in _ESCAPED:
        return _ESCAPED[one]
    if one.isprintable():
        return one
    return f"\\u{ord(one):04x}" if ord(one) < 0x10000 else f"\\U{ord(one):08x}"
