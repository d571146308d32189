"""Which resource types ARNs, and patterns of ARNs, may be of. Pure.

An ARN does not tell everything: clusters of Aurora, DocumentDB, Neptune and RDS look the same.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

PARTS, PLACES = 6, (3, 4)
"""An ARN has six members; of these, Region and account are the places in which it lies."""


def matches(pattern: str, arn: str) -> bool:
    """Tell whether an ARN is as a pattern says: ``*`` stands at its end, or for its whole Region or account."""
    head, open_ended = (pattern[:-1], True) if pattern.endswith("*") else (pattern, False)
    if "*" not in head:
        return arn.startswith(head) if open_ended else arn == head
    *steps, last = head.split(":", PARTS - 1)
    found = arn.split(":", PARTS - 1)
    if len(found) < PARTS or (len(steps) < PARTS - 1 and not open_ended):
        return False
    end = found[len(steps)]
    return (end.startswith(last) if open_ended else end == last) and all(
        wanted == there or (place in PLACES and wanted == "*")
        for place, (wanted, there) in enumerate(zip(steps, found, strict=False))
    )


@dataclass(frozen=True, slots=True)
class Shape:
    """How the ARNs of some types look.

    Attributes:
        service: The third member of the ARN.
        resource: How its last member begins, with ``:`` and ``/`` alike.
        filter: As the tagging API names it.
    """

    service: str
    resource: str
    types: tuple[str, ...]
    filter: str

    def has(self, service: str, resource: str) -> bool:
        """Tell whether an ARN of this service and resource looks so."""
        return service == self.service and resource.startswith(self.resource)


SHAPES = (
    Shape("ec2", "volume/", ("EBS",), "ec2:volume"),
    Shape("ec2", "instance/", ("EC2",), "ec2:instance"),
    Shape("s3", "", ("S3",), "s3"),
    Shape("elasticfilesystem", "file-system/", ("EFS",), "elasticfilesystem:file-system"),
    Shape("rds", "db/", ("RDS",), "rds:db"),
    Shape("rds", "cluster/", ("Aurora", "DocumentDB", "Neptune", "RDS"), "rds:cluster"),
    Shape("dsql", "cluster/", ("DSQL",), "dsql:cluster"),
    Shape("dynamodb", "table/", ("DynamoDB",), "dynamodb:table"),
    Shape("fsx", "file-system/", ("FSx",), "fsx:file-system"),
    Shape("fsx", "volume/", ("FSx",), "fsx:volume"),
    Shape("storagegateway", "gateway/", ("Storage Gateway",), "storagegateway:gateway"),
    Shape("timestream", "database/", ("Timestream",), "timestream:database"),
    Shape("backup-gateway", "vm/", ("VirtualMachine",), "backup-gateway:vm"),
    Shape("ssm-sap", "HANA/", ("SAP HANA on Amazon EC2",), "ssm-sap:HANA"),
    Shape("eks", "cluster/", ("EKS",), "eks:cluster"),
    Shape("cloudformation", "stack/", ("CloudFormation",), "cloudformation:stack"),
    Shape("redshift", "cluster/", ("Redshift",), "redshift:cluster"),
    Shape("redshift-serverless", "namespace/", ("Redshift Serverless",), "redshift-serverless:namespace"),
)
"""https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html"""

FILTERS = tuple(each.filter for each in SHAPES)


def types_of(arn: str) -> tuple[str, ...]:
    """Return which types a resource may be of; none where AWS Backup, as far as this release knows, backs none up."""
    service, resource = _parts(arn)
    return next((each.types for each in SHAPES if each.has(service, resource)), ())


def types_meant(patterns: Iterable[str]) -> frozenset[str]:
    """Return which types the resources may be of that match one of these patterns (:func:`matches`).

    A type is left out only if nothing that matches can be of it: one that is not known here is not, either.
    """
    return frozenset(name for pattern in patterns for each in SHAPES if _meets(pattern, each) for name in each.types)


def _meets(pattern: str, shape: Shape) -> bool:
    if not pattern.endswith("*"):
        return shape.has(*_parts(pattern))
    steps = pattern[:-1].split(":", 5)
    if len(steps) < 4:
        return len(steps) < 3 or shape.service.startswith(steps[2])
    resource = _flat(steps[5]) if len(steps) > 5 else ""
    begins = shape.resource.startswith(resource) or resource.startswith(shape.resource)
    return shape.service == steps[2] and begins


def _parts(arn: str) -> tuple[str, str]:
    steps = arn.split(":", 5)
    return (steps[2], _flat(steps[5])) if len(steps) > 5 else ("", "")


def _flat(resource: str) -> str:
    return resource.replace(":", "/")
