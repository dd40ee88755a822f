"""Files that people write: every problem at once, with its line, in plain words, and without what a secret may be in."""

from datetime import date, time
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, ClassVar

import pytest
from pydantic import Field

from scanner.config_error import ConfigError
from scanner.toml_file import MAX_FILE_BYTES, Section, TomlFile, did_you_mean, key_of, read_toml, toml_of


class Colour(StrEnum):
    RED = "red"
    BLUE = "blue"


class Leaf(Section):
    """A leaf."""

    name: str = Field(min_length=1, max_length=5)
    size: int = Field(default=1, ge=1, le=9, examples=[3])


class Tree(Section):
    """A tree."""

    ADVICE: ClassVar[dict[str, str]] = {"old": "write leaf.size"}

    colour: Annotated[Colour, Field(strict=False)] = Colour.RED
    day: date | None = None
    hour: time | None = None
    share: float = Field(default=0.5, gt=0, lt=1)
    whole: bool = False
    words: list[str] = Field(default=[], examples=[["a", "b"]], max_length=2)
    leaf: list[Leaf] = Field(default=[])
    by_name: dict[str, Leaf] = Field(default={})
    json_: int = Field(default=1, alias="json")


def file_of(text: str) -> TomlFile:
    return toml_of(Path("f.toml"), text)


def problems(text: str) -> list[str]:
    with pytest.raises(ConfigError) as error:
        file_of(text).validate(Tree)
    return list(error.value.problems)


def test_what_is_right_becomes_the_model() -> None:
    text = 'colour = "blue"\nday = 2026-12-31\nhour = 10:00:00\nshare = 0.1\nwords = ["a"]\njson = 2\n[[leaf]]\nname = "x"\n'
    tree = file_of(text).validate(Tree)
    assert (tree.colour, tree.day, tree.hour, tree.json_) == (Colour.BLUE, date(2026, 12, 31), time(10), 2)
    assert tree.leaf == [Leaf(name="x", size=1)]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("\ncolor = 1", "f.toml:2: color: unknown key; did you mean 'colour'?"),
        (
            "zzz = 1",
            "f.toml:1: zzz: unknown key; known here: colour, day, hour, share, whole, words, leaf, by_name, json",
        ),
        ("old = 1", "f.toml:1: old: unknown key; write leaf.size"),
        ("jsn = 1", "f.toml:1: jsn: unknown key; did you mean 'json'?"),
        ('json = "x"', "f.toml:1: json: expected a whole number"),
        ('[[leaf]]\nname = "x"\n[[leaf]]\nsize = 2', "f.toml:3: leaf.2.name: this key is required"),
        ('[[leaf]]\nname = "x"\nsiz = 2', "f.toml:3: leaf.1.siz: unknown key; did you mean 'size'?"),
        ("[[leaf]]\nname = 1", "f.toml:2: leaf.1.name: expected text in quotes"),
        ('[[leaf]]\nname = ""', "f.toml:2: leaf.1.name: must not be empty"),
        ('[[leaf]]\nname = "abcdef"', "f.toml:2: leaf.1.name: longer than 5 characters"),
        ('[[leaf]]\nname = "x"\nsize = 0', "f.toml:3: leaf.1.size: expected 1 or more"),
        ('[[leaf]]\nname = "x"\nsize = 10', "f.toml:3: leaf.1.size: expected 9 or less"),
        ('[[leaf]]\nname = "x"\nsize = true', "f.toml:3: leaf.1.size: expected a whole number such as 3"),
        ('[[leaf]]\nname = "x"\nsize = 1.5', "f.toml:3: leaf.1.size: expected a whole number such as 3"),
        ("leaf = 1", "f.toml:1: leaf: write [[leaf]] above each leaf"),
        ("[leaf]\nname = 'x'", "f.toml:1: leaf: write [[leaf]] above each leaf"),
        ('[by_name."a b"]\nname = 1', 'f.toml:2: by_name."a b".name: expected text in quotes'),
        ('[by_name."a b"]\nnam = 1\nname = "x"', "f.toml:2: by_name.\"a b\".nam: unknown key; did you mean 'name'?"),
        ("by_name = 1", "f.toml:1: by_name: expected a section with keys and values below it"),
        ("by_name.a = 1", "f.toml:1: by_name.a: expected a section with keys and values below it"),
        ('colour = "rad"', "f.toml:1: colour: expected one of red, blue; did you mean 'red'?"),
        ("colour = 3", "f.toml:1: colour: expected one of red, blue"),
        ('day = "2026-12-31"', "f.toml:1: day: expected a date without quotes, such as 2026-12-31"),
        ("day = 20261231", "f.toml:1: day: expected a date without quotes, such as 2026-12-31"),
        ("day = 2026-12-31 10:00:00", "f.toml:1: day: expected a date without quotes, such as 2026-12-31"),
        ('hour = "10:00"', "f.toml:1: hour: expected a time without quotes, such as 22:00:00"),
        ('share = "a"', "f.toml:1: share: expected a number"),
        ("share = 0", "f.toml:1: share: expected more than 0"),
        ("share = 1", "f.toml:1: share: expected less than 1"),
        ("whole = 1", "f.toml:1: whole: expected true or false"),
        ('words = "a"', 'f.toml:1: words: expected a list such as ["a", "b"]'),
        ('words = ["a", "b", "c"]', "f.toml:1: words: expected at most 2 entries, not 3"),
        ('words = [\n"a",\n2]', "f.toml:3: words.2: expected text in quotes"),
    ],
)
def test_a_problem_in_plain_words(text: str, problem: str) -> None:
    assert problems(text) == [problem]


