"""Frameworks from files: those that ship with Pindai, and an agency's own.

Every id is held against what it names: a clause against the wording, a check against those built or planned, a guard against
the thresholds. What nobody knows is an error with its file and key, and no clause silently loses what speaks to it.
"""

from collections.abc import Iterable, Iterator, Mapping
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Final

import msgspec

from scanner.config_error import ConfigError
from scanner.frameworks.catalogue import load_catalogue
from scanner.frameworks.framework import (
    TLS_VERSIONS,
    Aggregate,
    ArticleNumber,
    Certainty,
    Classes,
    Clause,
    Comparison,
    Crosswalk,
    Evidence,
    Framework,
    Guard,
    Measurable,
    OfficialList,
    Practice,
    Refused,
    Rulebook,
    RunFact,
    Scope,
    Setting,
    Text,
    Threshold,
    Via,
    Visibility,
)
from scanner.frameworks.sections import (
    BuiltFile,
    CrosswalkFile,
    CrosswalkSection,
    OwnFrameworkFile,
    ScopeSection,
    TextSection,
    ViaSection,
    day_of,
)
from scanner.locale.speech import say
from scanner.parse.toml_positions import Location
from scanner.toml_file import TomlFile, did_you_mean, likely, read_toml, toml_of

FRAMEWORKS: Final = "frameworks.json"
CROSSWALK: Final = "mapping.toml"
BUILT: Final = "built.toml"


def load_rulebook(own: Iterable[Path] = (), built: Iterable[str] = ()) -> Rulebook:
    """The frameworks that ship with Pindai and those of an agency's own files. Raises ConfigError with all that is wrong.

    `built` are ids of checks that are there although the catalogue does not know them, as those of a plug-in.
    """
    rulebook = read_rulebook(resources.files("scanner.frameworks"), built)
    problems: list[str] = []
    for path in own:
        try:
            rulebook = _with_own(rulebook, path, frozenset(built))
        except ConfigError as error:
            problems += error.problems
    if problems:
        raise ConfigError(problems)
    return rulebook


def read_rulebook(folder: Traversable, built: Iterable[str] = ()) -> Rulebook:
    """The frameworks and the crosswalk of a folder. Raises ConfigError with all that is wrong."""
    told = _Wordings.read(folder.joinpath(FRAMEWORKS))
    file = _toml(folder.joinpath(CROSSWALK))
    mapped = file.validate(CrosswalkFile)
    spoken = _toml(folder.joinpath(BUILT)).validate(BuiltFile)
    rulebook = Rulebook(
        frameworks=told.values(),
        rules=mapped.rules,
        lists={name: OfficialList(_text(it.text), _text(it.document)) for name, it in mapped.population.items()},
        aggregates={name: Aggregate(it.population, _text(it.text)) for name, it in mapped.aggregate.items()},
        scope_keys=mapped.scope_keys,
        run_facts={f"run.{name}": RunFact(it.figure, it.passes, _text(it.says)) for name, it in mapped.run.items()},
        thresholds={name: Threshold(it.text, tuple(it.checks)) for name, it in mapped.thresholds.items()},
        variants={check: tuple(names) for check, names in mapped.variants.items()},
        practices=tuple(Practice(tuple(it.checks), _text(it.reason)) for it in mapped.practice),
        refused=tuple(Refused(it.checks, it.clause, _text(it.reason)) for it in mapped.declined),
        catalogue=load_catalogue(),
        certainties=told.confidence_values,
        classes={
            check: Classes(
                it.outcomes,
                it.subjects,
                {key: tuple(names) for key, names in it.sound.items()},
                {name: tuple(patterns) for name, patterns in it.checks.items()},
            )
            for check, it in spoken.classes.items()
        },
        settings={
            name: {check: Setting(it.parameter, it.fixed) for check, it in checks.items()}
            for name, checks in spoken.settings.items()
        },
        status=mapped.status,
        generated=day_of(mapped.generated),
    )
    review = _Review(file, rulebook, frozenset(built), {clause.id for clause in rulebook.clauses()})
    problems = list(review.of_words(spoken))
    crosswalks: dict[str, Crosswalk] = {}
    for number, section in enumerate(mapped.clause):
        at: Location = ("clause", number)
        problems += review.of_entry(at, section.id, section)
        for clause_id in (section.id, *section.also):
            if clause_id not in review.clauses:
                problems.append(file.problem((*at, "id"), review.no_clause(clause_id)))
            elif clause_id in crosswalks:
                problems.append(
                    file.problem((*at, "id"), say("{clause_id!r} has an entry already", clause_id=clause_id))
                )
            else:
                crosswalks[clause_id] = _crosswalk(section)
    problems += review.of_via(crosswalks, mapped)
    problems += review.of_practices(mapped, crosswalks)
    if problems:
        raise ConfigError(problems)
    return msgspec.structs.replace(
        rulebook,
        frameworks=tuple(
            msgspec.structs.replace(
                framework,
                clauses=tuple(
                    msgspec.structs.replace(clause, crosswalk=crosswalks.get(clause.id)) for clause in framework.clauses
                ),
            )
            for framework in rulebook.frameworks
        ),
    )


