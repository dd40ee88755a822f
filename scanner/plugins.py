"""Plug-ins: checks, probes, reports and frameworks of other distributions.

A plug-in is trusted code, so nothing of a distribution is imported unless somebody allowed it by name: in the main targets
file (`[plugins] allow`), with `--plugin`, or in $PINDAI_PLUGINS. Of all others only the metadata is read, and that only
where it is asked which there are. What is allowed is loaded whole before the first packet, or nothing is scanned.

    [project.entry-points."pindai.checks"]        contoh = "pindai_contoh.checks"           the area of its checks
    [project.entry-points."pindai.probes"]        contoh = "pindai_contoh.probes"           the area of its probes
    [project.entry-points."pindai.reports"]       "contoh.csv" = "pindai_contoh.report:CSV"      what --format names
    [project.entry-points."pindai.frameworks"]    contoh-2026 = "pindai_contoh.framework:FILE"   the framework's id

Everything but a framework is named after an *area*: ids of checks, tags of probes and observations, and names of reports
begin with it and a full stop. An area belongs to one distribution; those of RESERVED are Pindai's own.
"""

import hashlib
import re
import traceback
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, cast

import msgspec

from scanner import registry
from scanner.locale.speech import say
from scanner.needs import Need
from scanner.observations.observation import Observation
from scanner.probes.probe import Probe
from scanner.registry import API_VERSION, Check, RegistryError, modules_of
from scanner.reports.report import Report

if TYPE_CHECKING:
    from importlib.metadata import Distribution, EntryPoint

    from scanner.frameworks.framework import Rulebook
    from scanner.run import PluginUsed

CHECKS, PROBES, REPORTS, FRAMEWORKS = GROUPS = ("pindai.checks", "pindai.probes", "pindai.reports", "pindai.frameworks")
RESERVED = frozenset(
    {
        *("api", "content", "dns", "egress", "estate", "http", "mail", "pindai", "pki", "run", "scanner", "scope"),
        *("tls", "uptime", "web"),
    }
)
"""Areas that are Pindai's own, also those of checks still to be built."""

API_SAYS = "PINDAI_API"
"""What a plug-in's module, or a package above it, calls the version of `scanner.api` that it was written for."""

_AREA = re.compile(r"[a-z][a-z0-9_]{0,39}")
_FORMAT = re.compile(r"[a-z][a-z0-9_]{0,39}(\.[a-z0-9][a-z0-9_-]{0,39})+")
_FRAMEWORK = re.compile(r"[a-z0-9][a-z0-9-]{0,79}")
_ALLOWED = re.compile(r"([A-Za-z0-9](?:[A-Za-z0-9._-]{0,98}[A-Za-z0-9])?)(?:\s*==\s*([A-Za-z0-9.!+_-]{1,60}))?")
_WRITTEN_BY_INSTALLERS = frozenset({"RECORD", "INSTALLER", "REQUESTED", "direct_url.json"})
_COMPILED = (".pyc", ".pyo")
_PINDAI = Path(__file__).parent

UNREADABLE = (AttributeError, KeyError, OSError, TypeError, ValueError)
"""What importlib.metadata raises for metadata that is none."""


class PluginError(Exception):
    """Plug-ins that cannot be used: each problem a line with what, which distribution, and what to do.

    `tracebacks` are for the log.
    """

    def __init__(self, problems: Sequence[str], tracebacks: Sequence[str] = ()) -> None:
        super().__init__("\n".join(problems))
        self.problems = tuple(problems)
        self.tracebacks = tuple(tracebacks)


class Allowed(msgspec.Struct, frozen=True):
    """A distribution that may be loaded; with a version only that one. `by` says where that was allowed."""

    name: str
    version: str = ""
    by: str = "--plugin"

    @classmethod
    def of(cls, text: str, by: str = "--plugin") -> "Allowed":
        """`pindai-contoh`, or `pindai-contoh==1.0`. Raises ValueError."""
        found = _ALLOWED.fullmatch(text.strip())
        if found is None:
            raise ValueError(
                say(
                    "{text!r} is no distribution; expected a name, or one with its version, such as pindai-contoh==1.0",
                    text=text,
                )
            )
        return cls(canonical(found[1]), found[2] or "", by)

    def __str__(self) -> str:
        return f"{self.name}=={self.version}" if self.version else self.name


