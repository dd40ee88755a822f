"""From a targets file, and the files it names, to an estate.

A broken main file stops everything, for nobody knows what else it meant. What it includes fails alone: a unit's file with an
error in it is left out as a whole, its problems are kept in `Estate.problems`, and the others are scanned.
"""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from pathlib import Path, PurePosixPath
from posixpath import normpath
from typing import Any

from scanner.config.sections import (
    AssessmentSection,
    DisableSection,
    ExpectSection,
    PopulationSection,
    SourceSection,
    TargetSection,
    TargetsFile,
    UnitFile,
    starttls_of,
    window_of,
)
from scanner.config.thresholds import Thresholds
from scanner.config.typed import load_anchors, nameserver_of
from scanner.config_error import ConfigError
from scanner.estate import (
    Authorisation,
    CoverageGoal,
    Credential,
    Deadlines,
    Disabled,
    Estate,
    Expectation,
    Goals,
    JsonExpectation,
    Population,
    ScheduleGoal,
    SecretKind,
    SecretSource,
    Target,
    VantagePoint,
    Waiver,
    Window,
    default_http_port,
    is_loopback,
)
from scanner.locale.speech import mark, say, say_marked
from scanner.locale.values import said_day
from scanner.parse.toml_positions import Location
from scanner.parse.url import parse_url
from scanner.plugins import NO_PLUGINS, Allowed, Plugins, load_plugins
from scanner.scope import Scope
from scanner.toml_file import Section, TomlFile, did_you_mean, read_toml

NOT_A_TABLE = mark("a targets file is TOML, not CSV or Excel; begin from targets.example.toml")
MAX_INCLUDES = 5000
MAX_TARGETS = 50_000
"""Together, so that one unit's file cannot make the run too large to be written down."""
UNIT_VARIABLE = "PINDAI_"
"""How the variables begin that a unit's file may name: the other ones of this machine are none of a unit's business."""
PLACEHOLDERS = (".example", ".invalid")
"""Endings of names that never exist (RFC 2606 2): they stand where a real one has yet to be written."""


@dataclass(frozen=True)
class Told:
    """A value and the place that says so; without a place it is the default."""

    value: Any
    file: TomlFile | None = None
    location: Location = ()

    @property
    def origin(self) -> str:
        """`file:line`, or `default`."""
        return "default" if self.file is None else self.file.where(self.location)


Layer = Mapping[str, Told]
"""What one table says about targets: only the keys that stand in it."""


@dataclass(frozen=True)
class Entry:
    """A target as it was written, and the tables that fill in what it leaves out, the closest first."""

    file: TomlFile
    at: Location
    section: TargetSection
    layers: tuple[Layer, ...]
    disabled: tuple[Told, ...]
    folder: PurePosixPath
    """The folder of its file, seen from that of the main file."""

    def told(self, key: str) -> Told:
        """The value in force, and where it comes from."""
        for layer in self.layers:
            if key in layer:
                return layer[key]
        return Told(getattr(self.section, key))

    @cached_property
    def params(self) -> dict[str, dict[str, Told]]:
        """Thresholds in force beside the estate's, by check id as it was written."""
        merged: dict[str, dict[str, Told]] = {}
        for layer in reversed(self.layers):
            if (told := layer.get("params")) is not None:
                for check_id, values in told.value.items():
                    places = {
                        key: Told(value, told.file, (*told.location, check_id, key)) for key, value in values.items()
                    }
                    merged[check_id] = merged.get(check_id, {}) | places
        return merged

    @cached_property
    def credential(self) -> Credential | None:
        """What requests to it carry; None for nothing."""
        headers = tuple((name, self._kept(value)) for name, value in self.section.headers.items())
        basic = self.section.basic_auth
        if basic is None:
            return Credential(headers=headers) if headers else None
        password = self._kept(basic.password)
        assert isinstance(password, SecretSource)
        return Credential(headers=headers, user=self._kept(basic.user), password=password)

    def _kept(self, value: str | SourceSection) -> str | SecretSource:
        """A text, or where a secret is kept: a file's name as it is seen from the main file's folder."""
        if isinstance(value, str):
            return value
        source = value.source
        if source.kind is SecretKind.FILE:
            return SecretSource(SecretKind.FILE, str(self.folder / source.name))
        return source

    def target(self, thresholds: Thresholds) -> Target:
        """The target with everything filled in."""
        section = self.section
        url = parse_url(section.url)
        category = self.told("category").value
        return Target(
            id=section.id,
            url=section.url,
            http_port=_plain_port(section, default_http_port(url)),
            service=section.service,
            unit=self.told("unit").value,
            contact=self.told("contact").value,
            category=category,
            environment=self.told("environment").value,
            kinds=tuple(self.told("kinds").value),
            addresses=self.told("addresses").value,
            expect=_expectation(self.told("expect").value),
            paths=tuple(self.told("paths").value),
            params=thresholds.plain(
                {key: {name: it.value for name, it in told.items()} for key, told in self.params.items()}
            ),
            disabled=tuple(Disabled(it.value.checks, it.value.reason) for it in self.disabled),
            windows=_windows(section.windows),
            credential=self.credential,
            openapi=section.openapi or "",
            opt_in=tuple(section.opt_in),
            starttls=tuple(map(starttls_of, section.starttls)),
        )


