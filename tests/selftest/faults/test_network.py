import numpy as np

from openmm_mlff.potentials.export import call_fixed


def exported_error(planted, water, positions, *, name, strength):
    faulty, _ = planted(name, strength)
    program = faulty.script(water, precision="double")
    model = faulty.evaluate(water, positions, precision="double")
    found = [call_fixed(program, placed)[1] for placed in positions]
    return np.abs(np.array(found) - model.forces_ev_per_angstrom).max()


def test_only_the_program_has_the_fault_and_by_its_strength(planted, water, distorted):
    positions = distorted(water, count=2)
    for name in ("wrong cutoff in the export", "lost sum over neighbours"):
        small, large = (
            exported_error(planted, water, positions, name=name, strength=strength)
            for strength in (1e-5, 1e-3)
        )
        assert 50.0 < large / small < 200.0


def test_half_precision_hides_in_both_precisions(planted, water, distorted):
    faulty, sound = planted("half precision in a network")
    positions = distorted(water)
    single, double = (
        faulty.evaluate(water, positions, precision=precision) for precision in ("single", "double")
    )
    sound = sound.evaluate(water, positions, precision="double")
    np.testing.assert_allclose(single.energies_ev, double.energies_ev, atol=1e-6)
    assert np.abs(double.energies_ev - sound.energies_ev).max() > 1e-3