def canonical(name: str) -> str:
    """A distribution's name as package indexes compare it (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def allowed_by(texts: Iterable[str], by: str) -> tuple[Allowed, ...]:
    """What a list of names allows. Raises PluginError."""
    allowed: list[Allowed] = []
    problems: list[str] = []
    for text in texts:
        try:
            allowed.append(Allowed.of(text, by))
        except ValueError as error:
            problems.append(f"{by}: {error}")
    if problems:
        raise PluginError(problems)
    return tuple(allowed)


class Installed(msgspec.Struct, frozen=True):
    """A distribution with entry points of ours, as its metadata says; nothing of it was imported."""

    distribution: str
    version: str
    adds: tuple[str, ...]
    """What it would add: `checks contoh`, `reports contoh.csv`."""


def installed() -> tuple[Installed, ...]:
    """All plug-ins there are, allowed or not, by name. Reads the metadata of every distribution: not for every command."""
    from importlib.metadata import distributions

    found: dict[str, Installed] = {}
    seen: set[str] = set()
    for it in distributions():
        try:
            name, version = (cast("str | None", it.metadata[key]) for key in ("Name", "Version"))
            points = _entry_points(it)
        except UNREADABLE:  # somebody else's broken installation: none of ours to tell of
            continue
        if not name or not version or canonical(name) in seen:
            continue  # a folder of metadata without a name, or hidden by one that comes before it
        seen.add(canonical(name))
        if points:
            adds = tuple(f"{point.group.removeprefix('pindai.')} {point.name}" for point in points)
            found[canonical(name)] = Installed(name, version, adds)
    return tuple(found[key] for key in sorted(found))


@dataclass(frozen=True)
class Plugin:
    """One distribution, loaded."""

    used: "PluginUsed"
    checks: tuple[Check, ...] = ()
    probes: tuple[type[Probe[Any]], ...] = ()
    observations: tuple[type[Observation], ...] = ()
    reports: Mapping[str, Report] = field(default_factory=dict)
    frameworks: Mapping[str, Path] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.used.distribution} {self.used.version}"


@dataclass(frozen=True)
class Plugins:
    """The plug-ins in force, in the order of their names."""

    loaded: tuple[Plugin, ...] = ()

    @property
    def checks(self) -> dict[str, Check]:
        """All checks by id: Pindai's own and the plug-ins'."""
        own = registry.discover()
        return dict(sorted((own | self.added).items())) if self.added else own

    @cached_property
    def added(self) -> dict[str, Check]:
        """The plug-ins' checks by id."""
        return {check.id: check for plugin in self.loaded for check in plugin.checks}

    @cached_property
    def by_check(self) -> dict[str, Plugin]:
        """The plug-in that a check comes from; Pindai's own are not there."""
        return {check.id: plugin for plugin in self.loaded for check in plugin.checks}

    @property
    def observations(self) -> tuple[type[Observation], ...]:
        """The kinds of observations they add."""
        return tuple(kind for plugin in self.loaded for kind in plugin.observations)

    @property
    def reports(self) -> dict[str, Report]:
        """The reports they add, by the name that `--format` takes."""
        return {name: report for plugin in self.loaded for name, report in plugin.reports.items()}

    @property
    def frameworks(self) -> tuple[Path, ...]:
        """The framework files they add."""
        return tuple(path for plugin in self.loaded for path in plugin.frameworks.values())

    @property
    def used(self) -> "tuple[PluginUsed, ...]":
        """As the run's manifest records them."""
        return tuple(plugin.used for plugin in self.loaded)

    @property
    def exactly(self) -> tuple[str, ...]:
        """Each with its version, so that another process loads the same."""
        return tuple(f"{it.distribution}=={it.version}" for it in self.used)

    def rulebook(self, own: Sequence[Path] = ()) -> "Rulebook":
        """Frameworks with those of plug-ins and of the user's own files. Raises ConfigError, PluginError."""
        from scanner.frameworks.loading import load_rulebook

        if not self.frameworks:
            return load_rulebook(own, self.checks)
        return self._rulebook if not own else self._with_frameworks(own)

    @cached_property
    def _rulebook(self) -> "Rulebook":
        return self._with_frameworks(())

    def _with_frameworks(self, own: Sequence[Path]) -> "Rulebook":
        from scanner.config_error import ConfigError
        from scanner.frameworks.loading import load_rulebook

        entries = [(it, name, path) for it in self.loaded for name, path in it.frameworks.items()]
        try:
            rulebook = load_rulebook([*self.frameworks, *own], self.checks)
        except ConfigError as error:
            told = [
                _of(plugin, f"{FRAMEWORKS} {name}: {problem}")
                for plugin, name, path in entries
                for problem in error.problems
                if problem.startswith(str(path))
            ]
            if not told:
                raise
            raise PluginError(told) from error
        shipped = len(rulebook.frameworks) - len(entries) - len(own)
        wrong = [
            _of(
                plugin,
                say(
                    "{group} {name}: the file holds the framework {framework!r}; the entry point's name is its id",
                    group=FRAMEWORKS,
                    name=name,
                    framework=framework.id,
                ),
            )
            for (plugin, name, _), framework in zip(entries, rulebook.frameworks[shipped:], strict=False)
            if framework.id != name
        ]
        if wrong:
            raise PluginError(wrong)
        return rulebook


