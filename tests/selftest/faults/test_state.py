import numpy as np
import pytest


@pytest.mark.parametrize(
    ("name", "strength", "shares"),
    [
        # The share of the first answer in each later one.
        ("hidden state", 0.25, [0.25, 0.0]),
        # A stale list is renewed every tenth call.
        ("stale neighbour list", 1.0, [1.0] * 9 + [0.0]),
    ],
)
def test_answers_remember_the_first_one(planted, water, distorted, name, strength, shares):
    one, two = distorted(water, count=2)[:, None]
    ask, sound = (each.surface(water.atomic_numbers) for each in planted(name, strength))
    first, second = sound(one)[0], sound(two)[0]
    assert ask(one)[0] == pytest.approx(first)
    for share in shares:
        assert ask(two)[0] == pytest.approx(share * first + (1.0 - share) * second)


def test_drag_opposes_the_last_step(planted, water):
    here = water.positions_angstrom[None]
    there = here + np.array([0.1, 0.0, 0.0])
    ask, sound = (each.surface(water.atomic_numbers) for each in planted("drag", 0.5))
    ask(here)
    np.testing.assert_allclose(
        ask(there)[1] - sound(there)[1], np.broadcast_to([-0.05, 0.0, 0.0], (1, 3, 3)), atol=1e-12
    )
