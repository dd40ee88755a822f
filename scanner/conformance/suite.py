"""The suite: a class to inherit from, whose tests are the rules."""

from collections.abc import Iterable, Sequence
from typing import Any, ClassVar

from scanner.conformance import rules
from scanner.conformance.cases import Case, Seen
from scanner.plugins import NO_PLUGINS, Allowed, Plugin, PluginError, Plugins, load_plugins


class PluginConformance:
    """The rules for one distribution. Name the class `Test...`, so that pytest finds it.

    `cases` show what checks say of values, `seen` what probes saw; every outcome, every probe and every kind of observation
    is to be shown once at least.
    """

    distribution: ClassVar[str]
    cases: ClassVar[Sequence[Case]] = ()
    seen: ClassVar[Sequence[Seen]] = ()

    @classmethod
    def loaded(cls) -> Plugins:
        """The plug-in, loaded as a scan loads it. Raises PluginError."""
        return load_plugins([Allowed.of(cls.distribution, cls.__name__)])

    @classmethod
    def plugin(cls) -> Plugin:
        """The same, alone."""
        (plugin,) = cls.loaded().loaded
        return plugin

    def pytest_generate_tests(self, metafunc: Any) -> None:
        """One test for each check, probe, report and framework there is, none of what does not load; called by pytest."""
        try:
            plugins = self.loaded()
        except PluginError:
            plugins = NO_PLUGINS  # test_it_loads says why
        reports = plugins.reports
        frameworks = {name: path for it in plugins.loaded for name, path in it.frameworks.items()}
        for name, values, ids in (
            ("the_plugin", list(plugins.loaded), [str(it) for it in plugins.loaded]),
            ("the_check", list(plugins.added.values()), list(plugins.added)),
            ("the_seen", list(self.seen), [type(it.observation).__name__ for it in self.seen]),
            ("the_report", list(reports.items()), list(reports)),
            ("the_framework", list(frameworks.items()), list(frameworks)),
        ):
            if name in metafunc.fixturenames:
                metafunc.parametrize(name, values, ids=ids)

    def test_it_loads(self) -> None:
        """As a scan that allows it would load it."""
        problems: Sequence[str] = ()
        try:
            self.loaded()
        except PluginError as error:
            problems = error.problems
        hold(problems)

    def test_a_check_says_what_why_and_how_to_fix_in_both_languages(self, the_check: Any) -> None:
        """Docstring, outcomes, sources, defaults."""
        hold(rules.of_declaration(the_check))

    def test_the_needs_of_a_check_name_probes(self, the_check: Any) -> None:
        """At a service, and where a name gave no address."""
        hold(rules.of_needs(the_check))

    def test_a_check_says_what_its_cases_show(self, the_check: Any) -> None:
        """Every outcome, the same twice, and nothing of the world touched."""
        hold(rules.of_cases(the_check, self.cases))

    def test_modules_keep_to_the_api_and_to_the_gate(self, the_plugin: Plugin) -> None:
        """By their source."""
        hold(rules.of_modules(rules.modules_of_plugin(the_plugin), rules.judging_modules(the_plugin)))

    def test_an_observation_can_be_stored_and_read_back(self, the_seen: Seen) -> None:
        """And answers its probe, which is a key with a ceiling."""
        hold(rules.of_seen(the_seen))

    def test_every_probe_and_observation_is_shown(self, the_plugin: Plugin) -> None:
        """In `seen`."""
        hold(rules.of_all_seen(the_plugin, self.seen))

    def test_a_report_is_deterministic_and_lets_nothing_hostile_through(self, the_report: tuple[str, Any]) -> None:
        """Of a run in which servers try to break out of it."""
        hold(rules.of_report(*the_report))

    def test_a_framework_loads(self, the_framework: tuple[str, Any]) -> None:
        """And what it names exists."""
        hold(rules.of_framework(*the_framework, self.loaded().checks))


def hold(problems: Iterable[str]) -> None:
    """Fail with every problem on a line of its own."""
    found = list(dict.fromkeys(problems))
    if found:
        raise AssertionError("\n".join(found))
