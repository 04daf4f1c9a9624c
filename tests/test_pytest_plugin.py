"""The plugin in small pytest sessions of its own, with real validations."""

import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

# Before a session inside this one can be the first to import them, and forget them at its end.
import openmm_mlff.report.writer  # noqa: F401
from openmm_mlff import pytest_plugin
from openmm_mlff.pipeline.local import LocalValidation
from openmm_mlff.request import settings
from openmm_mlff.storage.files import read_toml
from openmm_mlff.storage.measurements import MeasurementStore
from openmm_mlff.storage.run_directory import RunDirectory, read_json

from .springs import write_torchscript

pytest_plugins = ["pytester"]

PROTOCOL = """
extends = "quick"
name = "tiny"
required = ["determinism", "rotation_invariance", "stability", "energy_drift", "force_accuracy"]
reported = ["drift_percent"]
[dynamics]
equilibration_ps = 0.0
duration_ps = 0.02
longest_ps = 0.02
timesteps_fs = [0.5]
[probes]
repeats = 2
geometries = 2
thermal_frames = 2
sampling_ps = 0.05
thermostats_ps = 0.05
ensemble_ps = 0.01
ensemble_runs = 2
"""
IMPOSSIBLE = """
[criteria.rotation_invariance]
forces = {value = 1e-12, unit = "meV/Å", source = "below any rounding"}
[criteria.drift_percent]
drift = {value = 1e-12, unit = "%", source = "below any rounding"}
"""


