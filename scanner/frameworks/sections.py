"""The tables that a crosswalk file and an agency's own framework file may hold: their keys, types and bounds."""

import datetime
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field

from scanner.estate import Category, Kind, Vantage
from scanner.frameworks.framework import ArticleNumber, Certainty, Comparison, Strength
from scanner.locale.speech import say
from scanner.toml_file import Section

MAX_ID = 120
MAX_LINE = 400
MAX_TEXT = 4000
MAX_LISTED = 2000


def _one_line(text: str) -> str:
    if not text.strip():
        raise ValueError(say("must not be empty"))
    if not text.isprintable():
        raise ValueError(say("expected one line of text, without control characters"))
    return " ".join(text.split())


Line = Annotated[str, Field(max_length=MAX_LINE), AfterValidator(_one_line)]
Prose = Annotated[str, Field(max_length=MAX_TEXT), AfterValidator(_one_line)]
Id = Annotated[str, Field(max_length=MAX_ID, pattern=r"^[a-z0-9][a-z0-9.-]*(/[a-z0-9][a-z0-9.-]*)*$")]


class TextSection(Section):
    """A sentence in both languages."""

    en: Prose = Field(description="In English.", examples=["What a pass shows and what it does not."])
    id: Prose = Field(description="In Indonesian.", examples=["Apa yang ditunjukkan hasil sesuai, dan apa yang tidak."])


class ScopeSection(Section):
    """Which targets the clause is about: those that match every key."""

    kinds: list[Annotated[Kind, Field(strict=False)]] = Field(
        [], max_length=4, description="Kinds of endpoint.", examples=[["web", "api"]]
    )
    se_category: list[Annotated[Category, Field(strict=False)]] = Field(
        [], max_length=3, description="Decided categories of the electronic system.", examples=[["tinggi", "strategis"]]
    )
    vantage: Annotated[Vantage, Field(strict=False)] | None = Field(
        None, description="Where the scan must have looked from.", examples=["internet"]
    )
    opt_in: bool = Field(False, description="Only targets whose owner switched this area on.")
    service_tag: str = Field(
        "", max_length=MAX_LINE, description="The tag of the service in the population file.", examples=["LID"]
    )
    sla_covers: str = Field(
        "",
        max_length=MAX_LINE,
        description="What the service's SLA document must cover.",
        examples=["availability"],
    )


class GuardSection(Section):
    """A policy value that a pass must not be looser than."""

    name: str = Field(description="Name of a threshold.", examples=["min_tls"])
    op: Annotated[Comparison, Field(strict=False)] = Field(
        description="`>=` or `<=` compare, `=` asks for this very value, `from` for a document of this kind.",
        examples=[">="],
    )
    value: str | float | int | bool = Field(description="The value.", examples=["TLS1.2"])


class EvidenceSection(Section):
    """A check, or a fact of the run, that speaks to the clause."""

    check: str = Field(
        max_length=MAX_ID, description="Id of a check, or of a fact of the run.", examples=["web.hsts.policy"]
    )
    strength: Annotated[Strength, Field(strict=False)] = Field(
        description="Whether the clause's own words speak about this fact (`direct`), or it is a related one.",
        examples=["supporting"],
    )
    variants: list[str] = Field(
        [], max_length=20, description="Only these classes of the check's outcomes.", examples=[["debug mode"]]
    )
    passes: Literal["", "silent"] = Field(
        "", alias="pass", description="`silent`: not finding something proves nothing.", examples=["silent"]
    )
    says: TextSection = Field(description="What a pass and a finding show here, and what they do not.")


class ViaSection(Section):
    """That the checks of other clauses speak to this one too."""

    clauses: list[str] = Field(
        min_length=1,
        max_length=50,
        description="Ids of clauses, or globs of them.",
        examples=[["bssn-4-2021/pasal-27/*"]],
    )
    strength: Annotated[Strength, Field(strict=False)] = Field(
        description="Whether they decide the clause.", examples=["supporting"]
    )
    says: TextSection = Field(description="What they show here, and what they do not.")


class MeasurableSection(TextSection):
    """Which words of the clause a figure can be laid beside."""

    certainty: Annotated[Certainty, Field(strict=False)] = Field(
        description="How sure the wording of the criterion is; `inference` where there is none.", examples=["inference"]
    )


