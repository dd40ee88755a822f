"""From the command line to an estate: URLs, redirections and name servers that somebody typed."""

import re
from collections.abc import Iterable, Sequence
from ipaddress import ip_address
from pathlib import Path

from scanner.config_error import ConfigError
from scanner.estate import Estate, Nameserver, Redirection, Target, default_http_port
from scanner.locale.details import detail_text
from scanner.locale.speech import say, spoken
from scanner.parse.url import Url, UrlError, host_of, parse_url
from scanner.probes.trust import certificates_in
from scanner.redaction import redact_text
from scanner.scope import Scope
from scanner.toml_file import read_text

MAX_PORT = 65535


def without_secrets(text: str) -> str:
    """What somebody typed, fit to be printed: whatever stands before an @ may be a password, also without a scheme."""
    before, at, after = redact_text(text)[0].rpartition("@")
    return f"...{at}{after}" if at and before else after


def secret_in(text: str, url: Url) -> str | None:
    """Why a target's URL may not be kept as it is: it is stored with the run and printed in reports."""
    if url.had_userinfo:
        return say("a URL must not carry a user name or password")
    if redact_text(text)[1]:
        return say("a URL must not carry a token, session or personal number: it would be stored and printed")
    return None


def estate_of_urls(texts: Sequence[str]) -> Estate:
    """An estate of URLs typed on the command line; their hosts, private ones too, are the scope. Raises ConfigError."""
    problems: list[str] = []
    urls: dict[str, Url] = {}
    for text in texts:
        try:
            url = parse_url(text)
        except UrlError as error:
            shown = without_secrets(text)
            problems.append(
                say(
                    "{shown}: {error}; expected an address such as https://host:8443/ or a targets file",
                    shown=shown,
                    error=detail_text(str(error), spoken()),
                )
            )
            continue
        if (secret := secret_in(text, url)) is not None:
            problems.append(f"{url.origin}: {secret}")
        urls.setdefault(str(url), url)
    if problems:
        raise ConfigError(problems)
    targets: dict[str, Target] = {}
    for url in urls.values():
        name = _free_name(_ID_UNSAFE.sub("-", url.origin.partition("://")[2]).strip("-") or "target", targets)
        targets[name] = Target(id=name, url=str(url), http_port=default_http_port(url))
    hosts = tuple(dict.fromkeys(url.host for url in urls.values()))
    return Estate(targets=tuple(targets.values()), scope=Scope(typed=hosts), source="command line")


_ID_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")


def _free_name(name: str, taken: dict[str, Target]) -> str:
    number = 1
    candidate = name
    while candidate in taken:
        number += 1
        candidate = f"{name}-{number}"
    return candidate


def nameserver_of(text: str) -> Nameserver:
    """`192.0.2.53`, `192.0.2.53:5353`, `2001:db8::53` or `[2001:db8::53]:5353`. Raises ValueError."""
    address, port = text, 53
    matched = re.fullmatch(r"\[([0-9A-Fa-f:.]+)\](?::(\d{1,5}))?|([0-9.]+):(\d{1,5})", text)
    if matched is not None:
        address = matched[1] or matched[3]
        port = int(matched[2] or matched[4] or 53)
    try:
        parsed = str(ip_address(address))
    except ValueError as error:
        raise ValueError(say("{text!r} is no IP address with an optional port", text=text)) from error
    if not 1 <= port <= MAX_PORT:
        raise ValueError(f"{text!r}: {say('a port is a number from 1 to 65535')}")
    return Nameserver(parsed, port)


def redirections_of(connect_to: Iterable[str], resolve: Iterable[str]) -> tuple[Redirection, ...]:
    """curl's `--connect-to HOST1:PORT1:HOST2:PORT2` and `--resolve HOST:PORT:ADDRESS`. Raises ConfigError.

    HOST2 must be an IP address here; an empty HOST1 or PORT1 matches any, an empty PORT2 keeps the port.
    """
    wishes: list[Redirection] = []
    for option, texts, count in (("--resolve", resolve, 3), ("--connect-to", connect_to, 4)):
        for text in texts:
            fields = re.findall(r"\[[^\]]*\]|[^:\[\]]+|(?<=:)(?=:)|^(?=:)|(?<=:)$", text)
            shape = "HOST:PORT:ADDRESS" if count == 3 else "HOST:PORT:ADDRESS:PORT"
            try:
                if len(fields) != count:
                    raise ValueError(say("wrong number of parts"))
                host = host_of(fields[0].strip("[]")) if fields[0] not in ("", "*") else ""
                port = int(fields[1] or 0)
                address = str(ip_address(fields[2].strip("[]")))
                to_port = int(fields[3] or 0) if count == 4 else 0
                if not (0 <= port <= MAX_PORT and 0 <= to_port <= MAX_PORT):
                    raise ValueError(say("a port is a number from 1 to 65535"))
            except ValueError as error:
                raise ConfigError(
                    [
                        say(
                            "{option} {text}: expected {shape} with an IP address ({error})",
                            option=option,
                            text=text,
                            shape=shape,
                            error=detail_text(str(error), spoken()),
                        )
                    ]
                ) from error
            wishes.append(Redirection(host, port, address, to_port))
    return tuple(wishes)


def load_anchors(paths: Iterable[Path]) -> tuple[bytes, ...]:
    """The certificates of PEM files, DER. Raises ConfigError."""
    anchors: list[bytes] = []
    for path in paths:
        try:
            found = certificates_in(read_text(path, say("expected certificates in PEM, not DER or PKCS #12")).encode())
        except ValueError as error:
            if isinstance(error, ConfigError):
                raise
            raise ConfigError([say("{path}: a certificate in it is not valid base64", path=path)]) from error
        if not found:
            raise ConfigError(
                [say("{path}: no PEM certificate in it (expected -----BEGIN CERTIFICATE-----)", path=path)]
            )
        anchors.extend(found)
    return tuple(dict.fromkeys(anchors))
