"""OpenMM computes what ASE computes; a unit or an order lost on the way is found."""

import numpy as np
import pytest
from ase.calculators.calculator import CalculatorError
from ase.calculators.lj import LennardJones

from openmm_mlff.checks.parity.openmm_parity import CHECK, Record
from openmm_mlff.molecules import MolecularSystem
from openmm_mlff.potentials.ase import AsePotential
from openmm_mlff.results import Status

pytestmark = pytest.mark.usefixtures("unfused")


@pytest.mark.parametrize("kind", ["bonded", "network"])
@pytest.mark.parametrize("precision", ["double", "mixed"])
def test_healthy_potentials_pass(of_healthy, kind, precision):
    result = of_healthy(CHECK, kind, precision=precision)

    assert result.status is Status.PASS
    compared = " ".join(measure["what"] for measure in result.evidence["measures"])
    assert "on Reference (" in compared
    assert "on CPU (" in compared
    for backend in ("torchforce-plain", "python"):
        assert (f", {backend} backend)" in compared) is (kind == "network")


def test_one_atom_passes(of_healthy, argon):
    assert of_healthy(CHECK, "pair", molecule=argon).status is Status.PASS


@pytest.mark.parametrize("fault", ["kcal for kJ", "Å for nm", "atoms in another order"])
def test_planted_faults_fail(of_faulty, fault):
    result = of_faulty(CHECK, fault)

    assert result.status is Status.FAIL
    assert result.value > 1e3 * result.threshold


def test_a_model_that_raises_is_an_error(of_faulty):
    result = of_faulty(CHECK, "raises")

    assert result.status is Status.ERROR
    assert "device was lost" in result.evidence["traceback"]


class Refusing(LennardJones):
    """Refuses where the second atom is above the first."""

    def calculate(self, atoms=None, *args, **kwargs):
        super().calculate(atoms, *args, **kwargs)
        if self.atoms.positions[1, 2] > self.atoms.positions[0, 2]:
            raise CalculatorError("refused")


def test_refused_geometries_are_counted_and_left_out(measured, make_subject):
    dimer = MolecularSystem(
        name="argon dimer",
        atomic_numbers=np.array([18, 18]),
        positions_angstrom=np.array([[0.0, 0.0, 0.0], [3.8, 0.0, -0.06]]),
        bonds=(),
    )
    options = {"sigma": 3.4, "epsilon": 0.01, "rc": 12.0}
    potential = AsePotential(Refusing, options, spec="ase:test:Refusing")

    result = measured(CHECK, make_subject(potential, dimer, probes={"geometries": 20}))

    assert result.status in (Status.PASS, Status.INCONCLUSIVE)
    assert 0 < result.evidence.get("geometries", 1) < 20


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"force": 1e-7}, Status.FAIL),
        ({"force": 1e-7, "pair": 1}, Status.PASS),
        ({"force": 0.9e-3, "pair": 1}, Status.PASS),
        ({"force": 1.1e-3, "pair": 1}, Status.FAIL),
        ({"energy": 0.11, "pair": 1}, Status.FAIL),
        ({"force": np.nan, "pair": 1}, Status.FAIL),
        ({"refused": 1}, Status.PASS),
        ({"refused": 2}, Status.INCONCLUSIVE),
        ({"pairs": 0}, Status.INCONCLUSIVE),
    ],
)
def test_a_single_precision_platform_has_its_own_limit(limits, differences, changes, status):
    pairs = changes.pop("pairs", 2)
    fields = differences(**changes)
    if not pairs:
        fields |= {"energy_differences": np.empty(0), "force_differences": np.empty(0)}
    record = Record(
        **fields,
        platforms=("Reference", "OpenCL")[:pairs],
        precisions=("double", "single")[:pairs],
        backends=("", "python")[:pairs],
        single_precision=(False, True)[:pairs],
    )
    assert CHECK.judge(record, limits("openmm_parity")).status is status


@pytest.mark.parametrize(
    ("epsilon_ev", "status"), [(0.01, Status.PASS), (0.1, Status.FAIL)], ids=["same", "tenfold"]
)
def test_the_models_own_calculator_is_what_openmm_is_compared_with(
    measured, make_subject, epsilon_ev, status
):
    dimer = MolecularSystem(
        name="argon dimer",
        atomic_numbers=np.array([18, 18]),
        positions_angstrom=np.array([[0.0, 0.0, 0.0], [3.8, 0.0, 0.0]]),
        bonds=(),
    )
    options = {"sigma": 3.4, "rc": 12.0}
    potential, own = (
        AsePotential(LennardJones, {**options, "epsilon": epsilon}, spec="ase:test:LennardJones")
        for epsilon in (0.01, epsilon_ev)
    )
    potential.own = own

    assert measured(CHECK, make_subject(potential, dimer)).status is status
