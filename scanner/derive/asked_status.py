"""What a certificate's issuer answered when it was asked, where the configuration allows asking (`[pki]`)."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from msgspec import Struct

from scanner.derive.revocation import Status, status_in_list, status_in_response
from scanner.derive.service import home
from scanner.derive.tls_certificates import Served, path_served, tls_certificate
from scanner.needs import Evaluated, Fact, Facts, Need, Parts, Place
from scanner.observations.pki import IssuerAnswer, IssuerAsked
from scanner.observations.steps import NotApplicable, Reason, Unobserved
from scanner.probes.http.exchange import HttpExchange
from scanner.probes.pki import AskIssuer
from scanner.probes.probe import Probe

SWITCHED_OFF: Final = Unobserved(Reason.NOT_ASKED, "asking the issuer is switched off ([pki] in the targets file)")
"""Asking is a choice of the operator: it tells the issuer who is looked at."""


class AskedStatus(Struct, frozen=True):
    """What one place of the issuer said."""

    url: str
    status: Status | Unobserved


def _asking(place: Place) -> AskIssuer | Unobserved | NotApplicable:
    if not place.setting.ask_issuers:
        return SWITCHED_OFF
    first = home.build(place)
    if isinstance(first, Unobserved | NotApplicable):
        return first
    assert isinstance(first, HttpExchange)
    return AskIssuer(first=first)


issuer_asked = Fact("answers of the certificate's issuer", IssuerAsked, _asking)
issuer_answers = Parts(issuer_asked, IssuerAnswer)


@dataclass(frozen=True, eq=False)
class StatusOfIssuer(Need[tuple[AskedStatus, ...]]):
    """What the issuer of the leaf in hand answered. Asked is about the leaf that our own handshake gets."""

    name: str = "status by the issuer"

    def probes(self, place: Place) -> Iterator[Probe[Any]]:
        """The question to the issuer."""
        yield from issuer_asked.probes(place)

    def evaluate(self, facts: Facts, place: Place) -> Evaluated[tuple[AskedStatus, ...]]:
        """Each answer, checked with the issuer's key."""
        served = facts.evaluate(tls_certificate, place).value
        assert isinstance(served, Served)
        leaf = served.leaf
        if served.label or served.service.starttls or leaf is None:
            return Evaluated(Unobserved(Reason.NOT_ASKED, "the issuer is asked about the first certificate only"))
        answers = facts.evaluate(issuer_answers, place)
        path = facts.evaluate(path_served, place)
        if isinstance(answers.value, Unobserved | NotApplicable):
            return Evaluated(answers.value, answers.evidence, answers.levels)
        assert not isinstance(path.value, Unobserved | NotApplicable)
        found: list[AskedStatus] = []
        for answer in answers.value:
            status: Status | Unobserved
            if isinstance(answer.body, Unobserved):
                status = answer.body
            elif answer.about_one:
                status = status_in_response(answer.body, leaf, path.value.issuer, answer.started)
            else:
                status = status_in_list(answer.body, leaf, path.value.issuer, answer.started)
            found.append(AskedStatus(answer.url, status))
        return Evaluated(tuple(found), answers.evidence | path.evidence, answers.levels | path.levels)


status_of_issuer = StatusOfIssuer()
