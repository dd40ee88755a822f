"""From plain HTTP to HTTPS: every outcome, and both sides of every rule."""

import itertools
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from observed import HOST, HSTS, PLAIN_URL, URL, Seen, exchange, failed, judged, moved, said, shipped, target

from scanner.findings import State
from scanner.needs import OUR_FAULTS
from scanner.observations.steps import Reason, Unobserved

CHECK = shipped()["web.https.redirect"]
ANSWER = exchange(HSTS)
ONWARD = "onward redirects"


def walk(*hops: Any, **ending: Any) -> Seen:
    return Seen(hops=hops, walk_next=ending.get("next"), walk_ended=ending.get("ended"))


def plain(status: int) -> Any:
    return exchange(url=PLAIN_URL, status=status)


OUTSIDE = Unobserved(Reason.OUT_OF_SCOPE, "other.test is outside the scope")


@pytest.mark.parametrize(
    ("seen", "outcomes"),
    [
        (walk(moved(URL), ANSWER), {"service": "to_https"}),
        (walk(moved("https://www.example.test:8443/"), ANSWER), {"service": "to_https"}),
        (walk(plain(200)), {"service": "serves_content"}),
        (walk(plain(204)), {"service": "serves_content"}),
        (walk(plain(404)), {"service": "unknown: inconclusive"}),
        (walk(plain(304)), {"service": "unknown: inconclusive"}),
        (walk(plain(403)), {"service": "unknown: blocked"}),
        (walk(plain(503)), {"service": "unknown: blocked"}),
        (walk(moved(f"http://{HOST}/masuk"), exchange(url=f"http://{HOST}/masuk")), {"service": "not_to_https"}),
        (walk(moved("https://other.test/"), exchange(url="https://other.test/")), {"service": "other_host"}),
        (walk(moved("https://other.test/"), next="https://other.test/", ended=OUTSIDE), {"service": "other_host"}),
        (walk(moved("http://other.test/"), next="http://other.test/", ended=OUTSIDE), {"service": "not_to_https"}),
        (
            walk(moved(URL), moved(f"http://{HOST}/beranda", url=URL), exchange(url=f"http://{HOST}/beranda")),
            {"service": "to_https", ONWARD: "back_to_http"},
        ),
        (
            walk(moved(URL), moved("http://other.test/", url=URL), next="http://other.test/", ended=OUTSIDE),
            {"service": "to_https", ONWARD: "back_to_http"},
        ),
        (
            walk(moved(URL), moved("https://other.test/", url=URL), next="https://other.test/", ended=OUTSIDE),
            {"service": "to_https", ONWARD: "unknown: out_of_scope"},
        ),
        (
            walk(moved(URL), failed("answer", Reason.TIMEOUT)),
            {"service": "to_https", ONWARD: "unknown: timeout"},
        ),
        (
            walk(plain(301), ended=Unobserved(Reason.BAD_URL, "the scheme 'ftp' is neither http nor https")),
            {"service": "unknown: bad_url"},
        ),
        (walk(plain(301)), {"service": "unknown: inconclusive"}),  # a redirect that names no place
        (walk(failed("connect", Reason.REFUSED, url=PLAIN_URL)), {"service": "closed"}),
        (walk(failed("connect", Reason.TIMEOUT, url=PLAIN_URL)), {"service": "unknown: timeout"}),
        (walk(failed("answer", Reason.RESET, url=PLAIN_URL)), {"service": "unknown: reset"}),
    ],
)
def test_the_walk(seen: Seen, outcomes: dict[str, str]) -> None:
    assert said(judged(CHECK, seen)) == outcomes


def test_a_redirect_loop_after_https_is_told_of() -> None:
    seen = walk(moved(URL), moved(URL, url=URL), next=URL, ended=Unobserved(Reason.REDIRECT_LOOP))
    assert said(judged(CHECK, seen)) == {"service": "to_https", ONWARD: "unknown: redirect_loop"}


def test_without_a_plain_port_the_question_does_not_arise() -> None:
    (finding,) = judged(CHECK, Seen(), of=target(http_port=None))
    assert finding.state is State.NOT_APPLICABLE
    assert finding.message.en != finding.message.id


def test_a_plain_service_is_judged_at_its_own_address() -> None:
    seen = Seen(hops=(exchange(url=PLAIN_URL),))
    assert said(judged(CHECK, seen, of=target(url=PLAIN_URL, http_port=None))) == {"service": "serves_content"}


def test_a_closed_plain_port_beside_a_service_that_is_down_is_no_pass() -> None:
    seen = walk(failed("connect", Reason.REFUSED, url=PLAIN_URL)).but(home=failed("connect", Reason.REFUSED))
    assert said(judged(CHECK, seen)) == {"service": "unknown: refused"}


def test_messages_carry_no_path_or_query() -> None:
    seen = walk(moved("https://other.test/masuk?next=/rahasia"), exchange(url="https://other.test/masuk?next=/rahasia"))
    (finding,) = judged(CHECK, seen)
    assert "rahasia" not in finding.message.en + finding.message.id


PLACES = [
    URL,
    PLAIN_URL,
    f"{URL}a",
    f"{PLAIN_URL}b",
    "https://other.test/",
    "http://other.test/",
    "https://[2001:db8::1]/",
]
ENDINGS = st.one_of(st.none(), st.sampled_from(sorted(set(Reason) - OUR_FAULTS)).map(Unobserved))


@settings(max_examples=100, deadline=None)
@given(st.lists(st.sampled_from(PLACES), max_size=4), st.integers(100, 599), st.booleans(), ENDINGS)
def test_no_walk_makes_it_fail_itself(places: list[str], status: int, followed: bool, ended: Unobserved | None) -> None:
    stops = [PLAIN_URL, *places]
    hops = [moved(there, url=here) for here, there in itertools.pairwise(stops)]
    if followed or not hops:
        seen = walk(*hops, exchange(url=stops[-1], status=status), ended=ended)
    else:
        seen = walk(*hops, next=stops[-1], ended=ended or Unobserved(Reason.REDIRECT_LIMIT))
    for finding in judged(CHECK, seen):
        assert finding.state is not State.ERROR or ended in (Unobserved(Reason.INTERNAL), Unobserved(Reason.ALTERED))
