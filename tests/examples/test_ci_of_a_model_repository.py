"""The little repository as its owner and its CI use it."""

import re
import shlex
import shutil

import pytest

import openmm_mlff.report.writer  # noqa: F401  # before a session inside this one forgets it
from openmm_mlff import pytest_plugin
from openmm_mlff.pipeline import selected  # noqa: F401

pytest_plugins = ["pytester"]

WORKFLOW = ".github/workflows/force_field.yml"
SHORT = """
extends = "quick"
name = "short"
required = ["openmm_parity"]
reported = ["charge_response"]
[probes]
geometries = 2
repeats = 2
"""


@pytest.fixture
def ask(repository, pytester, monkeypatch):
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    folder = repository / "examples" / "ci_of_a_model_repository"
    shutil.copytree(folder, pytester.path, dirs_exist_ok=True)
    return lambda *arguments: pytester.runpytest_inprocess(*arguments, plugins=[pytest_plugin])


def pytest_commands(text):
    return [
        shlex.split(line) for line in re.findall(r"^\s*- run: pytest (.*)$", text, re.MULTILINE)
    ]


def test_what_the_ci_runs_is_there_to_be_run(ask, pytester):
    commands = pytest_commands((pytester.path / WORKFLOW).read_text())
    assert len(commands) == 2
    parity, whole = (ask("--collect-only", "-q", *command) for command in commands)
    assert (parity.ret, whole.ret) == (0, 0)
    ids = [line for line in whole.outlines if line.startswith(("mlff::", "tests/"))]
    assert ids[-1] == "mlff::verdict"
    assert {"mlff::water::energy_drift", "mlff::methane::force_accuracy"} < set(ids)
    chosen = [line for line in parity.outlines if line.startswith(("mlff::", "tests/"))]
    assert "mlff::water::openmm_parity" in chosen
    assert "mlff::water::stability" not in chosen
    assert not [name for name in chosen if name.startswith("tests/")]


def test_the_workflow_can_be_read(ask, pytester):
    yaml = pytest.importorskip("yaml")
    jobs = yaml.safe_load((pytester.path / WORKFLOW).read_text())["jobs"]
    assert set(jobs) == {"parity", "validation"}
    for job in jobs.values():
        assert job["steps"][0]["uses"].startswith("actions/checkout@")


def test_checks_and_tests_of_ones_own_pass_together(ask, pytester):
    (pytester.path / "short.toml").write_text(SHORT, encoding="utf-8")
    result = ask("--mlff-protocol=short.toml", "--mlff-reference=none")
    # One check on two molecules; the verdict; three tests of one's own.
    # `charge_response` is not applicable to neutral closed shells.
    result.assert_outcomes(passed=6, skipped=2)