NO_PLUGINS = Plugins()


def load_plugins(allowed: Iterable[Allowed], groups: Iterable[str] = GROUPS) -> Plugins:
    """The distributions that are allowed, imported and held against the rules. Raises PluginError with all problems.

    Without any, nothing is read.
    """
    wanted: dict[str, list[Allowed]] = {}
    for it in allowed:
        wanted.setdefault(it.name, []).append(it)
    if not wanted:
        return NO_PLUGINS
    loader = _Loader(frozenset(groups))
    loaded = [plugin for name in sorted(wanted) if (plugin := loader.load(wanted[name])) is not None]
    if loader.problems:
        raise PluginError(loader.problems, loader.tracebacks)
    return Plugins(tuple(loaded))


class _Refused(Exception):  # noqa: N818 - says what is wrong with an entry point
    """What is wrong with a piece of a plug-in."""


class _Loader:
    """Loads one distribution after the other and remembers who has which name."""

    def __init__(self, groups: frozenset[str]) -> None:
        self.groups = groups
        self.problems: list[str] = []
        self.tracebacks: list[str] = []
        self._areas: dict[str, str] = {}
        self._names: dict[tuple[str, str], str] = {}

    def load(self, allowed: Sequence[Allowed]) -> Plugin | None:
        """One distribution; None when something is wrong with it, which is noted."""
        from importlib.metadata import PackageNotFoundError, distribution

        name, by = allowed[0].name, ", ".join(dict.fromkeys(it.by for it in allowed))
        try:
            found = distribution(name)
        except PackageNotFoundError:
            self.problems.append(
                say(
                    "{by}: the plug-in {name} is not installed beside Pindai; install it from where you trust it to come "
                    "from, or take it out of the list",
                    by=by,
                    name=name,
                )
            )
            return None
        wrong = [it for it in allowed if it.version not in ("", found.version)]
        if wrong:
            self.problems += [
                say(
                    "{by}: the plug-in {name} is installed as {version}, and only {wanted} is allowed; install that one, or "
                    "look at the new one and allow it",
                    by=it.by,
                    name=name,
                    version=found.version,
                    wanted=it.version,
                )
                for it in wrong
            ]
            return None
        return self._load(found)

    def _load(self, found: "Distribution") -> Plugin | None:
        from scanner.run import PluginUsed

        before = len(self.problems)
        label = f"{found.metadata['Name']} {found.version}"
        try:
            points = _entry_points(found)
        except UNREADABLE as error:
            self._tell(label, say("its entry points cannot be read: {error}", error=error))
            return None
        if not points:
            self._tell(
                label,
                say("it is no plug-in: it has no entry points called {groups}; take it out", groups=", ".join(GROUPS)),
            )
            return None
        for point in points:
            self._claim(label, point)
        if len(self.problems) > before:
            return None  # names that clash: nothing of it is imported
        files = _Files(found)
        pieces = _Pieces()
        for point in points:
            if point.group in self.groups:
                self._take(label, point, files, pieces)
        if len(self.problems) > before:
            return None
        areas = dict.fromkeys(point.name for point in points if point.group in (CHECKS, PROBES))
        used = PluginUsed(found.metadata["Name"], found.version, files.digest, tuple(areas))
        return Plugin(
            used,
            tuple(pieces.checks),
            tuple(pieces.probes),
            tuple(pieces.observations),
            pieces.reports,
            pieces.frameworks,
        )

    def _tell(self, label: str, problem: str) -> None:
        self.problems.append(say("plug-in {label}: {problem}", label=label, problem=problem))

    def _claim(self, label: str, point: "EntryPoint") -> None:
        """Hold the name of an entry point: well formed, not ours, nobody else's."""
        where = f"{point.group} {point.name!r}"
        pattern = {REPORTS: _FORMAT, FRAMEWORKS: _FRAMEWORK}.get(point.group, _AREA)
        if pattern.fullmatch(point.name) is None:
            expected = {
                REPORTS: say("an area and a name, such as contoh.csv"),
                FRAMEWORKS: say("the framework's id, such as contoh-2026"),
            }.get(point.group, say("an area: small letters, digits and _, such as contoh"))
            self._tell(label, say("{where}: expected {expected}", where=where, expected=expected))
            return
        key = (point.group, point.name)
        if (other := self._names.setdefault(key, label)) != label or point.value != self._value(label, point):
            self._tell(
                label,
                say("{where}: {other} has that name already; allow one of them", where=where, other=other),
            )
            return
        if point.group == FRAMEWORKS:
            return
        area = point.name.partition(".")[0]
        if area in RESERVED:
            self._tell(label, say("{where}: the area {area} is Pindai's own; choose another", where=where, area=area))
        elif (other := self._areas.setdefault(area, label)) != label:
            self._tell(
                label,
                say(
                    "{where}: the area {area} is that of {other}; allow one of them",
                    where=where,
                    area=area,
                    other=other,
                ),
            )

    def _value(self, label: str, point: "EntryPoint") -> str:
        """What this name stood for when it was first seen in this distribution."""
        return self._names.setdefault((f"{label} {point.group}", point.name), point.value)

    def _take(self, label: str, point: "EntryPoint", files: "_Files", pieces: "_Pieces") -> None:
        """Import what an entry point names, behind a barrier, and hold it against the rules of its group."""
        try:
            module = _imported(point, files)
            _TAKES[point.group](point, module, pieces)
        except (_Refused, RegistryError) as error:
            self._tell(label, f"{point.group} {point.name}: {error}")
        except (Exception, SystemExit) as error:  # noqa: BLE001 - the barrier around code that is not ours
            text = traceback.format_exc()
            self.tracebacks.append(f"plug-in {label}: {text}")
            self._tell(
                label,
                say(
                    "{group} {name}: importing {module} failed: {error}{at}; mend it, or take the plug-in out of the list",
                    group=point.group,
                    name=point.name,
                    module=point.module,
                    error=_one_line(f"{type(error).__name__}: {error}"),
                    at=_where(error),
                ),
            )