def _with_own(rulebook: Rulebook, path: Path, built: frozenset[str]) -> Rulebook:
    """The rulebook and the framework of an agency's own file."""
    file = read_toml(path)
    own = file.validate(OwnFrameworkFile)
    known = {clause.id for clause in rulebook.clauses()}
    problems: list[str] = []
    if own.id in {framework.id for framework in rulebook.frameworks}:
        problems.append(file.problem(("id",), say("there is a framework called {id!r} already", id=own.id)))
    review = _Review(file, rulebook, built, known | {it.id for it in own.clause})
    seen: set[str] = set()
    clauses: list[Clause] = []
    crosswalks = {clause.id: clause.crosswalk for clause in rulebook.clauses() if clause.crosswalk is not None}
    for number, section in enumerate(own.clause):
        at: Location = ("clause", number)
        if not section.id.startswith(f"{own.id}/"):
            problems.append(file.problem((*at, "id"), say("ids of clauses here begin with {id!r}", id=own.id + "/")))
        if section.id in seen:
            problems.append(file.problem((*at, "id"), say("{id!r} is there already", id=section.id)))
        seen.add(section.id)
        problems += review.of_entry(at, section.id, section)
        spoken_to = bool(section.evidence) or section.via is not None
        crosswalk = _crosswalk(section) if spoken_to else None
        if crosswalk is not None:
            crosswalks[section.id] = crosswalk
        clauses.append(
            Clause(
                id=section.id,
                article=section.article,
                text=section.text,
                title=section.title,
                certainty=section.certainty,
                article_number=section.article_number,
                visibility=Visibility.PARTIAL if spoken_to else Visibility.NONE,
                note=section.note,
                crosswalk=crosswalk,
            )
        )
    for number, section in enumerate(own.clause):
        if section.via is not None:
            problems += review.of_one_via(("clause", number), section.id, section.via, crosswalks)
    if problems:
        raise ConfigError(problems)
    framework = Framework(
        id=own.id,
        title=_text(own.title),
        status=own.status,
        source=tuple(own.source),
        clauses=tuple(clauses),
        note=own.note,
    )
    return msgspec.structs.replace(rulebook, frameworks=(*rulebook.frameworks, framework))


