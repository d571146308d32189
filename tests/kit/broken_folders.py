"""What a folder of manifests may hold that is none: texts with the place and the cause of the refusal, and files."""

import json
import os
import socket
from collections.abc import Callable
from pathlib import Path

from tests.kit.broken_manifests import ACCOUNT

HEAD = "apiVersion: crossvault.io/v1alpha1\nkind: BackupAccount\n"
TEXTS: list[tuple[str, str, int, str]] = [
    ("nothing but a kind", HEAD, 1, "metadata: is required"),
    ("metadata that is a list", HEAD + "metadata: [a]\nspec: {}", 3, "metadata: must be an object, is a list"),
    ("a name that is a number", HEAD + "metadata:\n  name: 12", 4, "put it in quotes"),
    ("a name that is a list", HEAD + "metadata:\n  name: [a]", 4, "metadata.name"),
    ("a huge name", HEAD + f"metadata: {{name: {'n' * 100_000}}}", 3, "metadata.name: must be at most 253"),
    ("a name that turns round", HEAD + 'metadata: {name: "a\\u202Eb"}', 3, "\\u202eb"),
    ("a namespace that is a number", HEAD + "metadata: {name: a, namespace: 1}", 3, "metadata.namespace"),
    ("labels that are a list", HEAD + "metadata: {name: a, labels: [a]}", 3, "metadata.labels: must be an object"),
    (
        "a label that is a number",
        HEAD + "metadata: {name: a, labels: {b: 1}}",
        3,
        "metadata.labels.b: must be a string",
    ),
    ("a spec that is text", HEAD + "metadata: {name: a}\nspec: x", 4, "spec: must be an object, is a string"),
    ("an escape sequence in a value", HEAD + 'metadata: {name: a}\nspec:\n  roleArn: "\\e[31mx"', 5, "U+001B"),
    ("an escape sequence in a key", HEAD + 'metadata: {name: a}\nspec:\n  "\\e[2J": 1', 4, "spec.\\u001b[2J: unknown"),
    ("a huge key", HEAD + f"metadata: {{name: a}}\nspec:\n  ? {'k' * 90_000}\n  : 1", 4, "unknown field"),
    (
        "a huge value",
        HEAD + f"metadata: {{name: a}}\nspec: {{accountId: '{'1' * 90_000}'}}",
        4,
        "at most 12 characters",
    ),
    ("too many values", HEAD + f"metadata: {{name: a}}\nspec: {{regions: {['x'] * 90_000}}}", 4, "at most 50 items"),
    (
        "too many keys",
        HEAD + "metadata: {name: a}\nspec:\n" + "".join(f"  k{n}: 1\n" for n in range(40_000)),
        5,
        "unknown field",
    ),
    ("no such kind", "apiVersion: crossvault.io/v1alpha1\nkind: Backup", 2, "no such kind"),
    ("a kind that is a list", "apiVersion: crossvault.io/v1alpha1\nkind: [a]", 2, "no such kind"),
    ("a kind without its group", "kind: BackupAccount\nmetadata: {name: a}", 1, "apiVersion: is required: must be"),
    ("a group without a version", "apiVersion: crossvault.io\nkind: BackupAccount", 1, "apiVersion: must be"),
    ("another version", "apiVersion: crossvault.io/v1\nkind: BackupAccount", 1, "must be crossvault.io/v1alpha1, is"),
    ("a group misspelt", "kind: BackupAccount\napiVersion: crosvault.io/v1alpha1", 2, "apiVersion: must be"),
    ("a version that is a number", "kind: BackupAccount\napiVersion: 1", 2, "apiVersion: must be"),
    ("neither kind nor version", "apiVersion: crossvault.io/v2\nkind: Backup", 1, "apiVersion: must be"),
    ("a namespace without metadata", "apiVersion: v1\nkind: Namespace", 1, "metadata: is required"),
    ("a namespace with a number", "apiVersion: v1\nkind: Namespace\nmetadata: {name: 1}", 3, "metadata.name"),
    ("labels of a namespace", "apiVersion: v1\nkind: Namespace\nmetadata: {name: a, labels: {b: 1}}", 3, "labels.b"),
    (
        "a list with a number in it",
        "apiVersion: v1\nkind: List\nitems:\n- {}\n- 1",
        5,
        "must be an object, is a number",
    ),
    ("a broken item", f"apiVersion: v1\nkind: List\nitems:\n- {{}}\n- {json.dumps({**ACCOUNT, 'spec': 1})}", 5, "spec"),
    ("text", "hello", 1, "must be an object, is a string"),
    ("an alias bomb", "a: &a [x, x]\nb: &b [" + "*a, " * 60_000 + "*a]", 2, "more than 100,000 values"),
    ("brackets", "[" * 5000, 1, "deeper than 50"),
]


def _fifo(place: Path) -> None:
    os.mkfifo(place)


def _socket(place: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listener:
        before = Path.cwd()
        os.chdir(place.parent)  # the name of a socket may not be long
        try:
            listener.bind(place.name)
        finally:
            os.chdir(before)


FILES: list[tuple[str, Callable[[Path], object], str]] = [
    ("a pipe", _fifo, "is neither a file nor a folder"),
    ("a socket", _socket, "cannot be read"),
    ("a link to itself", lambda place: place.symlink_to(place), "cannot be read: too many levels of symbolic links"),
    ("a link to nothing", lambda place: place.symlink_to("nowhere"), "is a link to nothing"),
    ("bytes", lambda place: place.write_bytes(b"a: 1\nb: \xff\xfe"), "is not UTF-8: byte 0xff"),
    ("UTF-16", lambda place: place.write_bytes("a: 1".encode("utf-16")), "it begins like UTF-16"),
    ("a NUL", lambda place: place.write_bytes(b"a: 1\nb: \x00"), "U+0000"),
    ("a huge file", lambda place: place.write_bytes(b"# \n" * 3 * 2**20), "is larger than 8 MiB"),
    ("an image", lambda place: place.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(range(256))), "is not UTF-8"),
]
