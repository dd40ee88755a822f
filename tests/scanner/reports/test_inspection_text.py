"""The table of `pindai inspect tls`: what an engineer reads, at any width, with nothing of the server's obeyed."""

from collections.abc import Callable

import inspected
import msgspec
import observed
import pytest
from hypothesis import given
from hypothesis import strategies as st
from inspected import chain, changed, inspection, odd, sessions, swept, tls12

from scanner.derive.certification_path import PathReasonKind
from scanner.derive.tls_facts import ODDITIES, ClientCertificate, KeyExchange, Oddity, Preference, Spoken, Ticket
from scanner.derive.tls_facts import TlsVersion as V
from scanner.inspection import Inspection, ReasonSeen, StapleSeen, inspection_of
from scanner.locale.speech import Speaker
from scanner.policies import Grade, load_policy
from scanner.reports.inspection_text import GRADES, ODDITY_WORDS, PATH_REASONS, PREFERENCES, STATES, inspection_text
from scanner.reports.look import Look

MAKES: dict[str, Callable[[], Inspection]] = {"sound": inspection, "odd": odd}


def lines(it: Inspection, language: str = "en", width: int = 80, *, ascii_only: bool = True) -> list[str]:
    return list(inspection_text(it, Speaker(language), Look(width, ascii_only, colour=False)))


def rows(it: Inspection, section: str) -> dict[str, str]:
    """A section's names and values; a value that went on in further lines is put together again."""
    text = lines(it, width=400)
    found: dict[str, str] = {}
    name = ""
    for line in text[text.index(section) + 1 :]:
        if not line:
            break
        if line.startswith("      "):
            found[name] += f"; {line.strip()}"
            continue
        name, _, value = line.strip().partition("  ")
        found[name] = f"{found[name]}; {value.strip()}" if name in found else value.strip()
    return found


@pytest.mark.parametrize("language", ["en", "id"])
@pytest.mark.parametrize("width", [60, 80, 132])
@pytest.mark.parametrize("make", MAKES.values(), ids=MAKES)
def test_no_line_is_wider_than_the_terminal(make: Callable[[], Inspection], width: int, language: str) -> None:
    text = lines(make(), language, width)
    assert max(map(len, text)) <= width
    assert all(line.isascii() and line.isprintable() for line in text)


def test_the_sections_stand_in_the_order_of_the_questions() -> None:
    headings = [line for line in lines(inspection()) if line and not line.startswith(" ")][2:]
    assert headings == [
        "Versions",
        "TLSv1.3",
        "TLSv1.2",
        "Certificate 1 of 1",
        "OCSP",
        "Sessions",
        "Further answers",
        "Known weaknesses",
        "Cost",
    ]
    assert "Not determined" in lines(odd())
    assert "Oddities" in lines(odd())


def test_every_version_is_spoken_refused_or_not_known_with_the_reason() -> None:
    assert rows(odd(), "Versions") == {
        "TLSv1.3": "refused",
        "TLSv1.2": "spoken; whose order decides is not known",
        "TLSv1.1": "not known: not asked",
        "TLSv1.0": "not known: no answer in time",
        "SSLv3": "spoken; whose order decides is not known",
        "SSLv2": "not known: no answer in time",
    }


def test_what_a_version_takes() -> None:
    found = rows(inspection(), "TLSv1.2")
    assert found["suites"].split("; ")[0] == "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"
    assert found["groups"] == "x25519, secp256r1 (the server's order)"
    assert found["DH"] == "ffdhe2048, 2048 bits"
    assert "compression" not in found


def test_lists_that_may_be_short_and_groups_without_a_name_say_so() -> None:
    found = rows(odd(), "TLSv1.2")
    assert found["groups"] == "... there may be more"
    assert found["DH"] == "no published group, prime abababababababab..., 512 bits"
    assert found["compression"] == "null, DEFLATE"
    assert rows(odd(), "SSLv3")["suites"].endswith("... there may be more")


def test_one_group_needs_no_order() -> None:
    one = inspection(swept=swept(spoken=(tls12(groups=(29,), dh=(), group_preference=Preference.SERVER),)))
    assert rows(one, "TLSv1.2")["groups"] == "x25519"


def test_a_certificate_and_where_it_leads() -> None:
    found = rows(inspection(operator=b"\x30\x00"), "Certificate 1 of 1")
    assert found["names"] == "www.example.test"
    assert found["key"] == "ec secp256r1 256 bits"
    assert found["sent for"] == "TLSv1.2, TLSv1.3; a hello without a server name"
    assert found["path: public"] == "ends at CN=Test Root,O=Test Trust (mozilla (test))"
    assert found["path: --ca"].startswith("the issuer was not sent and is in no store: CN=Test Root")
    assert "for this name" not in found
    assert rows(inspection(swept=swept(sni="lain.test")), "Certificate 1 of 1")["for this name"] == "no (lain.test)"


@pytest.mark.parametrize("kind", PathReasonKind)
def test_every_reason_of_a_path_has_words_in_both_languages(kind: PathReasonKind) -> None:
    assert kind.value in PATH_REASONS
    seen = inspection()
    path = seen.certificates[0].paths["public"]
    assert path is not None
    reasons = (ReasonSeen(kind.value, "CN=subjek", 0, "CN=penerbit", ("http://contoh.test/ca",)),)
    broken = msgspec.structs.replace(path, holds=False, path=(), reasons=reasons)
    certificate = msgspec.structs.replace(seen.certificates[0], paths={"public": broken, "operator": None})
    text = "\n".join(lines(changed(seen, certificates=(certificate,)), width=400))
    assert "http://contoh.test/ca" in text
    assert "{" not in text