def _plain_port(section: TargetSection, usual: int | None) -> int | None:
    if section.http_port is False:
        return None
    port: int | None = section.http_port
    return usual if port is None else port


def _expectation(section: ExpectSection) -> Expectation:
    wanted = tuple(JsonExpectation(pointer, value) for pointer, value in section.json_.items())
    return Expectation(status=tuple(section.status), text=section.text, json=wanted)


def _windows(texts: Sequence[str]) -> tuple[Window, ...]:
    return tuple(window_of(text) for text in texts)


@dataclass(frozen=True)
class Source:
    """A file with targets: the main one, or a unit's."""

    file: TomlFile
    says: TargetsFile | UnitFile
    entries: tuple[Entry, ...]


@dataclass(frozen=True)
class Configuration:
    """All that was read for one estate."""

    file: TomlFile
    estate: Estate
    main: TargetsFile
    sources: tuple[Source, ...]
    thresholds: Thresholds = field(repr=False)
    plugins: Plugins = NO_PLUGINS

    @property
    def profile(self) -> str:
        """The profile that the file asks for, with its folder when it is a file; empty for none."""
        name = self.main.profile
        return str(self.folder / name) if name.lower().endswith(".toml") else name

    @property
    def folder(self) -> Path:
        """What the names of files in it start from."""
        return self.file.path.parent

    def refusal(self, now: datetime) -> str | None:
        """Why nothing may be scanned by these files any more, at an aware moment; None when it may."""
        authorisation = self.estate.authorisation
        if authorisation is None or self.estate.is_authorised(now):
            return None
        return self.file.problem(
            ("scope", "authorisation", "valid_until"),
            say(
                "{number} allowed scanning until {valid_until}, which is over, so nothing is scanned; "
                "write the number and the last day of the document that allows it now",
                number=authorisation.number,
                valid_until=said_day(authorisation.valid_until),
            ),
        )

    @property
    def entries(self) -> tuple[Entry, ...]:
        """All targets as they were written, in the order of `estate.targets`."""
        return tuple(entry for source in self.sources for entry in source.entries)


def load_targets(path: Path) -> Estate:
    """The estate a targets file describes. Raises ConfigError, PluginError."""
    return load_configuration(path).estate


def load_configuration(path: Path, allowed: Sequence[Allowed] = ()) -> Configuration:
    """The estate a targets file describes, with the place of every value. Raises ConfigError with all problems.

    The plug-ins it allows, and those `allowed` otherwise, are loaded for it. Raises PluginError when one cannot be.
    """
    return _Reading(path, allowed).read()