@dataclass
class _Pieces:
    """What was found so far in one distribution."""

    checks: list[Check] = field(default_factory=list)
    probes: list[type[Probe[Any]]] = field(default_factory=list)
    observations: list[type[Observation]] = field(default_factory=list)
    reports: dict[str, Report] = field(default_factory=dict)
    frameworks: dict[str, Path] = field(default_factory=dict)


class _Files:
    """The files of a distribution, as its RECORD lists them."""

    def __init__(self, found: "Distribution") -> None:
        self._found = found
        self._editable = _is_editable(found)

    @cached_property
    def _listed(self) -> dict[str, Path]:
        """Those that come with the distribution, by their name in it: not what an installer adds, nor scripts outside."""
        return {
            str(path): Path(str(path.locate()))
            for path in self._found.files or ()
            if ".." not in path.parts
            and path.suffix not in _COMPILED
            and not (path.parts[0].endswith(".dist-info") and path.name in _WRITTEN_BY_INSTALLERS)
        }

    @cached_property
    def digest(self) -> str:
        """`sha256:` over the digests of all files; empty for an editable installation, whose code is listed nowhere."""
        if self._editable or not self._listed:
            return ""
        total = hashlib.sha256()
        for name, path in sorted(self._listed.items()):
            try:
                content = path.read_bytes()
            except OSError:
                content = b""
            total.update(f"{hashlib.sha256(content).hexdigest()}  {name}\n".encode())
        return f"sha256:{total.hexdigest()}"

    def stranger(self, module: str) -> str | None:
        """The file that a module would be loaded from, when it is none of this distribution; an editable one cannot tell.

        Asked before it is imported: another's module of that name, earlier on the path, was allowed by nobody.
        """
        spec = find_spec(module)
        # Without an origin it is a package without __init__.py: what is in it is looked at by itself.
        if self._editable or not self._listed or spec is None or spec.origin is None:
            return None
        own = {path.resolve() for path in self._listed.values()}
        return None if Path(spec.origin).resolve() in own else spec.origin


