import shlex

from openmm_mlff.report.html.provenance import provenance_rows, repeat_command
from openmm_mlff.request import ValidationRequest


def test_the_command_repeats_the_request(make_report):
    request = ValidationRequest(
        potential="my model.pt", systems=("water", "my mol.sdf"), reference="none:why", charge=1
    )
    run = {"request": request.record()}
    assert repeat_command(make_report(), run=run) == request.to_command()


def test_without_a_run_file_the_report_says_what_it_can(make_report):
    command = repeat_command(make_report(name="a b"), run=None)
    assert shlex.split(command)[:5] == [
        "openmm-mlff",
        "validate",
        "student:a b",
        "--system",
        "water",
    ]


def test_rows_hold_model_environment_and_settings_but_no_thresholds(make_report):
    rows = dict(provenance_rows(make_report()))
    assert rows["sha256"] == "0123456789abcdef"
    assert rows["hardware.cores"] == "2"
    assert rows["protocol.dynamics.duration_ps"] == "10"
    assert not any("criteria" in key for key in rows)
