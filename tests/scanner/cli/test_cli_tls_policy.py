"""`--tls-policy` on the command line: what is shown where, and what is refused before anything is scanned."""

import json
from collections.abc import Iterator

import pytest
from commandline import CommandLine, Done, served

from scanner.policies import PolicyError, load_policy

NAMES = "pindai-gov, bsi-tr-02102-2-2026, mozilla-intermediate, mozilla-modern, ncsc-nl-2025, nist-sp800-52r2"


@pytest.fixture
def pindai(tmp_path_factory: pytest.TempPathFactory) -> CommandLine:
    return CommandLine(tmp_path_factory.mktemp("home"))


@pytest.fixture(scope="module")
def scanned(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[CommandLine, Done]]:
    """A command line that has scanned a TLS service with two policies beside the default one."""
    pindai = CommandLine(tmp_path_factory.mktemp("home"))
    with served("empty_answer+tls") as server:
        words = ["scan", server.url(), "--profile", "local", "--lang", "en", "--out", "out", "--fail-on", "never"]
        yield pindai, pindai(*words, "--tls-policy", "mozilla-modern", "--tls-policy", "ncsc-nl-2025")


@pytest.mark.parametrize("command", [["scan", "https://127.0.0.1:1/"], ["report"], ["demo"]], ids=lambda it: it[0])
def test_a_policy_that_is_not_there_stops_before_anything(command: list[str], pindai: CommandLine) -> None:
    done = pindai(*command, "--tls-policy", "mozilla-moderm", LANGUAGE="en")
    assert done.code == 3
    assert "there is no TLS policy 'mozilla-moderm'; did you mean 'mozilla-modern'?" in done.err
    assert NAMES in done.err
    assert done.out == ""


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("mozila", "mozilla-intermediate"),
        ("mozilla", "mozilla-intermediate"),
        ("mozila-modern", "mozilla-modern"),
        ("nist", "nist-sp800-52r2"),
        ("NCSC-NL", "ncsc-nl-2025"),
        ("x", None),
        ("something", None),
    ],
)
def test_the_name_that_is_probably_meant(given: str, meant: str | None) -> None:
    with pytest.raises(PolicyError) as caught:
        load_policy(given)
    assert (f"did you mean {meant!r}?" if meant else "did you mean") in str(caught.value) or meant is None
    assert ("did you mean" in str(caught.value)) is (meant is not None)


@pytest.mark.parametrize("wanted", ["html", "jsonl"])
def test_a_format_without_a_place_for_it_is_told(wanted: str, pindai: CommandLine) -> None:
    done = pindai("scan", "https://127.0.0.1:1/", "--format", wanted, "--tls-policy", "mozilla-modern", LANGUAGE="en")
    assert done.code == 3
    assert "--tls-policy is shown in the formats table and json" in done.err


def test_the_table_shows_it_after_the_summary(scanned: tuple[CommandLine, Done]) -> None:
    _, done = scanned
    summary, _, rest = done.out.partition("\nHeld against mozilla-modern 6.0: this decides nothing\n")
    assert "Exit code" in summary
    assert "\nHeld against ncsc-nl-2025 2025-05: this decides nothing\n" in rest


def test_the_result_has_it(scanned: tuple[CommandLine, Done]) -> None:
    pindai, _ = scanned
    told = json.loads((pindai.folder / "out/result.json").read_text("utf-8"))["tls_policies"]
    assert [it["name"] for it in told["policies"]] == ["mozilla-modern", "ncsc-nl-2025"]
    assert len(told["services"]) == 2


def test_a_stored_run_is_held_against_others_later(scanned: tuple[CommandLine, Done]) -> None:
    pindai, _ = scanned
    done = pindai("report", "--lang", "en", "--fail-on", "never", "--tls-policy", "nist-sp800-52r2")
    assert (
        "\nHeld against nist-sp800-52r2 2019-08: this decides nothing\n  its lists are from memory: not to be quoted\n"
        in done.out
    )
    plain = pindai("report", "--lang", "en", "--fail-on", "never")
    assert "Held against" not in plain.out
    assert done.out.startswith(plain.out)
    assert done.code == plain.code


def test_the_evidence_bears_it_out_and_notices_what_was_changed(scanned: tuple[CommandLine, Done]) -> None:
    pindai, _ = scanned
    assert pindai("evidence", "replay", "out").code == 0
    path = pindai.folder / "out/result.json"
    before = path.read_text("utf-8")
    document = json.loads(before)
    document["tls_policies"]["services"][0]["service"] = "www.other.test:443"
    path.write_text(json.dumps(document), "utf-8")
    try:
        done = pindai("evidence", "replay", "out", LANGUAGE="en")
    finally:
        path.write_text(before, "utf-8")
    assert done.code != 0
    assert "'tls_policies' is not what the observations beside it give" in done.out + done.err


def test_quiet_stays_quiet(scanned: tuple[CommandLine, Done]) -> None:
    pindai, _ = scanned
    done = pindai("report", "--quiet", "--lang", "en", "--tls-policy", "mozilla-modern")
    assert "Held against" not in done.out
