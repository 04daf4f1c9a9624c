"""Constant pressure on systems whose density is known: ideal gases and the Lennard-Jones fluid."""

import numpy as np
import openmm
import pytest

from openmm_mlff.checks.statistics import mean_half_width
from openmm_mlff.errors import ConfigError
from openmm_mlff.molecules import MolecularSystem, load_system
from openmm_mlff.reporters import BOX_COLUMNS, BoxReporter, UnstableError
from openmm_mlff.simulation import add_barostat, make_simulation, named_platform
from openmm_mlff.simulation.barostat import molecular_bonds
from openmm_mlff.simulation.constraints import langevin_integrator
from openmm_mlff.storage.streams import read_csv
from openmm_mlff.units import BOLTZMANN_EV_PER_KELVIN, EV_PER_BAR_ANGSTROM3, ev_from_kj_per_mol

KELVIN, BAR = 300.0, 100.0
IDEAL_ANGSTROM3 = BOLTZMANN_EV_PER_KELVIN * KELVIN / (BAR * EV_PER_BAR_ANGSTROM3)
SIGMA_ANGSTROM, EPSILON_KJ_PER_MOL = 3.405, 0.9961
TWICE = 2.0  # a mean deviates by more than twice its 95 % interval once in 10 000


def gas(molecules, *, atoms_each):
    """Molecules of argon atoms 2 Å apart, placed at random in the volume of the ideal gas."""
    width = (molecules * IDEAL_ANGSTROM3) ** (1 / 3)
    centres = np.random.default_rng(1).uniform(0.0, width, (molecules, 1, 3))
    placed = centres + 2.0 * np.arange(atoms_each)[:, None] * [1.0, 0.0, 0.0]
    first = atoms_each * np.arange(molecules)
    return MolecularSystem(
        "gas",
        np.full(molecules * atoms_each, 18),
        placed.reshape(-1, 3),
        cell_angstrom=width * np.eye(3),
        bonds=tuple((i, i + k) for i in first.tolist() for k in range(1, atoms_each)),
    )


def bare(molecule):
    system = openmm.System()
    system.setDefaultPeriodicBoxVectors(*(0.1 * np.asarray(molecule.cell_angstrom)))
    for mass in molecule.masses_amu:
        system.addParticle(mass)
    # OpenMM demands one periodic force.
    nothing = openmm.HarmonicBondForce()
    nothing.setUsesPeriodicBoundaryConditions(True)
    system.addForce(nothing)
    return system


def run(system, molecule, path, *, kelvin, steps, timestep_fs=1.0, platform="Reference", **options):
    """Return the rows of a BoxReporter under Langevin dynamics."""
    thermostat = langevin_integrator(
        temperature_kelvin=kelvin, friction_per_ps=2.0, timestep_fs=timestep_fs, seed=3
    )
    simulation = make_simulation(
        system,
        molecule,
        thermostat,
        platform=named_platform(platform),
        positions_angstrom=molecule.positions_angstrom,
    )
    simulation.context.setVelocitiesToTemperature(kelvin, 5)
    simulation.reporters.append(BoxReporter(path, 20, **options))
    simulation.step(steps)
    rows = read_csv(path, BOX_COLUMNS)
    return rows[len(rows) // 5 :], simulation


@pytest.mark.parametrize(
    ("atoms_each", "own"), [(1, False), (2, False), (1, True)], ids=["atoms", "molecules", "own"]
)
def test_the_volume_of_an_ideal_gas_counts_its_molecules(tmp_path, atoms_each, own):
    """⟨V⟩ = (M + 1) kT/P for M molecules, σ(V) = √(M + 1) kT/P, and ⟨P⟩ is the pressure."""
    molecules = 64
    gases = gas(molecules, atoms_each=atoms_each)
    system = bare(gases)
    if own:
        # A barostat of the System's own, which scales one axis only, with other settings.
        press = openmm.Vec3(1.0, 1.0, 1.0)
        axis = openmm.MonteCarloAnisotropicBarostat(press, 900.0, True, False, False, 1)
        axis.setRandomNumberSeed(2)
        system.addForce(axis)
    add_barostat(
        system, gases, temperature_kelvin=KELVIN, pressure_bar=BAR, interval_steps=1, seed=2
    )
    rows, simulation = run(system, gases, tmp_path / "box.csv", kelvin=KELVIN, steps=12_000)
    assert len(simulation.context.getMolecules()) == molecules
    volume = rows[:, 2] / IDEAL_ANGSTROM3
    assert abs(volume.mean() - (molecules + 1)) < TWICE * mean_half_width(volume)
    assert volume.std() == pytest.approx(np.sqrt(molecules + 1), rel=0.2)
    if not own:
        assert abs(rows[:, 5].mean() - BAR) < TWICE * mean_half_width(rows[:, 5])


def test_lennard_jones_has_its_published_density(tmp_path):
    """ρ* = 0.820 at T* = 0.85 and P* = 0.5536: NIST's Monte Carlo results for the LJ fluid.

    108 atoms and a cutoff of 2.35 σ make it 0.825 ± 0.002 (80 000 steps).
    """
    argon = load_system("argon_108")
    epsilon_ev = ev_from_kj_per_mol(EPSILON_KJ_PER_MOL)
    kelvin = 0.85 * epsilon_ev / BOLTZMANN_EV_PER_KELVIN
    bar = 0.55355 * epsilon_ev / SIGMA_ANGSTROM**3 / EV_PER_BAR_ANGSTROM3
    force = openmm.NonbondedForce()
    force.setNonbondedMethod(openmm.NonbondedForce.CutoffPeriodic)
    force.setCutoffDistance(0.8)
    for _ in range(argon.n_atoms):
        force.addParticle(0.0, SIGMA_ANGSTROM / 10.0, EPSILON_KJ_PER_MOL)
    system = bare(argon)
    system.addForce(force)
    add_barostat(
        system, argon, temperature_kelvin=kelvin, pressure_bar=bar, interval_steps=5, seed=1
    )
    rows, _ = run(
        system,
        argon,
        tmp_path / "box.csv",
        kelvin=kelvin,
        steps=24_000,
        timestep_fs=10.0,
        platform="CPU",
        with_pressure=False,
    )
    density = argon.n_atoms * SIGMA_ANGSTROM**3 / rows[:, 2]
    assert density.mean() == pytest.approx(0.820, rel=0.02)


def test_networks_are_scaled_atom_by_atom_and_a_barostat_needs_a_box():
    water, diamond = load_system("water_box_64"), load_system("diamond")
    assert set(molecular_bonds(water)) == set(water.bonds)
    assert molecular_bonds(diamond) == ()
    with pytest.raises(ConfigError, match="no periodic box"):
        add_barostat(openmm.System(), load_system("water"), temperature_kelvin=KELVIN)
    with pytest.raises(ConfigError, match="positive temperature"):
        add_barostat(openmm.System(), water, temperature_kelvin=0.0)


def test_a_box_narrower_than_twice_the_cutoff_stops_the_run(tmp_path):
    gases = gas(8, atoms_each=1)
    half = 0.5 * float(np.diag(gases.cell_angstrom).min())
    run(bare(gases), gases, tmp_path / "wide.csv", kelvin=KELVIN, steps=20, cutoff_angstrom=half)
    with pytest.raises(UnstableError, match="twice the cutoff"):
        run(
            bare(gases),
            gases,
            tmp_path / "narrow.csv",
            kelvin=KELVIN,
            steps=20,
            cutoff_angstrom=1.01 * half,
        )