def _is_editable(found: "Distribution") -> bool:
    """Whether it was installed with `pip install -e` (PEP 610)."""
    try:
        told = msgspec.json.decode(found.read_text("direct_url.json") or "{}", type=dict[str, Any])
        return bool(told.get("dir_info", {}).get("editable"))
    except (msgspec.MsgspecError, AttributeError):
        return False


def _entry_points(found: "Distribution") -> "tuple[EntryPoint, ...]":
    """Ours among its entry points, in a fixed order."""
    points = (point for point in found.entry_points if point.group in GROUPS)
    return tuple(sorted(points, key=lambda it: (GROUPS.index(it.group), it.name, it.value)))


def _imported(point: "EntryPoint", files: _Files) -> ModuleType:
    """The module of an entry point, once it is known that it was written for this API. Raises _Refused."""
    parts = point.module.split(".")
    said: object = None
    module: ModuleType | None = None
    for count in range(1, len(parts) + 1):
        name = ".".join(parts[:count])
        if (file := files.stranger(name)) is not None:
            raise _Refused(
                say("the module {module} is found in {file}, which is no file of it", module=name, file=file)
            )
        module = import_module(name)
        said = getattr(module, API_SAYS, said)
        if said is not None and said != API_VERSION:
            raise _Refused(
                say(
                    "written for version {said!r} of scanner.api, and this Pindai has {have}; install a version of the "
                    "plug-in that goes with it",
                    said=said,
                    have=API_VERSION,
                )
            )
    assert module is not None
    if said is None:
        raise _Refused(
            say(
                "it does not say for which scanner.api it was written; its package says {name} = {have}",
                name=API_SAYS,
                have=API_VERSION,
            )
        )
    return module


def _take_checks(point: "EntryPoint", module: ModuleType, pieces: _Pieces) -> None:
    _only_a_module(point)
    found = registry.discover([module.__name__])
    if not found:
        raise _Refused(say("no check is declared at the top of {module}", module=module.__name__))
    for check in found.values():
        for name in (check.id, *check.was):
            if not name.startswith(f"{point.name}."):
                raise _Refused(say("the id {id!r} does not begin with {area!r}", id=name, area=f"{point.name}."))
        for need in check.needs:
            if not isinstance(need, Need):
                raise _Refused(
                    say(
                        "{id}: {need} is no need; a function becomes one with @derived(...)",
                        id=check.id,
                        need=_one_line(getattr(need, "__name__", repr(need))),
                    )
                )
    pieces.checks += found.values()