class CrosswalkSection(Section):
    """What speaks to a clause, and what documents are needed all the same."""

    scope: ScopeSection | None = Field(None, description="Which targets the clause is about; all when left out.")
    aggregate: str = Field("service-worst", description="How endpoints add up.", examples=["service-worst"])
    guards: list[GuardSection] = Field(
        [], max_length=20, description="Policy values that a pass must not be looser than."
    )
    via: ViaSection | None = Field(None, description="Other clauses whose checks speak to this one too.")
    form: Literal["", "annex"] = Field(
        "", description="`annex`: listed as an annex, without a combined figure.", examples=["annex"]
    )
    measurable_part: MeasurableSection | None = Field(
        None, description="Which words of the clause a figure can be laid beside."
    )
    manual: list[TextSection] = Field(
        [], max_length=50, description="Documents and interviews that are needed all the same."
    )
    evidence: list[EvidenceSection] = Field([], max_length=100, description="One table a check.")


# -- the crosswalk that ships with Pindai


class MappedSection(CrosswalkSection):
    """The crosswalk entry of a clause; `also` are clauses of which the same is so."""

    id: Id
    also: list[Id] = Field(default=[])


class ListSection(Section):
    """A list that figures are shares of."""

    text: TextSection
    document: TextSection


class AggregateSection(Section):
    """How endpoints add up."""

    population: str
    text: TextSection


class RunFactSection(Section):
    """A fact of a run or of a period."""

    figure: Line
    passes: Line = Field(alias="pass")
    says: TextSection


class ThresholdSection(Section):
    """A name that guards use."""

    text: Line
    checks: list[str]


class PracticeSection(Section):
    """Checks that no clause names."""

    checks: list[str]
    reason: TextSection


class DeclinedSection(Section):
    """A line of the crosswalk that was refused."""

    checks: Line
    clause: Line
    reason: TextSection


class CrosswalkFile(Section):
    """The crosswalk: the only place where checks and clauses meet."""

    generated: str
    status: Line
    rules: dict[str, Any]
    population: dict[str, ListSection]
    scope_keys: dict[str, Line]
    aggregate: dict[str, AggregateSection]
    run: dict[str, RunFactSection]
    thresholds: dict[str, ThresholdSection]
    variants: dict[str, list[str]]
    clause: list[MappedSection]
    practice: list[PracticeSection]
    declined: list[DeclinedSection]


# -- what built checks say, in the crosswalk's words


class SettingSection(Section):
    """The parameter of a check that a guard's name stands for."""

    parameter: str = ""
    fixed: str | float | int | bool | None = None


class ClassesSection(Section):
    """The classes of a check's outcomes and subjects."""

    outcomes: dict[str, str] = Field(default={})
    subjects: dict[str, str] = Field(default={})
    sound: dict[str, list[str]] = Field(default={})
    checks: dict[str, list[str]] = Field(default={})


class BuiltFile(Section):
    """What built checks say, in the crosswalk's words."""

    classes: dict[str, ClassesSection]
    settings: dict[str, dict[str, SettingSection]]


# -- an agency's own framework


class OwnClauseSection(CrosswalkSection):
    """A clause of an agency's own framework, and what speaks to it."""

    id: Id = Field(description="The framework's id, `/`, and more.", examples=["kota-contoh-12-2026/pasal-5/a"])
    article: Line = Field(description="Where it stands.", examples=["Pasal 5 huruf a"])
    text: Prose = Field(description="Its wording, in Indonesian.", examples=["Layanan daring menggunakan HTTPS"])
    title: Line = Field(description="In English, what it is about.", examples=["Online services use HTTPS"])
    certainty: Annotated[Certainty, Field(strict=False)] = Field(
        description="How sure the wording is; printed beside it everywhere.", examples=["verbatim"]
    )
    article_number: Annotated[ArticleNumber, Field(strict=False)] = Field(
        ArticleNumber.UNKNOWN, description="How sure the number of the article is.", examples=["printed"]
    )
    note: str = Field(
        "", max_length=MAX_TEXT, description="What else a reader must know.", examples=["Replaces 3/2022"]
    )


class OwnFrameworkFile(Section):
    """A framework of an agency's own: its clauses, how sure their wording is, and which checks speak to them."""

    id: Annotated[str, Field(max_length=MAX_ID, pattern=r"^[a-z0-9][a-z0-9.-]*$")] = Field(
        description="Short id; clause ids begin with it.", examples=["kota-contoh-12-2026"]
    )
    title: TextSection = Field(description="The title of the regulation or guideline.")
    status: Line = Field(description="Whether it is in force.", examples=["in force since 2026-02-01"])
    source: list[Line] = Field(
        min_length=1, max_length=50, description="Where the wording was read.", examples=[["JDIH Kota Contoh, salinan"]]
    )
    note: str = Field("", max_length=MAX_TEXT, description="What else a reader must know.", examples=["Draft"])
    clause: list[OwnClauseSection] = Field(min_length=1, max_length=MAX_LISTED, description="One table a clause.")


def day_of(text: str) -> datetime.date:
    """A date as the crosswalk writes it."""
    return datetime.date.fromisoformat(text)
