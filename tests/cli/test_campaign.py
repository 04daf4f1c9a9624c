"""`openmm-mlff campaign`, in this process; the workers are replaced by one that is quick."""

import pytest

from openmm_mlff.campaign import session as module
from openmm_mlff.campaign.store import DONE
from openmm_mlff.results import ModelRecord, ValidationReport, VerdictStatus
from openmm_mlff.storage.files import write_text


@pytest.fixture
def spec(tmp_path):
    """A campaign's file; its output lies beside it."""
    path = tmp_path / "mine.toml"
    path.write_text(
        'models = ["student:tiny", "absent.pt"]\nsystems = ["water"]\nseeds = [1, 2]\n'
        f'reference = "none"\noutput = "{tmp_path / "out"}"\n',
        encoding="utf-8",
    )
    return path


@pytest.fixture
def quick(monkeypatch, make_verdict):
    """Let every run end approved at once, and list what was run."""
    run = []
    report = ValidationReport(
        model=ModelRecord(spec="student:tiny", name="tiny", sha256="0"),
        protocol={"name": "standard"},
        environment={},
        systems=("water",),
        checks=(),
        verdict=make_verdict(VerdictStatus.APPROVED),
    )

    def session(spec, cells, store, *, scheduler, on_progress):
        for cell in cells:
            run.append((cell.request.seed, scheduler))
            write_text(store.report_path(cell.address), report.to_json())
            found = {"verdict": "APPROVED", "label": "APPROVED", "reasons": ["all is well"]}
            store.write_result(cell.address, {"status": DONE, **found})

    monkeypatch.setattr(module, "run_session", session)
    return run


def test_a_dry_run_lists_and_writes_nothing(command, spec, tmp_path):
    for words in (["campaign", "--dry-run", spec], ["campaign", "run", spec, "--dry-run"]):
        outcome = command(*words)
        assert outcome.code == 0
        assert "4 runs" in outcome.out
        assert "absent.pt: 2 runs" in outcome.out
    assert not (tmp_path / "out").exists()


def test_a_campaign_is_run_once_by_its_file_alone(command, spec, quick, tmp_path):
    outcome = command("campaign", spec, "--limit", "1")
    assert quick == [(1, None)]
    assert outcome.code == 3
    assert outcome.err == ""
    command("campaign", spec, "--scheduler", "tcp://h:1")
    command("campaign", spec)
    assert quick == [(1, None), (2, "tcp://h:1")]
    assert (tmp_path / "out" / "report.html").is_file()


def test_status_and_report_read_what_there_is(command, spec, quick, tmp_path):
    command("campaign", spec, "--limit", "1")
    (tmp_path / "out" / "report.html").unlink()
    status = command("campaign", "status", tmp_path / "out")
    assert status.code == 0
    assert "student:tiny" in status.out
    assert not (tmp_path / "out" / "report.html").exists()
    report = command("campaign", "report", tmp_path / "out")
    assert report.code == 3
    assert f"INCONCLUSIVE: {tmp_path / 'out' / 'report.html'}" in report.out


def test_an_interrupt_says_how_to_go_on(command, spec, monkeypatch):
    def session(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(module, "run_session", session)
    outcome = command("campaign", spec)
    assert outcome.code == 130
    assert "openmm-mlff campaign" in outcome.err
    assert len(outcome.err.splitlines()) == 1


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["campaign", "absent.toml"], "cannot read campaign absent.toml"),
        (["campaign", "status", "."], "is not a campaign"),
        (["campaign", "report", "."], "is not a campaign"),
        (["campaign", "SPEC", "--limit", "0"], "limit"),
        (["campaign", "SPEC", "--schedule", "x"], "No such option"),
    ],
)
def test_wrong_usage_is_one_line_and_2(command, spec, words, said, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    outcome = command(*[str(spec) if word == "SPEC" else word for word in words])
    assert (outcome.code, len(outcome.err.splitlines())) == (2, 1)
    assert said in outcome.err


def test_without_dask_the_message_says_what_to_install(command, spec, monkeypatch):
    import sys

    monkeypatch.delitem(sys.modules, "openmm_mlff.campaign.cluster", raising=False)
    monkeypatch.setitem(sys.modules, "distributed", None)
    outcome = command("campaign", spec)
    assert outcome.code == 2
    assert "pip install 'openmm-mlff[campaign]'" in outcome.err
