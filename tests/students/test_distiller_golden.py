"""The published weights against their golden numbers, on every way they are run."""

import json
from functools import cache

import numpy as np
import openmm
import pytest

from openmm_mlff import units
from openmm_mlff.molecules import MolecularSystem
from openmm_mlff.potentials.calculators import StudentForceFieldCalculator
from openmm_mlff.potentials.export import call_fixed, call_free
from openmm_mlff.potentials.student import StudentPotential
from openmm_mlff.students.loading import load_checkpoint

STUDENTS = ("original", "tiny", "ultra_tiny")


@cache
def golden_of(folder):
    return json.loads((folder / "golden.json").read_text(encoding="utf-8"))


@cache
def student_of(folder, name):
    return load_checkpoint(folder / f"{name}.pt")


@pytest.fixture(params=STUDENTS)
def published(request, seed_students):
    """A published student, and its golden numbers by molecule."""
    return student_of(seed_students, request.param), golden_of(seed_students)[request.param]


def molecule_of(name, entry) -> MolecularSystem:
    return MolecularSystem(
        name=name,
        atomic_numbers=np.array(entry["numbers"]),
        positions_angstrom=np.array(entry["positions_angstrom"]),
    )


def assert_golden(energy_ev, forces, entry, *, tolerance):
    assert energy_ev == pytest.approx(entry["energy_eV"], abs=tolerance)
    np.testing.assert_allclose(forces, entry["forces_eV_per_angstrom"], atol=tolerance, rtol=0)


TOLERANCES = pytest.mark.parametrize(
    ("precision", "tolerance"), [("double", 1e-6), ("single", 1e-3)]
)


def test_the_golden_numbers_are_of_five_molecules(published):
    _, golden = published

    assert len(golden) == 5


def test_parameters_are_as_published(seed_students):
    counts = {name: student_of(seed_students, name).n_parameters for name in STUDENTS}

    assert counts == {"original": 427_292, "tiny": 77_203, "ultra_tiny": 21_459}


@TOLERANCES
def test_golden_numbers_in_eager_pytorch(published, precision, tolerance):
    student, golden = published
    potential = StudentPotential(student, spec="golden")
    for name, entry in golden.items():
        molecule = molecule_of(name, entry)
        found = potential.evaluate(molecule, molecule.positions_angstrom[None], precision=precision)
        assert_golden(
            found.energies_ev[0], found.forces_ev_per_angstrom[0], entry, tolerance=tolerance
        )


@TOLERANCES
def test_golden_numbers_in_torchscript_for_any_molecule(published, precision, tolerance):
    student, golden = published
    module = StudentPotential(student, spec="golden").script_free(precision=precision)
    for _ in range(2):
        for entry in golden.values():
            found = call_free(
                module, np.array(entry["numbers"]), np.array(entry["positions_angstrom"])
            )
            assert_golden(*found, entry, tolerance=tolerance)


@TOLERANCES
def test_golden_numbers_in_torchscript_for_one_molecule_and_in_openmm(
    published, precision, tolerance
):
    student, golden = published
    potential = StudentPotential(student, spec="golden")
    for name, entry in golden.items():
        molecule = molecule_of(name, entry)
        module = potential.script(molecule, precision=precision)
        for _ in range(3):
            found = call_fixed(module, molecule.positions_angstrom)
            assert_golden(*found, entry, tolerance=tolerance)
        system = potential.create_system(molecule, precision=precision)
        for platform in ("Reference", "CPU"):
            found = in_openmm(system, molecule, platform)
            assert_golden(*found, entry, tolerance=tolerance)


@pytest.mark.parametrize(("dtype", "tolerance"), [("float64", 1e-6), ("float32", 1e-3)])
@pytest.mark.parametrize("name", STUDENTS)
def test_golden_numbers_through_ase(seed_students, name, dtype, tolerance):
    calculator = StudentForceFieldCalculator(
        checkpoint_path=seed_students / f"{name}.pt", dtype=dtype
    )
    for molecule_name, entry in golden_of(seed_students)[name].items():
        atoms = molecule_of(molecule_name, entry).to_ase()
        atoms.calc = calculator
        assert_golden(atoms.get_potential_energy(), atoms.get_forces(), entry, tolerance=tolerance)


def in_openmm(system, molecule, platform):
    """Energy in eV and forces in eV/Å, through a Context."""
    context = openmm.Context(
        system,
        openmm.VerletIntegrator(0.001),
        openmm.Platform.getPlatformByName(platform),
    )
    context.setPositions(units.nm_from_angstrom(molecule.positions_angstrom))
    state = context.getState(energy=True, forces=True)
    return (
        units.ev_from_kj_per_mol(state.getPotentialEnergy()._value),
        units.ev_per_angstrom_from_kj_per_mol_nm(state.getForces(asNumpy=True)._value),
    )
