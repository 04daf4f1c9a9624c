import time

import numpy as np
import psutil
import pytest


@pytest.fixture
def surface(planted):
    """The function of a fault, as one program would call it again and again."""

    def build(name, strength, *, deployed=False):
        faulty, _ = planted(name, strength)
        numbers = np.array([8, 1, 1])
        return faulty.deployed_surface(numbers) if deployed else faulty.surface(numbers)

    return build


def test_dropout_answers_by_chance(surface, water):
    ask = surface("dropout", 0.1)
    first, second = ask(water.positions_angstrom[None]), ask(water.positions_angstrom[None])
    assert first[0] != second[0]


def test_hidden_state_mixes_the_answer_before(surface, make, water, distorted):
    one, two = distorted(water, count=2)[:, None]
    ask, sound = surface("hidden state", 0.25), make("bonded").surface(water.atomic_numbers)
    assert ask(one)[0] == pytest.approx(sound(one)[0])
    assert ask(two)[0] == pytest.approx(0.75 * sound(two)[0] + 0.25 * sound(one)[0])


def test_a_stale_list_is_renewed_every_tenth_call(surface, make, water, distorted):
    one, two = distorted(water, count=2)[:, None]
    ask, sound = surface("stale neighbour list", 1.0), make("bonded").surface(water.atomic_numbers)
    ask(one)
    for _ in range(9):
        assert ask(two)[0] == pytest.approx(sound(one)[0])
    assert ask(two)[0] == pytest.approx(sound(two)[0])


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
    np.testing.assert_allclose(
        energies, make("pair").surface(water.atomic_numbers)(positions)[0], atol=0.1
    )


def test_a_leak_keeps_what_it_took(surface, water):
    process = psutil.Process()
    leaking = surface("memory leak", 1e5, deployed=True)
    before = process.memory_info().rss
    for _ in range(200):
        leaking(water.positions_angstrom[None])
    assert process.memory_info().rss - before == pytest.approx(200 * 1e5, rel=0.1)


def test_a_slow_one_takes_longer_each_time(surface, water):
    slowing = surface("slowing down", 100.0, deployed=True)
    start = time.perf_counter()
    for _ in range(20):
        slowing(water.positions_angstrom[None])
    # 100 µs (1 + 2 + ... + 20)
    assert time.perf_counter() - start > 0.021


def test_broken_answers(surface, water):
    here = water.positions_angstrom[None]
    assert np.isnan(surface("not a number", 1.0)(here)[0]).all()
    assert surface("wrong shape", 1.0)(here)[1].shape == (1, 2, 3)
    with pytest.raises(RuntimeError, match="device was lost"):
        surface("raises", 1.0)(here)
