"""`pytest --mlff-potential SPEC`: one test for each check and system, and one for the verdict.

Options and collection.  Without ``--mlff-potential`` nothing happens.  pytest imports this module
at every start, so it imports the settings of a validation and little else.

The tests are named ``mlff::SYSTEM::CHECK`` and ``mlff::verdict``; `-k`, `-m` and ids as arguments
choose among them, and only the checks that are chosen are run, once, when the first of them starts.
A selection that includes ``mlff::verdict``, or a test that uses the fixture ``mlff_report``, runs
all of them: a verdict is never of a part.  With pytest-xdist one process runs them and the others
wait for what it finds; ``--dist loadgroup`` leaves the others free for other tests.
"""

import argparse
from collections.abc import Generator
from typing import TYPE_CHECKING, Any

import pytest

from openmm_mlff.options import Setting
from openmm_mlff.pytest_plugin.nodes import VERDICT, Checks, report_for
from openmm_mlff.pytest_plugin.session import NOT_OFFERED, ROOT, VALIDATION, Validation, dest_of
from openmm_mlff.request import settings

if TYPE_CHECKING:
    from openmm_mlff.molecules import MolecularSystem
    from openmm_mlff.potentials import Potential
    from openmm_mlff.results import ValidationReport

DEFAULTS_HERE = {
    "protocol": "Default here: quick. ",
    "output": "Default here: a temporary one. ",
}
MARKERS = (
    "mlff: a check of the potential under --mlff-potential",
    "parity: a check that compares forces computed in two ways",
)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options, all of them under ``--mlff``."""
    group = parser.getgroup("mlff", "validation of a force field (openmm_mlff)")
    group.addoption("--mlff-potential", metavar="SPEC", help="validate this: one test a check")
    for setting in settings():
        if setting.path[0] not in NOT_OFFERED:
            _add(group, setting)


def _add(group: "pytest.OptionGroup", setting: Setting) -> None:
    """Offer one setting of a validation; its default stays that of the request."""
    text = DEFAULTS_HERE.get(setting.path[0], "") + str(setting.info.description)
    named: dict[str, Any] = {"help": text.replace("%", "%%"), "default": None}
    if setting.kind is bool:
        named["action"] = argparse.BooleanOptionalAction
    elif setting.kind is list:
        named |= {"action": "append", "metavar": setting.option.metavar}
    else:
        # Numbers stay text here, and are refused by the request in one line.
        named["metavar"] = setting.option.metavar or "VALUE"
    group.addoption(f"--mlff-{setting.flag.removeprefix('--')}", dest=dest_of(setting), **named)


def pytest_configure(config: pytest.Config) -> None:
    """Register the markers; note what is asked for, if anything."""
    for line in MARKERS:
        config.addinivalue_line("markers", line)
    if config.getoption("mlff_potential"):
        from openmm_mlff.errors import ConfigError

        try:
            config.stash[VALIDATION] = Validation(config)
        except ConfigError as error:
            raise pytest.UsageError(f"mlff: {error}") from error


def pytest_unconfigure(config: pytest.Config) -> None:
    """End the processes of the validation."""
    if VALIDATION in config.stash:
        config.stash[VALIDATION].close()


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Send each process of pytest-xdist the folder that all of them share."""
    if VALIDATION in node.config.stash:
        node.workerinput[ROOT] = str(node.config.stash[VALIDATION].output)


@pytest.hookimpl(tryfirst=True)
def pytest_collection(session: pytest.Session) -> None:
    """Refuse what cannot be run before anything runs; listing the tests loads no model."""
    validation = session.config.stash.get(VALIDATION, None)
    if validation is None:
        return
    from openmm_mlff.errors import UserError

    try:
        known = [
            f"{ROOT}::{VERDICT}",
            *(f"{ROOT}::{c.system}::{c.label}" for c in validation.cases),
        ]
        if not session.config.option.collectonly and not validation.is_worker:
            validation.open()
            # With pytest-xdist, another process runs it.
            if session.config.pluginmanager.hasplugin("dsession"):
                validation.close()
    except UserError as error:
        raise pytest.UsageError(f"mlff: {error}") from error
    strangers = validation.strangers(known)
    if strangers:
        raise pytest.UsageError(f"not found: {', '.join(strangers)}; --collect-only lists all ids")


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """Add the tests to what pytest found in files, if it found anything.

    Yields:
        Nothing; pytest collects there.

    Returns:
        The report of the session's collection with one collector more, any other as it was.
    """
    report = yield
    if isinstance(collector, pytest.Session) and VALIDATION in collector.config.stash:
        # A path that is none, so that the tests are told apart from those of a file.
        path = collector.config.rootpath / ROOT
        node = Checks.from_parent(collector, name=ROOT, nodeid=ROOT, path=path)
        report.result = [*(report.result or []), node]
    return report


def pytest_report_header(config: pytest.Config) -> str | None:
    """Write what is validated."""
    validation = config.stash.get(VALIDATION, None)
    if validation is None:
        return None
    asked = validation.asked
    return f"mlff: {asked.potential} on {', '.join(asked.systems)} by {asked.protocol}"


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Write where the report is."""
    validation = config.stash.get(VALIDATION, None)
    if validation is not None and (validation.output / "report.md").is_file():
        terminalreporter.write_line(f"mlff: report in {validation.output / 'report.md'}")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Call a test that uses ``mlff_system`` once for each system."""
    validation = metafunc.config.stash.get(VALIDATION, None)
    marks = metafunc.definition.iter_markers("parametrize")
    chosen = any("mlff_system" in mark.args[0] for mark in marks if mark.args)
    if validation and "mlff_system" in metafunc.fixturenames and not chosen:
        names = list(validation.molecules)
        metafunc.parametrize("mlff_system", names, indirect=True, scope="session")


def _asked(request: pytest.FixtureRequest) -> Validation:
    """Return what is asked for, or skip the test."""
    if VALIDATION not in request.config.stash:
        pytest.skip("no potential to test; name one with --mlff-potential SPEC")
    return request.config.stash[VALIDATION]


@pytest.fixture(scope="session")
def mlff_potential(request: pytest.FixtureRequest) -> "Potential":
    """The potential under ``--mlff-potential``."""
    validation = _asked(request)
    from openmm_mlff.potentials import load_potential

    return load_potential(validation.asked.potential, options=validation.asked.options)


@pytest.fixture(scope="session")
def mlff_system(request: pytest.FixtureRequest) -> "MolecularSystem":
    """Each molecule under ``--mlff-system``, one after the other."""
    return _asked(request).molecules[request.param]


@pytest.fixture(scope="session")
def mlff_report(request: pytest.FixtureRequest) -> "ValidationReport":
    """The report of the whole validation; the first test that needs it waits for the run."""
    _asked(request)
    return report_for(request.session)
