"""What a request to S3 means: bucket and key from path or host, the operation, and the rights it needs.

Operations and their query words are botocore's, actions those of the Service Authorization Reference.
"""

from __future__ import annotations

import functools
import html
import re
import urllib.parse
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import botocore.session

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from botocore.model import OperationModel

    from ..identity.condition_keys import GatheredKeys
    from ..wire import Request

_HOST = re.compile(r"(?P<bucket>[a-z0-9][a-z0-9.-]*)\.(?:s3[.-][a-z0-9.-]*amazonaws\.com(?:\.cn)?|localhost)(?::\d+)?")
_ASKED = ("prefix", "delimiter", "max-keys", "versionid")
_PLACE = re.compile(rb"<LocationConstraint>([^<]*)</LocationConstraint>")
_PATH_OF_S3 = re.compile(r"s3[.-]")
# Older twins of operations, and those of S3's other kinds of buckets, which a request cannot be told apart from.
_HIDDEN = {
    "GetBucketLifecycle", "PutBucketLifecycle", "GetBucketNotification", "PutBucketNotification",
    "ListDirectoryBuckets", "WriteGetObjectResponse",
}  # fmt: skip
_CONFIGURATIONS = {
    f"{verb}Bucket{kind}": f"{right}{of}"
    for kind, of in (
        ("LifecycleConfiguration", "LifecycleConfiguration"),
        ("Lifecycle", "LifecycleConfiguration"),
        ("Encryption", "EncryptionConfiguration"),
        ("Replication", "ReplicationConfiguration"),
        ("AccelerateConfiguration", "AccelerateConfiguration"),
        ("InventoryConfiguration", "InventoryConfiguration"),
        ("InventoryConfigurations", "InventoryConfiguration"),
        ("AnalyticsConfiguration", "AnalyticsConfiguration"),
        ("AnalyticsConfigurations", "AnalyticsConfiguration"),
        ("MetricsConfiguration", "MetricsConfiguration"),
        ("MetricsConfigurations", "MetricsConfiguration"),
        ("IntelligentTieringConfiguration", "IntelligentTieringConfiguration"),
        ("IntelligentTieringConfigurations", "IntelligentTieringConfiguration"),
        ("Cors", "BucketCORS"),
        ("NotificationConfiguration", "BucketNotification"),
        ("OwnershipControls", "BucketOwnershipControls"),
        ("Tagging", "BucketTagging"),
    )
    for verb, right in (("Get", "Get"), ("List", "Get"), ("Put", "Put"), ("Delete", "Put"))
}
ACTIONS: Mapping[str, str] = _CONFIGURATIONS | {
    "ListBuckets": "ListAllMyBuckets",
    "HeadBucket": "ListBucket",
    "ListObjects": "ListBucket",
    "ListObjectsV2": "ListBucket",
    "ListObjectVersions": "ListBucketVersions",
    "ListMultipartUploads": "ListBucketMultipartUploads",
    "ListParts": "ListMultipartUploadParts",
    "HeadObject": "GetObject",
    "SelectObjectContent": "GetObject",
    "CopyObject": "PutObject",
    "CreateMultipartUpload": "PutObject",
    "UploadPart": "PutObject",
    "UploadPartCopy": "PutObject",
    "CompleteMultipartUpload": "PutObject",
    "DeleteObjects": "DeleteObject",
    "GetPublicAccessBlock": "GetBucketPublicAccessBlock",
    "PutPublicAccessBlock": "PutBucketPublicAccessBlock",
    "DeletePublicAccessBlock": "PutBucketPublicAccessBlock",
    "GetObjectLockConfiguration": "GetBucketObjectLockConfiguration",
    "PutObjectLockConfiguration": "PutBucketObjectLockConfiguration",
}
"""The action of an operation, where it is not the operation's own name."""
_VERSIONED = {
    "GetObject",
    "DeleteObject",
    "GetObjectTagging",
    "PutObjectTagging",
    "DeleteObjectTagging",
    "GetObjectAcl",
}


