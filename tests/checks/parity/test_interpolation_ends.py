"""An ML/MM system is the sum of its parts; a term that is counted twice is found."""

import numpy as np
import openmm
import pytest
from openmm import app

from openmm_mlff.checks.parity.interpolation_ends import Record
from openmm_mlff.molecules import MolecularSystem, load_system, systems_root
from openmm_mlff.potentials.mixed import MixedPotential, read_topology
from openmm_mlff.results import Status
from openmm_mlff.selftest.oracles import healthy
from openmm_mlff.storage.shared import Minimum

FOLDER = systems_root() / "ethanol_in_water"


class TwiceAStretch(MixedPotential):
    """Keeps a bond of the force field inside the part, also where it is mixed."""

    def create_system(self, molecule, **options):
        system = super().create_system(molecule, **options)
        bond = openmm.HarmonicBondForce()
        bond.addBond(0, 1, 0.15, 250000.0)
        system.addForce(bond)
        return system


def test_a_term_counted_twice_is_found(measured, make_subject):
    """On ethanol and two waters near it."""
    box, ethanol = load_system("ethanol_in_water"), np.arange(9)
    oxygens = np.flatnonzero(box.atomic_numbers == 8)[1:]
    away = np.linalg.norm(box.positions_angstrom[oxygens] - box.positions_angstrom[2], axis=1)
    nearest = np.sort(oxygens[np.argsort(away)[:2]])
    atoms = np.concatenate([ethanol, (nearest[:, None] + np.arange(3)).ravel()])
    numbers, positions = box.atomic_numbers[atoms], box.positions_angstrom[atoms]
    network = healthy("network", molecule=box, seed=0)
    forcefield = [str(FOLDER / "ethanol.xml"), "amber14/tip3p.xml"]
    modeller = app.Modeller(read_topology(FOLDER / "structure.pdb"), box.positions_angstrom)
    kept = set(atoms.tolist())
    modeller.delete([atom for atom in modeller.topology.atoms() if atom.index not in kept])
    topology = modeller.topology
    droplet = MolecularSystem("droplet", numbers, positions)
    # The minimum of these random weights is of no interest, and seconds away.
    minimum = Minimum(
        positions_angstrom=positions, energy_ev=0.0, largest_force_ev_per_angstrom=0.0
    )
    for kind, status in ((MixedPotential, Status.PASS), (TwiceAStretch, Status.FAIL)):
        potential = kind(network, topology, ml_atoms=ethanol, forcefield=forcefield)
        subject = make_subject(potential, droplet)
        subject.store.write("minimum", minimum)
        result = measured(subject)
        assert result.status is status
        assert (result.evidence["n_ml_atoms"], result.evidence["geometries"]) == (9, 4)
        by_clause = {measure["what"]: measure["ok"] for measure in result.evidence["measures"]}
        assert len(by_clause) == 8
        assert all(by_clause[clause] for clause in by_clause if "λ = 1 " in clause)


@pytest.mark.parametrize("pair", range(4))
@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"energy": 0.09, "force": 0.9e-3}, Status.PASS),
        ({"energy": 0.11}, Status.FAIL),
        ({"force": 1.1e-3}, Status.FAIL),
        ({"energy": np.nan}, Status.FAIL),
        ({"refused": 4}, Status.INCONCLUSIVE),
    ],
)
def test_each_equality_is_judged(judge, differences, pair, changes, status):
    record = Record(**differences(**changes, pairs=4, pair=pair), n_ml_atoms=3)
    assert judge(record).status is status
