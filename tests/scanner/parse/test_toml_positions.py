"""Where keys stand: every key that tomllib finds has a line, and the line has the key on it."""

import tomllib
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scanner.parse.toml_positions import MAX_DEPTH, Location, positions


def places(value: object, at: Location = ()) -> Iterator[Location]:
    """Every path in a document, items of lists too."""
    if at:
        yield at
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from places(inner, (*at, key))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from places(inner, (*at, index))


def lines_of(text: str) -> dict[Location, str]:
    """The text of the line of each key; fails where tomllib knows a key that has none."""
    found = positions(text)
    lines = text.split("\n")
    assert set(found) == set(places(tomllib.loads(text)))
    return {place: lines[number - 1] for place, number in found.items()}


@pytest.mark.parametrize(
    ("text", "place", "line"),
    [
        ("a = 1", ("a",), 1),
        ("\n# a = 2\n\na = 1", ("a",), 4),
        ("\r\na = 1\r\nb = 2\r\n", ("b",), 3),
        ("[t]\nx = 1", ("t",), 1),
        ("[t]\nx = 1", ("t", "x"), 2),
        ("a.b.c = 1", ("a", "b"), 1),
        ("a . b = 1\na.c = 2", ("a",), 1),
        ("a . b = 1\na.c = 2", ("a", "c"), 2),
        ('"a.b" = 1', ("a.b",), 1),
        ("'a\"b' = 1", ('a"b',), 1),
        ('"a\\u0062" = 1', ("ab",), 1),
        ('[x."y.z"]\nq = 1', ("x", "y.z", "q"), 2),
        ("[a.b]\n[a]\nx = 1", ("a",), 2),  # where the table has a header of its own
        ("[a.b]\nx = 1", ("a",), 1),  # else where it is first named
        ("[[t]]\nx = 1\n[[t]]\nx = 2", ("t",), 1),
        ("[[t]]\nx = 1\n[[t]]\nx = 2", ("t", 1), 3),
        ("[[t]]\nx = 1\n[[t]]\nx = 2", ("t", 1, "x"), 4),
        ("[[t]]\n[[t.d]]\nx = 1\n[[t.d]]\nx = 2\n[[t]]\n[[t.d]]\nx = 3", ("t", 0, "d", 1, "x"), 5),
        ("[[t]]\n[[t.d]]\nx = 1\n[[t.d]]\nx = 2\n[[t]]\n[[t.d]]\nx = 3", ("t", 1, "d", 0, "x"), 8),
        ("[[t]]\n[t.e]\ny = 1", ("t", 0, "e", "y"), 3),
        ("a = [\n  1,\n  # 2\n  3,\n]\nb = 1", ("a", 1), 4),
        ("a = [\n  1,\n  # 2\n  3,\n]\nb = 1", ("b",), 6),
        ("a = [[1, [2]], 3]", ("a", 0, 1, 0), 1),
        ("a = {b = {c = 1}, d = [{e = 2}]}", ("a", "d", 0, "e"), 1),
        ("a = [{b = 1},\n{b = 2}]", ("a", 1, "b"), 2),
        ('a = """x\n[t]\nb = 1"""\nb = 2', ("b",), 4),
        ('a = """x""""\nb = 2', ("b",), 2),
        ('a = """x"""""\nb = 2', ("b",), 2),
        ('a = """\\""""\nb = 2', ("b",), 2),
        ("a = '''x\n' ''\n'''''\nb = 2", ("b",), 4),
        ('a = ""\nb = 2', ("b",), 2),
        ('a = "# no" # yes\nb = 2', ("b",), 2),
        ('a = "\\\\"\nb = "]"\nc = 1', ("c",), 3),
        ("a = 1979-05-27 07:32:00\nb = 1e3", ("b",), 2),
        ("a = [07:32:00, 1979-05-27T07:32:00Z]\nb = inf", ("b",), 2),
        ("a = '\u2028'\nb = 1", ("b",), 2),  # no end of a line in TOML
        ("true = 1\n1 = 2", ("1",), 2),
    ],
)
def test_where_a_key_stands(text: str, place: Location, line: int) -> None:
    assert lines_of(text)
    assert positions(text)[place] == line


