"""api.published: whether the description of an interface can be fetched, and what stands in its place."""

from typing import Any

import pytest
from observed import Seen, exchange, failed, judged, shipped, target

from scanner.estate import Kind
from scanner.findings import Finding
from scanner.observations.http import Described, Exchange
from scanner.observations.steps import Reason, Unobserved

CHECK = shipped()["api.published"]
JSON, YAML = "/openapi.json", "/openapi.yaml"
DOCUMENT = Described("json", "OpenAPI 3.0.3", "a" * 64, "b" * 64, 7)
FORMS = "forms of the description"


def document(**changes: Any) -> tuple[Exchange, ...]:
    """An answer with a description."""
    fields = {name: getattr(DOCUMENT, name) for name in DOCUMENT.__struct_fields__} | changes
    return (exchange(document=Described(**fields)),)


def page(form: str = "", status: int = 200, *lines: str) -> tuple[Exchange, ...]:
    """An answer that is no description."""
    return (exchange(*lines, status=status, document=Described(form) if status < 300 else None),)


def findings(
    documents: dict[str, tuple[Exchange, ...] | Unobserved], openapi: str = "", path: str = "/"
) -> dict[str, Finding]:
    """What is said about an interface, by the kind of subject."""
    of = target(url=f"https://www.example.test{path}", kinds=(Kind.API,), http_port=None, openapi=openapi)
    return {it.subject.kind: it for it in judged(CHECK, Seen(documents=documents), of=of)}


def said(documents: dict[str, tuple[Exchange, ...] | Unobserved], openapi: str = "", path: str = "/") -> list[str]:
    return [
        it.outcome if it.reason is None else f"{it.outcome}: {it.reason}"
        for it in findings(documents, openapi, path).values()
    ]


TIMEOUT = Unobserved(Reason.TIMEOUT, "no answer")
MOVED = exchange("Location: /login", status=302)


@pytest.mark.parametrize(
    ("documents", "expected"),
    [
        pytest.param({JSON: document()}, ["published"], id="json"),
        pytest.param({YAML: document(form="yaml")}, ["published"], id="yaml"),
        pytest.param({}, ["missing"], id="neither"),
        pytest.param({JSON: page(status=410), YAML: page(status=404)}, ["missing"], id="gone"),
        pytest.param({JSON: page(), YAML: page()}, ["missing"], id="a page for every path"),
        pytest.param({JSON: page("json"), YAML: page("json")}, ["missing"], id="an error in JSON for every path"),
        pytest.param({JSON: page(status=401)}, ["behind_login: inconclusive"], id="a login before everything"),
        pytest.param({JSON: page(status=403)}, ["unknown: blocked"], id="a firewall"),
        pytest.param({JSON: page("", 200, "cf-mitigated: challenge")}, ["unknown: blocked"], id="a challenge"),
        pytest.param({JSON: page(status=500)}, ["unknown: inconclusive"], id="a broken server"),
        pytest.param({JSON: TIMEOUT}, ["unknown: timeout"], id="no answer"),
        pytest.param({JSON: (failed("connect", Reason.REFUSED),)}, ["unknown: refused"], id="refused"),
        pytest.param({JSON: TIMEOUT, YAML: document(form="yaml")}, ["published"], id="one is enough"),
        pytest.param({JSON: page(status=401), YAML: document(form="yaml")}, ["published"], id="one without a login"),
        pytest.param({JSON: (MOVED, *page())}, ["unknown: inconclusive"], id="led to a page"),
        pytest.param({JSON: (MOVED, *document())}, ["published"], id="led to a description"),
        pytest.param(
            {JSON: (exchange(document=Unobserved(Reason.TOO_LARGE, "long")),)}, ["unknown: too_large"], id="too large"
        ),
        pytest.param({JSON: page(status=304)}, ["unknown: inconclusive"], id="nothing new"),
    ],
)
def test_at_the_usual_places(documents: dict[str, tuple[Exchange, ...] | Unobserved], expected: list[str]) -> None:
    assert said(documents) == expected


@pytest.mark.parametrize(
    ("path", "at", "expected"),
    [
        ("/v1/", "/v1/openapi.json", "published"),
        ("/v1", "/v1/openapi.yaml", "published"),
        ("/v1", "/openapi.json", "published"),
        ("/v1", "/openapi.yaml", "published"),
        ("/v1", "/v2/openapi.json", "missing"),
        ("/", "/docs/openapi.json", "missing"),
    ],
)
def test_where_the_usual_places_are(path: str, at: str, expected: str) -> None:
    assert said({at: document()}, path=path) == [expected]


def test_what_is_missing_is_told_with_the_places() -> None:
    (finding,) = findings({}, path="/v1").values()
    assert finding.message.en.endswith(": /v1/openapi.json, /v1/openapi.yaml, /openapi.json, /openapi.yaml")
    assert finding.severity == "medium"
    assert len(finding.evidence) >= 4


HERE = "/docs/api"


@pytest.mark.parametrize(
    ("stood", "expected"),
    [
        pytest.param(document(), ["published"], id="there"),
        pytest.param(page(status=404), ["not_there"], id="not there"),
        pytest.param(page(status=410), ["not_there"], id="gone"),
        pytest.param(page(status=401), ["needs_login"], id="login"),
        pytest.param(page(), ["not_readable"], id="a page"),
        pytest.param(page("json"), ["no_description"], id="other JSON"),
        pytest.param(page("yaml"), ["no_description"], id="other YAML"),
        pytest.param(page(status=403), ["unknown: blocked"], id="firewall"),
        pytest.param(page(status=503), ["unknown: blocked"], id="maintenance"),
        pytest.param(TIMEOUT, ["unknown: timeout"], id="no answer"),
    ],
)
def test_at_the_declared_place(stood: tuple[Exchange, ...] | Unobserved, expected: list[str]) -> None:
    assert said({HERE: stood}, openapi=HERE) == expected


def test_where_one_place_is_declared_no_other_counts() -> None:
    assert said({JSON: document()}, openapi=HERE) == ["not_there"]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, "same"),
        ({"whole": "c" * 64}, "worded_otherwise"),
        ({"whole": "c" * 64, "surface": "d" * 64}, "different"),
    ],
)
@pytest.mark.parametrize("openapi", ["", "/openapi.json", "/openapi.yaml"])
def test_two_forms_are_compared(changes: dict[str, str], expected: str, openapi: str) -> None:
    documents = {JSON: document(), YAML: document(form="yaml", **changes)}
    assert said(documents, openapi=openapi) == ["published", expected]


def test_forms_of_two_folders_are_not_compared() -> None:
    documents = {"/v1/openapi.json": document(), "/openapi.yaml": document(form="yaml", whole="c" * 64)}
    assert said(documents, path="/v1") == ["published"]


def test_a_page_in_the_place_of_the_other_form_is_nothing_to_compare_with() -> None:
    assert said({JSON: document(), YAML: page()}) == ["published"]


def test_only_interfaces_are_asked() -> None:
    assert judged(CHECK, Seen(), of=target(kinds=(Kind.WEB,))) == ()
