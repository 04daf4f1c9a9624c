import shlex

from openmm_mlff.config import PotentialOptions, RunSpec, load_protocol
from openmm_mlff.report.html.provenance import provenance_rows, repeat_command


def run_json(**fields):
    values = {
        "potential": "my model.pt",
        "systems": ("water", "my mol.sdf"),
        "protocol": load_protocol("quick"),
    }
    return {"spec": RunSpec(**{**values, **fields}).model_dump(mode="json")}


def test_the_command_names_what_was_asked_for(make_report):
    words = shlex.split(repeat_command(make_report(), run=run_json(reference=None)))
    assert words == [
        "openmm-mlff",
        "validate",
        "my model.pt",
        *("--system", "water", "--system", "my mol.sdf"),
        *("--protocol", "quick", "--reference", "none", "--seed", "1"),
    ]


def test_the_command_is_one_that_the_command_line_reads(make_report):
    from typer.main import get_command

    from openmm_mlff.cli.app import app

    options = PotentialOptions(
        backend="python",
        compiled=True,
        energy_unit="eV",
        length_unit="angstrom",
        parameters={"lambda": 0.5},
        ml_atoms="resname LIG",
        forcefield=("amber14-all.xml", "tip3p.xml"),
        constraints="hbonds",
        hydrogen_mass_amu=1.5,
    )
    run = run_json(options=options, platform="CPU", precision="double", charge=1, multiplicity=2)
    words = shlex.split(repeat_command(make_report(), run=run))
    command = get_command(app).commands["validate"]
    read = command.make_context("validate", words[2:]).params
    assert read["potentials"] == ["my model.pt"]
    assert read["system"] == ["water", "my mol.sdf"]
    assert (read["platform"], read["precision"], read["seed"]) == ("CPU", "double", 1)
    assert (read["charge"], read["multiplicity"], read["compiled"]) == (1, 2, True)
    assert read["parameter"] == ["lambda=0.5"]
    assert read["forcefield"] == ["amber14-all.xml", "tip3p.xml"]
    assert read["hydrogen_mass"] == 1.5


def test_a_changed_protocol_is_a_file_and_replicas_are_an_option(make_report):
    quick = load_protocol("quick")
    dynamics = quick.dynamics.model_copy(update={"replicas": 3})
    replicas = run_json(protocol=quick.model_copy(update={"dynamics": dynamics}))
    assert "--protocol quick --replicas 3" in repeat_command(make_report(), run=replicas)
    longer = quick.dynamics.model_copy(update={"duration_ps": 7.0})
    changed = run_json(protocol=quick.model_copy(update={"dynamics": longer}))
    assert "--protocol quick.toml" in repeat_command(make_report(), run=changed)


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
