import openmm

from openmm_mlff.benchmark.blocks import openmm_block, thermal_start
from openmm_mlff.benchmark.reporting import protocol_reporters, report_cycle_steps
from openmm_mlff.potentials.base import bare_system
from openmm_mlff.simulation import named_platform


def test_a_block_writes_energies_and_frames_at_the_intervals_of_the_protocol(water, tmp_path):
    system = bare_system(water)
    system.addForce(openmm.HarmonicBondForce())
    start = thermal_start(
        water, positions_angstrom=water.positions_angstrom, temperature_kelvin=300.0, seed=1
    )
    block = openmm_block(
        system,
        water,
        platform=named_platform("Reference"),
        start=start,
        timestep_fs=0.5,
        reporters=protocol_reporters(tmp_path),
    )
    assert report_cycle_steps() == 40
    for _ in range(2):
        assert block(40) > 0.0
    rows = (tmp_path / "energies.csv").read_text().splitlines()[1:]
    assert [int(row.split(",")[0]) for row in rows] == [10, 20, 30, 40, 50, 60, 70, 80]
    frames = int.from_bytes((tmp_path / "trajectory.dcd").read_bytes()[8:12], "little")
    assert frames == 2 * 40 // 8
