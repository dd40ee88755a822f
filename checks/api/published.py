"""Whether the description of an interface can be fetched by those who are to use it."""

from collections.abc import Iterator

from scanner.api import FixedBy, Kind, Outcome, Passed, Reason, Severity, Undecided, Unobserved, Verdict, check, unknown
from scanner.derive.interface import Publication, Standing, Stood, publication

PUBLISHED = Passed(
    "published",
    en="The description of the interface stands at {path}: {version}, {operations} operations",
    id="Deskripsi antarmuka tersedia di {path}: {version}, {operations} operasi",
)
MISSING = Outcome(
    "missing",
    en="No description of the interface stands at the usual places: {places}",
    id="Tidak ada deskripsi antarmuka di tempat yang lazim: {places}",
    severity=Severity.MEDIUM,
)
NOT_THERE = Outcome(
    "not_there",
    en="The description of the interface is not at the declared place, {path}",
    id="Deskripsi antarmuka tidak ada di tempat yang dinyatakan, {path}",
    severity=Severity.MEDIUM,
)
NEEDS_LOGIN = Outcome(
    "needs_login",
    en="The description of the interface at {path} is handed out after a login only",
    id="Deskripsi antarmuka di {path} hanya diberikan setelah masuk",
    severity=Severity.MEDIUM,
)
NOT_READABLE = Outcome(
    "not_readable",
    en="What stands at the declared place, {path}, is neither JSON nor YAML",
    id="Isi di tempat yang dinyatakan, {path}, bukan JSON maupun YAML",
    severity=Severity.MEDIUM,
)
NO_DESCRIPTION = Outcome(
    "no_description",
    en="What stands at the declared place, {path}, is {form} but no OpenAPI or Swagger document",
    id="Isi di tempat yang dinyatakan, {path}, adalah {form} tetapi bukan dokumen OpenAPI atau Swagger",
    severity=Severity.MEDIUM,
)
BEHIND_LOGIN = Undecided(
    "behind_login",
    reason=Reason.INCONCLUSIVE,
    en="Whether a description stands at {path} is not known: the server asks for a login first",
    id="Tidak diketahui apakah ada deskripsi di {path}: server meminta masuk lebih dahulu",
)
DIFFERENT = Outcome(
    "different",
    en="{path} and {other} describe different interfaces: their paths or versions differ",
    id="{path} dan {other} menjelaskan antarmuka yang berbeda: path atau versinya tidak sama",
    severity=Severity.MEDIUM,
)
WORDED_OTHERWISE = Outcome(
    "worded_otherwise",
    en="{path} and {other} describe the same paths but are not the same document",
    id="{path} dan {other} menjelaskan path yang sama tetapi bukan dokumen yang sama",
    severity=Severity.INFO,
)
SAME = Passed("same", en="{path} and {other} say the same", id="{path} dan {other} berisi sama")


@check(
    "api.published",
    publication,
    version=1,
    kinds=frozenset({Kind.API}),
    fixed_by=FixedBy.APPLICATION,
    outcomes=(
        *(PUBLISHED, MISSING, NOT_THERE, NEEDS_LOGIN, NOT_READABLE, NO_DESCRIPTION, BEHIND_LOGIN),
        *(DIFFERENT, WORDED_OTHERWISE, SAME),
    ),
    references=("NLGov API Design Rules /core/publish-openapi", "OpenAPI 3.1 4.3"),
)
def published(found: Publication) -> Iterator[Verdict]:
    """A description of the interface can be fetched without a login, at the declared place or where clients look for it.

    Looked for are OpenAPI 3 and Swagger 2.0, in JSON and YAML. The usual places are openapi.json and openapi.yaml at the
    interface's own path and at the root of its server; `openapi` names another. Whether the document is sound is not judged.

    Apa: Deskripsi antarmuka dapat diambil tanpa masuk, di tempat yang dinyatakan atau di tempat yang dicari klien.
    Rincian: Yang dicari adalah OpenAPI 3 dan Swagger 2.0, dalam JSON dan YAML. Tempat yang lazim adalah openapi.json dan
        openapi.yaml pada path antarmuka dan pada akar servernya; `openapi` menyebut tempat lain. Kebenaran isi dokumen
        tidak dinilai.
    Why: Whoever is to use the interface needs its description, and so does whoever watches over changes to it.
    Sebab: Pihak yang akan memakai antarmuka memerlukan deskripsinya, begitu pula pihak yang mengawasi perubahannya.
    Fix: Let the application write its description and serve it at openapi.json without a login. If it stands elsewhere, name
        the place: `openapi = "/docs/api.json"` below the target.
    Perbaikan: Biarkan aplikasi menulis deskripsinya dan menyajikannya di openapi.json tanpa masuk. Bila berada di tempat
        lain, sebutkan: `openapi = "/docs/api.json"` di bawah target.
    Laravel:
        // routes/web.php
        Route::get('/openapi.json', fn () => response()->file(storage_path('api/openapi.json')));
    CodeIgniter:
        // app/Config/Routes.php
        $routes->get('openapi.json', 'ApiDescription::show');
    Fix (different): Make one of the two from the other when the interface is released.
    Perbaikan (different): Hasilkan salah satunya dari yang lain setiap kali antarmuka dirilis.
    Careful: A description names every operation; internal ones belong into a document of their own.
    Hati-hati: Deskripsi menyebut semua operasi; operasi internal ditempatkan pada dokumen tersendiri.
    """
    if found.is_declared:
        yield _at_declared(found)
    else:
        yield _at_usual(found)
    yield from _compared(found)


def _at_declared(found: Publication) -> Verdict:
    stood = found.standing[0]
    if isinstance(stood, Unobserved):
        return unknown(stood)
    path = stood.url.path
    match stood.what:
        case Stood.DESCRIPTION:
            return _published(stood)
        case Stood.NOTHING:
            return NOT_THERE(path=path)
        case Stood.LOGIN:
            return NEEDS_LOGIN(path=path)
    form = stood.document.form
    return NO_DESCRIPTION(path=path, form=form.upper()) if form else NOT_READABLE(path=path)


def _at_usual(found: Publication) -> Verdict:
    seen = [it for it in found.standing if isinstance(it, Standing)]
    if (there := next((it for it in seen if it.what is Stood.DESCRIPTION), None)) is not None:
        return _published(there)
    # What stands there instead is a page for every path that is not there: clients that look for a description find none.
    if (unseen := next((it for it in found.standing if isinstance(it, Unobserved)), None)) is not None:
        return unknown(unseen)
    if (locked := next((it for it in seen if it.what is Stood.LOGIN), None)) is not None:
        return BEHIND_LOGIN(path=locked.url.path)
    places = ", ".join(url.path for url in found.places)
    return MISSING(places=places, expected="OpenAPI")


def _published(stood: Standing) -> Verdict:
    return PUBLISHED(path=stood.url.path, version=stood.document.version, operations=stood.document.operations)


def _compared(found: Publication) -> Iterator[Verdict]:
    """The two forms of one place, where both are there."""
    for one, other in zip(found.standing[::2], found.standing[1::2], strict=False):
        if isinstance(one, Unobserved) or isinstance(other, Unobserved) or one.what is not other.what:
            continue
        if one.what is Stood.DESCRIPTION:
            outcome = SAME if one.document.whole == other.document.whole else WORDED_OTHERWISE
            if one.document.surface != other.document.surface:
                outcome = DIFFERENT
            verdict = outcome(path=one.url.path, other=other.url.path)
            yield verdict.about("forms of the description", one.url.path)
