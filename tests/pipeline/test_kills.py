"""Killed at any moment, in any stage, a run goes on to the same bytes."""

import json
import random
import shutil

import pytest

from openmm_mlff.checks.registry import CHECKS
from openmm_mlff.config import GFN2_XTB
from openmm_mlff.potentials.ase import AsePotential
from openmm_mlff.simulation.checkpoint import PREVIOUS_FILE
from openmm_mlff.storage.locks import FolderLock
from openmm_mlff.storage.measurements import MEASUREMENTS

from .killing import Driver, messages

PROTOCOL = """
extends = "quick"
name = "tiny"
reported = ["drift_percent", "time_reversibility", "kinetic_distribution"]
[dynamics]
equilibration_ps = 0.05
duration_ps = 0.06
longest_ps = 0.09
replicas = 2
frame_interval_steps = 10
[probes]
geometries = 2
repeats = 3
parity_steps = 5
reference_frames = 4
thermal_frames = 1
rotations = 2
directions = 2
dimer_directions = 1
hessian_geometries = 1
scan_step_angstrom = 0.1
scan_end_angstrom = 6.0
reversal_steps = 10
sampling_ps = 0.05
thermostats_ps = 0.1
ensemble_ps = 0.01
ensemble_runs = 2
"""

NVE = "NVE, 2 replicas, 0.5 fs"
N_KILLS_WHILE_WRITING = 3
SEED = 5

MEASURED = (
    "ms_per_step_blocks",
    "cpu_ms_per_step_blocks",
    "yardstick_ms_blocks",
    "resident_mebibytes_blocks",
    "memory_mebibytes",
    "steps_per_block",
)
"""What depends on the clock and the machine."""


@pytest.fixture(scope="module")
def driver(programs):
    return Driver(programs)


@pytest.fixture(scope="module")
def asked(tmp_path_factory):
    path = tmp_path_factory.mktemp("protocol") / "tiny.toml"
    path.write_text(PROTOCOL, encoding="utf-8")
    return {
        "potential": "student:ultra-tiny",
        "systems": ["water"],
        "protocol": str(path),
        "platform": "Reference",
    }


@pytest.fixture(scope="module")
def undisturbed(driver, asked, tmp_path_factory):
    """A run that nobody disturbed, and what it said as it went."""
    folder = tmp_path_factory.mktemp("undisturbed")
    code = driver.run(folder / "log", output=str(folder / "out"), **asked)
    assert code in {0, 1, 3}
    # Else a decision to prolong would not be tried.
    (decision,) = json.loads((folder / "out/water/prolonged.json").read_text())
    assert decision["undecided"]
    return folder / "out", messages(folder / "log")


def contents(root):
    """Bytes of everything that is neither measured by the clock nor made from that."""
    found = {}
    for path in sorted(root.glob("water/**/*")):
        name = path.relative_to(root).as_posix()
        # How often a state is saved goes by the clock, and so which one was the last but one.
        if path.name == PREVIOUS_FILE:
            continue
        if path.is_file() and path.name == "run.json":
            table = json.loads(path.read_text())
            found[name] = {key: value for key, value in table.items() if key not in MEASURED}
        elif path.parent.name == MEASUREMENTS and path.suffix == ".json":
            table = json.loads(path.read_text())
            found[name] = {key: value for key, value in table.items() if key != "cost"}
        elif path.is_file():
            found[name] = path.read_bytes()
    return found


TIMED = {check.id for check in CHECKS if check.group == "performance"} | {"memory_growth"}
"""A run that is killed again and again may have too few blocks in one process for these."""

HOST = ("cpu", "cores", "gpu", "torch_threads", "system", "python")


def judged(root):
    """`report.json`, without what the clock and the machine decide."""
    report = json.loads((root / "report.json").read_text())
    report["checks"] = [check for check in report["checks"] if check["id"] not in TIMED]
    for key in HOST:
        report["environment"].pop(key)
    verdict = report["verdict"]
    sound = verdict["claims"]["sound"]
    sound["reasons"] = [why for why in sound["reasons"] if why["check"] not in TIMED]
    for key in ("recommendation", "next_step", "label"):
        verdict.pop(key)
    return report


def assert_same(root, other):
    ours, theirs = contents(root), contents(other)
    assert sorted(ours) == sorted(theirs)
    assert [name for name in ours if ours[name] != theirs[name]] == []
    assert judged(root) == judged(other)


def kind_of(stage):
    """Return the stage; of all checks the same."""
    return "checks" if stage in {check.id for check in CHECKS} else stage


