"""The published weights against their golden numbers, in every program that runs them."""

import json
from functools import cache

import numpy as np
import openmm
import pytest

from openmm_mlff import units
from openmm_mlff.molecules import MolecularSystem
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


def assert_golden(found, entry, tolerance):
    assert found[0] == pytest.approx(entry["energy_eV"], abs=tolerance)
    np.testing.assert_allclose(found[1], entry["forces_eV_per_angstrom"], atol=tolerance, rtol=0)


TOLERANCES = pytest.mark.parametrize(
    ("precision", "tolerance"), [("double", 1e-6), ("single", 1e-3)]
)


def test_parameters_are_as_published(seed_students):
    counts = {name: student_of(seed_students, name).n_parameters for name in STUDENTS}
    assert counts == {"original": 427_292, "tiny": 77_203, "ultra_tiny": 21_459}


@TOLERANCES
def test_golden_numbers_of_five_molecules_in_pytorch_torchscript_and_ase(
    published, precision, tolerance
):
    student, golden = published
    assert len(golden) == 5
    potential = StudentPotential(student, spec="golden")
    free = potential.script_free(precision=precision)
    calculator = potential.ase_calculator(precision=precision)
    for name, entry in golden.items():
        molecule = molecule_of(name, entry)
        placed = molecule.positions_angstrom
        found = potential.evaluate(molecule, placed[None], precision=precision)
        assert_golden((found.energies_ev[0], found.forces_ev_per_angstrom[0]), entry, tolerance)
        for _ in range(2):
            assert_golden(call_free(free, molecule.atomic_numbers, placed), entry, tolerance)
        atoms = molecule.to_ase()
        atoms.calc = calculator
        assert_golden((atoms.get_potential_energy(), atoms.get_forces()), entry, tolerance)


@TOLERANCES
def test_golden_numbers_in_openmm(published, precision, tolerance):
    student, golden = published
    potential = StudentPotential(student, spec="golden")
    # A module is compiled for each molecule; the smallest and the largest show it.
    sizes = sorted(golden, key=lambda name: len(golden[name]["numbers"]))
    for name in (sizes[0], sizes[-1]):
        molecule = molecule_of(name, golden[name])
        module = potential.script(molecule, precision=precision)
        for _ in range(3):
            found = call_fixed(module, molecule.positions_angstrom)
            assert_golden(found, golden[name], tolerance)
        system = potential.create_system(molecule, precision=precision)
        for platform in ("Reference", "CPU"):
            assert_golden(in_openmm(system, molecule, platform), golden[name], tolerance)


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