def test_all_problems_in_the_order_of_the_file() -> None:
    text = "words = 1\n[[leaf]]\nname = 1\n[[leaf]]\nnmae = 2\n[by_name.x]\nsize = 0\n"
    assert [line.partition(": ")[0] for line in problems(text)] == [
        *("f.toml:1", "f.toml:3", "f.toml:4", "f.toml:5", "f.toml:6", "f.toml:7"),
    ]


def test_a_table_of_a_file_can_be_held_against_its_own_model() -> None:
    file = file_of('[[leaf]]\nname = "a"\n[[leaf]]\nname = "b"\nsiz = 1\n')
    assert file.validate(Leaf, ("leaf", 0)).name == "a"
    with pytest.raises(ConfigError, match=r"^f\.toml:5: leaf\.2\.siz: unknown key; did you mean 'size'\?$"):
        file.validate(Leaf, ("leaf", 1))


def test_what_stands_in_a_file_is_not_repeated() -> None:
    text = (
        'words = "hunter2"\ncolour = "hunter2"\nshare = "hunter2"\nday = "hunter2"\n[[leaf]]\nname = "hunter2hunter2"\n'
    )
    with pytest.raises(ConfigError) as error:
        file_of(text).validate(Tree)
    assert "hunter2" not in str(error.value)
    assert error.value.__cause__ is None
    assert error.value.__context__ is None  # a traceback would print it
    assert "hunter2" not in repr(file_of(text))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (
            b"a = 1\nb = ",
            r"f\.toml:2: not valid TOML: Invalid value \(column 5\)|f\.toml: not valid TOML: Invalid value",
        ),
        (b"a = 1\na = 2\n", r"f\.toml:2: not valid TOML: Cannot overwrite a value"),
        (b"a = TERBATAS\n", r"f\.toml:1: not valid TOML: .*a text stands between quotes"),
        (b"a = 31-12-2026\n", r"f\.toml:1: not valid TOML: .*a date without them \(2026-12-31\)"),
        (b"a = " + b"9" * 5000, r"f\.toml: not valid TOML: "),
        (b"a = " + b"[" * 50_000, r"f\.toml: not valid TOML: nested too deeply"),
        (b"\xff", r"f\.toml: not UTF-8 text \(byte 0\); save it as UTF-8"),
        (b"#" * (MAX_FILE_BYTES + 1), r"f\.toml: larger than 16000000 bytes"),
        (None, r"f\.toml: No such file or directory"),
    ],
)
def test_a_file_that_cannot_be_read(tmp_path: Path, content: bytes | None, said: str) -> None:
    path = tmp_path / "f.toml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ConfigError, match=said):
        read_toml(path)


def test_a_byte_order_mark_is_no_part_of_a_file(tmp_path: Path) -> None:
    path = tmp_path / "f.toml"
    path.write_bytes(b"\xef\xbb\xbfa = 1\r\nb = 2\r\n")
    file = read_toml(path)
    assert file.data == {"a": 1, "b": 2}
    assert (file.where(("b",)), file.where(("b", "c")), file.where(("z",))) == (f"{path}:2", f"{path}:2", str(path))


def test_a_file_without_an_end_is_not_read_for_ever() -> None:
    with pytest.raises(ConfigError, match="larger than"):
        read_toml(Path("/dev/zero"))


def test_a_document_nested_by_its_keys_is_refused() -> None:
    deep = "by_name.x." + "a." * 50 + "b = 1"
    assert len(problems(deep)) == 2  # the unknown key, and the name that is missing


@pytest.mark.parametrize(
    "text",
    [
        "a." * 100_000 + "b = 1",
        "[" + "a . " * 64 + "b]",
        "x = { " + '"a.b".' * 64 + "c = 1 }",
        "x = '''\n'''\n" + "'#'." * 64 + "c = 1",
        "x = [ # [\n { " + "a." * 64 + "c = 1 } ]",
    ],
    ids=["key", "header", "quoted", "literal", "inline"],
)
def test_a_key_without_an_end_is_refused_before_it_is_read(text: str) -> None:
    """A key of 40,000 parts takes four gigabytes."""
    line = text.count("\n") + 1
    with pytest.raises(ConfigError) as error:
        toml_of(Path("f.toml"), text)
    assert error.value.problems == (f"f.toml:{line}: a key of more than 64 parts",)


@pytest.mark.parametrize(
    "text",
    [
        'x = "' + "a." * 100 + '"',
        "x = 1 # " + "a." * 100,
        'x = """\n' + "a." * 100 + '\n"q""""',
        "x = [" + ", ".join(['"a.b.c"'] * 50) + "]",
        "x = [" + ", ".join(["1.5"] * 100) + "]",
        "a." * 63 + "b = 1",
    ],
    ids=["text", "comment", "lines", "names", "numbers", "just so"],
)
def test_what_only_has_many_dots_is_read(text: str) -> None:
    assert toml_of(Path("f.toml"), text).data


def test_endless_problems_are_counted() -> None:
    told = problems("".join(f"k{number} = 1\n" for number in range(1000)))
    assert len(told) < 300
    assert told[-1].endswith("more problems of this kind")


@pytest.mark.parametrize(
    ("location", "key"),
    [
        (("target", 0, "id"), "target.1.id"),
        (("params", "web.hsts.policy"), 'params."web.hsts.policy"'),
        (("a" * 100,), '"' + "a" * 60 + '..."'),
    ],
)
def test_keys_as_people_write_them(location: tuple[Any, ...], key: str) -> None:
    assert key_of(location) == key


def test_words_that_are_meant() -> None:
    assert did_you_mean("nmaes", ["names", "networks"]) == "; did you mean 'names'?"
    assert did_you_mean("x", ["names", "networks"]) == "; known here: names, networks"
    assert did_you_mean("x", []) == ""
