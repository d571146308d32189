"""The rooms: one folder for each thing that AWS needs or that is kept as declared.

A room says what is declared of its aspect, what was seen, and how that is judged; its ``aws`` looks and acts. Here
they are listed, once, in the order in which a person mends and in which protection grows. A room may use what those
before it know.
"""

from __future__ import annotations

from . import (
    copies,
    copy_role,
    identity,
    lifecycle,
    organization,
    permissions,
    regions,
    resource_types,
    schedule,
    source_keys,
    vault,
    vault_policy,
)

ROOMS = (
    identity.ROOM,
    organization.ROOM,
    regions.ROOM,
    resource_types.ROOM,
    vault.ROOM,
    copy_role.ROOM,
    vault_policy.ROOM,
    source_keys.ROOM,
    lifecycle.ROOM,
    schedule.ROOM,
    permissions.ROOM,
    copies.ROOM,
)
