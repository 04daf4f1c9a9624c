"""Conformers of ethanol by GFN2-xTB, and by the same with a term in the rotation of its OH."""

import numpy as np
import pytest

from openmm_mlff.checks.accuracy.conformers import Record
from openmm_mlff.molecules import load_system
from openmm_mlff.molecules.torsions import dihedral_degrees, dihedral_gradient
from openmm_mlff.results import Status
from openmm_mlff.units import ev_from_kcal_per_mol

C_C_O_H = [0, 1, 2, 8]


def tilted(height_kcal_per_mol):
    """A term of the rotation of OH: zero for trans ethanol, the height for eclipsed."""
    height_ev = ev_from_kcal_per_mol(height_kcal_per_mol)

    def term(positions_angstrom):
        energies, forces = np.zeros(len(positions_angstrom)), np.zeros_like(positions_angstrom)
        for index, placed in enumerate(positions_angstrom):
            angle = np.radians(dihedral_degrees(placed, atoms=C_C_O_H))
            energies[index] = 0.5 * height_ev * (1.0 + np.cos(angle))
            gradient = dihedral_gradient(placed, atoms=C_C_O_H)
            forces[index, C_C_O_H] = 0.5 * height_ev * np.sin(angle) * gradient
        return energies, forces

    return term


# Gauche, at 60°, is 1.55 kcal/mol below trans, and three quarters of the height are added to it.
@pytest.mark.parametrize(
    ("height", "status", "values"),
    [
        (0.0, Status.PASS, (0.0, 0.0)),
        (1.2, Status.FAIL, (0.9, 0.0)),
        (2.8, Status.FAIL, (2.1, 1.55)),
    ],
)
def test_energies_and_order_are_compared(measured, make_subject, with_term, height, status, values):
    ethanol = load_system("ethanol")
    potential = with_term(ethanol, tilted(height))
    result = measured(make_subject(potential, ethanol, reference=potential.teacher))
    found = [measure["value"] for measure in result.evidence["measures"]]
    assert result.status is status
    assert found == pytest.approx(values, abs=0.25)


def record(model, ideal=(0.0, 1.0, 2.0, 3.0), *, generated=4, unusable=0, **changes):
    """Conformers with energies in kcal/mol."""
    fine = np.ones(len(ideal), dtype=bool)
    return Record(
        reference="ase:xtb",
        generated=generated,
        unusable=unusable,
        reference_energies_ev=ev_from_kcal_per_mol(np.array(ideal)),
        model_energies_ev=ev_from_kcal_per_mol(np.array(model)),
        **({"model_converged": fine, "model_keeps_bonds": fine} | changes),
    )


RIGHT, LAST = (0.0, 1.0, 2.0, 3.0), np.array([True, True, True, False])


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"model": (-7.0, -6.0, -5.0, -4.0)}, Status.PASS),
        ({"model": (0.0, 1.4, 2.4, 3.4)}, Status.PASS),
        ({"model": (0.0, 1.6, 2.6, 3.6)}, Status.FAIL),
        ({"model": (0.0, 1.5, 2.5, 3.5)}, Status.INCONCLUSIVE),
        # The mean error is small, but another conformer is lowest.
        ({"model": (0.0, -0.1, 2.0, 3.0)}, Status.FAIL),
        # Two that the reference separates by 0.3 may change places.
        ({"model": (0.1, 0.0, 2.0, 3.0), "ideal": (0.0, 0.3, 2.0, 3.0)}, Status.PASS),
        # Two that the potential does not separate.
        ({"model": (0.0, 0.005, 2.0, 3.0)}, Status.INCONCLUSIVE),
        ({"model": RIGHT, "model_keeps_bonds": LAST}, Status.FAIL),
        ({"model": RIGHT, "model_converged": LAST}, Status.INCONCLUSIVE),
        ({"model": RIGHT, "generated": 6, "unusable": 2}, Status.INCONCLUSIVE),
        ({"model": (0.0,), "ideal": (0.0,), "unusable": 0}, Status.INCONCLUSIVE),
    ],
)
def test_what_decides(judge, changes, status):
    assert judge(record(**changes)).status is status
