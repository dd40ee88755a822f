"""The configuration in force: every value with the place that says so.

    www   contact = "csirt@contoh.go.id"     units/dinkes.toml:4

Made from the same tables and in the same order as the estate itself, so that the two cannot disagree. A secret is never
read here: what is shown is where it is kept, and whether it is there.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from scanner.config.sections import DisableSection, ExpectSection, TargetSection
from scanner.config.targets import Configuration, Entry, Told
from scanner.estate import SecretKind, SecretSource, Target
from scanner.locale.speech import say
from scanner.parse.toml_text import written_toml
from scanner.profiles import Profile
from scanner.registry import Check
from scanner.toml_file import Section, key_of

DEFAULT = "default"
_NOT_SHOWN = frozenset({"include", "target", "defaults", "params", "disable", "profile"})
"""Tables of the main file that have no value of their own, or are shown elsewhere."""


@dataclass(frozen=True)
class Effective:
    """A value in force. `about` is the id of a target, empty for the whole estate."""

    about: str
    key: str
    value: str
    origin: str


@dataclass(frozen=True)
class MissingSecret:
    """A secret that a target names and this machine does not have."""

    target: str
    source: SecretSource

    def __str__(self) -> str:
        if self.source.kind is SecretKind.ENV:
            return say(
                "{target}: the environment variable {name} is not set", target=self.target, name=self.source.name
            )
        return say("{target}: there is no file {name}", target=self.target, name=self.source.name)


class Explainer:
    """Explains one configuration, for one environment."""

    def __init__(self, configuration: Configuration, environment: Mapping[str, str]) -> None:
        self._configuration = configuration
        self._environment = environment

    def values(self, profile: Profile, profile_from: str, checks: Sequence[Check]) -> Iterator[Effective]:
        """Everything in force: the profile and its pace, the estate, thresholds, then each target."""
        yield Effective("", "profile", written_toml(profile.name), profile_from)
        yield from self._profile(profile)
        main = self._configuration.main
        for key, info in type(main).model_fields.items():
            if key not in _NOT_SHOWN:
                yield from self._section("", (info.alias or key,), getattr(main, key), key in main.model_fields_set)
        yield from self._thresholds(profile, checks)
        for entry, target in zip(self._configuration.entries, self._configuration.estate.targets, strict=True):
            yield from self._target(entry, target, profile)

    def missing_secrets(self) -> Iterator[MissingSecret]:
        """The secrets that a scan would not find now."""
        for target in self._configuration.estate.targets:
            for source in _sources(target):
                if not self._is_there(source):
                    yield MissingSecret(target.id, source)

    # -- the whole estate

    @staticmethod
    def _profile(profile: Profile) -> Iterator[Effective]:
        origin = say("profile {name}", name=profile.name)
        yield Effective("", "checks", _plain(profile.checks), origin)
        for name in ("pace", "timeouts", "caps", "blocking", "our_side"):
            for key, value in msgspec.structs.asdict(getattr(profile, name)).items():
                yield Effective("", f"{name}.{key}", _plain(value), origin)

    def _section(self, about: str, at: tuple[str, ...], value: Any, is_set: bool) -> Iterator[Effective]:
        """A value of the main file, and what is in it when it is a table."""
        if isinstance(value, Section):
            for key, info in type(value).model_fields.items():
                inner = getattr(value, key)
                yield from self._section(about, (*at, info.alias or key), inner, key in value.model_fields_set)
        else:
            origin = self._origin(Told(value, self._configuration.file, at)) if is_set else DEFAULT
            yield Effective(about, key_of(at), _plain(value), origin)

    def _thresholds(self, profile: Profile, checks: Sequence[Check]) -> Iterator[Effective]:
        own = {
            (self._configuration.thresholds.id_of(check_id), name): Told(
                value, self._configuration.file, ("params", check_id, name)
            )
            for check_id, values in self._configuration.main.params.items()
            for name, value in values.items()
        }
        for check in checks:
            params = check.with_params(
                profile.params.get(check.id, {}) | self._configuration.estate.params.get(check.id, {})
            )
            for name, value in ({} if params is None else msgspec.to_builtins(params)).items():
                told = own.get((check.id, name))
                origin = self._origin(told) if told is not None else DEFAULT
                if told is None and name in profile.params.get(check.id, {}):
                    origin = say("profile {name}", name=profile.name)
                yield Effective("", key_of(("params", check.id, name)), _plain(value), origin)

    # -- a target

    def _target(self, entry: Entry, target: Target, profile: Profile) -> Iterator[Effective]:
        fields = TargetSection.model_fields
        for key in sorted(fields, key=lambda it: not fields[it].is_required()):
            told = entry.told(key)
            match key:
                case "http_port":
                    shown = "false" if target.http_port is None else str(target.http_port)
                    yield Effective(target.id, key, shown, self._origin(told))
                case "addresses" if profile.addresses is not None:
                    yield Effective(target.id, key, _plain(profile.addresses), say("profile {name}", name=profile.name))
                case "expect":
                    yield from self._expect(target.id, told)
                case "headers":
                    yield from self._headers(entry, target)
                case "basic_auth":
                    yield from self._basic_auth(entry, target)
                case "params":
                    yield from self._own_thresholds(entry, target.id)
                case "disable":
                    yield from self._switched_off(entry, target.id)
                case _:
                    yield Effective(target.id, key, _plain(told.value), self._origin(told))

    def _expect(self, about: str, told: Told) -> Iterator[Effective]:
        section: ExpectSection = told.value
        for key, info in type(section).model_fields.items():
            name = info.alias or key
            is_set = told.file is not None and key in section.model_fields_set
            inner = Told(getattr(section, key), told.file, (*told.location, name)) if is_set else Told(None)
            yield Effective(about, f"expect.{name}", _plain(getattr(section, key)), self._origin(inner))

    def _headers(self, entry: Entry, target: Target) -> Iterator[Effective]:
        headers = () if target.credential is None else target.credential.headers
        for name, value in headers:
            origin = self._origin(Told(None, entry.file, (*entry.at, "headers", name)))
            yield Effective(target.id, key_of(("headers", name)), self._kept(value), origin)

    def _basic_auth(self, entry: Entry, target: Target) -> Iterator[Effective]:
        credential = target.credential
        if credential is None or credential.password is None:
            return
        for key, value in (("user", credential.user), ("password", credential.password)):
            origin = self._origin(Told(None, entry.file, (*entry.at, "basic_auth", key)))
            yield Effective(target.id, f"basic_auth.{key}", self._kept(value), origin)

    def _own_thresholds(self, entry: Entry, about: str) -> Iterator[Effective]:
        for check_id, values in entry.params.items():
            for name, told in values.items():
                yield Effective(about, key_of(("params", check_id, name)), _plain(told.value), self._origin(told))

    def _switched_off(self, entry: Entry, about: str) -> Iterator[Effective]:
        for told in entry.disabled:
            section: DisableSection = told.value
            words = f"{written_toml(section.checks)}: {section.reason}"
            yield Effective(about, "disable", words, self._origin(told))

    # -- words

    def _origin(self, told: Told) -> str:
        """`units/dinkes.toml:3`, seen from the main file's folder."""
        if told.file is None:
            return DEFAULT
        path = told.file.path
        folder = self._configuration.folder
        name = path.relative_to(folder) if path.is_relative_to(folder) else path
        line = told.file.line(told.location)
        origin = str(name) if line is None else f"{name}:{line}"
        return f"{origin} [{told.location[0]}]" if told.location[0] in ("defaults", "unit") else origin

    def _kept(self, value: str | SecretSource) -> str:
        """Where a secret is kept and whether it is there; a plain text is not shown either."""
        if isinstance(value, str):
            return say("text")
        there = self._is_there(value)
        if value.kind is SecretKind.ENV:
            state = say("set") if there else say("not set")
        else:
            state = say("there") if there else say("not there")
        return f"{value.kind.value} {value.name} ({state})"

    def _is_there(self, source: SecretSource) -> bool:
        if source.kind is SecretKind.ENV:
            return bool(self._environment.get(source.name))
        return (self._configuration.folder / source.name).is_file()


def _sources(target: Target) -> Iterator[SecretSource]:
    credential = target.credential
    if credential is not None:
        held = (*(value for _, value in credential.headers), credential.user, credential.password)
        yield from (value for value in held if isinstance(value, SecretSource))


def _plain(value: Any) -> str:
    return say("(none)") if value is None else written_toml(value)
