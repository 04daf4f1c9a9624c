"""What checks draw of their own records, without a measurement."""

import numpy as np
import pytest

from openmm_mlff.checks.accuracy import torsion_profile, vibrations
from openmm_mlff.checks.surface import rotation_invariance, short_range_repulsion
from openmm_mlff.plots import Band, Level, Line, Points
from openmm_mlff.units import ev_from_kcal_per_mol

ANGLES = np.arange(0.0, 361.0, 5.0)
DISTANCES = np.arange(0.3, 0.97, 0.01)


@pytest.fixture
def drawn(protocols):
    """The plots of a module's record by the standard limits."""

    def draw(module, record):
        return module.CHECK.plots(record, protocols["standard"].limits_for(module.CHECK.id))

    return draw


def of_kind(panel, kind):
    return [mark for mark in panel.marks if isinstance(mark, kind)]


def rotated(changes_ev):
    return rotation_invariance.Record(
        energy_changes_ev=np.zeros((1, 1)),
        force_changes=np.zeros((1, 1, 3, 3)),
        refused=np.zeros((1, 1), dtype=bool),
        energy_noise_ev=0.0,
        force_noise_ev_per_angstrom=0.0,
        scan_angles_degrees=ANGLES,
        scan_energy_changes_ev=changes_ev,
    )


def waves(*amplitudes_ev):
    return np.outer(amplitudes_ev, 1.0 - np.cos(np.radians(ANGLES)))


def test_rotation_is_drawn_per_atom_with_the_allowed_band(drawn):
    ((panel,),) = (
        one.panels for one in drawn(rotation_invariance, rotated(waves(0.0, 0.015, 0.03)))
    )
    # 2 × 0.015 eV over three atoms are 10 meV an atom.
    assert [line.y.max() for line in of_kind(panel, Line)] == pytest.approx([0.0, 10.0, 20.0])
    (band,) = of_kind(panel, Band)
    assert (band.low, band.high) == (-0.1, 0.1)
    # The noise of an invariant potential looks small.
    ((panel,),) = (one.panels for one in drawn(rotation_invariance, rotated(waves(*[1e-9] * 3))))
    assert panel.y.range[0] < -0.1
    assert panel.y.range[1] > 0.1


def pushed(**curves):
    count = len(curves)
    return short_range_repulsion.Record(
        pairs=tuple(name.replace("_", "–") for name in curves),
        covalent_sums_angstrom=np.full(count, 0.9),
        pair=np.repeat(np.arange(count), len(DISTANCES)),
        distances_angstrom=np.tile(DISTANCES, count),
        energies_ev=np.concatenate([*curves.values(), []]),
        refused=np.zeros(count * len(DISTANCES), dtype=bool),
        energy_noise_ev=0.0,
        force_noise_ev_per_angstrom=0.0,
    )


WALL = 14.4 / DISTANCES
HOLE = np.where(DISTANCES < 0.5, 28.8 - 100.0 * (0.5 - DISTANCES), WALL)


def test_a_wall_is_drawn_above_its_lowest_point_with_the_needed_height(drawn):
    (plot,) = drawn(short_range_repulsion, pushed(O_H=WALL, O_O=2.0 * WALL))
    (panel,) = plot.panels
    first = of_kind(panel, Line)[0]
    assert first.y[0] == pytest.approx(14.4 / 0.3 - 14.4 / DISTANCES[-1])
    assert first.y.min() == short_range_repulsion.LOWEST_DRAWN_EV
    assert not of_kind(panel, Points)
    assert [level.value for level in of_kind(panel, Level)] == [5.0]


def test_a_hole_and_a_wall_too_low_are_marked(drawn):
    (plot,) = drawn(short_range_repulsion, pushed(O_H=HOLE, H_H=0.01 * WALL))
    too_low, holes = of_kind(plot.panels[0], Points)
    assert (too_low.name, holes.name) == ("too low", "hole")
    assert too_low.x == pytest.approx([0.3])
    # Its energy is below that at the minimum, and so below the axis.
    assert (holes.x[0], holes.y[0]) == pytest.approx((0.3, short_range_repulsion.LOWEST_DRAWN_EV))