@pytest.fixture
def ask(pytester, monkeypatch):
    """Run pytest with the plugin on a potential, water and a small protocol."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    (pytester.path / "tiny.toml").write_text(PROTOCOL, encoding="utf-8")
    write_torchscript(pytester.path)

    def run(*arguments, potential="springs.pt", protocol="tiny.toml"):
        options = ["-p", "no:cacheprovider", "-ra"]
        if potential:
            options += [f"--mlff-potential={potential}", f"--mlff-protocol={protocol}"]
            options += ["--mlff-reference=none", "--mlff-platform=Reference"]
            if not any("--mlff-system" in argument for argument in arguments):
                options.append("--mlff-system=water")
        if "xdist" in arguments:
            options += ["-p", "openmm_mlff.pytest_plugin"]
            return pytester.runpytest_inprocess(*options, *arguments)
        return pytester.runpytest_inprocess(*options, *arguments, plugins=[pytest_plugin])

    return run


def collected(result):
    return [line for line in result.outlines if line.startswith("mlff::")]


def test_every_check_is_a_test_with_an_id(ask, pytester):
    conditions = PROTOCOL.replace("[0.5]", "[0.5, 1.0]")
    (pytester.path / "two.toml").write_text(conditions, encoding="utf-8")
    systems = ("--mlff-system=water", "--mlff-system=methane")
    result = ask("--collect-only", "-q", *systems, protocol="two.toml")
    ids = collected(result)
    assert ids[:9] == [
        "mlff::water::determinism",
        "mlff::water::rotation_invariance",
        "mlff::water::stability[300K-0.5fs]",
        "mlff::water::stability[300K-1fs]",
        "mlff::water::energy_drift[300K-0.5fs]",
        "mlff::water::energy_drift[300K-1fs]",
        "mlff::water::drift_percent[300K-0.5fs]",
        "mlff::water::drift_percent[300K-1fs]",
        "mlff::water::force_accuracy",
    ]
    assert "mlff::methane::determinism" in ids
    assert ids[-1] == "mlff::verdict"
    assert result.ret == 0


@pytest.mark.parametrize(
    ("arguments", "chosen"),
    [
        (["-m", "parity"], ["determinism", "force_accuracy"]),
        (["-k", "drift and not percent"], ["energy_drift"]),
        (["mlff::water::determinism"], ["determinism"]),
        (["--deselect=mlff::water", "--deselect=mlff::verdict", "-m", "mlff"], []),
    ],
)
def test_checks_are_chosen_as_tests_are(ask, arguments, chosen):
    result = ask("--collect-only", "-q", *arguments)
    assert collected(result) == [f"mlff::water::{name}" for name in chosen]


def test_an_own_check_is_a_test_too(ask, pytester, monkeypatch):
    monkeypatch.setenv("OPENMM_MLFF_SANDBOX", "1")
    own = Path(__file__).parents[1] / "examples" / "own_check.py"
    (pytester.path / "own.py").write_text(own.read_text(encoding="utf-8"), encoding="utf-8")
    result = ask("mlff::water::angle_stiffness", "--mlff-plugin=own.py", "--mlff-output=out")
    result.assert_outcomes(passed=1)
    checks = read_json(pytester.path / "out" / "report.json")["checks"]
    assert [check["id"] for check in checks] == ["angle_stiffness"]


def test_failures_skips_and_the_verdict_speak_for_themselves(ask, pytester):
    (pytester.path / "impossible.toml").write_text(PROTOCOL + IMPOSSIBLE, encoding="utf-8")
    result = ask("--mlff-output=out", "--junitxml=junit.xml", protocol="impossible.toml")
    assert result.ret == 1
    cases = {
        case.get("name"): case
        for case in ElementTree.parse(pytester.path / "junit.xml").getroot().iter("testcase")
    }
    asked = read_toml(pytester.path / "tiny.toml")
    assert set(cases) == {*asked["required"], *asked["reported"], "verdict"}
    assert [child.tag for child in cases["determinism"]] == ["properties"]
    failure = cases["rotation_invariance"].find("failure")
    first, message, remedy = failure.text.splitlines()
    assert first.startswith("rotation_invariance FAIL on water: ")
    assert first.endswith("limit 1e-12 meV/Å")
    assert message.startswith("On water, ")
    assert remedy.startswith("What to do: ")
    assert "pytest_plugin" not in failure.text
    assert cases["energy_drift"].find("failure").text.startswith("energy_drift INCONCLUSIVE")
    assert cases["verdict"].find("failure").text.startswith("REJECTED springs.pt")
    reported = cases["drift_percent"].find("skipped").get("message")
    assert reported.startswith("FAIL, reported, does not decide: On water at 300 K, 0.5 fs, ")
    unasked = cases["force_accuracy"].find("skipped").get("message")
    assert "no reference was requested (--reference none)" in unasked
    result.stdout.fnmatch_lines(["*_ water::rotation_invariance _*"])
    result.stdout.fnmatch_lines(["*mlff: report in *report.md"])
    assert (pytester.path / "out" / "report.md").is_file()


def test_only_what_is_chosen_is_run_as_it_is_asked_for(ask, pytester):
    result = ask("-m", "parity", "-k", "determinism", "--mlff-temperature=400", "--mlff-output=out")
    result.assert_outcomes(passed=1, deselected=6)
    directory = RunDirectory.open(pytester.path / "out")
    names = MeasurementStore(directory.system("water")).names()
    assert names == ["determinism", "minimum"]
    assert directory.run_names("water") == []
    run = read_json(directory.root / "run.json")
    assert run["spec"]["protocol"]["may_approve"] is False
    assert run["request"]["temperature_kelvin"] == 400.0
    assert run["spec"]["protocol"]["dynamics"]["temperatures_kelvin"] == [400.0]


def test_the_fixtures_serve_tests_of_ones_own(ask, pytester):
    pytester.makepyfile(
        """
        def test_knows_the_molecule(mlff_potential, mlff_system):
            mlff_potential.check_molecule(mlff_system)
            assert mlff_system.name == "water"

        def test_holds(mlff_report):
            assert mlff_report.model.spec == "springs.pt"
            assert {check.id for check in mlff_report.checks} >= {"determinism", "energy_drift"}
        """
    )
    # As in this project: TorchScript is what the potential is.
    ignored = "ignore:.torch.jit.*:DeprecationWarning"
    pytester.makeini(f"[pytest]\nfilterwarnings =\n    error\n    {ignored}\n")
    # The report is of all checks, though none is among the tests.
    result = ask("-m", "not mlff")
    result.assert_outcomes(passed=2, deselected=7)


def test_the_fixtures_call_a_test_once_for_each_system(ask, pytester):
    pytester.makepyfile("def test_each(mlff_system): pass")
    result = ask("--collect-only", "-q", "--mlff-system=methane", "--mlff-system=water")
    listed = [line for line in result.outlines if "test_each" in line]
    assert [line.partition("[")[2] for line in listed] == ["methane]", "water]"]


def test_without_a_potential_the_fixtures_skip_and_nothing_else_happens(ask, pytester):
    pytester.makepyfile(
        """
        def test_plain(): pass
        def test_potential(mlff_potential): pass
        def test_system(mlff_system): pass
        def test_report(mlff_report): pass
        """
    )
    result = ask(potential=None)
    result.assert_outcomes(passed=1, skipped=3)
    result.stdout.fnmatch_lines(["*no potential to test; name one with --mlff-potential SPEC*"])


@pytest.mark.parametrize(
    ("arguments", "options", "expected"),
    [
        ([], {"potential": "student:huge"}, "*unknown student 'huge'*"),
        ([], {"protocol": "quik"}, "*unknown protocol 'quik'; did you mean 'quick'*"),
        (["--mlff-system=watr"], {}, "*watr*did you mean*"),
        (["--mlff-temperature=-1"], {}, "*--temperature -1: expected *"),
        (["--mlff-precision=half"], {}, "*--precision half: expected *"),
        (["mlff::water::rotation"], {}, "*not found: mlff::water::rotation; --collect-only*"),
        (["--mlff-output=out"], {}, "*out already holds a run*"),
    ],
)
def test_what_cannot_be_run_is_one_line(ask, pytester, arguments, options, expected):
    (pytester.path / "out").mkdir()
    (pytester.path / "out" / "run.json").write_text("{}")
    result = ask(*arguments, **options)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    (line,) = [line for line in result.errlines if line.strip()]
    assert line.startswith("ERROR: ")
    result.stderr.fnmatch_lines([expected])


def test_a_run_that_breaks_is_told_once_with_its_traceback(ask, monkeypatch):
    def broken(*_arguments, **_options):
        raise RuntimeError("planted")

    monkeypatch.setattr(LocalValidation, "run", broken)
    result = ask("-k", "drift")
    result.assert_outcomes(errors=2, deselected=5)
    assert sum("RuntimeError(" in line for line in result.outlines) == 1
    result.stdout.fnmatch_lines(["*the validation could not be run: RuntimeError: planted"])


CRASHING = """
import os, signal, sys
from ase.calculators.emt import EMT


