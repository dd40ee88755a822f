"""A check's page: everything a reader is told of it, in both languages, as plain values that an index can hold."""

import fnmatch
import json
from collections.abc import Iterator, Mapping

import msgspec

from scanner.check_docs.docstring import CheckText, params_of, text_of
from scanner.frameworks.framework import Classes, Evidence, Framework, Rulebook, Text
from scanner.outcomes import Outcome, OutcomeBase, Undecided
from scanner.registry import Check


class OutcomeLine(msgspec.Struct, frozen=True, omit_defaults=True):
    """One sentence a check can say. `severity` for a finding, `reason` for what is undecided; else both are empty."""

    key: str
    state: str
    text: Text
    severity: str = ""
    reason: str = ""
    fixed_by: str = ""
    """Who can repair it, where it is somebody else than for the check."""


class ParamLine(msgspec.Struct, frozen=True):
    """A threshold. `default` is written as in a TOML file."""

    name: str
    default: str
    says: Text


class ClauseName(msgspec.Struct, frozen=True):
    """A clause as it is cited; `title` is English."""

    id: str
    article: str
    title: str


class ClauseLine(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a check shows of some clauses of one framework, and what it does not; how sure their wording is."""

    framework: Text
    clauses: tuple[ClauseName, ...]
    certainty: str
    strength: str
    says: Text
    outcomes: tuple[str, ...] = ()
    """Of which outcomes it is said, by key; of all of them where none is named."""
    silent: bool = False


class CheckPage(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A check, told. `through` are clauses that look at it by way of others; `practice` says why no clause names it."""

    id: str
    version: int
    kinds: tuple[str, ...]
    fixed_by: str
    text: CheckText
    outcomes: tuple[OutcomeLine, ...]
    params: tuple[ParamLine, ...]
    references: tuple[str, ...]
    was: tuple[str, ...] = ()
    clauses: tuple[ClauseLine, ...] = ()
    through: tuple[str, ...] = ()
    practice: Text | None = None

    def is_named(self, pattern: str) -> bool:
        """Whether an id, an area (`tls`), a glob or a former id names this check."""
        return fnmatch.fnmatchcase(self.id, pattern) or self.id.startswith(f"{pattern}.") or pattern in self.was


def pages_of(checks: Mapping[str, Check], rulebook: Rulebook) -> tuple[CheckPage, ...]:
    """The pages of these checks, in the order of their ids."""
    return tuple(_page(checks[name], rulebook) for name in sorted(checks))


def _page(check: Check, rulebook: Rulebook) -> CheckPage:
    defaults = {} if check.params is None else msgspec.to_builtins(check.params())
    clauses = tuple(_clauses(check.id, rulebook))
    named = {clause.id for line in clauses for clause in line.clauses}
    return CheckPage(
        id=check.id,
        version=check.version,
        kinds=tuple(sorted(check.kinds)),
        fixed_by=check.fixed_by.value,
        text=text_of(check),
        outcomes=tuple(_outcome(it, check) for it in check.outcomes),
        params=tuple(ParamLine(it.name, json.dumps(defaults[it.name]), it.says) for it in params_of(check)),
        references=check.references,
        was=check.was,
        clauses=clauses,
        through=tuple(
            clause.id
            for clause in rulebook.clauses()
            if clause.id not in named
            and clause.crosswalk is not None
            and clause.crosswalk.via is not None
            and any(map(clause.crosswalk.via.names, named))
        ),
        practice=next((it.reason for it in rulebook.practices if check.id in it.checks), None),
    )


def _outcome(outcome: OutcomeBase, check: Check) -> OutcomeLine:
    severity = reason = fixed_by = ""
    if isinstance(outcome, Outcome):
        severity = outcome.severity.word
        fixed_by = "" if outcome.fixed_by in (None, check.fixed_by) else outcome.fixed_by.value
    elif isinstance(outcome, Undecided):
        reason = outcome.reason.value
    text = Text(en=outcome.en, id=outcome.id)
    return OutcomeLine(outcome.key, outcome.state.value, text, severity, reason, fixed_by)


def _clauses(check_id: str, rulebook: Rulebook) -> Iterator[ClauseLine]:
    """What the crosswalk says of a check; clauses of which it says the same are one line."""
    lines: dict[tuple[object, ...], ClauseLine] = {}
    classes = rulebook.classes.get(check_id, Classes())
    for framework in rulebook.frameworks:
        for line in _of_framework(check_id, framework, classes):
            key = (framework.id, line.certainty, line.strength, line.says, line.outcomes, line.silent)
            before = lines.get(key)
            same = () if before is None else before.clauses
            lines[key] = msgspec.structs.replace(line, clauses=same + line.clauses)
    yield from lines.values()


def _of_framework(check_id: str, framework: Framework, classes: Classes) -> Iterator[ClauseLine]:
    for clause in framework.clauses:
        evidence: tuple[Evidence, ...] = () if clause.crosswalk is None else clause.crosswalk.evidence
        for it in evidence:
            if it.check == check_id:
                yield ClauseLine(
                    framework=framework.title,
                    clauses=(ClauseName(clause.id, clause.article, clause.title),),
                    certainty=clause.certainty.value,
                    strength=it.strength.value,
                    says=it.says,
                    outcomes=tuple(key for key, name in classes.outcomes.items() if name in it.variants),
                    silent=it.silent,
                )
