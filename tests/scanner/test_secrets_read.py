"""Secrets as they are read: where from, what is refused, and that no message repeats one."""

import copy
import logging
import os
import pickle
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from scanner.config_error import ConfigError
from scanner.estate import Credential, Estate, SecretKind, SecretSource, Target
from scanner.redaction import Blackout
from scanner.scope import Scope
from scanner.secrets import (
    MAX_SECRET_CHARS,
    MAX_SECRET_FILE_BYTES,
    Secret,
    Silence,
    credential_of_user,
    keep_silent,
    read_secrets,
    unspoken,
)

VALUE = "s3cr3t-Qx7"
HERE = Path()
KEY = SecretSource(SecretKind.ENV, "API_KEY")
FILE = SecretSource(SecretKind.FILE, "key")


def estate(credential: Credential | None, id: str = "www") -> Estate:
    target = Target(id=id, url="https://www.example.test:8443/a", credential=credential)
    return Estate(targets=(target,), scope=Scope(names=("*.test",)))


def header(value: str | SecretSource, name: str = "X-Api-Key") -> Credential:
    return Credential(headers=((name, value),))


def fields(credential: Credential, base: Path = HERE, **environment: str) -> dict[str, str]:
    (found,) = read_secrets(estate(credential), base, environment).credentials.values()
    return {name: value.reveal() for name, value in found.fields}


def problems(credential: Credential, base: Path = HERE, **environment: str) -> str:
    with pytest.raises(ConfigError) as error:
        read_secrets(estate(credential), base, environment)
    return str(error.value)


def written(folder: Path, octets: bytes, mode: int = 0o600) -> Path:
    path = folder / "key"
    path.write_bytes(octets)
    path.chmod(mode)
    return folder


def test_nothing_to_read() -> None:
    secrets = read_secrets(estate(None), HERE, {})
    assert not secrets.credentials
    assert not secrets.known


def test_from_the_environment() -> None:
    assert fields(header(KEY), API_KEY=VALUE) == {"X-Api-Key": VALUE}


@pytest.mark.parametrize(
    "octets", [VALUE.encode(), f"{VALUE}\n".encode(), f"{VALUE}\r\n".encode(), b"\xef\xbb\xbf" + VALUE.encode()]
)
def test_from_a_file(tmp_path: Path, octets: bytes) -> None:
    assert fields(header(FILE), written(tmp_path, octets)) == {"X-Api-Key": VALUE}


def test_a_plain_value_is_sent_and_no_secret() -> None:
    secrets = read_secrets(estate(header("id", "Accept-Language")), HERE, {})
    assert secrets.credentials["www"].fields == (("Accept-Language", Secret("id")),)
    assert not secrets.known


def test_user_and_password_as_in_rfc_7617() -> None:
    """The example of RFC 7617 section 2."""
    credential = Credential(user="Aladdin", password=KEY)
    assert fields(credential, API_KEY="open sesame") == {"Authorization": "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="}


def test_in_utf_8() -> None:
    """The example of RFC 7617 section 2.1."""
    assert fields(Credential(user="test", password=KEY), API_KEY="123£") == {"Authorization": "Basic dGVzdDoxMjPCow=="}


def test_they_are_for_one_origin() -> None:
    secrets = read_secrets(estate(header(KEY)), HERE, {"API_KEY": VALUE})
    assert secrets.credentials["www"].origin == "https://www.example.test:8443"
    assert secrets.known.is_in(VALUE)


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("", "not set"),
        ("abc", "shorter than 4"),
        ("x" * (MAX_SECRET_CHARS + 1), "longer than"),
        (f"{VALUE}\nX-Injected: 1", "line end"),
        (f"{VALUE}\rmore", "line end"),
        (f"{VALUE}\x00", "control"),
        (f" {VALUE}", "white space"),
        (f"{VALUE}\t", "white space"),
        (f"{VALUE}\udcff", "UTF-8"),
    ],
)
def test_what_cannot_be_used(value: str, words: str) -> None:
    said = problems(header(KEY), API_KEY=value)
    assert words in said
    assert "target 'www': headers.X-Api-Key" in said
    assert VALUE not in said


@pytest.mark.parametrize(
    ("octets", "mode", "words"),
    [
        (VALUE.encode(), 0o640, "chmod 600"),
        (VALUE.encode(), 0o604, "chmod 600"),
        (b"x" * (MAX_SECRET_FILE_BYTES + 1), 0o600, "larger than"),
        (VALUE.encode() + b"\xff", 0o600, "not UTF-8"),
        (f"{VALUE}\nsecond line\n".encode(), 0o600, "one secret, one line"),
        (b"", 0o600, "shorter than"),
    ],
)
def test_a_file_that_cannot_be_used(tmp_path: Path, octets: bytes, mode: int, words: str) -> None:
    said = problems(header(FILE), written(tmp_path, octets, mode))
    assert words in said
    assert VALUE not in said


