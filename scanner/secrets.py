"""Secrets: read when a scan starts, shown to nobody, sent to one origin.

A configuration names where a secret is kept (`SecretSource`); the value is fetched here, lives in memory for as long as the
scan, and goes out in requests only. It is in no manifest, observation, report, log or message: what could carry it there
asks the `Blackout` of the run first.
"""

import logging
import os
import re
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Final, NoReturn

import msgspec

from scanner.config_error import ConfigError
from scanner.estate import OURS_TO_SEND, Credential, Estate, SecretKind, SecretSource, Target
from scanner.locale.speech import reason_of, say
from scanner.redaction import NOTHING_KNOWN, Blackout

MAX_SECRET_FILE_BYTES: Final = 65_536
MAX_SECRET_CHARS: Final = 8_000
"""Servers take header lines of about 8 KiB."""
MIN_SECRET_CHARS: Final = 4
"""What is shorter stands in every answer by chance, and blacking it out would black out half the report."""
PASSWORD_VARIABLE: Final = "PINDAI_PASSWORD"  # noqa: S105 - the name of a variable
"""Where the password of `--user NAME` is looked for."""

_TOKEN: Final = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]{1,100}")
_VARIABLE: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_CONTROL: Final = re.compile(r"[\x00-\x08\x0a-\x1f\x7f-\x9f]")


class Secret:
    """A text that is shown only to whoever asks for it by `reveal`: not in messages, tracebacks or files."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """The text itself."""
        return self._text

    def __repr__(self) -> str:
        return "***"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and self._text == other._text

    def __hash__(self) -> int:
        return hash(self._text)

    def __reduce__(self) -> NoReturn:
        raise TypeError("a secret is not written down")


class Credentials(msgspec.Struct, frozen=True):
    """Header fields that requests to one origin carry, values from the configuration and from where secrets are kept."""

    origin: str
    fields: tuple[tuple[str, Secret], ...]


class Secrets(msgspec.Struct, frozen=True):
    """All that was read for a run: credentials by target id, and what to keep out of everything that is written."""

    credentials: Mapping[str, Credentials] = MappingProxyType({})
    known: Blackout = NOTHING_KNOWN


def read_secrets(estate: Estate, base: Path, environment: Mapping[str, str] = os.environ) -> Secrets:
    """Fetch the secrets that an estate names. Raises ConfigError: target, key and source, never a value.

    `base` is the folder that names of files are relative to.
    """
    reader = _Reader(base, environment)
    credentials: dict[str, Credentials] = {}
    for target in estate.targets:
        if target.credential is not None:
            fields = tuple(reader.fields_of(target, target.credential))
            credentials[target.id] = Credentials(target.parsed_url.origin, fields)
    if reader.problems:
        raise ConfigError(tuple(dict.fromkeys(reader.problems)))
    return Secrets(MappingProxyType(credentials), Blackout(reader.secrets))


class _Reader:
    """Fetches each source once, and collects what is wrong with any of them."""

    def __init__(self, base: Path, environment: Mapping[str, str]) -> None:
        self._base = base
        self._environment = environment
        self._read: dict[SecretSource, str | None] = {}
        self.problems: list[str] = []
        self.secrets: set[str] = set()

    def fields_of(self, target: Target, credential: Credential) -> Iterator[tuple[str, Secret]]:
        """The header fields of a target's requests; those whose value cannot be had are problems."""
        names = [name.lower() for name, _ in credential.headers]
        if credential.password is not None:
            names.append("authorization")
        for name, source in credential.headers:
            key = f"target {target.id!r}: headers.{name}"
            if not _TOKEN.fullmatch(name) or name.lower() in OURS_TO_SEND:
                self.problems.append(say("{key}: this header cannot be set", key=key))
            elif names.count(name.lower()) > 1:
                self.problems.append(say("{key}: set twice ([target.basic_auth] sets Authorization)", key=key))
            elif (value := self._value(key, source)) is not None:
                if value != value.strip():
                    self.problems.append(say("{key}: its value begins or ends with white space", key=key))
                else:
                    yield name, Secret(value)
        if credential.password is not None:
            yield from self._basic(target, credential.user, credential.password)

    def _basic(
        self, target: Target, user_source: str | SecretSource, password_source: SecretSource
    ) -> Iterator[tuple[str, Secret]]:
        """The Authorization field of a user and a password (RFC 7617), in UTF-8."""
        from base64 import b64encode

        key = f"target {target.id!r}: basic_auth"
        user, password = self._value(f"{key}.user", user_source), self._value(f"{key}.password", password_source)
        if user is None or password is None:
            return
        if not user or ":" in user:
            self.problems.append(say("{key}.user: a user name is not empty and has no colon in it (RFC 7617)", key=key))
            return
        both = f"{user}:{password}"
        encoded = b64encode(both.encode()).decode("ascii")
        self.secrets |= {both, encoded}  # the latter may be encoded once more by a server that repeats the whole head
        yield "Authorization", Secret(f"Basic {encoded}")

    def _value(self, key: str, source: str | SecretSource) -> str | None:
        """The text behind a source, or the text itself; None, with a problem, when it cannot be used."""
        if isinstance(source, SecretSource):
            if source not in self._read:
                self._read[source] = self._secret(key, source)
            return self._read[source]
        if _CONTROL.search(source):
            self.problems.append(say("{key}: no line ends and control characters can be in it", key=key))
            return None
        return source

    def _secret(self, key: str, source: SecretSource) -> str | None:
        shown = f"{source.kind.value} {source.name}"
        try:
            text = (
                self._from_environment(source.name) if source.kind is SecretKind.ENV else self._from_file(source.name)
            )
            _require_usable(text)
        except _Unusable as error:
            self.problems.append(f"{key}: {shown}: {error}")
            return None
        self.secrets.add(text)
        return text

    def _from_environment(self, name: str) -> str:
        text = self._environment.get(name, "")
        if not text:
            raise _Unusable(say("this environment variable is not set; export it where Pindai is started"))
        return text

    def _from_file(self, name: str) -> str:
        path = self._base / name
        try:
            with open(path, "rb", opener=_without_waiting) as handle:
                told = os.fstat(handle.fileno())
                if not stat.S_ISREG(told.st_mode):
                    raise _Unusable(say("not a regular file"))
                if told.st_mode & 0o077:
                    raise _Unusable(say("others on this machine can read it; chmod 600 {path}", path=path))
                octets = handle.read(MAX_SECRET_FILE_BYTES + 1)
        except OSError as error:
            raise _Unusable(reason_of(error)) from None
        if len(octets) > MAX_SECRET_FILE_BYTES:
            raise _Unusable(say("larger than {count} bytes", count=MAX_SECRET_FILE_BYTES))
        try:
            text = octets.decode("utf-8-sig")
        except UnicodeDecodeError:
            raise _Unusable(say("not UTF-8 text")) from None  # the error would quote what it could not read
        return text.removesuffix("\n").removesuffix("\r")