def _take_probes(point: "EntryPoint", module: ModuleType, pieces: _Pieces) -> None:
    _only_a_module(point)
    probes: dict[str, type[Probe[Any]]] = {}
    observations: dict[str, type[Observation]] = {}
    for name in modules_of(module.__name__):
        for value in vars(import_module(name)).values():
            if not (isinstance(value, type) and value.__module__ == name):
                continue
            if issubclass(value, Probe):
                _tagged(value, point.name, probes)
            elif issubclass(value, Observation):
                _tagged(value, point.name, observations)
    if not probes or not observations:
        raise _Refused(say("no Probe and no Observation at the top of {module}", module=module.__name__))
    for kind in observations.values():
        try:
            msgspec.json.Decoder(kind)
        except TypeError as error:
            raise _Refused(say("{kind} cannot be read back: {error}", kind=kind.__name__, error=error)) from error
    pieces.probes += probes.values()
    pieces.observations += observations.values()


def _tagged(kind: type[Any], area: str, known: dict[str, type[Any]]) -> None:
    """A class with a tag of its own. Raises _Refused."""
    config = kind.__struct_config__
    tag = config.tag
    if not config.frozen:
        raise _Refused(say("{kind} is not frozen; write frozen=True", kind=kind.__name__))
    if not isinstance(tag, str) or not tag.startswith(f"{area}."):
        raise _Refused(
            say(
                "the tag of {kind} does not begin with {area!r}; write tag={example!r}",
                kind=kind.__name__,
                area=f"{area}.",
                example=f"{area}.{kind.__name__.lower()}",
            )
        )
    if known.setdefault(tag, kind) is not kind:
        raise _Refused(say("the tag {tag!r} stands twice", tag=tag))


def _take_report(point: "EntryPoint", module: ModuleType, pieces: _Pieces) -> None:
    pieces.reports[point.name] = _object(point, module, Report, say("a report made with @report(...)"))


def _take_framework(point: "EntryPoint", module: ModuleType, pieces: _Pieces) -> None:
    path = _object(point, module, Path, say('the path of a file: importlib.resources.files(__package__) / "file.toml"'))
    if not path.is_file():
        raise _Refused(say("there is no file {path}", path=path))
    pieces.frameworks[point.name] = path


_TAKES: Mapping[str, "Callable[[EntryPoint, ModuleType, _Pieces], None]"] = {
    CHECKS: _take_checks,
    PROBES: _take_probes,
    REPORTS: _take_report,
    FRAMEWORKS: _take_framework,
}


def _only_a_module(point: "EntryPoint") -> None:
    if point.attr:
        raise _Refused(say("{value!r}: name a module, not something in it", value=point.value))


def _object(point: "EntryPoint", module: ModuleType, kind: type[Any], expected: str) -> Any:
    value: Any = module
    for name in filter(None, (point.attr or "").split(".")):
        value = getattr(value, name, None)
    if not isinstance(value, kind):
        raise _Refused(say("{value!r} is not {expected}", value=point.value, expected=expected))
    return value


def _of(plugin: Plugin, problem: str) -> str:
    return say("plug-in {label}: {problem}", label=plugin, problem=problem)


def _where(error: BaseException) -> str:
    """The innermost line of the plug-in's own that an exception passed, as ` (file.py:12)`."""
    if isinstance(error, SyntaxError) and error.filename:
        return f" ({Path(error.filename).name}:{error.lineno})"
    frames = [it for it in traceback.extract_tb(error.__traceback__) if not it.filename.startswith("<frozen")]
    own = [it for it in frames if "importlib" not in Path(it.filename).parts]
    own = [it for it in own if _PINDAI not in Path(it.filename).parents]
    return f" ({Path(own[-1].filename).name}:{own[-1].lineno})" if own else ""


def _one_line(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= 300 else text[:299] + "…"
