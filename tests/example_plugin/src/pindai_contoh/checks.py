"""Which version of HTTP/1 a service answers in (RFC 9112)."""

import re
from collections.abc import Iterator

from pindai_contoh.probes import AskStatusLine, StatusLine
from scanner.api import (
    CheckParams,
    Fact,
    FixedBy,
    NotApplicable,
    Outcome,
    Passed,
    Place,
    Reason,
    Severity,
    Undecided,
    Unobserved,
    Verdict,
    check,
    derived,
)

STATUS_LINE = re.compile(r"HTTP/([0-9]\.[0-9]) [0-9]{3}(?: .*)?")


def _ask(place: Place) -> AskStatusLine | Unobserved | NotApplicable:
    if place.endpoint is None:
        return Unobserved(Reason.PREREQUISITE, "the name gave no address")
    url = place.target.parsed_url
    return AskStatusLine(
        endpoint=place.endpoint,
        host=url.authority,
        path=url.target,
        tls=url.scheme == "https",
        agent=place.setting.agent,
    )


status_line = Fact("status line", StatusLine, _ask)
"""What the probe saw at a place."""


@derived(status_line, name="the service's status line")
def said(seen: StatusLine) -> str | Unobserved:
    """The line itself, or why there was none."""
    return seen.line


class VersionParams(CheckParams, frozen=True):
    """Thresholds of contoh.status_line.version.

    `oldest`: the oldest version that passes.
    `oldest`: versi tertua yang sesuai kebijakan pemindaian.
    """

    oldest: float = 1.1


OLD = Outcome(
    "old",
    en="The service answers in HTTP/{have}, the policy asks for {need} or newer",
    id="Layanan menjawab dengan HTTP/{have}, kebijakan meminta {need} atau lebih baru",
    severity=Severity.LOW,
)
NO_VERSION = Undecided(
    "no_version",
    reason=Reason.INCONCLUSIVE,
    en="The first line of the answer names no version: {line}",
    id="Baris pertama jawaban tidak menyebut versi: {line}",
)
CURRENT = Passed("current", en="The service answers in HTTP/{have}", id="Layanan menjawab dengan HTTP/{have}")


@check(
    "contoh.status_line.version",
    said,
    version=1,
    params=VersionParams,
    fixed_by=FixedBy.PLATFORM,
    outcomes=(OLD, NO_VERSION, CURRENT),
    references=("RFC 9112 2.3",),
)
def status_line_version(line: str, params: VersionParams) -> Iterator[Verdict]:
    """The service answers in a version of HTTP/1 that the policy accepts.

    Apa: Layanan menjawab dengan versi HTTP/1 yang diterima kebijakan.
    Why: An answer in HTTP/1.0 often comes from a forgotten device or an old proxy that nobody updates.
    Sebab: Jawaban HTTP/1.0 sering berasal dari perangkat yang terlupakan atau proxy lama yang tidak diperbarui.
    Fix: Find out which program answers, and update it or take it out of the way.
    Perbaikan: Cari tahu program apa yang menjawab, lalu perbarui atau lepaskan.
    """
    matched = STATUS_LINE.fullmatch(line)
    if matched is None:
        yield NO_VERSION(line=line)
    elif float(matched[1]) < params.oldest:
        yield OLD(have=matched[1], need=str(params.oldest))
    else:
        yield CURRENT(have=matched[1])