@dataclass(frozen=True, slots=True)
class Need:
    """A right that a call needs: the action, and the bucket and key that it is about; empty where none is."""

    action: str
    bucket: str
    key: str = ""

    @property
    def resource(self) -> str:
        """The ARN that policies see."""
        if not self.bucket:
            return "*"
        return f"arn:aws:s3:::{self.bucket}" + (f"/{self.key}" if self.key else "")


def path_style(request: Request) -> Request:
    """The same request with its bucket in the path, wherever it was."""
    host = request.headers.get("host", "").lower()
    found = _HOST.fullmatch(host)
    if found is None or _PATH_OF_S3.match(host):
        return request
    return replace(request, path=f"/{found['bucket']}{request.path}")


def bucket_and_key(request: Request) -> tuple[str, str]:
    """The bucket and the key that a request in path style names; empty where it names none."""
    bucket, _, key = urllib.parse.unquote(request.path).lstrip("/").partition("/")
    return bucket, key


def operation(request: Request) -> str | None:
    """The operation with the most specific form of those that fit a request in path style."""
    bucket, key = bucket_and_key(request)
    depth = (bucket != "") + (key != "")
    asked = dict(urllib.parse.parse_qsl(request.query, keep_blank_values=True))
    given = {name.lower() for name in (*asked, *request.headers)}
    fitting = [
        (len(form.words), len(form.required), form.name)
        for form in _forms()
        if form.method == request.method
        and form.depth == depth
        and all(name in asked and value in {"", asked[name]} for name, value in form.words)
        and form.required <= given
    ]
    return max(fitting)[2] if fitting else None


@dataclass(frozen=True, slots=True)
class _Form:
    name: str
    method: str
    depth: int
    words: tuple[tuple[str, str], ...]
    required: frozenset[str]


@functools.cache
def _forms() -> tuple[_Form, ...]:
    model = botocore.session.Session().get_service_model("s3")
    return tuple(_form(model.operation_model(name)) for name in model.operation_names if name not in _HIDDEN)


def _form(model: OperationModel) -> _Form:
    path, _, query = str(model.http["requestUri"]).partition("?")
    shape = model.input_shape
    members = [shape.members[name].serialization for name in shape.required_members] if shape else []
    required = {str(each["name"]).lower() for each in members if each.get("location") in {"querystring", "header"}}
    words = tuple(urllib.parse.parse_qsl(query, keep_blank_values=True))
    return _Form(model.name, str(model.http["method"]), path.count("{"), words, frozenset(required))


def condition_keys(request: Request) -> GatheredKeys:
    """The condition keys of S3 that follow from a request: words of the query, headers, and how it was signed."""
    query = {name.lower(): value for name, value in urllib.parse.parse_qsl(request.query, keep_blank_values=True)}
    found: GatheredKeys = {f"s3:{name}": (query[name],) for name in _ASKED if name in query}
    found |= {f"s3:{name}": (value,) for name, value in request.headers.items() if name.startswith("x-amz-")}
    found["s3:signatureversion"] = ("AWS4-HMAC-SHA256",)
    found["s3:authtype"] = ("REST-QUERY-STRING" if "x-amz-signature" in query else "REST-HEADER",)
    if place := _PLACE.search(request.body):
        found["s3:locationconstraint"] = (place[1].decode("ascii", "replace"),)
    return found


def needs(request: Request, name: str) -> Iterator[Need]:
    """The rights that a request in path style needs, the operation being known."""
    bucket, key = bucket_and_key(request)
    action = ACTIONS.get(name, name)
    if action in _VERSIONED and "versionid" in {word.lower() for word in urllib.parse.parse_qs(request.query)}:
        action = action.replace("Object", "ObjectVersion", 1)
    if name == "DeleteObjects":  # the keys are in the body
        for each in re.findall(rb"<Key>([^<]*)</Key>", request.body):
            yield Need(action, bucket, html.unescape(each.decode("utf-8", "replace")))
        return
    yield Need(action, bucket, key)
    source = request.headers.get("x-amz-copy-source")
    if source:
        of, _, what = urllib.parse.unquote(source).lstrip("/").partition("/")
        yield Need("GetObject", of, what.partition("?versionId=")[0])