class _Review:
    """Holds what a file says against what there is; every method yields what is wrong, with its place."""

    def __init__(self, file: TomlFile, rulebook: Rulebook, built: frozenset[str], clauses: set[str]) -> None:
        self.file = file
        self.rulebook = rulebook
        self.checks = {*rulebook.catalogue, *built}
        self.clauses = clauses

    def no_clause(self, clause_id: str) -> str:
        """What to say of a clause that nobody knows."""
        return say(
            "no clause is called {clause_id!r}{meant}", clause_id=clause_id, meant=_likely(clause_id, self.clauses)
        )

    def _check(self, at: Location, check: str, *, facts: bool) -> Iterator[str]:
        known = {*self.checks, *(self.rulebook.run_facts if facts else ())}
        if check not in known:
            yield self.file.problem(
                at, say("no check is called {check!r}{meant}", check=check, meant=_likely(check, known))
            )

    def of_entry(self, at: Location, clause_id: str, section: CrosswalkSection) -> Iterator[str]:
        """A crosswalk entry: every name in it is known, and no outcome speaks to the clause twice."""
        if section.aggregate not in self.rulebook.aggregates:
            known = self.rulebook.aggregates
            yield self.file.problem(
                (*at, "aggregate"), say("no such aggregate{meant}", meant=did_you_mean(section.aggregate, known))
            )
        for number, guard in enumerate(section.guards):
            here = (*at, "guards", number)
            if guard.name not in self.rulebook.thresholds:
                yield self.file.problem(
                    (*here, "name"),
                    say("no threshold{meant}", meant=did_you_mean(guard.name, self.rulebook.thresholds)),
                )
            yield from self._guard_value(here, guard.name, guard.op, guard.value)
        taken: set[tuple[str, str]] = set()
        for number, it in enumerate(section.evidence):
            here = (*at, "evidence", number)
            yield from self._check((*here, "check"), it.check, facts=True)
            variants = self.rulebook.variants.get(it.check, ())
            for variant in it.variants:
                if variant not in variants:
                    yield self.file.problem(
                        (*here, "variants"),
                        say(
                            "{check} has no variant {variant!r}{meant}",
                            check=it.check,
                            variant=variant,
                            meant=did_you_mean(variant, variants),
                        ),
                    )
            for variant in it.variants or variants or ("",):
                if (it.check, variant) in taken:
                    yield self.file.problem(
                        (*here, "check"),
                        say("{check} speaks to {clause_id} twice", check=it.check, clause_id=clause_id),
                    )
                taken.add((it.check, variant))

    def _guard_value(self, at: Location, name: str, op: Comparison, value: object) -> Iterator[str]:
        compares = op in (Comparison.AT_LEAST, Comparison.AT_MOST)
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        if compares and not (is_number or value in TLS_VERSIONS):
            yield self.file.problem(
                (*at, "value"),
                say(
                    "{name}: a number or one of {tls_versions} compares",
                    name=name,
                    tls_versions=", ".join(TLS_VERSIONS),
                ),
            )

    def of_via(self, crosswalks: Mapping[str, Crosswalk], mapped: CrosswalkFile) -> Iterator[str]:
        """Every `via` leads to clauses that something speaks to."""
        for number, section in enumerate(mapped.clause):
            if section.via is not None:
                yield from self.of_one_via(("clause", number), section.id, section.via, crosswalks)

    def of_one_via(
        self, at: Location, clause_id: str, via: ViaSection, crosswalks: Mapping[str, Crosswalk]
    ) -> Iterator[str]:
        """The same of one clause."""
        for number, pattern in enumerate(via.clauses):
            here = (*at, "via", "clauses", number)
            one = Via((pattern,), via.strength, _text(via.says))
            named = [it for it in crosswalks if one.names(it)]
            if not named:
                yield self.file.problem(here, say("nothing speaks to {pattern!r}", pattern=pattern))
            if clause_id in named:
                yield self.file.problem(here, say("{clause_id} leads to itself", clause_id=clause_id))
            for it in named:
                if it != clause_id and crosswalks[it].via is not None:
                    yield self.file.problem(here, say("{clause_id} leads to others itself; name those", clause_id=it))

    def of_practices(self, mapped: CrosswalkFile, crosswalks: Mapping[str, Crosswalk]) -> Iterator[str]:
        """A check that no clause names is known, and named by none."""
        named = {it.check for crosswalk in crosswalks.values() for it in crosswalk.evidence}
        for number, practice in enumerate(mapped.practice):
            for place, check in enumerate(practice.checks):
                here: Location = ("practice", number, "checks", place)
                yield from self._check(here, check, facts=False)
                if check in named:
                    yield self.file.problem(
                        here, say("{check} speaks to a clause, so it is not practice only", check=check)
                    )

    def of_words(self, spoken: BuiltFile) -> Iterator[str]:
        """The words of the crosswalk and of the built checks go together."""
        rulebook = self.rulebook
        for check in rulebook.variants:
            yield from self._check(("variants", check), check, facts=True)
        for name, threshold in rulebook.thresholds.items():
            for check in threshold.checks:
                yield from self._check(("thresholds", name, "checks"), check, facts=True)
        for name, aggregate in rulebook.aggregates.items():
            if aggregate.population not in rulebook.lists:
                yield self.file.problem(
                    ("aggregate", name, "population"), say("no list {population!r}", population=aggregate.population)
                )
        for check, classes in spoken.classes.items():
            known = rulebook.variants.get(check, ())
            told = [*classes.outcomes.values(), *classes.subjects.values(), *classes.checks]
            told += [name for names in classes.sound.values() for name in names]
            for variant in dict.fromkeys(told):
                if variant not in known:
                    yield say(
                        "{built}: classes.{check}: no variant {variant!r}{meant}",
                        built=BUILT,
                        check=check,
                        variant=variant,
                        meant=did_you_mean(variant, known),
                    )
        for name, settings in spoken.settings.items():
            if name not in rulebook.thresholds:
                yield say(
                    "{built}: settings.{name}: no threshold{meant}",
                    built=BUILT,
                    name=name,
                    meant=did_you_mean(name, rulebook.thresholds),
                )
                continue
            for check in settings:
                if check not in rulebook.thresholds[name].checks:
                    yield say(
                        "{built}: settings.{name}: {check} is not among its checks", built=BUILT, name=name, check=check
                    )