def test_a_file_that_is_none(tmp_path: Path) -> None:
    assert "No such file" in problems(header(FILE), tmp_path)
    (tmp_path / "key").mkdir()
    assert "directory" in problems(header(FILE), tmp_path)
    (tmp_path / "key").rmdir()
    os.mkfifo(tmp_path / "key", 0o600)
    assert "not a regular file" in problems(header(FILE), tmp_path)


def test_all_problems_at_once(tmp_path: Path) -> None:
    both = Credential(headers=(("X-One", KEY), ("X-Two", FILE)))
    said = problems(both, tmp_path)
    assert "API_KEY" in said
    assert "file key" in said


@pytest.mark.parametrize(
    "name", ["Host", "content-length", "Transfer-Encoding", "User-Agent", "X Y", "X:Y", "X\r\nY", ""]
)
def test_fields_that_are_not_the_operators(name: str) -> None:
    assert "cannot be set" in problems(header(KEY, name), API_KEY=VALUE)


def test_one_authorization_at_most() -> None:
    both = Credential(headers=(("authorization", KEY),), user="scanner", password=KEY)
    assert "set twice" in problems(both, API_KEY=VALUE)


@pytest.mark.parametrize("user", ["", "a:b"])
def test_user_names_that_cannot_be_sent(user: str) -> None:
    assert "RFC 7617" in problems(Credential(user=user, password=KEY), API_KEY=VALUE)


# --- --user -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "user", "source"),
    [
        ("scanner", "scanner", SecretSource(SecretKind.ENV, "PINDAI_PASSWORD")),
        ("scanner:env=API_KEY", "scanner", KEY),
        ("scanner:file=/run/secrets/a=b", "scanner", SecretSource(SecretKind.FILE, "/run/secrets/a=b")),
    ],
)
def test_what_user_means(text: str, user: str, source: SecretSource) -> None:
    assert credential_of_user(text) == Credential(user=user, password=source)


@pytest.mark.parametrize(
    "rest", [VALUE, "", f"env={VALUE}", f"file{VALUE}", f"env:{VALUE}", f"env=A={VALUE}", "file=", f"{VALUE}:env=X"]
)
def test_a_password_on_the_command_line_is_refused_and_not_repeated(rest: str) -> None:
    with pytest.raises(ConfigError) as error:
        credential_of_user(f"scanner:{rest}")
    assert "visible to everybody" in str(error.value)
    assert VALUE not in str(error.value)


# --- what shows nothing -------------------------------------------------------------------------------------

SHOWN: list[Callable[[object], str]] = [repr, str, "{}".format, "%s".__mod__]


@pytest.mark.parametrize("show", SHOWN)
def test_a_secret_shows_nothing(show: Callable[[object], str]) -> None:
    secrets = read_secrets(estate(header(KEY)), HERE, {"API_KEY": VALUE})
    for thing in (Secret(VALUE), (Secret(VALUE),), secrets, secrets.credentials["www"]):
        assert VALUE not in show((thing,) if isinstance(thing, tuple) and show == SHOWN[3] else thing)


@pytest.mark.parametrize("write", [pickle.dumps, copy.deepcopy, msgspec.json.encode])
def test_a_secret_is_not_written_down(write: Callable[[object], object]) -> None:
    with pytest.raises(TypeError):
        write(Secret(VALUE))


def test_logs_and_last_words_are_silent_about_it(tmp_path: Path) -> None:
    path = tmp_path / "log"
    handler = logging.FileHandler(path)
    handler.addFilter(Silence())
    log = logging.getLogger("test.of.secrets")
    log.addHandler(handler)
    log.propagate = False
    keep_silent(Blackout([VALUE]))
    try:
        try:
            raise ValueError(f"it was {VALUE}")
        except ValueError:
            log.exception("crashed with %s", VALUE, stack_info=True)
        log.error("ordinary %s", "words")
        assert unspoken(f"a {VALUE}") == "a x0xx0x-Xx0"
    finally:
        keep_silent(Blackout())
        log.removeHandler(handler)
        handler.close()
    written_down = path.read_text()
    assert "ordinary words" in written_down
    assert "ValueError: it was x0xx0x-Xx0" in written_down
    assert VALUE not in written_down.replace(f'VALUE = "{VALUE}"', "")
