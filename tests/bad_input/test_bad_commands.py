"""Reports, run directories, output folders and options of every command that cannot be used."""

import json

import pytest

from openmm_mlff.results import CheckResult, ModelRecord, Status, ValidationReport

MODEL = {"spec": "student:tiny", "name": "tiny", "sha256": "0"}
RUN = {
    "schema_version": 2,
    "status": "complete",
    "request": {},
    "fingerprints": {},
    "spec": {
        "potential": "student:tiny",
        "systems": ["water"],
        "protocol": {"name": "mine", "required": [], "reported": ["memory"]},
    },
    "model": MODEL,
    "systems": ["water"],
    "environment": {},
}
WATER = {
    "name": "water",
    "atomic_numbers": [8, 1, 1],
    "positions_angstrom": [[0, 0, 0], [0.96, 0, 0], [-0.24, 0.93, 0]],
    "charge": 0,
    "multiplicity": 1,
    "source": "",
}


def _with(table, value, *path):
    """Copy a table with one value changed, or without it."""
    copied = json.loads(json.dumps(table))
    inner = copied
    for key in path[:-1]:
        inner = inner[key]
    if value is ...:
        del inner[path[-1]]
    else:
        inner[path[-1]] = value
    return json.dumps(copied)


# No JSON at all; given to compare and to judge.
TEXTS = [
    ("", "JSON"),
    (b"\xff\xfe{\x00}\x00", "save it as UTF-8"),
    (b'{"a": "\xe5"}', "not UTF-8 text"),
    ("[" * 100000, "JSON"),
    ("[]", "schema version 2"),
    ("{}", "Field required"),
    ('{"schema_version": 2, "rows": [], "entries": [], "peers": []}', "Field required"),
]

REPORTS = [
    ((1, "schema_version"), "schema_version: Input should be 2"),
    ((..., "verdict"), "verdict: Field required"),
    (("FINE", "verdict", "status"), "verdict.status"),
    (("REJECTED", "verdict", "status"), "does not follow from the claims"),
    ((..., "verdict", "claims"), "verdict.claims: Field required"),
    ((3, "extra"), "extra: Extra inputs are not permitted"),
    (("MAYBE", "checks", 0, "status"), "checks.0.status"),
    (("abc", "checks", 0, "value"), "checks.0.value"),
    ((10**400, "checks", 0, "value"), "checks.0.value"),
    (("water", "systems"), "systems"),
    (("long", "verdict", "scope", "duration_ps"), "verdict.scope.duration_ps"),
]

RUNS = [
    (_with(RUN, 1, "schema_version"), "schema_version: Input should be 2"),
    (_with(RUN, ..., "spec"), "spec: Field required"),
    (_with(RUN, ..., "model"), "model: Field required"),
    (_with(RUN, 3, "systems"), "systems"),
    (_with(RUN, ["../water"], "systems"), "systems.0"),
    (_with(RUN, ["speeed"], "spec", "protocol", "required"), "did you mean 'speed'?"),
    (_with(RUN, {"step": 1}, "spec", "protocol", "dynamics"), "spec.protocol.dynamics.step"),
]

MOLECULES = [
    "{}",
    "{",
    _with(WATER, "H2O", "atomic_numbers"),
    _with(WATER, [8, 1, 999], "atomic_numbers"),
    _with(WATER, [[0, 0, 0]], "positions_angstrom"),
    _with(WATER, "none", "charge"),
    _with(WATER, 1, "charge"),
    _with(WATER, [[1, 0, 0]], "cell_angstrom"),
]