KEYS = st.sampled_from(
    ["a", "b", "c-d", "e_f", "9", "g.h", "i j", "", 'k"l', "m'n", "\u00e9", "#", "[o]", "=", "\\", "\n"]
)


def quoted(key: str) -> str:
    if key and all(char.isascii() and (char.isalnum() or char in "-_") for char in key):
        return key
    return '"' + key.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'


TEXTS = st.text(st.sampled_from("ab\"'#[]{}=,\\\n .\u00e9"), max_size=8)


@st.composite
def scalars(draw: st.DrawFn) -> str:
    text = draw(TEXTS)
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    one_line = escaped.replace("\n", "\\n")
    loose = text.replace("\\", "").replace('"""', "").rstrip('"')
    literal = text.replace("'", "").replace("\n", "")
    forms = [
        f'"{one_line}"',
        f'"""{escaped}"""',
        f'"""{loose}"""',
        f"'{literal}'",
        f"'''{text.replace(chr(39), '')}'''",
    ]
    forms += ["1", "-0.5", "0x1f", "true", "nan", "2026-12-31", "2026-12-31 10:00:00", "10:00:00"]
    return draw(st.sampled_from(forms))


@st.composite
def values(draw: st.DrawFn, depth: int = 2) -> str:
    shape = draw(st.sampled_from(["scalar", "scalar", "array", "inline"])) if depth else "scalar"
    if shape == "array":
        gap = draw(st.sampled_from(["", " ", "\n", " # x, ]\n  "]))
        items = draw(st.lists(values(depth=depth - 1), max_size=3))
        return "[" + "".join(f"{gap}{item}{gap}," for item in items) + gap + "]"
    if shape == "inline":
        pairs = draw(st.dictionaries(KEYS, values(depth=depth - 1).filter(lambda it: "\n" not in it), max_size=3))
        return "{" + ", ".join(f"{quoted(key)} = {value}" for key, value in pairs.items()) + "}"
    return draw(scalars())


@st.composite
def documents(draw: st.DrawFn) -> str:
    """Texts much like TOML; some are none."""
    lines: list[str] = []
    for _ in range(draw(st.integers(0, 6))):
        keys = draw(st.lists(KEYS, min_size=1, max_size=3))
        dot = draw(st.sampled_from([".", " . "]))
        key = dot.join(map(quoted, keys))
        end = draw(st.sampled_from(["", " ", " # [x] = 1", "\r"]))
        lines.append(draw(st.sampled_from([f"[{key}]", f"[[{key}]]", f"[[ {key} ]]"])) + end)
        for inner, value in draw(st.dictionaries(KEYS, values(), max_size=3)).items():
            lines.append(f"{draw(st.sampled_from(['', '  ']))}{quoted(inner)} = {value}{end}")
    return "\n".join(lines) + "\n"


@settings(max_examples=400, deadline=None)
@given(documents())
def test_every_key_of_a_document_has_its_line(text: str) -> None:
    try:
        tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        positions(text)
        return
    for place, line in lines_of(text).items():
        key = place[-1]
        if isinstance(key, str):
            assert key.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") in line


@settings(max_examples=300, deadline=None)
@given(st.text(st.sampled_from("ab=.[]{}\"'#,\n\\ 1"), max_size=30))
def test_no_text_is_too_strange(text: str) -> None:
    found = positions(text)
    assert all(1 <= line <= text.count("\n") + 1 for line in found.values())


@pytest.mark.parametrize(
    "text", ["a." * 100_000 + "b = 1", "[" + "a." * 100_000 + "b]\nx = 1", "[[" + "a." * 100_000 + "b]]\nx = 1"]
)
def test_a_key_of_many_parts_is_left_out_below_a_depth(text: str) -> None:
    assert max(map(len, positions(text))) <= MAX_DEPTH + 1


@pytest.mark.parametrize(
    "text", ["[[t]]\nx=1\n" * 50_000, "a = [" + "1,\n" * 200_000 + "]", 'a = """' + '"x' * 500_000 + '"""']
)
def test_long_documents_are_read_to_their_end(text: str) -> None:
    after = text + "\n[end]\n"
    assert positions(after)["end",] == after.count("\n")


def test_what_the_tests_compare_with() -> None:
    data: dict[str, Any] = {"a": [{"b": 1}]}
    assert list(places(data)) == [("a",), ("a", 0), ("a", 0, "b")]
