import ase.units
import numpy as np
import pytest
from openmm import unit

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


THERMAL_EV = 300.0 * units.BOLTZMANN_EV_PER_KELVIN
OPENMM_EV = 1.602176634e-19 * unit.joule * unit.AVOGADRO_CONSTANT_NA
# Found, expected, relative tolerance.
KNOWN = {
    # CODATA 2018: 1 eV = 96.485 332 12... kJ/mol.
    "eV": (units.kj_per_mol_from_ev(1.0), 96.48533212331, 1e-12),
    "eV of OpenMM": (
        units.KJ_PER_MOL_PER_EV,
        OPENMM_EV.value_in_unit(unit.kilojoule_per_mole),
        1e-7,
    ),
    "nm": (units.angstrom_from_nm(0.1), 1.0, 1e-12),
    "fs": (units.ps_from_fs(500.0), 0.5, 1e-15),
    # Water: 18.015 amu in 29.9 Å³.
    "density": (units.density_g_per_cm3(18.015, volume_angstrom3=29.915), 1.0, 1e-4),
    # kT at 300 K is 1 bar times 41 419 Å³.
    "pressure": (THERMAL_EV / units.EV_PER_BAR_ANGSTROM3, 41_419.5, 1e-5),
    "Boltzmann": (units.BOLTZMANN_EV_PER_KELVIN, 8.617333262e-5, 1e-9),
    "force is energy over length": (
        units.ev_per_angstrom_from_kj_per_mol_nm(12.5 / 0.37),
        units.ev_from_kj_per_mol(12.5) / units.angstrom_from_nm(0.37),
        1e-14,
    ),
    # ASE: energy in eV from amu and Å/(ASE time); 1 ps is 1000 ase.units.fs.
    "kinetic energy": (
        units.EV_PER_AMU_ANGSTROM2_PER_PS2,
        (1000.0 * ase.units.fs) ** -2,
        1e-6,
    ),
    # sqrt(kT/m) for 1 amu at 300 K is 1579 m/s, or 15.79 Å/ps.
    "speed": ((THERMAL_EV / units.EV_PER_AMU_ANGSTROM2_PER_PS2) ** 0.5, 15.79, 6e-4),
    "Coulomb is hartree times bohr": (
        units.COULOMB_CONSTANT_EV_ANGSTROM,
        27.211386245988 * units.BOHR_IN_ANGSTROM,
        1e-10,
    ),
    # As every table has it; ASE knows it too.
    "kcal": (units.kcal_per_mol_from_ev(1.0), 23.060548, 1e-7),
    "kcal of ASE": (units.kcal_per_mol_from_ev(1.0), ase.units.mol / ase.units.kcal, 1e-6),
    # One step of 0.5 fs each millisecond: 86.4 million steps a day.
    "ns per day": (units.ns_per_day(1.0, timestep_fs=0.5), 43.2, 1e-6),
    "ns per day at 2 fs": (units.ns_per_day(2.0, timestep_fs=2.0), 86.4, 1e-6),
    # CODATA 2018: the atomic unit of force is 8.238 723 4983e-8 N, 1 eV/Å 1.602 176 634e-9 N.
    "hartree/bohr": (units.EV_PER_ANGSTROM_BY_FORCE_UNIT["hartree/bohr"], 51.42206748, 1e-7),
    "kJ/mol/nm": (
        units.EV_PER_ANGSTROM_BY_FORCE_UNIT["kJ/mol/nm"],
        units.ev_per_angstrom_from_kj_per_mol_nm(1.0),
        1e-6,
    ),
}


@pytest.mark.parametrize(("found", "expected", "tolerance"), KNOWN.values(), ids=KNOWN)
def test_known_values(found, expected, tolerance):
    assert found == pytest.approx(expected, rel=tolerance)


def test_wavenumber_of_a_harmonic_oscillator():
    # ν = √(k/m) / 2πc; ASE: ħω in eV over the energy of 1 cm⁻¹.
    curvature_ev_per_angstrom2, mass_amu = 31.0, 12.0
    energy_ev = (
        ase.units._hbar
        * ase.units._e**-0.5
        * 1e10
        * (curvature_ev_per_angstrom2 / mass_amu / ase.units._amu) ** 0.5
    )
    squared = units.squared_wavenumber_from_curvature(curvature_ev_per_angstrom2 / mass_amu)
    assert squared**0.5 == pytest.approx(energy_ev / ase.units.invcm, rel=1e-6)
    assert units.squared_wavenumber_from_curvature(-1.0) == pytest.approx(-(521.471**2), rel=1e-5)
