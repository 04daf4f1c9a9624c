"""`openmm-mlff doctor`: once in earnest, and how it prints."""

import io
import json
import subprocess
import sys

import pytest
from rich.console import Console

from openmm_mlff.cli import main
from openmm_mlff.cli.doctor import print_findings
from openmm_mlff.doctor.findings import Finding


@pytest.mark.slow
def test_this_machine_is_looked_at_without_loading_torch_or_openmm():
    code = (
        "import sys\n"
        "try:\n    from openmm_mlff.cli import main; main(['doctor', '--json'])\n"
        "finally:\n    print(sorted({'torch', 'openmm'} & set(sys.modules)), file=sys.stderr)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    document = json.loads(done.stdout)
    assert done.returncode == (0 if document["ready"] else 1)
    assert done.stderr.strip().splitlines()[-1] == "[]"
    by_name = {finding["what"]: finding for finding in document["findings"]}
    for platform in ("Reference", "CPU"):
        assert by_name[platform]["found"] == "a TorchForce runs and is right"
    assert by_name["torch"]["state"] == "ok"


FINDINGS = [
    Finding("python", "Python", "ok", "3.11 here"),
    Finding("platforms", "CUDA", "note", "no driver", "install one"),
    Finding("platforms", "CPU", "problem", "crashed", "install OpenMM again"),
]


@pytest.mark.parametrize(("count", "code"), [(2, 0), (3, 1)])
def test_the_exit_code_says_whether_it_is_ready(monkeypatch, capsys, count, code):
    monkeypatch.setattr("openmm_mlff.doctor.examination.examine", lambda: FINDINGS[:count])
    with pytest.raises(SystemExit) as stopped:
        main(["doctor"])
    assert stopped.value.code == code
    out = capsys.readouterr().out
    assert ("is ready." in out) == (code == 0)
    assert "→ install one" in out


def test_each_problem_is_followed_by_its_remedy():
    console = Console(file=io.StringIO(), width=80)
    print_findings(FINDINGS, console=console)
    text = console.file.getvalue()
    assert text.index("crashed") < text.index("→ install OpenMM again") < text.index("not ready")
    assert "1 problem, each with what to do" in text
    assert max(len(line) for line in text.splitlines()) <= 80
