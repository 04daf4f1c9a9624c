import numpy as np
import openmm
import pytest

from openmm_mlff.molecules import MolecularSystem, load_system, systems_root
from openmm_mlff.potentials.mixed import MixedPotential, read_topology
from openmm_mlff.potentials.mixed.forcefield import part_of
from openmm_mlff.probes.parity.interpolation_ends import probe_interpolation_ends

FOLDER = systems_root() / "ethanol_in_water"
NAMES = ("mm", "mixed", "sum", "lambda_0", "lambda_half", "lambda_1")


class TwiceAStretch(MixedPotential):
    """Keeps a bond of the force field inside the part, also where it is mixed."""

    def create_system(self, molecule, **options):
        system = super().create_system(molecule, **options)
        bond = openmm.HarmonicBondForce()
        bond.addBond(0, 1, 0.15, 250000.0)
        system.addForce(bond)
        return system


@pytest.fixture(scope="module")
def droplet():
    """Ethanol and two waters near it."""
    box = load_system("ethanol_in_water")
    atoms = np.concatenate([np.arange(9), _nearest_waters(box)])
    topology = part_of(read_topology(FOLDER / "structure.pdb"), atoms)
    molecule = MolecularSystem(
        name="droplet",
        atomic_numbers=box.atomic_numbers[atoms],
        positions_angstrom=box.positions_angstrom[atoms],
    )
    return topology, molecule


def _nearest_waters(box):
    oxygens = np.flatnonzero(box.atomic_numbers == 8)[1:]
    away = np.linalg.norm(box.positions_angstrom[oxygens] - box.positions_angstrom[2], axis=1)
    first = np.sort(oxygens[np.argsort(away)[:2]])
    return (first[:, None] + np.arange(3)).ravel()


@pytest.fixture
def probed(droplet, student, subject):
    topology, molecule = droplet

    def probe(kind=MixedPotential):
        potential = kind(
            student,
            topology,
            ml_atoms=np.arange(9),
            forcefield=[str(FOLDER / "ethanol.xml"), "amber14/tip3p.xml"],
        )
        return probe_interpolation_ends(subject(potential, molecule=molecule))

    return probe


def differences(outcome, first, second):
    arrays = outcome.arrays
    return (
        float(np.abs(arrays[f"energies_ev_{first}"] - arrays[f"energies_ev_{second}"]).max()),
        float(np.abs(arrays[f"forces_{first}"] - arrays[f"forces_{second}"]).max()),
    )


def test_the_ends_and_the_sum_agree_in_double_precision(probed):
    outcome = probed()
    assert outcome.data == {"platform": "Reference", "n_ml_atoms": 9}
    for name in NAMES:
        assert outcome.arrays[f"energies_ev_{name}"].shape == (3,)
        assert outcome.arrays[f"forces_{name}"].shape == (3, 15, 3)
    for pair in (("mixed", "sum"), ("lambda_0", "mm"), ("lambda_1", "mixed")):
        energy_ev, force = differences(outcome, *pair)
        # openmm-ml's Coulomb constant has nine digits.
        assert energy_ev < 1e-7
        assert force < 1e-6
    half = outcome.arrays["energies_ev_lambda_half"]
    ends = outcome.arrays["energies_ev_lambda_0"], outcome.arrays["energies_ev_lambda_1"]
    np.testing.assert_allclose(half, 0.5 * (ends[0] + ends[1]), atol=1e-9)
    # The two ends are different systems, or nothing was compared.
    assert differences(outcome, "lambda_0", "lambda_1")[0] > 1.0


def test_a_term_counted_twice_shows(probed):
    outcome = probed(TwiceAStretch)
    assert differences(outcome, "mixed", "sum")[1] > 0.01
    assert differences(outcome, "lambda_0", "mm")[1] > 0.01
    assert differences(outcome, "lambda_1", "mixed")[1] < 1e-6


def test_a_potential_of_all_atoms_is_not_asked(student, subject):
    outcome = probe_interpolation_ends(subject(student))
    assert not outcome.arrays
    assert "no force field" in outcome.skipped