class _Reading:
    """One main file being read. `fatal` is what stops everything, `alone` what is left out and told."""

    def __init__(self, path: Path, allowed: Sequence[Allowed] = ()) -> None:
        self.path = path
        self.allowed = tuple(allowed)
        self.fatal: list[str] = []
        self.alone: list[str] = []
        self.thresholds = Thresholds()
        self.ids: dict[str, tuple[TomlFile, Location]] = {}
        self.urls: dict[str, tuple[TomlFile, Location, str]] = {}

    def read(self) -> Configuration:
        is_toml = self.path.suffix.lower() == ".toml"
        file = read_toml(self.path, "" if is_toml else say_marked(NOT_A_TABLE))
        try:
            says = file.validate(TargetsFile)
        except ConfigError as error:
            # What a plug-in adds is not known here, and loaded it is only for a file that is well formed.
            strange = [] if "plugins" in file.data or self.allowed else self._unknown_names(file)
            self.fatal += [*error.problems, *strange]
            included = file.data.get("include")
            if isinstance(included, list) and all(isinstance(it, str) for it in included):
                list(self._units(file, included))
            raise ConfigError([*self.fatal, *self.alone]) from None
        plugins = self._plugins(file, says)
        self.thresholds = Thresholds(plugins)
        main = self._source(file, says, None)
        scope = Scope(names=tuple(says.scope.names), networks=tuple(says.scope.networks))
        windows = _windows(says.windows)
        self.fatal += self._contradictions(main, scope, windows)
        self._remember(main)
        self.fatal += self.thresholds.problems(file, ("params",), says.params)
        anchors = self._anchors(says)
        units: list[Source] = []
        candidates = [
            self._source(unit_file, unit_says, main) for unit_file, unit_says in self._units(file, says.include)
        ]
        contested = _contested((main, *candidates))
        for unit in candidates:
            problems = [
                *self._contradictions(unit, scope, windows),
                *self._wrong_secrets(unit, contested),
                *self._too_many(unit, (main, *units)),
            ]
            if problems:
                self.alone += problems
            else:
                self._remember(unit)
                units.append(unit)
        sources = (main, *units)
        targets = [] if self.fatal else [it.target(self.thresholds) for source in sources for it in source.entries]
        waivers = self._waivers(says, targets)
        population = self._population(says.population)
        if not targets and not self.fatal:
            self.fatal.append(say("{path}: no [[target]] in it, so there is nothing to scan", path=self.path))
        if self.fatal:
            raise ConfigError([*self.fatal, *self.alone])
        estate = Estate(
            targets=tuple(targets),
            scope=scope,
            agency=says.agency.name,
            contact=says.agency.contact,
            time_zone=says.agency.time_zone,
            vantage=VantagePoint(says.vantage.kind, says.vantage.name, says.vantage.address),
            authorisation=_authorisation(says),
            marking=says.marking,
            windows=windows,
            references=tuple(says.reference.endpoints),
            ask_issuers=says.pki.ask_issuers,
            params=self.thresholds.plain(says.params),
            population=population,
            goals=_goals(says.assessment),
            waivers=waivers,
            problems=tuple(self.alone),
            nameservers=tuple(nameserver_of(text) for text in says.resolver.nameservers),
            anchors=anchors,
            source=self.path.name,
        )
        return Configuration(file, estate, says, sources, self.thresholds, plugins)

    def _plugins(self, file: TomlFile, says: TargetsFile) -> Plugins:
        """The plug-ins that this file allows, and those allowed otherwise. Raises PluginError."""
        own = [
            Allowed.of(text, file.where(("plugins", "allow", index))) for index, text in enumerate(says.plugins.allow)
        ]
        return load_plugins([*own, *self.allowed])

    # -- files

    def _units(self, main: TomlFile, patterns: Sequence[str]) -> Iterator[tuple[TomlFile, UnitFile]]:
        """The units' files that are well formed; what is wrong with the others is noted."""
        for path in self._included(main, patterns):
            try:
                file = read_toml(path)
            except ConfigError as error:
                self.alone += error.problems
                continue
            try:
                yield file, file.validate(UnitFile)
            except ConfigError as error:
                self.alone += [*error.problems, *self._unknown_names(file)]

    def _included(self, main: TomlFile, patterns: Sequence[str]) -> list[Path]:
        folder = self.path.parent
        root = folder.resolve()
        found: dict[Path, Path] = {self.path.resolve(): self.path}
        for index, pattern in enumerate(patterns):
            at: Location = ("include", index)
            parts = PurePosixPath(pattern).parts
            if pattern.startswith(("/", "~")) or ".." in parts or "\\" in pattern:
                self.fatal.append(
                    main.problem(
                        at, say('expected files below this one\'s folder, with "/" between, such as "units/*.toml"')
                    )
                )
                continue
            try:
                matches = sorted(it for it in folder.glob(pattern) if not it.is_dir())
                places = {it: it.resolve() for it in matches}
            except (ValueError, NotImplementedError, OSError, RuntimeError) as error:
                self.fatal.append(main.problem(at, say("no pattern for files: {error}", error=error)))
                continue
            if not matches:
                self.alone.append(main.problem(at, say("no file is called {pattern!r}", pattern=pattern)))
            for path, place in places.items():
                if not place.is_relative_to(root):
                    self.alone.append(
                        say(
                            "{path}: leads out of the folder of {main}, so it is not read",
                            path=path,
                            main=self.path,
                        )
                    )
                elif place.exists() and not place.is_file():  # a pipe would be waited for without end
                    self.alone.append(say("{path}: not a regular file", path=path))
                else:
                    found.setdefault(place, path)
        if len(found) > MAX_INCLUDES:
            self.fatal.append(
                main.problem(("include",), say("more than {max_includes} files", max_includes=MAX_INCLUDES))
            )
            return []
        return sorted(path for path in found.values() if path != self.path)

    def _source(self, file: TomlFile, says: TargetsFile | UnitFile, main: Source | None) -> Source:
        """A file's targets, with the tables above them."""
        around = [_layer(file, ("defaults",), says.defaults)]
        disabled = list(_switched_off(file, ("disable",), says.disable))
        if isinstance(says, UnitFile):
            unit = _layer(file, ("unit",), says.unit)
            around.append({"unit" if key == "name" else key: told for key, told in unit.items()})
        if main is not None:
            around.append(_layer(main.file, ("defaults",), main.says.defaults))
            disabled = [*_switched_off(main.file, ("disable",), main.says.disable), *disabled]
        folder = PurePosixPath(file.path.relative_to(self.path.parent).parent.as_posix())
        entries = []
        for index, section in enumerate(says.target):
            at: Location = ("target", index)
            layers = (_layer(file, at, section), *around)
            off = (*disabled, *_switched_off(file, (*at, "disable"), section.disable))
            entries.append(Entry(file, at, section, layers, off, folder))
        return Source(file, says, tuple(entries))

    def _anchors(self, says: TargetsFile) -> tuple[bytes, ...]:
        try:
            return load_anchors(self.path.parent / name for name in says.trust.anchors)
        except ConfigError as error:
            self.fatal += error.problems
            return ()

    def _waivers(self, says: TargetsFile, targets: Sequence[Target]) -> tuple[Waiver, ...]:
        if not says.waivers:
            return ()
        from scanner.waivers import load_waivers

        waivers: list[Waiver] = []
        for name in says.waivers:
            accepted, problems = load_waivers(self.path.parent / name, targets, self.thresholds.checks)
            waivers += accepted
            self.alone += problems
        return tuple(waivers)

    def _population(self, says: PopulationSection | None) -> Population | None:
        if says is None:
            return None
        from scanner.population import load_population

        try:
            return load_population(
                self.path.parent / says.file, document=says.document, date=says.date, sheet=says.sheet or None
            )
        except ConfigError as error:
            self.alone += error.problems
            return None

    # -- what is well formed one by one and wrong together

    def _contradictions(self, source: Source, scope: Scope, windows: tuple[Window, ...]) -> Iterator[str]:
        file, says = source.file, source.says
        yield from self.thresholds.problems(file, ("defaults", "params"), says.defaults.params)
        yield from self._unknown_checks(file, ("disable",), says.disable)
        own_ids: dict[str, int] = {}
        own_urls: dict[str, str] = {}
        for index, entry in enumerate(source.entries):
            section, at = entry.section, entry.at
            if section.id in own_ids:
                said = say(
                    "{id!r} is already target {number}; ids are unique", id=section.id, number=own_ids[section.id] + 1
                )
                yield file.problem((*at, "id"), said)
            elif section.id in self.ids:
                other, location = self.ids[section.id]
                yield file.problem(
                    (*at, "id"),
                    say(
                        "{id!r} is already in {location}; ids are unique", id=section.id, location=other.where(location)
                    ),
                )
            own_ids.setdefault(section.id, index)
            if (twin := own_urls.setdefault(section.url, section.id)) != section.id:
                said = say(
                    "{twin!r} and {id!r} are both {url}; keep one of them", twin=twin, id=section.id, url=section.url
                )
                yield file.problem((*at, "url"), said)
            elif section.url in self.urls:
                other, location, twin = self.urls[section.url]
                said = say(
                    "{url} is already {twin!r} in {location}; keep one of them",
                    url=section.url,
                    twin=twin,
                    location=other.where(location),
                )
                yield file.problem((*at, "url"), said)
            yield from self._wrong_place(entry, scope)
            yield from self._wrong_credential(entry)
            yield from self.thresholds.problems(file, (*at, "params"), section.params)
            yield from self._unknown_checks(file, (*at, "disable"), section.disable)
            yield from _unknown_areas(file, (*at, "opt_in"), section.opt_in)
            own = _windows(section.windows)
            if windows and own and not _minutes(windows) & _minutes(own):
                yield file.problem(
                    (*at, "windows"), say("never open while the windows of the estate are; it would not be scanned")
                )

    def _remember(self, source: Source) -> None:
        for entry in source.entries:
            self.ids.setdefault(entry.section.id, (source.file, (*entry.at, "id")))
            self.urls.setdefault(entry.section.url, (source.file, (*entry.at, "url"), entry.section.id))

    @staticmethod
    def _wrong_place(entry: Entry, scope: Scope) -> Iterator[str]:
        host = parse_url(entry.section.url).host
        at = (*entry.at, "url")
        if host.endswith(PLACEHOLDERS):
            yield entry.file.problem(
                at, say("{host} only stands here as an example; write the address of your own service", host=host)
            )
        elif not scope.permits_name(host):
            yield entry.file.problem(
                at, say("{host} is outside [scope]; add it to scope.names (or scope.networks)", host=host)
            )

    @staticmethod
    def _wrong_credential(entry: Entry) -> Iterator[str]:
        credential, url = entry.credential, parse_url(entry.section.url)
        if credential is None:
            return
        key = "headers" if credential.headers else "basic_auth"
        if url.scheme != "https" and not is_loopback(url.host):
            yield entry.file.problem(
                (*entry.at, key), say("would be sent over plain http, where everybody on the line reads it")
            )
        if credential.password is not None and any(name.lower() == "authorization" for name, _ in credential.headers):
            said = say("a request has one Authorization; keep [target.basic_auth] or the header")
            yield entry.file.problem((*entry.at, "basic_auth"), said)

    def _wrong_secrets(self, unit: Source, contested: Collection[SecretSource]) -> Iterator[str]:
        """What a unit's file may not name as a secret of its own: it goes to a server that the unit chooses."""
        for entry in unit.entries:
            for key, kept in _secrets_of(entry):
                at = (*entry.at, key)
                if kept.kind is SecretKind.ENV and not kept.name.startswith(UNIT_VARIABLE):
                    yield entry.file.problem(
                        at,
                        say(
                            "in a unit's file the name of a variable begins with {unit_variable} "
                            "({unit_variable}API_KEY)",
                            unit_variable=UNIT_VARIABLE,
                        ),
                    )
                elif kept.kind is SecretKind.FILE and not self._is_below(entry.folder, kept.name):
                    yield entry.file.problem(
                        at, say("a secret of a unit is a file in the folder of the unit's file, or below it")
                    )
                elif _canonical(kept) in contested:
                    yield entry.file.problem(at, say("another file names the same secret; every unit has its own"))

    def _is_below(self, folder: PurePosixPath, name: str) -> bool:
        root = (self.path.parent / folder).resolve()
        try:
            return (self.path.parent / name).resolve().is_relative_to(root)
        except (OSError, RuntimeError):  # links in a ring
            return False

    @staticmethod
    def _too_many(unit: Source, before: Sequence[Source]) -> Iterator[str]:
        if sum(len(it.entries) for it in (*before, unit)) > MAX_TARGETS:
            yield say(
                "{path}: with its {count} targets there would be more than {max_targets} in all",
                path=unit.file.path,
                count=len(unit.entries),
                max_targets=MAX_TARGETS,
            )

    def _unknown_names(self, file: TomlFile) -> Iterator[str]:
        """Checks and thresholds that do not exist, in a file that is not well formed: all that is wrong is told at once."""
        data = file.data
        listed = data.get("target")
        targets = list(enumerate(listed)) if isinstance(listed, list) else []
        tables: list[tuple[Location, Any]] = [((), data), (("defaults",), data.get("defaults"))]
        for at, table in (*tables, *((("target", index), it) for index, it in targets)):
            if not isinstance(table, dict):
                continue
            params, disabled = table.get("params"), table.get("disable")
            if isinstance(params, dict) and all(isinstance(it, dict) for it in params.values()):
                yield from self.thresholds.problems(file, (*at, "params"), params)
            for index, entry in enumerate(disabled if isinstance(disabled, list) else ()):
                pattern = entry.get("checks") if isinstance(entry, dict) else None
                if isinstance(pattern, str) and (wrong := self.thresholds.not_named(pattern)) is not None:
                    yield file.problem((*at, "disable", index, "checks"), wrong)

    def _unknown_checks(self, file: TomlFile, at: Location, sections: Sequence[DisableSection]) -> Iterator[str]:
        for index, section in enumerate(sections):
            if (wrong := self.thresholds.not_named(section.checks)) is not None:
                yield file.problem((*at, index, "checks"), wrong)


