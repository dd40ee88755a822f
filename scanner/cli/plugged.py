"""`--plugin`: which plug-ins a command may load, and what is said when one cannot be.

Imported by every command, so nothing here is heavy until a plug-in is allowed.
"""

from __future__ import annotations

import argparse
import os

from scanner.cli.options import CommandError, log_to, state_directory, write
from scanner.locale.speech import say

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from scanner.plugins import Allowed, PluginError, Plugins
    from scanner.run import Run

VARIABLE = "PINDAI_PLUGINS"
"""Names of distributions, separated by commas: for jobs whose command line is not theirs to change."""
USAGE_ERROR = 3
INCOMPLETE = 2


def add_plugin(parser: argparse.ArgumentParser) -> None:
    """`--plugin`."""
    parser.add_argument(
        "--plugin",
        action="append",
        default=[],
        metavar=say("DISTRIBUTION"),
        help=say("load this installed plug-in, or only this version of it (NAME==VERSION)"),
    )


class Formats(tuple[str, ...]):
    """The formats argparse knows; a name with a full stop in it is a plug-in's, and is looked up when that is loaded."""

    __slots__ = ()

    def __contains__(self, name: object) -> bool:
        return super().__contains__(name) or (isinstance(name, str) and is_plugged(name))


def is_plugged(name: str) -> bool:
    """Whether a format is named as those of plug-ins are: `contoh.csv`."""
    return "." in name.strip(".")


def names_allowed(
    arguments: argparse.Namespace, environment: Mapping[str, str] = os.environ
) -> dict[str, Sequence[str]]:
    """What is allowed outside a targets file, by who allows it; empty for most."""
    names = {
        "--plugin": getattr(arguments, "plugin", None) or [],
        f"${VARIABLE}": [name for name in environment.get(VARIABLE, "").split(",") if name.strip()],
    }
    return {by: given for by, given in names.items() if given}


def allowed_of(arguments: argparse.Namespace) -> tuple[Allowed, ...]:
    """The same, understood. Raises CommandError."""
    names = names_allowed(arguments)
    if not names:
        return ()
    from scanner.plugins import PluginError, allowed_by

    try:
        return tuple(it for by, given in names.items() for it in allowed_by(given, by))
    except PluginError as error:
        raise refused(error, arguments) from error


def plugins_of(arguments: argparse.Namespace) -> Plugins:
    """The plug-ins that are allowed outside a targets file. Raises CommandError."""
    from scanner.plugins import PluginError, load_plugins

    try:
        plugins = load_plugins(allowed_of(arguments))
        if plugins.frameworks:
            plugins.rulebook()  # a file that cannot be read is told of before anything else is done
    except PluginError as error:
        raise refused(error, arguments) from error
    return plugins


def refused(error: PluginError, arguments: argparse.Namespace) -> CommandError:
    """What to tell of plug-ins that cannot be used; tracebacks go to the log, where the command keeps one."""
    if error.tracebacks and hasattr(arguments, "state"):
        import contextlib
        import logging

        with contextlib.suppress(CommandError):
            log_to(state_directory(arguments.state))
            for text in error.tracebacks:
                logging.getLogger("pindai.plugins").error("%s", text)
    return CommandError(USAGE_ERROR, *error.problems)


def require_format(name: str, plugins: Plugins) -> None:
    """Refuse a format that no plug-in loaded here brings, before anything is scanned. Raises CommandError."""
    if not is_plugged(name) or name in plugins.reports:
        return
    known = ", ".join(plugins.reports)
    raise CommandError(
        USAGE_ERROR,
        say("--format {name}: the plug-ins loaded have {known}", name=name, known=known)
        if known
        else say(
            "--format {name}: no plug-in that is loaded brings a report; name one: --plugin DISTRIBUTION", name=name
        ),
    )


def write_plugged(name: str, plugins: Plugins, run: Run, language: str) -> None:
    """A plug-in's report to standard output, whole or not at all. Raises CommandError when it breaks."""
    import logging
    import tempfile

    with tempfile.TemporaryFile() as kept:
        try:
            for chunk in plugins.reports[name].write(run, language):
                kept.write(chunk)
        except Exception as error:  # the barrier around a report that is not ours
            logging.getLogger("pindai.plugins").exception("the report %s crashed", name)
            whose = next(str(plugin) for plugin in plugins.loaded if name in plugin.reports)
            raise CommandError(
                INCOMPLETE,
                say(
                    "the report {name} of the plug-in {plugin} broke: {error}; the run itself is kept, and pindai report "
                    "shows it in the other formats",
                    name=name,
                    plugin=whose,
                    error=" ".join(f"{type(error).__name__}: {error}".split())[:300],
                ),
            ) from error
        kept.seek(0)
        write(iter(lambda: kept.read(65_536), b""))


def tell_loaded(plugins: Plugins) -> Iterator[str]:
    """A line for each plug-in that is allowed and could be loaded."""
    for it in plugins.used:
        yield say("the plug-in {name} {version} is allowed", name=it.distribution, version=it.version)


def tell_strangers(plugins: Plugins) -> Iterator[str]:
    """A line for each plug-in that is installed and not allowed: nothing of it was imported."""
    from scanner.plugins import canonical, installed

    names = {canonical(it.distribution) for it in plugins.used}
    for it in installed():
        if canonical(it.distribution) not in names:
            yield say(
                "the plug-in {name} {version} is installed and not allowed, so it is not loaded ({adds})",
                name=it.distribution,
                version=it.version,
                adds=", ".join(it.adds),
            )
