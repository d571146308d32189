"""Kubeconfigs, read as kubectl reads them; what is not supported is refused, never ignored.

https://kubernetes.io/docs/reference/config-api/kubeconfig.v1/ names every member. No message holds an argument or the
output of a credential plugin, or a line of a file: they are where secrets are.
"""

from __future__ import annotations

import base64
import binascii
import json
import os
import re
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml
from yarl import URL

from ..aws.endpoints import is_loopback
from ..manifest.fields import kind_of, show
from .credentials import AccessError, Credentials, is_token

_EXEC_TIMEOUT = 60
_EXEC_VERSIONS = ("client.authentication.k8s.io/v1", "client.authentication.k8s.io/v1beta1")

_IMPERSONATION = "impersonation: give the operator an identity of its own"
_BASIC = "basic authentication, which Kubernetes has not had since 1.19: use a token, a client certificate or exec"
_UNSUPPORTED: Mapping[str, str] = {
    "as": _IMPERSONATION,
    "as-uid": _IMPERSONATION,
    "as-groups": _IMPERSONATION,
    "as-user-extra": _IMPERSONATION,
    "auth-provider": "auth providers, which kubectl has not had since 1.26: use exec",
    "username": _BASIC,
    "password": _BASIC,
    "tls-server-name": "another name than that in server: let server name a host of the certificate",
    "provideClusterInfo": "credential plugins that want to be told the cluster",
}
_CONTEXT = frozenset({"cluster", "user", "namespace", "extensions"})
_CLUSTER = frozenset(
    {
        *("server", "certificate-authority", "certificate-authority-data", "insecure-skip-tls-verify"),
        *("proxy-url", "disable-compression", "extensions"),
    }
)
_USER = frozenset(
    {
        *("token", "tokenFile", "client-certificate", "client-certificate-data", "client-key", "client-key-data"),
        *("exec", "extensions"),
    }
)
_ISSUED = ("token", "clientCertificateData", "clientKeyData")
_EXEC = frozenset({"apiVersion", "command", "args", "env", "installHint", "interactiveMode"})


@dataclass(frozen=True, slots=True)
class _Entry:
    """An object of a kubeconfig: ``what`` names it in messages, as in ``user admin``; files are beside ``path``."""

    path: Path
    what: str
    members: Mapping[str, Any]

    def error(self, words: str) -> AccessError:
        return AccessError(f"The kubeconfig {self.path} cannot be used: {self.what} {words}.")

    def only(self, supported: frozenset[str]) -> None:
        """Refuse what would be ignored; a member without a value counts as absent, as kubectl writes it."""
        for name, value in self.members.items():
            if name in supported or not value:
                continue
            words = _UNSUPPORTED.get(str(name), "a member that is not known")
            raise self.error(f"has {show(name)}, and Crossvault does not support {words}")

    def text(self, name: str) -> str:
        value = self.members.get(name) or ""
        if not isinstance(value, str):
            raise self.error(f"has a {name} that is {kind_of(value)} and no string")
        return value

    def flag(self, name: str) -> bool:
        value = self.members.get(name)
        if value is not None and not isinstance(value, bool):
            raise self.error(f"has a {name} that is {kind_of(value)}, neither true nor false")
        return bool(value)

    def file(self, name: str) -> Path | None:
        """Return the path of a file, which is relative to the folder of the kubeconfig that names it."""
        named = self.text(name)
        return self.path.parent / named if named else None

    def material(self, name: str) -> str | None:
        """Return PEM, from the member itself or from the file it names."""
        inline = self.text(f"{name}-data")
        if inline:
            try:
                return base64.b64decode(inline, validate=True).decode("ascii")
            except (binascii.Error, ValueError):
                raise self.error(f"has a {name}-data that is not base64 of PEM") from None
        file = self.file(name)
        return None if file is None else _text(file)


def read(paths: Iterable[Path], context: str | None) -> Credentials:
    """Return the credentials of a context, or of the current one. May run the command that a user names.

    Raises:
        AccessError: There is no such context, or something in it cannot be used.
    """
    found: dict[tuple[str, str], _Entry] = {}
    for path in paths:  # the first file that names something wins, as kubectl merges them
        document = _load(path)
        current = document.get("current-context")
        context = context or (current if isinstance(current, str) else None)
        for kind in ("context", "cluster", "user"):
            for name, entry in _entries(path, document, kind):
                found.setdefault((kind, name), entry)
    chosen = _named(found, "context", context or "")
    chosen.only(_CONTEXT)
    return _credentials(_named(found, "cluster", chosen.text("cluster")), _named(found, "user", chosen.text("user")))