class Crashing(EMT):
    def calculate(self, *arguments, **options):
        frame = sys._getframe()
        while frame is not None:
            if frame.f_code.co_name == "minimise":
                os.kill(os.getpid(), signal.SIGSEGV)
            frame = frame.f_back
        super().calculate(*arguments, **options)
"""


def test_a_potential_that_crashes_fails_tests_and_not_the_session(ask, pytester, monkeypatch):
    monkeypatch.setenv("OPENMM_MLFF_SANDBOX", "1")
    monkeypatch.syspath_prepend(pytester.path)
    (pytester.path / "crashing.py").write_text(CRASHING, encoding="utf-8")
    pytester.makepyfile("def test_of_the_user(): pass")
    result = ask("-k", "determinism or user", potential="ase:crashing:Crashing")
    result.assert_outcomes(passed=1, failed=1, deselected=6)
    result.stdout.fnmatch_lines(["*SIGSEGV (segmentation fault) on platform Reference*"])


def test_a_potential_that_crashes_when_it_is_loaded_is_one_line(ask, pytester, monkeypatch):
    monkeypatch.setenv("OPENMM_MLFF_SANDBOX", "1")
    monkeypatch.syspath_prepend(pytester.path)
    source = "import os, signal\nos.kill(os.getpid(), signal.SIGSEGV)\n"
    (pytester.path / "crashing_import.py").write_text(source, encoding="utf-8")
    result = ask(potential="ase:crashing_import:Crashing")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(
        ["*ended by SIGSEGV (segmentation fault) while it was being loaded*"]
    )


@pytest.mark.slow
def test_processes_of_xdist_share_one_run(ask, pytester):
    result = ask("-p", "xdist", "-n2", "-k", "determinism or rotation", "--mlff-output=out")
    result.assert_outcomes(passed=2)
    systems = RunDirectory.open(pytester.path / "out").system_names()
    assert systems == ["water"]
    assert len(list((pytester.path / "out").glob("report.json"))) == 1


def test_every_setting_is_an_option(ask):
    listed = "\n".join(ask("--help", potential=None).outlines)
    offered = [one for one in settings() if one.path[0] != "resume"]
    assert all(f"--mlff-{one.flag.removeprefix('--')}" in listed for one in offered)


@pytest.mark.parametrize("collect", [False, True])
def test_what_is_not_asked_for_is_not_imported(tmp_path, collect):
    listing = ["--collect-only", "--mlff-potential=student:tiny", "--mlff-system=water"]
    script = f"""
import sys
import openmm_mlff.pytest_plugin
if {collect}:
    import pytest
    pytest.main(["-q", "-p", "openmm_mlff.pytest_plugin", *{listing}])
heavy = {{"torch", "openmm", "mdtraj"}} if {collect} else {{"numpy", "ase", "torch", "openmm"}}
print("heavy:", sorted(heavy & set(sys.modules)))
"""
    environment = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTHONPATH": ":".join(sys.path)}
    options = {"capture_output": True, "text": True, "check": True}
    found = subprocess.run([sys.executable, "-c", script], cwd=tmp_path, env=environment, **options)
    assert "heavy: []" in found.stdout
    assert ("mlff::verdict" in found.stdout) is collect
