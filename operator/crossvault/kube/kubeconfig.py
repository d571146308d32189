"""Kubeconfigs: the official client reads and merges them; what it would ignore, confuse or tell is seen to here.

https://kubernetes.io/docs/reference/config-api/kubeconfig.v1/ names every member, ADR 17 says what is whose. What is
not supported is refused, never ignored. No message holds an argument or the output of a credential plugin, or a line of
a file: they are where secrets are, so no error of the official client is repeated.
"""

from __future__ import annotations

import base64
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
from kubernetes.config.config_exception import ConfigException
from kubernetes.config.kube_config import ConfigNode, FileOrData, KubeConfigMerger
from yarl import URL

from ..aws.endpoints import is_loopback
from ..manifest.fields import kind_of, show
from .credentials import AccessError, Credentials, is_token

_EXEC_TIMEOUT = 60
_EXEC_VERSIONS = ("client.authentication.k8s.io/v1", "client.authentication.k8s.io/v1beta1")

_BASIC = "basic authentication, which Kubernetes has not had since 1.19: use a token, a client certificate or exec"
_UNSUPPORTED: Mapping[str, str] = {
    **dict.fromkeys(
        ("as", "as-uid", "as-groups", "as-user-extra"), "impersonation: give the operator an identity of its own"
    ),
    **dict.fromkeys(("username", "password"), _BASIC),
    "auth-provider": "auth providers, which kubectl has not had since 1.26: use exec",
    "tls-server-name": "another name than that in server: let server name a host of the certificate",
    "provideClusterInfo": "credential plugins that want to be told the cluster",
}
_CERTIFICATE = ("client-certificate", "client-certificate-data", "client-key", "client-key-data")
_AUTHORITY = ("certificate-authority", "certificate-authority-data", "insecure-skip-tls-verify")
_SUPPORTED: Mapping[str, frozenset[str]] = {
    "context": frozenset({"cluster", "user", "namespace", "extensions"}),
    "cluster": frozenset({"server", "proxy-url", "disable-compression", "extensions", *_AUTHORITY}),
    "user": frozenset({"token", "tokenFile", "exec", "extensions", *_CERTIFICATE}),
    "exec": frozenset({"apiVersion", "command", "args", "env", "installHint", "interactiveMode"}),
}
_ISSUED = ("token", "clientCertificateData", "clientKeyData")
_LISTS = ("contexts", "clusters", "users")
_SHAPE = "its contexts, clusters and users are no lists of objects with names"


@dataclass(frozen=True, slots=True)
class _Entry:
    """An object of a kubeconfig: ``what`` names it in messages, as in ``user admin``; files are beside ``path``."""

    path: Path
    what: str
    members: Mapping[str, Any]

    @classmethod
    def of(cls, kind: str, path: Path, what: str, members: object) -> _Entry:
        """Return an object with what can be used; a member without a value counts as absent, as kubectl writes it."""
        if not isinstance(members, dict):
            raise cls(path, what, {}).error(f"is {kind_of(members)} and no object")
        entry = cls(path, what, {name: value for name, value in members.items() if value})
        for name in (each for each in entry.members if each not in _SUPPORTED[kind]):
            words = _UNSUPPORTED.get(str(name), "a member that is not known")
            raise entry.error(f"has {show(name)}, and Crossvault does not support {words}")
        return entry

    def error(self, words: str) -> AccessError:
        return AccessError(f"The kubeconfig {self.path} cannot be used: {self.what} {words}.")

    def text(self, name: str) -> str:
        value = self.members.get(name, "")
        if not isinstance(value, str):
            raise self.error(f"has a {name} that is {kind_of(value)} and no string")
        return value

    def flag(self, name: str) -> bool:
        value = self.members.get(name, False)
        if not isinstance(value, bool):
            raise self.error(f"has a {name} that is {kind_of(value)}, neither true nor false")
        return value

    def pem(self, name: str) -> str:
        """Return PEM, from its member or from a file; empty where there is neither."""
        try:
            return base64.b64decode(self.content(name), validate=True).decode("ascii")
        except ValueError:
            raise self.error(f"has a {name} that is no PEM, or a {name}-data that is not base64 of it") from None

    def content(self, name: str, *, encode: bool = True) -> str:
        """Return what ``NAME-data`` has, or what is in the file that ``NAME`` names; empty where there is neither."""
        checked = {each: self.text(each) for each in (name, f"{name}-data") if each in self.members}
        found = FileOrData(checked, name, file_base_path=str(self.path.parent), base64_file_content=encode)
        try:
            return found.as_data() or ""
        except OSError as error:
            told = f"{error.filename}, which the kubeconfig names, cannot be read: {error.strerror}."
            raise AccessError(told) from None
        except ValueError:
            raise self.error(f"has a {name} that is no text") from None


