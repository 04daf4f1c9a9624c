"""The example with a potential whose energy is known to be conserved, and with a broken one.

With the shipped student, as a user runs it, it stands in the documentation, whose tests run it.
"""

import types

import openmm
import pytest

import openmm_mlff
from openmm_mlff.reporters import CONSERVATION_COLUMNS
from openmm_mlff.storage.streams import MOMENTUM_COLUMNS, read_csv


def _springs(expression):
    def create_system(molecule):
        system = openmm.System()
        force = openmm.CustomBondForce(expression)
        for mass in molecule.masses_amu:
            system.addParticle(mass)
        for first, second in ((0, 1), (0, 2), (1, 2)):
            force.addBond(first, second, [])
        system.addForce(force)
        return system

    return types.SimpleNamespace(create_system=create_system)


@pytest.fixture
def run_with(run_example, monkeypatch):
    """A function that runs the example with a potential instead of the student."""

    def run(potential):
        asked = []
        monkeypatch.setattr(
            openmm_mlff,
            "load_potential",
            lambda spec: asked.append(spec) or potential,
            raising=False,
        )
        printed = run_example("reporters_in_your_own_script.py", 200)
        assert asked == ["student:original"]
        return printed

    return run


def test_runs_and_writes_what_it_says(run_with, tmp_path):
    printed = run_with(_springs("1e5*(r-0.1)^2"))
    rows = read_csv(tmp_path / "energies.csv", CONSERVATION_COLUMNS)
    assert len(rows) == 20
    assert len(read_csv(tmp_path / "momenta.csv", MOMENTUM_COLUMNS)) == 20
    assert (tmp_path / "trajectory.dcd").stat().st_size == 276 + 10 * 3 * (3 * 4 + 8)
    assert any(f"drift {rows[-1, -2]:.4f} meV/atom/ps" in line for line in printed)
    assert abs(rows[:, 6]).max() < 30.0


def test_a_broken_potential_ends_it_with_one_line(run_with):
    # A well for the minimiser, and beyond 0.01 nm from it no way back.
    well = _springs("-2*exp(-((r-0.1)/0.005)^2) - 100*r*step(abs(r-0.1)-0.01)")
    with pytest.raises(SystemExit) as raised:
        run_with(well)
    assert str(raised.value.code).startswith("not safe to use: at ")
    assert "\n" not in str(raised.value.code)
