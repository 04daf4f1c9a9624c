"""Nothing jumps where pairs enter or leave, and contact is repulsive."""

import itertools

import numpy as np
import pytest
import torch

from openmm_mlff.molecules import load_system
from openmm_mlff.students.core_repulsion import CoreRepulsion
from openmm_mlff.students.deployment import in_dtype
from openmm_mlff.students.elements import COVALENT_RADII_ANGSTROM
from openmm_mlff.students.painn import CONTACT_IN_COVALENT_SUMS, PaiNN, PaiNNConfig

ELEMENT_PAIRS = list(itertools.combinations_with_replacement(COVALENT_RADII_ANGSTROM, 2))
CUTOFF = 5.0


def bisected_jump(function, low: float, high: float) -> tuple[float, float]:
    """Bisect towards the larger change down to 1e-7; return the change and its position."""
    low_value, high_value = function(low), function(high)
    while high - low > 1e-7:
        middle = 0.5 * (low + high)
        middle_value = function(middle)
        below = np.abs(middle_value - low_value).max()
        above = np.abs(high_value - middle_value).max()
        if below > above:
            high, high_value = middle, middle_value
        else:
            low, low_value = middle, middle_value
    return float(np.abs(high_value - low_value).max()), low


@pytest.mark.parametrize("element", [1, 6, 7, 8])
def test_nothing_jumps_where_an_atom_crosses_the_cutoff(small_model, evaluate, element):
    water = load_system("water")
    numbers = np.append(water.atomic_numbers, element)

    def energy_and_forces(distance):
        visitor = water.positions_angstrom[0] + distance * np.array([0.6, 0.0, 0.8])
        energy, forces = evaluate(
            small_model, numbers, np.vstack([water.positions_angstrom, visitor])
        )
        return np.append(forces.ravel(), energy)

    jump, where = bisected_jump(energy_and_forces, CUTOFF - 0.3, CUTOFF + 0.3)
    assert jump < 1e-6, f"a jump at {where} Å"


@pytest.mark.parametrize(("first", "second"), ELEMENT_PAIRS)
def test_nothing_jumps_at_contact(small_model, evaluate, first, second):
    covalent_sum = COVALENT_RADII_ANGSTROM[first] + COVALENT_RADII_ANGSTROM[second]
    third = np.array([0.3, 1.1, 0.2])

    def energy_and_forces(distance):
        positions = np.array([[0.0, 0.0, 0.0], [distance, 0.0, 0.0], third])
        energy, forces = evaluate(small_model, [first, second, 6], positions)
        return np.append(forces.ravel(), energy)

    for edge in CONTACT_IN_COVALENT_SUMS:
        centre = edge * covalent_sum
        gaps = [
            np.abs(energy_and_forces(centre + h) - energy_and_forces(centre - h)).max()
            for h in (1e-4, 1e-6)
        ]
        assert gaps[1] < 0.02 * gaps[0]


@pytest.mark.parametrize(("first", "second"), ELEMENT_PAIRS)
def test_contact_is_repulsive_for_any_weights(evaluate, first, second):
    torch.manual_seed(first)
    wild = PaiNN(PaiNNConfig(features=8, interactions=2, basis=6))
    with torch.no_grad():
        for parameter in wild.parameters():
            parameter.mul_(5.0)
    wild = in_dtype(wild, torch.float64)
    contact = CONTACT_IN_COVALENT_SUMS[0] * (
        COVALENT_RADII_ANGSTROM[first] + COVALENT_RADII_ANGSTROM[second]
    )
    apart = sum(evaluate(wild, [number], np.zeros((1, 3)))[0] for number in (first, second))
    distances = np.append(np.linspace(0.05, contact, 20), 0.3)
    *energies, at_0_3 = (
        evaluate(wild, [first, second], [[0, 0, 0], [d, 0, 0]])[0] - apart for d in distances
    )
    # Below contact no message passes, so only the core term is left.
    assert (np.diff(energies) < 0).all()
    assert at_0_3 > 5.0
    core = CoreRepulsion().to(torch.float64)
    arguments = ([0.3], [first], [second], [3.0 * contact])
    expected = core(*(torch.tensor(values, dtype=torch.float64) for values in arguments))
    assert at_0_3 == pytest.approx(float(expected), rel=1e-6)