def read(paths: Iterable[Path], context: str | None) -> Credentials:
    """Return the credentials of a context, or of the current one. May run the command that a user names.

    Raises:
        AccessError: There is no such context, or something in it cannot be used.
    """
    merger = _merged(paths)
    current = (document.get("current-context") for document in merger.config_files.values())
    context = context or next((each for each in current if each and isinstance(each, str)), "")
    chosen = _named(merger.config, "context", context)
    return _credentials(
        _named(merger.config, "cluster", chosen.text("cluster")), _named(merger.config, "user", chosen.text("user"))
    )


def _merged(paths: Iterable[Path]) -> KubeConfigMerger:
    """Read files into one: the first that names something wins, as kubectl merges them."""
    merger = KubeConfigMerger("")  # given a list, it would split paths at colons and leave out those that are not there
    for path in paths:
        shapeless = AccessError(f"The kubeconfig {path} cannot be used: {_SHAPE}.")
        try:
            merger.load_config(str(path))
        except OSError as error:
            raise AccessError(f"The kubeconfig {path} cannot be read: {error.strerror}.") from None
        except (yaml.YAMLError, ValueError, RecursionError) as error:
            mark = error.problem_mark if isinstance(error, yaml.MarkedYAMLError) else None
            line = f" (line {mark.line + 1})" if mark else ""
            raise AccessError(f"The kubeconfig {path} cannot be read: it is no YAML{line}.") from None
        except (AttributeError, KeyError, TypeError):
            raise shapeless from None
        except ConfigException:
            if yaml.safe_load(path.read_text()) is not None:  # nothing at all is a kubeconfig, too
                raise shapeless from None
        else:
            if not all(_is_named(each) for kind in _LISTS for each in merger.config_files[str(path)].get(kind) or ()):
                raise shapeless
    return merger


def _is_named(entry: object) -> bool:
    return isinstance(entry, dict) and isinstance(entry.get("name"), str)


def _named(config: ConfigNode | None, kind: str, name: str) -> _Entry:
    node = config[f"{kind}s"].get_with_name(name, safe=True) if config is not None and name else None
    if node is None:
        missing = f"no {kind} {name!r}" if name else f"no {kind} chosen"
        raise AccessError(f"The kubeconfig has no usable context: {missing}.")
    return _Entry.of(kind, Path(node.path), f"{kind} {show(name)}", node.value.get(kind) or {})


def _credentials(cluster: _Entry, user: _Entry) -> Credentials:
    token, certificate, key = _token(user), user.pem("client-certificate"), user.pem("client-key")
    if bool(certificate) != bool(key):
        raise user.error("has a client certificate without its key, or a key without its certificate")
    if "exec" in user.members and not token and not certificate:  # as in kubectl, which then does not run it either
        token, certificate, key = _issued(user)
    if token and not is_token(token):
        raise user.error("has a token, or a plugin that issues one, with a blank, a line end or the like in it")
    authority, insecure = cluster.pem("certificate-authority"), cluster.flag("insecure-skip-tls-verify")
    if authority and insecure:
        raise cluster.error("has a certificate-authority, and insecure-skip-tls-verify, which would ignore it")
    server, proxy = _server(cluster), _url(cluster, "proxy-url")
    if proxy and urlsplit(server).scheme == "http":
        raise cluster.error("has a server on http, and a proxy-url: the token would go to the proxy in the clear")
    return Credentials(
        server=server,
        ca=authority or None,
        token=token or None,
        certificate=certificate or None,
        key=key or None,
        insecure=insecure,
        proxy=proxy or None,
        compressed=not cluster.flag("disable-compression"),
    )


