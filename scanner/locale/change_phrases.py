"""The words about what changed since an earlier run, and the line of evidence for an indicator, on a terminal."""

import msgspec


class ChangePhrases(msgspec.Struct, frozen=True, kw_only=True):
    """The words of one language. Those of counts stand behind a number."""

    new: str
    held: str
    continuing: str
    otherwise: str
    """Open, and found by a check, thresholds or a vantage that the earlier run did not have."""
    fixed: str
    not_comparable: str
    changes: str
    mark_new: str
    mark_held: str
    mark_since: str
    evidence: str
    unbuilt: str


def change_phrases(language: str) -> ChangePhrases:
    """The words of `id` or `en`."""
    return INDONESIAN if language == "id" else ENGLISH


INDONESIAN = ChangePhrases(
    new="baru",
    held="menunggu malam kedua",
    continuing="berlanjut",
    otherwise="dilihat dengan cara baru",
    fixed="selesai",
    not_comparable="tidak dapat dibandingkan",
    changes="({here}; {gone})",
    mark_new="BARU",
    mark_held="menunggu malam kedua",
    mark_since="sejak {day}",
    evidence="Bahan bukti Pemdi 11: kriptografi in-transit, dari {whole} layanan kategori tinggi dan strategis: {parts}"
    "{unbuilt}. Bukan nilai dan bukan tingkat kematangan.",
    unbuilt=" ({count} pemeriksaan langsung belum diamati oleh versi ini)",
)

ENGLISH = ChangePhrases(
    new="new",
    held="waiting for a second night",
    continuing="continuing",
    otherwise="looked at in a new way",
    fixed="fixed",
    not_comparable="not comparable",
    changes="({here}; {gone})",
    mark_new="NEW",
    mark_held="waiting for a second night",
    mark_since="since {day}",
    evidence="Evidence for Pemdi 11: cryptography in transit, of {whole} services of high or strategic category: {parts}"
    "{unbuilt}. Not a score and not a maturity level.",
    unbuilt=" ({count} direct checks not yet observed by this version)",
)