LONG = "o" * 300
COMMANDS = [
    # Words and numbers.
    ("valdate student:tiny", "valdate"),
    ("validate --no-such-option", "--no-such-option"),
    ("validate student:tiny --seed", "--seed"),
    ("validate student:tiny --seed 99999999999", "less than or equal to 2147483647"),
    ("validate student:tiny --duration 1e9", "less than or equal to 10000000"),
    ("validate student:tiny --replicas 0", "--replicas 0: expected"),
    ("validate student:tiny --system water --system water", "is given twice"),
    ("validate student:tiny --reference nothing", "unknown potential 'nothing'"),
    ("validate student:tiny --reference missing.extxyz", "no such file of labelled frames"),
    ("validate student:tiny --reference plain.xyz", "no frame has both energy and forces"),
    ("validate student:tiny --reference rubbish.json", "cannot be read as json"),
    ("validate student:tiny student:tiny", "is named twice"),
    # Where results go.
    ("validate student:tiny --output file", "choose another with --output"),
    ("validate student:tiny --output loop", "choose another with --output"),
    (f"validate student:tiny --output {LONG}", "choose another with --output"),
    ("validate student:tiny --output done", "already holds a run"),
    ("validate student:tiny --output done --resume", "a run with other settings"),
    ("benchmark student:tiny --output file", "choose another with --output"),
    ("export student:tiny file", "add --force"),
    ("export student:tiny file/x.pt", "cannot write file/x.pt"),
    # Other commands.
    ("judge", "Missing argument 'rundir'"),
    ("judge missing", "is not a run directory"),
    (f"judge {LONG}", "is not a run directory"),
    ("judge .", "is not a run directory"),
    ("compare", "Missing argument 'REPORT...'"),
    ("compare missing.json missing.json", "cannot read missing.json (no such file)"),
    (f"compare {LONG} {LONG}", "file name too long"),
    ("export", "Missing argument 'checkpoint'"),
    ("export student:tiny", "OUT.pt"),
    ("export ase:ase.calculators.lj:LennardJones x.pt", "cannot export"),
    ("export student:tiny x.pt --precision half", "unknown precision 'half'"),
    ("export student:tiny x.pt --system watr", "did you mean water?"),
    ("export student:tiny x.pt --with-forces", "with --system, or leave out --with-forces"),
    ("systems water", "water"),
    ("doctor --all", "--all"),
    ("checks --protocl quick", "--protocl"),
    ("selftest --seeds -1", "--seeds"),
    ("selftest --output matrix.txt", "expected a name ending in .json"),
    ("selftest --only nothing", "unknown fault 'nothing'"),
]
FILES = {
    "file": "",
    "loop": lambda path: path.symlink_to(path),
    "plain.xyz": "3\n\nO 0 0 0\nH 0.96 0 0\nH -0.24 0.93 0\n",
    "rubbish.json": "{",
}

BENCHMARK = [
    ("nothing", "unknown potential 'nothing'"),
    ("student:tiny student:tiny", "is named twice"),
    ("student:tiny --backend onnx", "unknown backend 'onnx'"),
    ("student:tiny --platform Cpu9", "unknown platform 'Cpu9'"),
    ("student:tiny --precision half", "unknown precision 'half'"),
    ("student:tiny --blocks 0", "expected a whole number above 0"),
    ("student:tiny --threads many", "--threads"),
    ("student:tiny --system watr", "did you mean water?"),
    ("student:tiny --system water --system water", "is named twice"),
    ("student:tiny --reference-model student:tny", "did you mean 'tiny'?"),
]


@pytest.mark.parametrize(("text", "expected"), TEXTS)
@pytest.mark.parametrize("command_line", ["compare report.json report.json", "judge run"])
def test_text_that_is_no_report_and_no_run(refuses, command_line, text, expected):
    refuses(command_line, expected, files={"+report.json": text, "+run/run.json": text})


@pytest.fixture
def report(make_verdict):
    """The table of a report that can be read."""
    names = {"id": "speed", "group": "performance", "system": "water"}
    whole = ValidationReport(
        model=ModelRecord(**MODEL),
        protocol={"name": "quick"},
        environment={},
        systems=("water",),
        checks=(CheckResult(**names, status=Status.PASS, message="x"),),
        verdict=make_verdict(),
    )
    return whole.model_dump(mode="json")


@pytest.mark.parametrize(("change", "expected"), REPORTS)
def test_a_report_with_one_thing_wrong(refuses, report, change, expected):
    text = _with(report, *change)
    refuses("compare folder folder", expected, files={"+folder/report.json": text})


@pytest.mark.parametrize(("text", "expected"), RUNS)
def test_a_run_with_one_thing_wrong(refuses, text, expected):
    files = {"+run/run.json": text, "+run/water/system.json": json.dumps(WATER)}
    refuses("judge run", expected, files=files)


@pytest.mark.parametrize("text", MOLECULES)
def test_a_run_whose_molecule_is_damaged(refuses, text):
    files = {"+run/run.json": json.dumps(RUN), "+run/water/system.json": text}
    refuses("judge run", "expected", files=files)


@pytest.mark.parametrize(("line", "expected"), COMMANDS, ids=[line[:60] for line, _ in COMMANDS])
def test_a_command_line_that_cannot_be_served(refuses, line, expected):
    files = FILES | {"+done/run.json": json.dumps(RUN)}
    refuses(line, expected, files=files)


@pytest.mark.parametrize(("options", "expected"), BENCHMARK, ids=[each for each, _ in BENCHMARK])
def test_a_benchmark_that_cannot_be_run(refuses, options, expected):
    refuses(f"benchmark {options} --output out", expected, files={})