def test_every_word_of_a_closed_list_is_there() -> None:
    assert ODDITY_WORDS == ODDITIES
    assert set(PREFERENCES) == set(Preference)
    assert set(GRADES) == set(Grade)
    assert set(STATES) == {"shown", "not_shown", "not_possible", "unknown"}


@pytest.mark.parametrize("key", ODDITIES)
def test_an_oddity_is_told_in_a_sentence(key: str) -> None:
    seen = inspection(swept=swept(oddities=(Oddity(key, "a detail"),)))
    assert rows(seen, "Oddities")[key] == f"{ODDITIES[key]} (a detail)"


def test_answers_that_do_not_arise_are_not_listed() -> None:
    assert "heartbeat" in rows(inspection(), "Further answers")
    assert "heartbeat" not in rows(inspection(swept=swept(heartbeat=None)), "Further answers")


def test_values_that_come_twice_are_told_one_by_one() -> None:
    twice = (KeyExchange(V.TLS12, "x25519", 4, 1), KeyExchange(V.TLS13, "x25519", 4, 4))
    assert rows(inspection(swept=swept(key_exchanges=twice)), "Further answers")["TLSv1.2 x25519"] == (
        "1 different values in 4 answers"
    )
    once = inspection(swept=swept(key_exchanges=twice[1:]))
    assert rows(once, "Further answers")["key exchange"] == "no value came twice"


def test_who_may_sign_a_client_certificate() -> None:
    asked = ClientCertificate(tuple(f"CN=A{number}" for number in range(15)), more=5)
    seen = rows(inspection(swept=swept(client_certificate=asked)), "Further answers")["client certificate"]
    assert seen.startswith("asked for: CN=A0; CN=A1")
    assert seen.endswith("+8 more")
    anybody = rows(inspection(swept=swept(client_certificate=ClientCertificate(()))), "Further answers")
    assert anybody["client certificate"] == "asked for: any authority"


def test_a_staple_in_words() -> None:
    ocsp = msgspec.structs.replace(
        inspection().ocsp,
        stapled=True,
        responders=("http://ocsp.contoh.test/",),
        staples=(StapleSeen("ab", 1480, "good", observed.SEEN, observed.SEEN, None),),
    )
    found = rows(changed(inspection(), ocsp=ocsp), "OCSP")
    assert found["responders"] == "http://ocsp.contoh.test/"
    assert found["stapled"] == "yes; 1,480 octets, status good, from 1 November 2026 12:00 UTC"


def test_policies_stand_apart_and_say_that_they_decide_nothing() -> None:
    policy = load_policy("mozilla-modern")
    seen = inspection_of(inspected.facts(), inspected.stores(), "Pindai test", inspected.COST, [policy])
    found = rows(seen, f"Held against mozilla-modern {policy.edition} (decides nothing)")
    assert found["on none of its lists"].startswith("TLSv1.2")


def test_a_policy_from_memory_says_so_at_its_head_and_beside_each_grade() -> None:
    policy = load_policy("nist-sp800-52r2")
    old = Spoken(V.TLS10, (0x002F,))
    facts = inspected.facts(swept=swept(spoken=(old,)))
    seen = inspection_of(facts, inspected.stores(), "Pindai test", inspected.COST, [policy])
    told = "\n".join(lines(seen))
    head = f"Held against nist-sp800-52r2 {policy.edition} (decides nothing)"
    assert f"{head}\n  its lists are from memory: not to be quoted\n" in told
    assert "TLSv1.0 (from memory)" in told
    assert "not to be quoted" not in "\n".join(lines(inspection()))


@pytest.mark.parametrize(
    ("version", "seconds", "words"),
    [
        (V.TLS12, 0, "lifetime not stated"),
        (V.TLS12, 300, "300 s"),
        (V.TLS13, 0, "0 s"),  # there it means: not to be used
    ],
)
def test_a_ticket_that_states_no_lifetime(version: V, seconds: int, words: str) -> None:
    seen = inspection(sessions=sessions(resumption=(), tickets=(Ticket(version, seconds, None),)))
    assert rows(seen, "Sessions")[f"{version} ticket"] == words


@given(st.text(max_size=80))
def test_nothing_of_the_servers_is_obeyed(text: str) -> None:
    hostile = text.encode("utf-8", "replace").decode()
    asked = ClientCertificate((hostile,), 0)
    seen = inspection(
        swept=swept(client_certificate=asked, oddities=(Oddity("random_repeats", hostile),)),
        sessions=sessions(alpn=(hostile, "h2"), chains=(chain(),)),
        greeting=hostile,
    )
    for ascii_only in (True, False):
        told = lines(seen, ascii_only=ascii_only)
        assert all(line.isprintable() and len(line) <= 80 for line in told)


def test_what_a_terminal_would_obey_is_shown_as_an_escape() -> None:
    text = "\n".join(lines(odd()))
    assert "\\x1b[2Jready" in text


def test_no_placeholder_is_left_in_either_language() -> None:
    for language in ("en", "id"):
        assert "{" not in "\n".join(lines(odd(), language) + lines(inspection(), language))
