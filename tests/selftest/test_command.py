import json
from pathlib import Path

import pytest

from openmm_mlff.cli.selftest import selftest_command
from openmm_mlff.errors import ConfigError
from openmm_mlff.results import Status
from openmm_mlff.selftest import jobs
from openmm_mlff.selftest.faults import get_fault
from openmm_mlff.selftest.onset import Onset
from openmm_mlff.selftest.runner import Finding


@pytest.fixture
def answers(monkeypatch):
    def plant(status: Status):
        def answer(job):
            if job.part == "onset":
                return Onset(1.0, 1.1)
            return {get_fault(job.subject).check: Finding(status, "as asked")}

        monkeypatch.setattr(jobs, "run_job", answer)

    return plant


@pytest.mark.parametrize(("status", "code"), [(Status.FAIL, 0), (Status.PASS, 1)])
def test_the_exit_code_says_whether_it_passed(answers, status, code, capsys):
    answers(status)
    assert selftest_command(only=["curl"], jobs=1) == code
    assert ("SELF-TEST PASSED" in capsys.readouterr().out) is (code == 0)


def test_the_matrix_is_written(answers, tmp_path):
    answers(Status.FAIL)
    selftest_command(only=["curl"], jobs=1, output=tmp_path / "matrix.json")
    table = json.loads((tmp_path / "matrix.json").read_text(encoding="utf-8"))
    assert table["passed"] is True
    assert table["defects"][0]["name"] == "curl"
    assert "| curl |" in (tmp_path / "matrix.md").read_text(encoding="utf-8")


def test_another_ending_is_refused():
    with pytest.raises(ConfigError, match=r"expected a name ending in \.json"):
        selftest_command(output=Path("matrix.txt"))
