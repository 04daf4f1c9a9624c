import numpy as np
import pytest


@pytest.fixture
def surface(planted, water):
    """The function of a fault, as one program would call it again and again."""

    def build(name, strength, *, deployed=False):
        faulty, _ = planted(name, strength)
        return (faulty.deployed_surface if deployed else faulty.surface)(water.atomic_numbers)

    return build


@pytest.mark.parametrize(
    ("name", "strength", "shares"),
    [
        # The share of the first answer in each later one.
        ("hidden state", 0.25, [0.25, 0.0]),
        # A stale list is renewed every tenth call.
        ("stale neighbour list", 1.0, [1.0] * 9 + [0.0]),
    ],
)
def test_answers_remember_the_first_one(surface, make, water, distorted, name, strength, shares):
    one, two = distorted(water, count=2)[:, None]
    ask, sound = surface(name, strength), make("bonded").surface(water.atomic_numbers)
    first, second = sound(one)[0], sound(two)[0]
    assert ask(one)[0] == pytest.approx(first)
    for share in shares:
        assert ask(two)[0] == pytest.approx(share * first + (1.0 - share) * second)


def test_drag_opposes_the_last_step(surface, make, water):
    here = water.positions_angstrom[None]
    there = here + np.array([0.1, 0.0, 0.0])
    ask, sound = surface("drag", 0.5), make("bonded").surface(water.atomic_numbers)
    ask(here)
    np.testing.assert_allclose(
        ask(there)[1] - sound(there)[1], np.broadcast_to([-0.05, 0.0, 0.0], (1, 3, 3)), atol=1e-12
    )


def test_half_precision_rounds(surface, make, water, distorted):
    positions = distorted(water)
    energies, _ = surface("half precision", 1.0)(positions)
    # At −10 eV bfloat16 has steps of 2⁻⁴ eV.
    np.testing.assert_array_equal(16.0 * energies, np.round(16.0 * energies))
    expected = make("pair").surface(water.atomic_numbers)(positions)[0]
    np.testing.assert_allclose(energies, expected, atol=0.1)
