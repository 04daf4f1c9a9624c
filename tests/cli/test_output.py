"""What a command prints of reports: JSON alone, one line, a summary, or everything."""

import json
from pathlib import Path

import pytest

from openmm_mlff.cli.output import output_folders, print_json, show_report, worst_exit_code
from openmm_mlff.results import ValidationReport, VerdictStatus

from ..programs import COMMAND_LINE


@pytest.fixture
def load(repository):
    def read(name):
        path = repository / "reports" / name / "report.json"
        return ValidationReport.from_json(path.read_text(encoding="utf-8"))

    return read


def test_one_report_is_printed_as_its_file_and_several_are_a_list(load, capsys, repository):
    print_json([load("tiny")])
    written = (repository / "reports/tiny/report.json").read_text(encoding="utf-8")
    assert json.loads(capsys.readouterr().out) == json.loads(written)
    print_json([load("tiny"), load("original")])
    names = [report["model"]["name"] for report in json.loads(capsys.readouterr().out)]
    assert names == ["tiny", "original"]


def test_the_summary_is_shorter_than_the_details(load, capsys):
    lengths = []
    for options in ({"quiet": True}, {}, {"details": True}):
        show_report(load("tiny"), report_path="x/report.md", **options)
        lengths.append(len(capsys.readouterr().out.splitlines()))
    assert lengths[0] == 1
    assert 10 < lengths[1] < 50 < lengths[2]


def test_the_gravest_verdict_decides_the_exit_code(load):
    report = load("tiny")
    approved, rejected, undecided = (
        report.model_copy(update={"verdict": report.verdict.model_copy(update={"status": status})})
        for status in (VerdictStatus.APPROVED, VerdictStatus.REJECTED, VerdictStatus.INCONCLUSIVE)
    )
    assert worst_exit_code([approved]) == 0
    assert worst_exit_code([approved, undecided]) == 3
    assert worst_exit_code([undecided, rejected, approved]) == 1


@pytest.mark.parametrize("spec", ["..", "../..", "/", "/etc/passwd", "a/../../b", "~", ".", "ä:é"])
def test_no_potential_leads_out_of_the_output_folder(spec):
    for folder in output_folders(Path("out"), [spec, spec]):
        assert folder.parent == Path("out")
        assert folder.name.isascii()
        assert folder.name not in {"", ".", ".."}


def test_no_two_potentials_share_a_folder():
    folders = output_folders(Path("out"), ["a/best.pt", "b/best.pt", "student:tiny", "B/BEST.pt"])
    assert folders == [Path("out/best-1"), Path("out/best-2"), Path("out/tiny"), Path("out/BEST-3")]
    assert output_folders(Path("out"), ["../m.pt"]) == [Path("out")]
    assert output_folders(None, ["a.pt", "b.pt"]) == [None, None]


LOUD = """
import ctypes
from ase.calculators.morse import MorsePotential

C = ctypes.CDLL(None)
print("imported")

class Loud(MorsePotential):
    def calculate(self, *arguments, **options):
        print("by Python")
        C.printf(b"by C\\n")
        super().calculate(*arguments, **options)
"""
BRIEF = 'extends = "quick"\nname = "brief"\nrequired = ["determinism"]\nreported = []\n'


@pytest.mark.slow
@pytest.mark.parametrize("sandbox", ["--sandbox", "--no-sandbox"])
def test_stdout_is_json_whatever_the_potential_prints(sandbox, programs, tmp_path):
    (tmp_path / "loud.py").write_text(LOUD)
    (tmp_path / "brief.toml").write_text(BRIEF)
    command = ["validate", "ase:loud:Loud", "-s", "water", "--protocol", "brief.toml", "--json"]
    command += ["--platform", "Reference", "--reference", "none", "--output", "out", sandbox]
    ended = programs.run(COMMAND_LINE, *command, folder=tmp_path)
    assert ended.returncode == 3, ended.stderr
    assert [check["id"] for check in json.loads(ended.stdout)["checks"]] == ["determinism"]
    assert ("by C" in ended.stderr) is (sandbox == "--no-sandbox")
