"""tls.certificate.transparency: how many logs, by which way, and when absence was really seen."""

from typing import Any

import pki
import pki_status
import pytest
from observed import shipped
from pki import DAY, NOW
from pki_status import timestamp as sct
from served import ISSUING, ROOT, leaf, logged, outcome, path, presented, verdicts

CHECK = shipped()["tls.certificate.transparency"]
SHORT: dict[str, Any] = {"not_before": NOW - DAY, "not_after": NOW + 179 * DAY}
LONG: dict[str, Any] = {"not_before": NOW - DAY, "not_after": NOW + 180 * DAY}


def said(embedded: tuple[bytes, ...] = (), life: dict[str, Any] = SHORT, **fields: Any) -> str:
    extra = [pki_status.embedded(*embedded)] if embedded else []
    served = presented(pki.leaf(ISSUING, extra=extra, **life), ISSUING, **{"scts_asked": True, **fields})
    return outcome(verdicts(CHECK, leaf(served), path(served), logged(served)))


@pytest.mark.parametrize(
    ("logs", "life", "outcome"),
    [
        ((1, 2), SHORT, "enough"),
        ((1,), SHORT, "too_few"),
        ((1, 1), SHORT, "too_few"),  # twice the same log is one
        ((1, 2, 3), LONG, "enough"),
        ((1, 2), LONG, "too_few"),
    ],
)
def test_logs_in_the_certificate_by_its_life(logs: tuple[int, ...], life: dict[str, Any], outcome: str) -> None:
    assert said(tuple(map(sct, logs)), life) == outcome


@pytest.mark.parametrize(("logs", "outcome"), [((1, 2), "enough"), ((1,), "too_few"), ((), "none")])
def test_logs_by_tls(logs: tuple[int, ...], outcome: str) -> None:
    assert said(life=LONG, scts=(pki_status.timestamps(*map(sct, logs)),) if logs else ()) == outcome


def test_logs_in_a_staple_are_counted() -> None:
    """A staple with timestamps, put together by hand: the library's builder knows only extensions of the whole response."""
    from scanner.derive.certificate_status import Timestamps

    one = pki.leaf(ISSUING, **LONG)
    served = presented(one, ISSUING, scts_asked=True, staples=(stapled_with(one, sct(1), sct(2)),))
    seen = logged(served)
    assert isinstance(seen, Timestamps)
    assert [it.log_id[0] for it in seen.beside] == [1, 2]
    assert outcome(verdicts(CHECK, leaf(served), path(served), seen)) == "enough"


def stapled_with(of: pki.Entity, *scts: bytes) -> bytes:
    """A response whose one status carries timestamps; who signed it does not matter here."""
    outer = pki.elements(pki_status.response(of, ISSUING))
    typed = pki.elements(pki.elements(outer[1])[0])
    basic = pki.elements(pki.elements(pki.tlv(0x30, pki._content(typed[1])))[0])
    data = pki.elements(basic[0])
    at = next(n for n, it in enumerate(data) if it[0] == 0x30)
    single = pki.elements(pki.elements(data[at])[0])
    oid = bytes.fromhex("060a2b06010401d679020405")
    extension = pki.tlv(0x30, oid, pki.tlv(0x04, pki.tlv(0x04, pki_status.timestamps(*scts))))
    data[at] = pki.tlv(0x30, pki.tlv(0x30, *single, pki.tlv(0xA1, pki.tlv(0x30, extension))))
    whole = pki.tlv(0x30, pki.tlv(0x30, *data), *basic[1:])
    return pki.tlv(0x30, outer[0], pki.tlv(0xA0, pki.tlv(0x30, typed[0], pki.tlv(0x04, whole))))


def test_what_was_not_asked_for_is_not_missing() -> None:
    assert said(scts_asked=False) == "not_asked"
    assert said((sct(1), sct(2)), scts_asked=False) == "enough"


def test_a_list_that_cannot_be_read_is_no_absence() -> None:
    assert said(scts=(b"\0\5abc",)) == "unknown: protocol_error"
    broken = presented(pki.leaf(ISSUING, extra=[pki_status.embedded(b"\0")]), ISSUING, scts_asked=True)
    assert outcome(verdicts(CHECK, leaf(broken), path(broken), logged(broken))) == "unknown: protocol_error"


def test_only_public_certificates_are_logged() -> None:
    served = presented(pki.leaf(ISSUING), ISSUING, scts_asked=True)
    for along, said in ((path(served), "none"), (path(served, public=[], own=[ROOT]), "not_public")):
        assert outcome(verdicts(CHECK, leaf(served), along, logged(served))) == said
    alone = presented(pki.leaf(ISSUING), scts_asked=True)
    assert outcome(verdicts(CHECK, leaf(alone), path(alone), logged(alone))) == "no_path"


def test_a_pass_says_what_was_not_checked() -> None:
    passed = next(it for it in CHECK.outcomes if it.key == "enough")
    assert "not checked" in passed.en
    assert "tidak diperiksa" in passed.id
