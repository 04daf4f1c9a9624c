"""`pytest --mlff-potential SPEC`: one test for each check and system, and one for the verdict.

Options and collection. Without ``--mlff-potential`` the plugin is inactive. pytest imports this
module at every start, so it imports little besides the settings of a validation.

The tests are named ``mlff::SYSTEM::CHECK`` and ``mlff::verdict``; `-k`, `-m` and ids as arguments
select among them. Only the selected checks are run, once, when the first of them starts. A
selection that includes ``mlff::verdict``, or a test with the fixture ``mlff_report``, runs all
checks, because a verdict requires them. With pytest-xdist one process runs them and the others wait
for the results; with ``--dist loadgroup`` the others run other tests meanwhile.
"""

import argparse
from collections.abc import Generator
from typing import TYPE_CHECKING, Any

import pytest

from openmm_mlff.pytest_plugin.nodes import VERDICT, Checks, report_for
from openmm_mlff.pytest_plugin.session import OFFERED, ROOT, VALIDATION, Validation

if TYPE_CHECKING:
    from openmm_mlff.molecules import MolecularSystem
    from openmm_mlff.potentials import Potential
    from openmm_mlff.results import ValidationReport

DEFAULTS_HERE = {
    "protocol": "Default here: quick. ",
    "output": "Default here: a temporary one. ",
}
MARKERS = (
    "mlff: a check of the potential named by --mlff-potential",
    "parity: a check that compares forces computed in two ways",
)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options, all of which start with ``--mlff``; the request defines their defaults."""
    group = parser.getgroup("mlff", "validation of a force field (openmm_mlff)")
    group.addoption(
        "--mlff-potential", metavar="SPEC", help="potential to validate: one test per check"
    )
    for setting in OFFERED:
        text = DEFAULTS_HERE.get(setting.path[0], "") + str(setting.info.description)
        form: dict[str, Any] = {"help": text.replace("%", "%%"), "default": None}
        if setting.kind is bool:
            form["action"] = argparse.BooleanOptionalAction
        else:
            # Numbers remain text here, and the request rejects invalid ones in one line.
            form["metavar"] = setting.option.metavar or "VALUE"
            form["action"] = "append" if setting.kind is list else "store"
        flag = f"--mlff-{setting.flag.removeprefix('--')}"
        group.addoption(flag, dest=f"mlff_{setting.name}", **form)


def pytest_configure(config: pytest.Config) -> None:
    """Register the markers, and store the requested validation, if any."""
    for line in MARKERS:
        config.addinivalue_line("markers", line)
    if config.getoption("mlff_potential"):
        from openmm_mlff.errors import ConfigError

        try:
            config.stash[VALIDATION] = Validation(config)
        except ConfigError as error:
            raise pytest.UsageError(f"mlff: {error}") from error


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stop the processes of the validation."""
    if VALIDATION in config.stash:
        config.stash[VALIDATION].close()


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Send the common output folder to each process of pytest-xdist."""
    if VALIDATION in node.config.stash:
        node.workerinput[ROOT] = str(node.config.stash[VALIDATION].output)


@pytest.hookimpl(tryfirst=True)
def pytest_collection(session: pytest.Session) -> None:
    """Reject an invalid request before anything runs; listing the tests loads no model."""
    validation = session.config.stash.get(VALIDATION, None)
    if validation is None:
        return
    from openmm_mlff.errors import UserError

    try:
        known = [f"{ROOT}::{case.system}::{case.label}" for case in validation.cases]
        if not session.config.option.collectonly and not validation.is_worker:
            validation.open()
            # With pytest-xdist, another process runs it.
            if session.config.pluginmanager.hasplugin("dsession"):
                validation.close()
    except UserError as error:
        raise pytest.UsageError(f"mlff: {error}") from error
    unknown = validation.unknown_ids([*known, f"{ROOT}::{VERDICT}"])
    if unknown:
        raise pytest.UsageError(f"not found: {', '.join(unknown)}; --collect-only lists all ids")


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """Add the tests to those that pytest found in files.

    Yields:
        Nothing; pytest collects there.
    """
    report = yield
    if isinstance(collector, pytest.Session) and VALIDATION in collector.config.stash:
        # Not an existing path, to distinguish these tests from those of a file.
        path = collector.config.rootpath / ROOT
        node = Checks.from_parent(collector, name=ROOT, nodeid=ROOT, path=path)
        report.result = [*(report.result or []), node]
    return report


def pytest_report_header(config: pytest.Config) -> str | None:
    """Return a header line with the subject of the validation."""
    validation = config.stash.get(VALIDATION, None)
    if validation is None:
        return None
    request = validation.request
    return f"mlff: {request.potential} on {', '.join(request.systems)} by {request.protocol}"


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Print the path of the report."""
    validation = config.stash.get(VALIDATION, None)
    if validation is not None and (validation.output / "report.md").is_file():
        terminalreporter.write_line(f"mlff: report in {validation.output / 'report.md'}")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Parametrise tests that use ``mlff_system`` with each system."""
    validation = metafunc.config.stash.get(VALIDATION, None)
    marks = metafunc.definition.iter_markers("parametrize")
    chosen = any("mlff_system" in mark.args[0] for mark in marks if mark.args)
    if validation and "mlff_system" in metafunc.fixturenames and not chosen:
        names = list(validation.molecules)
        metafunc.parametrize("mlff_system", names, indirect=True, scope="session")


def _asked(request: pytest.FixtureRequest) -> Validation:
    """Return the requested validation, or skip the test."""
    if VALIDATION not in request.config.stash:
        pytest.skip("no potential to test; name one with --mlff-potential SPEC")
    return request.config.stash[VALIDATION]


@pytest.fixture(scope="session")
def mlff_potential(request: pytest.FixtureRequest) -> "Potential":
    """The potential under ``--mlff-potential``."""
    validation = _asked(request)
    from openmm_mlff.potentials import load_potential

    return load_potential(validation.request.potential, options=validation.request.options)


@pytest.fixture(scope="session")
def mlff_system(request: pytest.FixtureRequest) -> "MolecularSystem":
    """Each molecule under ``--mlff-system``."""
    return _asked(request).molecules[request.param]


@pytest.fixture(scope="session")
def mlff_report(request: pytest.FixtureRequest) -> "ValidationReport":
    """The report of the whole validation; the first test that needs it waits for the run."""
    _asked(request)
    return report_for(request.session)
