"""The values of a framework: clauses with their wording and its certainty, and what the crosswalk says of each.

A clause without a crosswalk entry can only be shown by documents or interview.
"""

import fnmatch
from datetime import date
from enum import StrEnum

import msgspec

from scanner.estate import Category, Kind, Vantage
from scanner.frameworks.catalogue import Planned

TLS_VERSIONS = ("TLS1.0", "TLS1.1", "TLS1.2", "TLS1.3")
"""As guards write them, the oldest first."""
RUN_FACT = "run."
"""What ids of facts of a run or a period begin with; all others are ids of checks."""


class Certainty(StrEnum):
    """How sure a wording is."""

    VERBATIM = "verbatim"
    COPIES = "copies"
    ONE_COPY = "one-copy"
    PARAPHRASE = "paraphrase"
    MEMORY = "memory"
    INFERENCE = "inference"


class ArticleNumber(StrEnum):
    """How sure the number of an article is."""

    PRINTED = "printed"
    COPIES = "copies"
    ONE_COPY = "one-copy"
    BY_COUNTING = "by counting"
    UNKNOWN = "unknown"


class Visibility(StrEnum):
    """How much of a clause can be seen from outside at all."""

    OBSERVABLE = "observable"
    PARTIAL = "partial"
    NONE = "none"


class Strength(StrEnum):
    """Whether a check speaks about what the clause's own words speak about."""

    DIRECT = "direct"
    SUPPORTING = "supporting"


class Comparison(StrEnum):
    """How a guard holds a policy value: `from` asks where the value comes from, not how large it is."""

    AT_LEAST = ">="
    AT_MOST = "<="
    EQUAL = "="
    ORIGIN = "from"


class Text(msgspec.Struct, frozen=True):
    """A sentence in English and Indonesian."""

    en: str
    id: str

    def of(self, language: str) -> str:
        """The sentence in `id` or `en`."""
        return self.id if language == "id" else self.en


class Guard(msgspec.Struct, frozen=True):
    """A policy value that a pass must not be looser than. No guard value stands in a regulation."""

    name: str
    op: Comparison
    value: str | float | int | bool


class Scope(msgspec.Struct, frozen=True, omit_defaults=True):
    """Which targets a clause is about: those that match every key that is set."""

    kinds: frozenset[Kind] = frozenset()
    se_category: frozenset[Category] = frozenset()
    vantage: Vantage | None = None
    opt_in: frozenset[str] = frozenset()
    """Areas of checks; a target is taken in when its owner switched one of them on."""
    service_tag: str = ""
    sla_covers: str = ""


class Evidence(msgspec.Struct, frozen=True):
    """A check, or a fact of the run, that speaks to a clause. `variants` empty: every outcome of the check.

    `silent`: not finding something at the places tried proves nothing, so only its findings are told.
    """

    check: str
    strength: Strength
    says: Text
    variants: tuple[str, ...] = ()
    silent: bool = False

    @property
    def is_run_fact(self) -> bool:
        """Whether it is a fact of the run or the period, and no check."""
        return self.check.startswith(RUN_FACT)


class Via(msgspec.Struct, frozen=True):
    """That the checks of other clauses speak to this one too; never their run facts."""

    clauses: tuple[str, ...]
    strength: Strength
    says: Text

    def names(self, clause_id: str) -> bool:
        """Whether a clause is one of those."""
        return any(fnmatch.fnmatchcase(clause_id, pattern) for pattern in self.clauses)


class Measurable(msgspec.Struct, frozen=True):
    """Which words of a criterion a figure can be laid beside; that it fits them is always our inference."""

    certainty: Certainty
    en: str
    id: str


class Crosswalk(msgspec.Struct, frozen=True, kw_only=True):
    """What speaks to a clause, how far, and what documents are needed all the same.

    `annex`: listed as an annex, without a combined figure.
    """

    aggregate: str
    evidence: tuple[Evidence, ...]
    manual: tuple[Text, ...]
    scope: Scope = Scope()
    guards: tuple[Guard, ...] = ()
    via: Via | None = None
    annex: bool = False
    measurable: Measurable | None = None

    @property
    def has_direct(self) -> bool:
        """Whether anything may decide the clause; without it the clause is supporting material at most."""
        return any(it.strength is Strength.DIRECT for it in self.evidence)


