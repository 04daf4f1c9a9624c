from openmm_mlff.results import Status
from openmm_mlff.selftest.defects import get_defect
from openmm_mlff.selftest.matrix import (
    DefectRow,
    HealthyRow,
    Matrix,
    checks_seen,
    healthy_row,
    trial,
)
from openmm_mlff.selftest.onset import Onset
from openmm_mlff.selftest.runner import Finding


def row(gross="FAIL", slight="PASS", onset=None) -> DefectRow:
    defect = get_defect("jump at the cutoff")

    def tried(status, strength):
        finding = Finding(Status(status), "it jumps")
        return trial(defect, strength=strength, findings={defect.check: finding})

    return DefectRow(
        name=defect.name,
        description=defect.description,
        check=defect.check,
        unit=defect.unit,
        gross=tried(gross, 0.25),
        slight=tried(slight, 1.5e-3),
        predicted_onset=1e-3,
        prediction="",
        onset=onset,
    )


def healthy(status="PASS") -> HealthyRow:
    finding = Finding(Status(status), "as it should be")
    return healthy_row("pair", system="water", seed=3, findings={"determinism": finding})


def matrix(*rows, alarms=()) -> Matrix:
    return Matrix(checks_seen(rows, alarms), rows, tuple(alarms))


def test_it_passes_where_gross_faults_are_caught_and_nothing_else():
    found = matrix(row(), row(gross="ERROR"), alarms=[healthy(), healthy("INCONCLUSIVE")])
    assert found.passed
    assert found.checks == ("cutoff_continuity", "determinism")
    assert len(found.missed_slight) == 2


def test_a_gross_fault_that_is_missed_fails_it():
    for status in ("PASS", "INCONCLUSIVE", "SKIPPED"):
        found = matrix(row(), row(gross=status))
        assert not found.passed
        assert len(found.missed_gross) == 1


def test_a_check_that_was_not_run_catches_nothing():
    blind = trial(get_defect("curl"), strength=5.0, findings={})
    assert "not in the protocol" in blind.message
    assert not blind.statuses


def test_a_false_alarm_fails_it():
    for status in ("FAIL", "ERROR"):
        found = matrix(row(), alarms=[healthy(), healthy(status)])
        assert not found.passed
        assert found.false_alarms[0].alarms == {"determinism": "as it should be"}


def test_the_onset_is_compared_with_the_prediction():
    assert row(onset=Onset(1e-3, 4e-3)).agreement == 2.0
    assert row().agreement is None


def test_it_is_plain_json():
    import json

    table = matrix(row(onset=Onset(0.25, float("inf"))), alarms=[healthy()]).as_dict()
    assert json.loads(json.dumps(table, allow_nan=False)) == table
    assert table["defects"][0]["onset"] == {"unseen": 0.25, "seen": None}
