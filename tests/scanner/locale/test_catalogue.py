"""Every sentence has its twin: mend with `make messages`, then write what is missing into pindai.po, and again."""

import re
from pathlib import Path

import pytest
from spoken import (
    MO,
    PO,
    ROOT,
    NotLiteralError,
    Said,
    all_said,
    compiled,
    placeholders,
    read_catalogue,
    said_in,
    spoken_while_imported,
    taken_from,
)


@pytest.fixture(scope="module")
def said() -> dict[str, Said]:
    return all_said()


@pytest.fixture(scope="module")
def twins() -> dict[str, str]:
    found = {}
    for message in read_catalogue():
        one = message.id[0] if isinstance(message.id, tuple) else message.id
        if one:
            assert not message.fuzzy, f"fuzzy: {one!r}"
            found[one] = message.string[0] if isinstance(message.string, tuple) else message.string
    return found


def test_every_sentence_has_a_twin(said: dict[str, Said], twins: dict[str, str]) -> None:
    assert [(str(it.path), it.sentence) for it in said.values() if not twins.get(it.sentence)] == []


def test_no_twin_is_left_of_a_sentence_that_nothing_says(said: dict[str, Said], twins: dict[str, str]) -> None:
    assert sorted(twins.keys() - said.keys()) == []
    assert not read_catalogue().obsolete


def test_twins_have_the_same_placeholders(said: dict[str, Said], twins: dict[str, str]) -> None:
    different = {
        sentence: twin for sentence, twin in twins.items() if twin and placeholders(sentence) != placeholders(twin)
    }
    assert different == {}
    assert {
        it.sentence for it in said.values() if it.plural and placeholders(it.sentence) != placeholders(it.plural)
    } == set()


def test_twins_end_and_begin_as_their_sentences_do(twins: dict[str, str]) -> None:
    """They are joined to others: a space, a full stop or a line's end at the seams belongs to the sentence."""
    assert {
        sentence
        for sentence, twin in twins.items()
        if twin and (_seam(sentence) != _seam(twin) or sentence.count("\n") != twin.count("\n"))
    } == set()


def _seam(text: str) -> tuple[bool, bool, bool, bool]:
    return (
        text[:1].isspace() or text[:1] in ",;",  # ` such as` may be `, misalnya`
        text[-1:].isspace(),
        text.rstrip().endswith("."),
        text.rstrip().endswith(":"),
    )


def test_the_compiled_catalogue_is_that_of_the_source(twins: dict[str, str]) -> None:
    """Mend with `make messages`."""
    stored = compiled(MO)
    assert {key[0] if isinstance(key, tuple) else key: text for key, text in stored.items()} == {
        sentence: twin for sentence, twin in twins.items() if twin
    }


def test_nothing_is_said_while_modules_are_imported() -> None:
    early = [
        f"{path.relative_to(ROOT)}:{line}"
        for folder in ("scanner", "checks")
        for path in sorted((ROOT / folder).rglob("*.py"))
        for line in spoken_while_imported(path.read_text("utf-8"))
    ]
    assert early == [], "the language is chosen later: say it in a function, or mark() it here"


@pytest.mark.parametrize(
    "source",
    [
        'say(f"no {name}")',
        "say(text)",
        'say("no " + name)',
        'speaker.say("{count} targets".format(count=count))',
        'say_count("{count} target", text, 2)',
        "mark(text)",
        "say()",
    ],
)
def test_what_is_said_stands_written_out(source: str) -> None:
    with pytest.raises(NotLiteralError, match=r"scanner/x\.py:1"):
        list(said_in(source, Path("scanner/x.py")))


def test_sentences_are_found_however_they_are_said() -> None:
    source = (
        'say("one")\nspeaker.say("two", x=say("three"))\nA = mark("four")\nsay_count("{count} a", "{count} b", n)\n'
    )
    assert [it[:2] for it in said_in(source, Path("x.py"))] == [
        ("one", None),
        ("two", None),
        ("four", None),
        ("{count} a", "{count} b"),
        ("three", None),
    ]


def test_saying_at_the_top_of_a_module_is_seen() -> None:
    assert spoken_while_imported('A = say("early")\n') == [1]
    assert spoken_while_imported('class A:\n    b = [say("early")]\n') == [2]
    assert spoken_while_imported('def f():\n    return say("late")\n') == []
    assert spoken_while_imported('A = mark("late")\n') == []


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("{a} and {b}", "{b} dan {a}", True),
        ("{a!r}", "{a}", False),
        ("{a:g}", "{a:g}", True),
        ("{a}", "", False),
        ("{{a}}", "tanpa", True),
        ("%(a)s: %(b)r", "%(b)r: %(a)s", True),
        ("%s", "", False),
        ("12 % {a}", "12 % {a}", True),
    ],
)
def test_placeholders_are_compared(one: str, other: str, same: bool) -> None:
    assert (placeholders(one) == placeholders(other)) is same


def test_lists_of_translations_are_read(tmp_path: Path) -> None:
    (tmp_path / "new.tsv").write_text("one\tsatu\ntwo\\nlines\tdua\\nbaris\nempty\t\nno tab\n", "utf-8")
    assert taken_from([tmp_path / "new.tsv"]) == {"one": "satu", "two\nlines": "dua\nbaris"}


FORBIDDEN = {
    r"\bgagal memenuhi\b|\bmelanggar\b": "a finding is never a breach",
    r"\bpatuh\b|\bmemenuhi (?:Pasal|butir)\b": "a clause is never met",
    r"\baman\b": "a pass is never called safe",
    r"\blulus\b": "a pass is 'sesuai kebijakan pemindaian'",
    r"\bunit kerja\b": "perangkat daerah",
    r"\btitik pandang\b": "titik pantau",
    r"\bfile\b|\bdirektori\b": "berkas, folder",
    r"\bdi non-?aktifkan\b|\bdi lihat\b|\bdi tulis\b": "written as one word",
    r"\bnomer\b|\bijin\b|\bresiko\b|\banalisa\b|\bjaman\b": "the spelling of the dictionary",
}
ALLOWED = ("SDLC aman", ":file=", "{ file =")


def test_words_that_an_office_would_not_write(twins: dict[str, str]) -> None:
    found = []
    for sentence, twin in twins.items():
        plain = re.sub(r"\{\w+[^}]*\}", "", twin)
        for allowed in ALLOWED:
            plain = plain.replace(allowed, "")
        found += [(sentence, why) for pattern, why in FORBIDDEN.items() if re.search(pattern, plain)]
    assert found == []


def test_the_catalogue_is_text_that_anybody_can_read() -> None:
    text = PO.read_text("utf-8")
    assert "\r" not in text
    assert '"Plural-Forms: nplurals=1; plural=0;' in text