def _without_waiting(path: str, flags: int) -> int:
    """Open a file; a pipe that nobody writes to must not hold us up."""
    return os.open(path, flags | os.O_NONBLOCK)


class _Unusable(Exception):  # noqa: N818 - says what is wrong with a secret, and is caught here
    """Why a secret cannot be used, in words without it."""


def _require_usable(text: str) -> None:
    if len(text) < MIN_SECRET_CHARS:
        raise _Unusable(
            say(
                "shorter than {min_secret_chars} characters, too short to be kept out of reports",
                min_secret_chars=MIN_SECRET_CHARS,
            )
        )
    if len(text) > MAX_SECRET_CHARS:
        raise _Unusable(
            say("longer than {max_secret_chars} characters, more than servers take", max_secret_chars=MAX_SECRET_CHARS)
        )
    if _CONTROL.search(text):
        raise _Unusable(say("it has a line end or a control character in it; one secret, one line"))
    try:
        text.encode()
    except UnicodeEncodeError:
        raise _Unusable(say("not UTF-8 text")) from None


def credential_of_user(text: str) -> Credential:
    """The credential that `--user` asks for: `NAME:env=VARIABLE`, `NAME:file=PATH`, or `NAME`. Raises ConfigError.

    A password written there is refused and never repeated: everybody on the machine sees it, and the shell keeps it.
    """
    user, colon, rest = text.partition(":")
    kind, equals, name = rest.partition("=")
    source: SecretSource | None = None
    if not colon:
        source = SecretSource(SecretKind.ENV, PASSWORD_VARIABLE)
    elif kind == "env" and _VARIABLE.fullmatch(name):
        source = SecretSource(SecretKind.ENV, name)
    elif kind == "file" and equals and name:
        source = SecretSource(SecretKind.FILE, name)
    if source is None:
        raise ConfigError(
            [
                say(
                    "--user: a password on the command line is visible to everybody on this machine and is kept in the "
                    "shell's history; write NAME:env=VARIABLE, NAME:file=PATH, or NAME with the password in {variable}",
                    variable=PASSWORD_VARIABLE,
                )
            ]
        )
    if not user or _CONTROL.search(user):
        raise ConfigError([say("--user: expected a user name before the colon")])
    return Credential(user=user, password=source)


# -- what this process says about itself

_silent: list[Blackout] = []
"""What is kept out of logs and of the last words of a crash; a process runs one scan."""


def keep_silent(known: Blackout) -> None:
    """From now on no log of this process that `Silence` guards shows these secrets.

    What no handler takes (asyncio's complaints) goes to standard error, so that is guarded at once.
    """
    _silent[:] = [known]
    if logging.lastResort is not None and not any(isinstance(it, Silence) for it in logging.lastResort.filters):
        logging.lastResort.addFilter(Silence())


def unspoken(text: str) -> str:
    """A text of this process without the secrets that it must not show."""
    for known in _silent:
        text = known.masked(text)
    return text


class Silence(logging.Filter):
    """Blacks out secrets in a record, its traceback included, before a handler writes it."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Every record passes, without secrets."""
        if not any(_silent):
            return True
        record.msg, record.args = unspoken(record.getMessage()), None
        if record.exc_info:
            record.exc_text = logging.Formatter().formatException(record.exc_info)
            record.exc_info = None
        if record.exc_text:
            record.exc_text = unspoken(record.exc_text)
        if record.stack_info:
            record.stack_info = unspoken(record.stack_info)
        return True