def _likely(given: str, known: Iterable[str]) -> str:
    """A likely word; a list of all there are would be longer than the line is worth."""
    return likely(given, sorted(known))


def _toml(entry: Traversable) -> TomlFile:
    return toml_of(Path(entry.name), entry.read_text("utf-8"))


def _text(section: TextSection) -> Text:
    return Text(en=section.en, id=section.id)


def _crosswalk(section: CrosswalkSection) -> Crosswalk:
    scope, via, part = section.scope or ScopeSection.model_validate({}), section.via, section.measurable_part
    return Crosswalk(
        aggregate=section.aggregate,
        evidence=tuple(
            Evidence(it.check, it.strength, _text(it.says), tuple(it.variants), it.passes == "silent")
            for it in section.evidence
        ),
        manual=tuple(_text(it) for it in section.manual),
        scope=Scope(
            kinds=frozenset(scope.kinds),
            se_category=frozenset(scope.se_category),
            vantage=scope.vantage,
            opt_in=frozenset(it.check.partition(".")[0] for it in section.evidence) if scope.opt_in else frozenset(),
            service_tag=scope.service_tag,
            sla_covers=scope.sla_covers,
        ),
        guards=tuple(Guard(it.name, it.op, it.value) for it in section.guards),
        via=None if via is None else Via(tuple(via.clauses), via.strength, _text(via.says)),
        annex=section.form == "annex",
        measurable=None if part is None else Measurable(part.certainty, part.en, part.id),
    )


# -- wordings


class _Wording(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A clause as the wordings file has it."""

    id: str
    pasal: str
    text_id: str
    title_en: str
    confidence: Certainty
    automatable: Visibility
    article_number: ArticleNumber
    function: str = ""
    audit_control: str = ""
    note: str = ""
    domain: int = 0
    aspect: int = 0
    weight_percent: float = 0.0
    criteria: dict[str, object] | None = None


class _FrameworkWording(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A framework as the wordings file has it."""

    id: str
    title_id: str
    title_en: str
    status: str
    source: tuple[str, ...]
    controls: tuple[_Wording, ...]
    note: str = ""


class _Wordings(msgspec.Struct, frozen=True):
    """The wordings file."""

    confidence_values: dict[str, str]
    frameworks: tuple[_FrameworkWording, ...]

    @classmethod
    def read(cls, entry: Traversable) -> "_Wordings":
        """The file, every id in it once and in its place. Raises ConfigError."""
        try:
            told = msgspec.json.decode(entry.read_bytes(), type=cls)
        except msgspec.MsgspecError as error:
            raise ConfigError([f"{entry.name}: {error}"]) from error
        problems: list[str] = []
        seen: set[str] = set()
        for framework in told.frameworks:
            for control in framework.controls:
                key = f"{entry.name}: {framework.id}: {control.id}"
                if not control.id.startswith(f"{framework.id}/"):
                    problems.append(say("{key}: the id does not begin with its framework's", key=key))
                if control.id in seen:
                    problems.append(say("{key}: the id is there already", key=key))
                seen.add(control.id)
        if problems:
            raise ConfigError(problems)
        return told

    def values(self) -> tuple[Framework, ...]:
        """The frameworks, as yet without a crosswalk."""
        return tuple(
            Framework(
                id=it.id,
                title=Text(en=it.title_en, id=it.title_id),
                status=it.status,
                source=it.source,
                note=it.note,
                clauses=tuple(
                    Clause(
                        id=clause.id,
                        article=clause.pasal,
                        text=clause.text_id,
                        title=clause.title_en,
                        certainty=clause.confidence,
                        article_number=clause.article_number,
                        visibility=clause.automatable,
                        function=clause.function,
                        note=clause.note,
                        criteria=clause.criteria,
                    )
                    for clause in it.controls
                ),
            )
            for it in self.frameworks
        )