def _unknown_areas(file: TomlFile, at: Location, areas: Sequence[str]) -> Iterator[str]:
    if not areas:
        return
    from scanner.frameworks.catalogue import load_catalogue

    known = sorted({check.area for check in load_catalogue().values()})
    for index, area in enumerate(areas):
        if area not in known:
            yield file.problem(
                (*at, index), say("no area of checks is called {area!r}", area=area) + did_you_mean(area, known)
            )


def _goals(says: AssessmentSection) -> Goals:
    coverage, schedule, deadlines = says.coverage, says.schedule, says.deadlines
    days = {} if deadlines is None else deadlines.model_dump(exclude={"document"}, exclude_none=True)
    return Goals(
        coverage=None if coverage is None else CoverageGoal(coverage.percent, coverage.document),
        schedule=None
        if schedule is None
        else ScheduleGoal(schedule.every, schedule.percent, schedule.longest_gap_days, schedule.document),
        deadlines=None if deadlines is None else Deadlines(days, deadlines.document),
    )


def _layer(file: TomlFile, at: Location, section: Section) -> dict[str, Told]:
    return {key: Told(getattr(section, key), file, (*at, key)) for key in section.model_fields_set}


def _switched_off(file: TomlFile, at: Location, sections: Sequence[DisableSection]) -> Iterator[Told]:
    for index, section in enumerate(sections):
        yield Told(section, file, (*at, index))