def _load(path: Path) -> Mapping[str, Any]:
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise AccessError(f"The kubeconfig {path} cannot be read: {error.strerror}.") from None
    except yaml.MarkedYAMLError as error:
        line = f" (line {error.problem_mark.line + 1})" if error.problem_mark else ""
        raise AccessError(f"The kubeconfig {path} cannot be read: it is no YAML{line}.") from None
    except (yaml.YAMLError, ValueError, RecursionError):
        raise AccessError(f"The kubeconfig {path} cannot be read: it is no YAML.") from None
    return document if isinstance(document, dict) else {}


def _entries(path: Path, document: Mapping[str, Any], kind: str) -> Iterable[tuple[str, _Entry]]:
    listed = document.get(f"{kind}s") or []
    broken = AccessError(f"The kubeconfig {path} cannot be used: {kind}s is no list of objects with names.")
    if not isinstance(listed, list):
        raise broken
    for each in listed:
        members = (each.get(kind) or {}) if isinstance(each, dict) else None
        if not isinstance(members, dict) or not isinstance(each.get("name"), str):
            raise broken
        yield each["name"], _Entry(path, f"{kind} {show(each['name'])}", members)


def _named(found: Mapping[tuple[str, str], _Entry], kind: str, name: str) -> _Entry:
    if (kind, name) not in found:
        missing = f"no {kind} {name!r}" if name else f"no {kind} chosen"
        raise AccessError(f"The kubeconfig has no usable context: {missing}.")
    return found[kind, name]


def _credentials(cluster: _Entry, user: _Entry) -> Credentials:
    cluster.only(_CLUSTER)
    user.only(_USER)
    issued = _issued(user)
    token = issued.get("token") or _token(user)
    if token and not is_token(token):
        raise user.error("has a token, or a plugin that issues one, with a blank, a line end or the like in it")
    certificate = issued.get("clientCertificateData") or user.material("client-certificate")
    key = issued.get("clientKeyData") or user.material("client-key")
    if bool(certificate) != bool(key):
        raise user.error("has a client certificate without its key, or a key without its certificate")
    authority, insecure = cluster.material("certificate-authority"), cluster.flag("insecure-skip-tls-verify")
    if authority and insecure:
        raise cluster.error("has a certificate-authority, and insecure-skip-tls-verify, which would ignore it")
    server, proxy = _server(cluster), _url(cluster, "proxy-url")
    if proxy and urlsplit(server).scheme == "http":
        raise cluster.error("has a server on http, and a proxy-url: the token would go to the proxy in the clear")
    return Credentials(
        server=server,
        ca=authority,
        token=token,
        certificate=certificate,
        key=key,
        insecure=insecure,
        proxy=proxy or None,
        compressed=not cluster.flag("disable-compression"),
    )


def _server(cluster: _Entry) -> str:
    """Return the address of the API server: HTTPS, or this machine, as for ``kubectl proxy``."""
    url = _url(cluster, "server", required=True)
    parts = urlsplit(url)
    if "@" in parts.netloc:
        raise cluster.error("has a server with a user or a password in it: they belong to the user, as a token")
    if "?" in url or "#" in url:
        raise cluster.error("has a server with a ? or # in it, which is no address of an API server")
    if parts.scheme != "https" and not is_loopback(parts.hostname or ""):
        raise cluster.error("has a server on http, which would be sent the token in the clear: use https")
    return url.rstrip("/")


_PLAIN = re.compile(r"[!-\[\]-~]+")
"""Visible ASCII without the backslash: readers of URLs do not agree on the rest."""


def _url(entry: _Entry, name: str, *, required: bool = False) -> str:
    """Return an address. A proxy is spoken to in HTTP; SOCKS is not supported.

    aiohttp connects to the host that yarl reads; both that and the standard library's have to be the same.
    """
    url = entry.text(name)
    try:
        parts = urlsplit(url)
        good = parts.scheme in {"http", "https"} and bool(parts.hostname) and (parts.port is None or parts.port > 0)
        good = good and _PLAIN.fullmatch(url) is not None and URL(url).host == parts.hostname
    except ValueError:
        good = False
    if not good and (url or required):
        raise entry.error(f"has no {name} that begins with https:// or http:// and names a host")
    return url