class Clause(msgspec.Struct, frozen=True, kw_only=True):
    """A clause or an indicator. `article` is where it stands, `text` its Indonesian wording, as sure as `certainty` says."""

    id: str
    article: str
    text: str
    title: str
    certainty: Certainty
    article_number: ArticleNumber = ArticleNumber.UNKNOWN
    visibility: Visibility = Visibility.PARTIAL
    function: str = ""
    note: str = ""
    criteria: dict[str, object] | None = None
    crosswalk: Crosswalk | None = None


class Framework(msgspec.Struct, frozen=True, kw_only=True):
    """A regulation or a guideline, with the clauses of it that are known here. `status` says whether it is in force."""

    id: str
    title: Text
    status: str
    source: tuple[str, ...]
    clauses: tuple[Clause, ...]
    note: str = ""


class Threshold(msgspec.Struct, frozen=True):
    """A name that guards use, and the checks whose parameters it protects."""

    text: str
    checks: tuple[str, ...]


class OfficialList(msgspec.Struct, frozen=True):
    """A list that figures are shares of, and the document that it must come from."""

    text: Text
    document: Text


class Aggregate(msgspec.Struct, frozen=True):
    """How endpoints add up to a figure, and of which list it is a share."""

    population: str
    text: Text


class RunFact(msgspec.Struct, frozen=True):
    """A fact of a run or a period: what it counts, when it is a pass, what it says."""

    figure: str
    passes: str
    says: Text


class Practice(msgspec.Struct, frozen=True):
    """Checks that no clause names, and why they are looked at all the same."""

    checks: tuple[str, ...]
    reason: Text


class Refused(msgspec.Struct, frozen=True):
    """A tempting line of the crosswalk that was refused, and why, so that nobody adds it again."""

    checks: str
    clause: str
    reason: Text


class Setting(msgspec.Struct, frozen=True):
    """The parameter of a built check that a guard's name stands for; `fixed` where the check leaves no choice."""

    parameter: str = ""
    fixed: str | float | int | bool | None = None


class Classes(msgspec.Struct, frozen=True):
    """What the outcomes of a built check, or a fact of the run, mean in the crosswalk's classes.

    `checks` gives, of a fact about findings, the checks whose findings are of a class. `outcomes` gives an outcome's class,
    `subjects` that of everything said about one kind of subject. `sound` names the classes that an outcome shows to be in
    order although it is itself a finding of another.
    """

    outcomes: dict[str, str] = {}
    subjects: dict[str, str] = {}
    sound: dict[str, tuple[str, ...]] = {}
    checks: dict[str, tuple[str, ...]] = {}


class Rulebook(msgspec.Struct, frozen=True, kw_only=True):
    """Everything clauses are assessed by: the frameworks, and the words that the crosswalk uses."""

    frameworks: tuple[Framework, ...]
    rules: dict[str, object]
    lists: dict[str, OfficialList]
    aggregates: dict[str, Aggregate]
    scope_keys: dict[str, str]
    run_facts: dict[str, RunFact]
    thresholds: dict[str, Threshold]
    variants: dict[str, tuple[str, ...]]
    practices: tuple[Practice, ...]
    refused: tuple[Refused, ...]
    catalogue: dict[str, Planned]
    certainties: dict[str, str]
    """In English, what each certainty means."""
    classes: dict[str, Classes]
    settings: dict[str, dict[str, Setting]]
    """By guard name and check id."""
    status: str = ""
    generated: date | None = None

    def framework_of(self, clause_id: str) -> Framework | None:
        """The framework that a clause belongs to."""
        return next((it for it in self.frameworks if clause_id.startswith(f"{it.id}/")), None)

    def clauses(self) -> tuple[Clause, ...]:
        """The clauses of all frameworks, in their order."""
        return tuple(clause for framework in self.frameworks for clause in framework.clauses)
