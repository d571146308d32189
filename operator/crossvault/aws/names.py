"""How the operator is called in CloudTrail: the names of its sessions, and the source identity where that is wanted.

A session's name is ``crossvault@CLUSTER@ACCOUNT``, or ``crossvault@CLUSTER@ACCOUNT@NAMESPACE`` where one namespace
alone may use the BackupAccount. Sessions are shared by all who may use an account, so with several namespaces the name
cannot tell which of them a call was for.
"""

from __future__ import annotations

import hashlib
import re

from ..engine.declared import Account

PREFIX = "crossvault"
UNNAMED = "unnamed"
LONGEST = 64
"""https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html: 2 to 64 of ``[\\w+=,.@-]``.

The command line takes up to 24 characters for the cluster, so that room is left for the rest.
"""

_OTHERS = re.compile(r"[^A-Za-z0-9_+=,.-]")


def session_name(cluster: str, account: Account) -> str:
    """Return the name of the sessions of an account: the same from one process to the next."""
    begin = source_identity(cluster)
    parts = [_OTHERS.sub("-", each) for each in (account.name, account.namespace) if each]
    room = LONGEST - len(begin) - len(parts)
    if len(parts) == 2:
        # The shorter one stays whole; the other one has what is left.
        account_part, namespace_part = parts
        half = room // 2
        most = max(half, room - len(namespace_part))
        parts = [_shortened(account_part, most), ""]
        parts[1] = _shortened(namespace_part, room - len(parts[0]))
    elif parts:
        parts = [_shortened(parts[0], room)]
    return "@".join((begin, *parts))


def source_identity(cluster: str) -> str:
    """Return who started it all: CloudTrail shows it also for sessions that were opened with ours."""
    return f"{PREFIX}@{cluster}"


def _shortened(name: str, limit: int) -> str:
    """Cut a name that is too long; its hash tells it from others that begin alike."""
    if len(name) <= limit:
        return name
    return f"{name[: limit - 7]}-{hashlib.sha256(name.encode()).hexdigest()[:6]}"
