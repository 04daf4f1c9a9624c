"""What decides a molecule's dynamics, from the results of the checks and from experiment."""

import numpy as np
import pytest

from openmm_mlff.checks.accuracy.geometry_accuracy import Record as Minima
from openmm_mlff.molecules import load_system
from openmm_mlff.report.html.molecule import molecules
from openmm_mlff.storage.runs import Evidence

from ..conftest import stored

EXPERIMENT = [1648.5, 3832.2, 3942.5]
REFERENCE = {"reference": "ase:tblite.ase:TBLite?method=GFN2-xTB"}


@pytest.fixture
def shown(make_report, make_result):
    """The molecule of a report with the evidence of checks, and measurements, on a system."""

    def show(evidence, *, name="water", measured=()):
        system = load_system(name)
        checks = [
            make_result(check_id, system=system.name, evidence=given)
            for check_id, given in evidence.items()
        ]
        report = make_report(systems=(system.name,), checks=checks)
        report = report.model_copy(update={"environment": REFERENCE})
        measurements = {one.name: one for one in measured}
        found = molecules({system.name: Evidence(system, measurements=measurements)}, report)
        return found[0] if found else None

    return show


@pytest.mark.parametrize(
    ("model", "reference", "weaker"),
    [(100.0, -300.0, "reference"), (-300.0, 100.0, "potential"), (200.0, 199.0, "")],
)
def test_the_weaker_of_potential_and_reference_is_named(shown, model, reference, weaker):
    frequencies = {
        "model_wavenumbers_per_cm": list(np.add(EXPERIMENT, model)),
        "reference_wavenumbers_per_cm": list(np.add(EXPERIMENT, reference)),
    }
    found = shown({"vibrations": frequencies})
    assert f"{abs(model):.0f} cm⁻¹" in found.remark
    assert f"GFN2-xTB {abs(reference):.0f} cm⁻¹" in found.remark
    assert ("weaker" in found.remark) is bool(weaker)
    assert f"the {weaker} is" in found.remark or not weaker
    (fact,) = found.facts
    assert (fact.check_id, fact.experiment) == ("vibrations", "1648, 3832, 3942")
    assert "Benedict" in found.source


def test_of_many_modes_the_ends_are_shown(shown):
    modes = [float(k) for k in range(21)]
    both = {"model_wavenumbers_per_cm": modes, "reference_wavenumbers_per_cm": modes}
    found = shown({"vibrations": both}, name="ethanol")
    assert [fact.potential for fact in found.facts] == ["0, 1, 2", "18, 19, 20"]
    assert (found.remark, found.source) == ("", "")


def test_barriers_conformers_attraction_and_the_worst_atom(shown):
    barrier = {"bond": "C1–O2", "judged": True}
    barrier |= {"barrier_model_kcal_per_mol": 0.656, "barrier_reference_kcal_per_mol": 2.43}
    both = {"model_kcal_per_mol": [0.0, -2.0], "reference_kcal_per_mol": [0.0, -3.0]}
    evidence = {
        "torsion_profile": {"profiles": [barrier, {"bond": "O2–C3", "judged": False}]},
        "conformers": both,
        "interaction_energy": {**both, "distances_angstrom": [2.0, 2.5]},
        "force_accuracy": {"per_atom": [0.1, 0.3, *[0.0] * 7], "per_element": {"C": 0.1, "O": 0.3}},
    }
    found = shown(evidence, name="smiles:COC")
    assert [
        (one.check_id, one.potential, one.reference, one.experiment) for one in found.facts
    ] == [
        ("torsion_profile", "0.656", "2.43", "2.6"),
        ("conformers", "-2", "-3", ""),
        ("interaction_energy", "-2", "-3", ""),
        ("force_accuracy", "0.3", "", ""),
        ("force_accuracy", "0.3", "", ""),
    ]
    assert [one.what.rpartition(" ")[2] for one in found.facts[-2:]] == ["O2", "O"]


def test_bonds_are_those_of_the_minima(shown):
    water = load_system("water")
    minima = Minima(
        reference="r",
        model_positions_angstrom=water.positions_angstrom,
        model_largest_force=0.0,
        positions_angstrom=1.1 * water.positions_angstrom,
        largest_force=0.0,
        atomic_numbers=water.atomic_numbers,
        bonds=np.array(water.bonds),
    )
    found = shown({}, measured=[stored("geometry_accuracy", minima)])
    i, j = np.array(water.bonds).T
    bonds_angstrom = water.positions_angstrom[i] - water.positions_angstrom[j]
    length = np.linalg.norm(bonds_angstrom, axis=1).mean()
    (fact,) = found.facts
    lengths = [float(fact.potential), float(fact.reference)]
    assert lengths == pytest.approx([length, 1.1 * length], abs=5e-4)
    assert fact.experiment == "0.957"


def test_without_any_there_is_no_molecule(shown):
    assert shown({"vibrations": {}}) is None
