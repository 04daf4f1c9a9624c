"""The published weights against their golden numbers, in every program that runs them."""

import json
from functools import cache

import numpy as np
import pytest

from openmm_mlff.measuring.evaluation import evaluate_in_openmm
from openmm_mlff.molecules import MolecularSystem
from openmm_mlff.potentials.export import call_free
from openmm_mlff.potentials.student import StudentPotential
from openmm_mlff.simulation.platforms import named_platform
from openmm_mlff.students.loading import load_checkpoint

N_PARAMETERS = {"original": 427_292, "tiny": 77_203, "ultra_tiny": 21_459}


@cache
def student_of(folder, name):
    return load_checkpoint(folder / f"{name}.pt")


@pytest.mark.parametrize(("precision", "tolerance"), [("double", 1e-6), ("single", 1e-3)])
@pytest.mark.parametrize("name", N_PARAMETERS)
def test_golden_numbers_of_five_molecules(seed_students, name, precision, tolerance):
    golden = json.loads((seed_students / "golden.json").read_text(encoding="utf-8"))[name]
    student = student_of(seed_students, name)
    assert (student.n_parameters, len(golden)) == (N_PARAMETERS[name], 5)
    potential = StudentPotential(student, spec="golden")
    free = potential.script_free(precision=precision)
    calculator = potential.ase_calculator(precision=precision)
    # A module for OpenMM is compiled for each molecule; the smallest and the largest show it.
    sizes = sorted(golden, key=lambda molecule: len(golden[molecule]["numbers"]))
    for system, entry in golden.items():
        placed = np.array(entry["positions_angstrom"])
        molecule = MolecularSystem(system, np.array(entry["numbers"]), placed)
        atoms = molecule.to_ase()
        atoms.calc = calculator
        found = [(atoms.get_potential_energy(), atoms.get_forces())]
        # Compiled programs change after the first calls.
        found += [call_free(free, molecule.atomic_numbers, placed) for _ in range(2)]
        evaluations = [potential.evaluate(molecule, placed[None], precision=precision)]
        if system in (sizes[0], sizes[-1]):
            in_openmm = potential.create_system(molecule, precision=precision)
            evaluations += [
                evaluate_in_openmm(
                    in_openmm, molecule, np.repeat(placed[None], 3, 0), platform=platform
                )
                for platform in map(named_platform, ("Reference", "CPU"))
            ]
        for each in evaluations:
            found += zip(each.energies_ev, each.forces_ev_per_angstrom, strict=True)
        for energy, forces in found:
            assert energy == pytest.approx(entry["energy_eV"], abs=tolerance)
            np.testing.assert_allclose(
                forces, entry["forces_eV_per_angstrom"], atol=tolerance, rtol=0
            )