def _secrets_of(entry: Entry) -> Iterator[tuple[str, SecretSource]]:
    """The secrets that a target names, each with its key."""
    credential = entry.credential
    if credential is None:
        return
    values = [
        *(("headers", value) for _, value in credential.headers),
        ("basic_auth", credential.user),
        ("basic_auth", credential.password),
    ]
    yield from ((key, value) for key, value in values if isinstance(value, SecretSource))


def _canonical(kept: SecretSource) -> SecretSource:
    """The same source however its file is spelled."""
    return SecretSource(kept.kind, normpath(kept.name)) if kept.kind is SecretKind.FILE else kept


def _contested(sources: Sequence[Source]) -> frozenset[SecretSource]:
    """The secrets that more than one file names: nobody knows then whose they are."""
    named = [{_canonical(kept) for entry in source.entries for _, kept in _secrets_of(entry)} for source in sources]
    counts = Counter(kept for secrets in named for kept in secrets)
    return frozenset(kept for kept, count in counts.items() if count > 1)


def _authorisation(says: TargetsFile) -> Authorisation | None:
    given = says.scope.authorisation
    return None if given is None else Authorisation(given.number, given.valid_until, given.issued_by)


def _minutes(windows: Sequence[Window]) -> int:
    """The minutes of a day in which one of the windows is open, as the bits of a number."""
    day = (1 << 24 * 60) - 1
    bits = 0
    for window in windows:
        start, until = (it.hour * 60 + it.minute for it in (window.start, window.until))
        before_start, before_until = (1 << start) - 1, (1 << until) - 1
        bits |= before_until & ~before_start if start <= until else (day & ~before_start) | before_until
    return bits