def _token(user: _Entry) -> str:
    """Return the token; that of the file first, as its token is replaced while we run."""
    return user.content("tokenFile", encode=False).strip() or user.text("token")


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


# --- Credential plugins: the official client would wait for them for ever, and log what they say --------------------


def _issued(user: _Entry) -> tuple[str, str, str]:
    """Run the user's credential plugin and return the token, the certificate and the key that it issues.

    https://kubernetes.io/docs/reference/access-authn-authz/authentication/#client-go-credential-plugins
    """
    plugin = _Entry.of("exec", user.path, f"exec of {user.what}", user.members["exec"])
    version, command = plugin.text("apiVersion"), plugin.text("command")
    if version not in _EXEC_VERSIONS:
        raise plugin.error(f"has no apiVersion that is one of {', '.join(_EXEC_VERSIONS)}")
    if not command:
        raise plugin.error("names no command")
    if plugin.text("interactiveMode") == "Always":
        raise plugin.error("has interactiveMode Always, and nobody sits at the operator's terminal")
    if os.sep in command:  # beside the kubeconfig; a bare name is looked for in PATH
        command = str((plugin.path.parent / command).absolute())
    asked = {"apiVersion": version, "kind": "ExecCredential", "spec": {"interactive": False}}
    environment = {**os.environ, **_environment(plugin), "KUBERNETES_EXEC_INFO": json.dumps(asked)}
    try:
        return _issued_in(_run([command, *_arguments(plugin)], environment), version)
    except _PluginError as error:
        told = f"The credential plugin {show(plugin.text('command'))} gave no credentials: {error}."
        raise AccessError(told) from None


class _PluginError(Exception):
    """Says why a plugin gave no credentials, without a word of its own."""


def _arguments(plugin: _Entry) -> list[str]:
    arguments = plugin.members.get("args") or []
    if not isinstance(arguments, list) or not all(isinstance(each, str) for each in arguments):
        raise plugin.error("has args that are no list of strings")
    return arguments


def _environment(plugin: _Entry) -> dict[str, str]:
    try:
        pairs = {each["name"]: each["value"] for each in plugin.members.get("env", [])}
    except (TypeError, KeyError):
        pairs = {"": None}
    if not all(isinstance(each, str) for pair in pairs.items() for each in pair):
        raise plugin.error("has an env that is no list of names and values")
    return pairs


def _run(command: list[str], environment: Mapping[str, str]) -> bytes:
    try:
        ran = subprocess.run(  # its input is nobody's; what it says is read, and never repeated
            command, env=environment, stdin=subprocess.DEVNULL, capture_output=True, timeout=_EXEC_TIMEOUT, check=False
        )
    except subprocess.TimeoutExpired:
        raise _PluginError(f"it did not end within {_EXEC_TIMEOUT} seconds") from None
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else "no program can be given what it is given"
        raise _PluginError(f"it cannot be started ({why})") from None
    if ran.returncode != 0:
        raise _PluginError(f"it ended with {ran.returncode}. Run it by hand to see why")
    return ran.stdout


def _issued_in(output: bytes, version: str) -> tuple[str, str, str]:
    try:
        credential = json.loads(output)
    except (ValueError, RecursionError):
        raise _PluginError("its output is not JSON") from None
    match credential:
        case {"kind": "ExecCredential", "apiVersion": said, "status": dict(status)} if said == version:
            token, certificate, key = (status.get(each) or "" for each in _ISSUED)
            strings = all(isinstance(each, str) for each in (token, certificate, key))
            if strings and bool(certificate) == bool(key) and (token or certificate):
                return token, certificate, key
    raise _PluginError(
        f"its output is no ExecCredential of {version} with a token, or a client certificate and its key"
    )
