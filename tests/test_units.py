import numpy as np
import pytest

from openmm_mlff import units

PAIRS = [
    (units.ev_from_kj_per_mol, units.kj_per_mol_from_ev),
    (units.ev_from_kcal_per_mol, units.kcal_per_mol_from_ev),
    (units.angstrom_from_nm, units.nm_from_angstrom),
    (units.ev_per_angstrom_from_kj_per_mol_nm, units.kj_per_mol_nm_from_ev_per_angstrom),
    (units.ps_from_fs, units.fs_from_ps),
]


@pytest.mark.parametrize(("there", "back"), PAIRS, ids=lambda function: function.__name__)
def test_round_trip_is_the_identity_of_scalars_and_arrays(there, back):
    values = np.array([-3.5, 0.0, 1e-12, 7.25e8])
    np.testing.assert_allclose(back(there(values)), values, rtol=1e-15)
    np.testing.assert_allclose(there(back(values)), values, rtol=1e-15)
    for function in (there, back):
        assert [function(value) for value in values.tolist()] == function(values).tolist()


def test_known_values():
    # CODATA 2018: 1 eV = 96.485 332 12... kJ/mol.
    assert units.kj_per_mol_from_ev(1.0) == pytest.approx(96.48533212331, rel=1e-12)
    assert units.angstrom_from_nm(0.1) == pytest.approx(1.0)
    assert units.ps_from_fs(500.0) == 0.5
    # Water: 18.015 amu in 29.9 Å³; and kT at 300 K is 1 bar times 41 419 Å³.
    assert units.density_g_per_cm3(18.015, volume_angstrom3=29.915) == pytest.approx(1.0, rel=1e-4)
    kt_ev = 300.0 * units.BOLTZMANN_EV_PER_KELVIN
    assert kt_ev / units.EV_PER_BAR_ANGSTROM3 == pytest.approx(41_419.5, rel=1e-5)
    assert pytest.approx(8.617333262e-5, rel=1e-9) == units.BOLTZMANN_EV_PER_KELVIN


def test_force_conversion_is_energy_over_length():
    energy_kj_per_mol, length_nm = 12.5, 0.37
    expected = units.ev_from_kj_per_mol(energy_kj_per_mol) / units.angstrom_from_nm(length_nm)
    got = units.ev_per_angstrom_from_kj_per_mol_nm(energy_kj_per_mol / length_nm)
    assert got == pytest.approx(expected, rel=1e-14)


def test_energy_unit_agrees_with_openmm():
    unit = pytest.importorskip("openmm.unit")
    electronvolt = (1.602176634e-19 * unit.joule) * unit.AVOGADRO_CONSTANT_NA
    openmm_value = electronvolt.value_in_unit(unit.kilojoule_per_mole)
    assert openmm_value == pytest.approx(units.KJ_PER_MOL_PER_EV, rel=1e-7)


def test_kinetic_energy_factor_agrees_with_ase():
    from ase import units as ase_units

    # ASE: energy in eV from amu and Å/(ASE time); 1 ps is 1000 ase.units.fs.
    one_angstrom_per_ps = 1.0 / (1000.0 * ase_units.fs)
    assert pytest.approx(one_angstrom_per_ps**2, rel=1e-6) == units.EV_PER_AMU_ANGSTROM2_PER_PS2


def test_thermal_speed_of_hydrogen():
    # sqrt(kT/m) for 1 amu at 300 K is 1579 m/s, or 15.79 Å/ps.
    thermal_energy_ev = units.BOLTZMANN_EV_PER_KELVIN * 300.0
    speed_angstrom_per_ps = (thermal_energy_ev / units.EV_PER_AMU_ANGSTROM2_PER_PS2) ** 0.5
    assert speed_angstrom_per_ps == pytest.approx(15.79, abs=0.01)


def test_coulomb_constant_is_hartree_times_bohr():
    hartree_ev = 27.211386245988
    product = hartree_ev * units.BOHR_IN_ANGSTROM
    assert product == pytest.approx(units.COULOMB_CONSTANT_EV_ANGSTROM, rel=1e-10)


def test_calories():
    # 1 eV is 23.0605 kcal/mol, as every table has it; ASE knows it too.
    from ase import units as ase_units

    assert units.kcal_per_mol_from_ev(1.0) == pytest.approx(23.060548, rel=1e-7)
    assert units.kcal_per_mol_from_ev(1.0) == pytest.approx(
        ase_units.mol / ase_units.kcal, rel=1e-6
    )


def test_wavenumber_of_a_harmonic_oscillator():
    # ν = √(k/m) / 2πc; ASE: ħω in eV over the energy of 1 cm⁻¹.
    from ase import units as ase_units

    curvature_ev_per_angstrom2, mass_amu = 31.0, 12.0
    energy_ev = (
        ase_units._hbar
        * ase_units._e**-0.5
        * 1e10
        * (curvature_ev_per_angstrom2 / mass_amu / ase_units._amu) ** 0.5
    )
    squared = units.squared_wavenumber_from_curvature(curvature_ev_per_angstrom2 / mass_amu)
    assert squared**0.5 == pytest.approx(energy_ev / ase_units.invcm, rel=1e-6)
    assert units.squared_wavenumber_from_curvature(-1.0) == pytest.approx(-(521.471**2), rel=1e-5)


def test_ns_per_day():
    # One step of 0.5 fs each millisecond: 86.4 million steps a day.
    assert units.ns_per_day(1.0, timestep_fs=0.5) == pytest.approx(43.2)
    assert units.ns_per_day(2.0, timestep_fs=2.0) == pytest.approx(86.4)


def test_known_units_of_force():
    # CODATA 2018: the atomic unit of force is 8.238 723 4983e-8 N, 1 eV/Å 1.602 176 634e-9 N.
    found = units.EV_PER_ANGSTROM_BY_FORCE_UNIT
    assert found["hartree/bohr"] == pytest.approx(51.42206748, rel=1e-7)
    assert found["kJ/mol/nm"] == pytest.approx(units.ev_per_angstrom_from_kj_per_mol_nm(1.0))
