import copy
from dataclasses import replace

import numpy as np
import torch

from openmm_mlff.molecules import load_system
from openmm_mlff.potentials.student import StudentPotential
from openmm_mlff.probes.parity.export_parity import CALLS, probe_export_parity


def differences(outcome, index: int) -> tuple[float, float]:
    arrays = outcome.arrays
    energies = arrays[f"exported_energies_ev_{index}"] - arrays[f"eager_energies_ev_{index}"]
    forces = arrays[f"exported_forces_{index}"] - arrays[f"eager_forces_{index}"]
    return float(np.abs(energies).max()), float(np.abs(forces).max())


def test_a_sound_export_agrees_for_two_sizes_and_every_call(student, subject):
    outcome = probe_export_parity(subject(student))

    assert outcome.data == {
        "dtype": "float64",
        "molecules": ["water", "water (any composition)", "methane (any composition)"],
        "calls": CALLS,
    }
    assert not outcome.skipped
    for index, n_atoms in enumerate((3, 3, 5)):
        assert outcome.arrays[f"eager_energies_ev_{index}"].shape == (3,)
        assert outcome.arrays[f"eager_forces_{index}"].shape == (3, n_atoms, 3)
        assert outcome.arrays[f"exported_energies_ev_{index}"].shape == (CALLS, 3)
        assert outcome.arrays[f"exported_forces_{index}"].shape == (CALLS, 3, n_atoms, 3)
        energy, force = differences(outcome, index)
        assert energy < 1e-9
        assert force < 1e-9


def test_single_precision_differs_by_rounding_only(student, subject):
    outcome = probe_export_parity(subject(student, precision="single"))

    assert outcome.data["dtype"] == "float32"
    assert max(differences(outcome, 0)) < 1e-4


def test_the_second_molecule_has_another_size(student, subject):
    outcome = probe_export_parity(subject(student, molecule=load_system("methane")))

    assert outcome.data["molecules"][2] == "water (any composition)"


def test_a_potential_without_carbon_and_hydrogen_has_no_second_molecule(student, subject):
    student.elements = frozenset({1, 8})

    outcome = probe_export_parity(subject(student))

    assert len(outcome.data["molecules"]) == 2
    assert "eager_energies_ev_2" not in outcome.arrays


def test_a_wrong_export_shows(student, subject):
    class Wrong(StudentPotential):
        def script(self, molecule, *, precision="mixed"):
            changed = copy.deepcopy(self.student.model)
            with torch.no_grad():
                changed.filter.bias.add_(0.01)
            other = StudentPotential(replace(self.student, model=changed), spec="other")
            return other.script(molecule, precision=precision)

    outcome = probe_export_parity(subject(Wrong(student.student, spec="wrong")))

    assert differences(outcome, 0)[1] > 1e-6
    assert differences(outcome, 1)[1] < 1e-9


def test_what_is_not_exported_is_not_applicable(springs, subject):
    outcome = probe_export_parity(subject(springs()))

    assert outcome.data == {"applicable": False}
    assert outcome.skipped == "ase:test:Springs is run as it is; nothing is exported"
    assert outcome.arrays == {}