def vibrating(own, reference):
    return vibrations.Record(
        reference="ase:xtb",
        model_wavenumbers_per_cm=np.array(own),
        model_errors_per_cm=np.zeros(len(own)),
        reference_wavenumbers_per_cm=np.array(reference),
        reference_errors_per_cm=np.zeros(len(reference)),
        model_largest_force=0.0,
        reference_largest_force=0.0,
        model_step_angstrom=0.001,
    )


def test_differences_stand_at_the_reference_s_frequencies(drawn):
    (plot,) = drawn(vibrations, vibrating([1595.0, 3650.0, 3770.0], [1600.0, 3660.0, 3770.0]))
    (points,), (band,) = of_kind(plot.panels[0], Points), of_kind(plot.panels[0], Band)
    assert points.x.tolist() == [1600.0, 3660.0, 3770.0]
    assert points.y.tolist() == [-5.0, -10.0, 0.0]
    assert (band.low, band.high) == (-50.0, 50.0)


def turned(*errors, used=True):
    """Profiles of 3 kcal/mol, those of the potential higher by an error each."""
    angles = np.tile(np.arange(60.0, 420.0, 15.0), (len(errors), 1))
    shape = 0.5 * (1.0 - np.cos(np.radians(3.0 * angles)))
    reference_ev = ev_from_kcal_per_mol(3.0 * shape)
    model_ev = ev_from_kcal_per_mol((3.0 + np.array(errors))[:, None] * shape)
    return torsion_profile.Record(
        reference="ase:xtb",
        bonds=tuple(f"C{k}–C{k + 1}" for k in range(len(errors))),
        angles_degrees=angles,
        reference_energies_ev=reference_ev,
        reference_repeat_energies_ev=reference_ev,
        model_energies_ev=model_ev,
        model_repeat_energies_ev=model_ev,
        used=np.full(angles.shape, used),
        reference_refused=0,
        unconverged=0,
        bonds_changed=0,
        model_refused=0,
    )


def test_each_bond_that_was_judged_has_a_panel_with_two_curves(drawn):
    (plot,) = drawn(torsion_profile, turned(0.0, 1.5))
    assert [panel.title for panel in plot.panels] == ["C0–C1", "C1–C2"]
    for panel, height in zip(plot.panels, (3.0, 4.5), strict=True):
        model, ideal = of_kind(panel, Line)
        assert (np.diff(model.x) > 0).all()
        assert model.x.min() >= -180.0
        assert (np.ptp(model.y), np.ptp(ideal.y)) == pytest.approx((height, 3.0))


def with_gap(values, place, missing=np.nan):
    spoilt = values.copy()
    spoilt[place] = missing
    return spoilt


@pytest.mark.parametrize(
    ("module", "record", "is_drawn"),
    [
        (rotation_invariance, rotated(np.full((3, len(ANGLES)), np.nan)), False),
        (rotation_invariance, rotated(with_gap(waves(0.1, 0.1, 0.1), (1, 7))), True),
        (short_range_repulsion, pushed(O_H=with_gap(WALL, 3)), True),
        (short_range_repulsion, pushed(O_H=np.full(len(DISTANCES), np.nan)), False),
        (short_range_repulsion, pushed(), False),
        # Frequencies that do not pair.
        (vibrations, vibrating([1.0, 2.0], [1.0]), False),
        (vibrations, vibrating([], []), False),
        (vibrations, vibrating([np.nan, np.nan], [1.0, 2.0]), False),
        (torsion_profile, turned(0.0, used=False), False),
    ],
)
def test_only_what_has_numbers_is_drawn(drawn, module, record, is_drawn):
    plots = drawn(module, record)
    assert len(plots) == is_drawn
    assert all(plot.has_data() for plot in plots)