def moments(said, generator):
    """Choose messages, in order: one of every kind of stage, six along the NVE runs."""
    by_stage = {}
    for index, (_, stage, _, _) in enumerate(said):
        by_stage.setdefault(kind_of(stage), []).append(index)
    dynamics = by_stage.pop(NVE)
    chosen = {generator.choice(indices) for indices in by_stage.values()}
    chosen.update(dynamics[:: -(-len(dynamics) // 6)])
    return sorted(chosen)


def killed_at(said, index, delay_s):
    """Kill once a run says what another said as its message `index`, or something later."""
    order = {}
    for place, (_, stage, _, _) in enumerate(said):
        order.setdefault(stage, place)
    _, stage, done, _ = said[index]

    def kill_when(heard):
        for _, other, other_done, _ in heard:
            if order.get(other, -1) > order[stage] or (other == stage and other_done >= done):
                return delay_s
        return None

    return kill_when


def fill_the_disk(driver, asked, log, *, largest_file_bytes):
    """Let a run end where a file would become larger, as on a full disk."""
    assert driver.run(log, largest_file_bytes=largest_file_bytes, **asked) == 2
    _, line, _, _ = messages(log)[-1]
    assert line.startswith(f"cannot write to {asked['output']} (File too large); ")
    assert list(log.parent.rglob("*.part")) == []


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_kills_in_every_stage_and_a_full_disk_leave_the_same_bytes(
    driver, asked, undisturbed, tmp_path
):
    whole, said = undisturbed
    generator = random.Random(SEED)
    asked = asked | {"output": str(tmp_path / "out"), "resume": True}
    kills, left, log = [], set(), tmp_path / "log"
    chosen = moments(said, generator)
    # Between two of those, some are killed right before a file takes the place of another.
    writing = set(generator.sample(range(len(chosen) - 4), N_KILLS_WHILE_WRITING))
    dynamics = [number for number, index in enumerate(chosen) if said[index][1] == NVE]
    for number, index in enumerate(chosen):
        kill_when = killed_at(said, index, generator.uniform(0.0, 0.05))
        kills.append(driver.run(log, kill_when=kill_when, **asked))
        left.update(path.name for path in (tmp_path / "out").rglob("*"))
        if number in writing:
            kills.append(driver.run(log, kill_at_replacement=generator.randint(2, 12), **asked))
        if number == dynamics[3]:
            fill_the_disk(driver, asked, log, largest_file_bytes=1500)
    assert kills == [-9] * (len(chosen) + N_KILLS_WHILE_WRITING)
    # Some were killed in the equilibration, some in the middle of a batch.
    assert left >= {"minimum.npz", "equilibration.chk", "state.xml"}
    assert {kind_of(said[index][1]) for index in chosen} == {kind_of(one[1]) for one in said}
    fill_the_disk(driver, asked, log, largest_file_bytes=6000)
    assert driver.run(log, **asked) in {0, 1, 3}
    assert_same(tmp_path / "out", whole)


RUN = "water/nve_300K_0.5fs_r0"


@pytest.fixture
def copied(undisturbed, tmp_path):
    """A run that has come to its end, to be damaged."""
    return shutil.copytree(undisturbed[0], tmp_path / "out")


def refusal(driver, asked, folder, **options):
    """Resume what cannot be resumed; gives the line that says why."""
    log = folder.parent / "log"
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*") if path.name != ".lock"}
    arguments = asked | {"output": str(folder), "resume": True} | options
    assert driver.run(log, **arguments) == 2
    after = {path: path.stat().st_mtime_ns for path in folder.rglob("*") if path.name != ".lock"}
    assert {path: after[path] for path in before if path.is_file()} == {
        path: time for path, time in before.items() if path.is_file()
    }
    _, line, _, _ = messages(log)[-1]
    assert "\n" not in line
    return line


def test_what_was_asked_otherwise_is_refused_by_name(driver, asked, copied):
    assert "seed was 1 and is now 2" in refusal(driver, asked, copied, seed=2)
    said = refusal(driver, asked, copied, protocol="quick")
    assert "protocol.name was 'tiny' and is now 'quick'" in said


OTHER_FILE = {"spec": "student:ultra-tiny", "files": {"student:ultra-tiny": "0" * 64}}
OTHER_PACKAGE = {
    **AsePotential.from_spec(GFN2_XTB).fingerprint.model_dump(),
    "packages": {"tblite": "0.0"},
}


@pytest.mark.parametrize(
    ("key", "value", "expected"),
    [
        ("schema_version", 1, "is of schema version 1, expected 2"),
        ("fingerprints", {"potential": OTHER_FILE}, "the file student:ultra-tiny"),
        ("fingerprints", {"reference": OTHER_PACKAGE}, "the package tblite (version"),
        ("fingerprints", {"systems": {"water": "0" * 64}}, "the system water"),
        ("environment", {"versions": {"openmm": "8.0"}}, "was started with"),
    ],
)
def test_another_model_reference_or_version_is_refused(driver, asked, copied, key, value, expected):
    table = json.loads((copied / "run.json").read_text())
    value = table[key] | value if key == "fingerprints" else value
    (copied / "run.json").write_text(json.dumps(table | {key: value}))
    assert expected in refusal(driver, asked, copied)


def cut(path):
    """Lose the last tenth."""
    content = path.read_bytes()
    path.write_bytes(content[: -len(content) // 10])


def alter(path):
    """Change one digit in the middle."""
    content = bytearray(path.read_bytes())
    middle = len(content) // 2
    while not chr(content[middle]).isdigit():
        middle += 1
    content[middle] = ord("0") + (content[middle] - ord("0") + 1) % 10
    path.write_bytes(bytes(content))


@pytest.mark.parametrize(
    ("damage", "name", "expected"),
    [
        (cut, f"{RUN}/state.xml", "its end is missing"),
        (alter, f"{RUN}/state.xml", "its contents were changed"),
        (cut, f"{RUN}/energies.csv", "rows up to step"),
        (cut, f"{RUN}/momenta.csv", "rows up to step"),
        (cut, f"{RUN}/trajectory.dcd", "frames, expected"),
        (cut, f"{RUN}/run.json", "cannot read"),
        (cut, "water/measurements/determinism.json", "cannot read"),
        (cut, "water/measurements/minimum.npz", "cannot read"),
        (cut, "run.json", "cannot read"),
    ],
)
def test_damaged_files_are_refused_by_name(driver, asked, copied, damage, name, expected):
    damage(copied / name)
    said = refusal(driver, asked, copied)
    assert expected in said
    assert name in said


def test_two_processes_in_one_folder(driver, asked, copied):
    with FolderLock(copied):
        assert "is in use by another run (process" in refusal(driver, asked, copied)
    assert driver.run(copied.parent / "log", output=str(copied), resume=True, **asked) in {0, 1, 3}