def _token(user: _Entry) -> str | None:
    """Return the token, that of the file first, as its token is replaced while we run."""
    file = user.file("tokenFile")
    return (_text(file).strip() if file is not None else "") or user.text("token") or None


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii")
    except OSError as error:
        raise AccessError(f"{path}, which the kubeconfig names, cannot be read: {error.strerror}.") from None
    except ValueError:
        raise AccessError(f"{path}, which the kubeconfig names, is no text.") from None


# --- Credential plugins --------------------------------------------------------------------------------------------


def _issued(user: _Entry) -> Mapping[str, str]:
    """Run the user's credential plugin, if there is one, and return what it issues.

    https://kubernetes.io/docs/reference/access-authn-authz/authentication/#client-go-credential-plugins
    """
    plugin = user.members.get("exec") or {}
    if not isinstance(plugin, dict):
        raise user.error(f"has an exec that is {kind_of(plugin)} and no object")
    if not plugin:
        return {}
    entry = _Entry(user.path, f"exec of {user.what}", plugin)
    entry.only(_EXEC)
    version, command = entry.text("apiVersion"), entry.text("command")
    if version not in _EXEC_VERSIONS:
        raise entry.error(f"has no apiVersion that is one of {', '.join(_EXEC_VERSIONS)}")
    if not command:
        raise entry.error("names no command")
    if entry.text("interactiveMode") == "Always":
        raise entry.error("has interactiveMode Always, and nobody sits at the operator's terminal")
    asked = {"apiVersion": version, "kind": "ExecCredential", "spec": {"interactive": False}}
    environment = {**os.environ, **_environment(entry), "KUBERNETES_EXEC_INFO": json.dumps(asked)}
    answer = _run([_executable(entry, command), *_arguments(entry)], environment, show(command))
    return _issued_in(answer, version, show(command))


def _executable(entry: _Entry, command: str) -> str:
    """Return what to run: a bare name is looked for in PATH, a relative path beside the kubeconfig."""
    return str((entry.path.parent / command).absolute()) if os.sep in command else command


def _arguments(entry: _Entry) -> list[str]:
    arguments = entry.members.get("args") or []
    if not isinstance(arguments, list) or not all(isinstance(each, str) for each in arguments):
        raise entry.error("has args that are no list of strings")
    return arguments


def _environment(entry: _Entry) -> dict[str, str]:
    listed = entry.members.get("env") or []
    try:
        pairs = {each["name"]: each["value"] for each in listed}
    except (TypeError, KeyError):
        pairs = {"": None}
    if not all(isinstance(each, str) for pair in pairs.items() for each in pair):
        raise entry.error("has an env that is no list of names and values")
    return pairs


def _run(command: list[str], environment: Mapping[str, str], name: str) -> bytes:
    begin = f"The credential plugin {name} gave no credentials:"
    try:
        ran = subprocess.run(  # its input is nobody's; what it says is read, and never repeated
            command, env=environment, stdin=subprocess.DEVNULL, capture_output=True, timeout=_EXEC_TIMEOUT, check=False
        )
    except subprocess.TimeoutExpired:
        raise AccessError(f"{begin} it did not end within {_EXEC_TIMEOUT} seconds.") from None
    except OSError as error:
        raise AccessError(f"{begin} it cannot be started ({error.strerror}).") from None
    except ValueError:
        raise AccessError(f"{begin} it cannot be started with these arguments.") from None
    if ran.returncode != 0:
        raise AccessError(f"{begin} it ended with {ran.returncode}. Run it by hand to see why.") from None
    return ran.stdout


def _issued_in(answer: bytes, version: str, name: str) -> Mapping[str, str]:
    begin = f"The credential plugin {name} gave no credentials:"
    try:
        credential = json.loads(answer)
    except (ValueError, RecursionError):
        raise AccessError(f"{begin} its output is not JSON.") from None
    if not isinstance(credential, dict) or (credential.get("kind"), credential.get("apiVersion")) != (
        "ExecCredential",
        version,
    ):
        raise AccessError(f"{begin} its output is no ExecCredential of {version}.")
    found = credential.get("status")
    status: dict[str, Any] = found if isinstance(found, dict) else {}
    issued = {each: status[each] for each in _ISSUED if status.get(each)}
    if not issued or not all(isinstance(each, str) for each in issued.values()):
        raise AccessError(f"{begin} there is neither a token nor a client certificate in its output.")
    return issued
