"""Unit conversions; no other module converts units.

Internal units: eV, Å, eV/Å, amu, fs for a timestep, ps for a time, K.
OpenMM's units: kJ/mol, nm, ps.  The constants are the CODATA 2018 values
(exact since the 2019 redefinition of the SI, except the atomic mass constant).
"""

import math
from collections.abc import Mapping
from typing import Final

_ELEMENTARY_CHARGE_COULOMB: Final = 1.602176634e-19
_AVOGADRO_PER_MOL: Final = 6.02214076e23
_BOLTZMANN_JOULE_PER_KELVIN: Final = 1.380649e-23
_ATOMIC_MASS_KG: Final = 1.66053906660e-27
_LIGHT_CM_PER_SECOND: Final = 2.99792458e10

KJ_PER_MOL_PER_EV: Final = _ELEMENTARY_CHARGE_COULOMB * _AVOGADRO_PER_MOL / 1000.0
"""96.485 kJ/mol in one eV."""

KJ_PER_KCAL: Final = 4.184
"""Thermochemical calorie."""

ANGSTROM_PER_NM: Final = 10.0
FS_PER_PS: Final = 1000.0
FS_PER_NS: Final = 1e6
MS_PER_DAY: Final = 86_400_000.0
MEV_PER_EV: Final = 1000.0
MEBIBYTE: Final = 2**20

RATIO: Final = "ratio"
"""Unit of a dimensionless number, omitted in text."""

BOLTZMANN_EV_PER_KELVIN: Final = _BOLTZMANN_JOULE_PER_KELVIN / _ELEMENTARY_CHARGE_COULOMB
"""8.617e-5 eV/K."""

EV_PER_BAR_ANGSTROM3: Final = 1e5 * 1e-30 / _ELEMENTARY_CHARGE_COULOMB
"""6.2415e-7 eV in one bar·Å³."""

EV_PS_PER_CUBIC_ANGSTROM_OF_MILLIPASCAL_SECOND: Final = 1e-21 / _ELEMENTARY_CHARGE_COULOMB
"""6.24e-3 eV ps/Å³ in 1 mPa·s."""

COULOMB_CONSTANT_EV_ANGSTROM: Final = 14.3996454784255
"""e²/(4πε₀) in eV·Å."""

BOHR_IN_ANGSTROM: Final = 0.529177210903

HARTREE_IN_EV: Final = COULOMB_CONSTANT_EV_ANGSTROM / BOHR_IN_ANGSTROM
"""e²/(4πε₀ a₀)."""

EV_BY_ENERGY_UNIT: Final[Mapping[str, float]] = {
    "kJ/mol": 1.0 / KJ_PER_MOL_PER_EV,
    "kcal/mol": KJ_PER_KCAL / KJ_PER_MOL_PER_EV,
    "eV": 1.0,
    "hartree": HARTREE_IN_EV,
}
"""Energy units of models."""

ANGSTROM_BY_LENGTH_UNIT: Final[Mapping[str, float]] = {
    "nm": ANGSTROM_PER_NM,
    "angstrom": 1.0,
    "bohr": BOHR_IN_ANGSTROM,
}
"""Length units of models."""

EV_PER_ANGSTROM_BY_FORCE_UNIT: Final[Mapping[str, float]] = {
    "eV/Å": 1.0,
    "kJ/mol/nm": EV_BY_ENERGY_UNIT["kJ/mol"] / ANGSTROM_PER_NM,
    "kJ/mol/Å": EV_BY_ENERGY_UNIT["kJ/mol"],
    "kcal/mol/Å": EV_BY_ENERGY_UNIT["kcal/mol"],
    "hartree/bohr": HARTREE_IN_EV / BOHR_IN_ANGSTROM,
}
"""Force units of models."""

EV_PER_AMU_ANGSTROM2_PER_PS2: Final = (
    _ATOMIC_MASS_KG * (1e-10 / 1e-12) ** 2 / _ELEMENTARY_CHARGE_COULOMB
)
"""1.0364e-4 eV in one amu·Å²/ps²."""

WAVENUMBER_OF_UNIT_CURVATURE_PER_CM: Final = math.sqrt(
    _ELEMENTARY_CHARGE_COULOMB / (_ATOMIC_MASS_KG * 1e-20)
) / (2.0 * math.pi * _LIGHT_CM_PER_SECOND)
"""Vibrational wavenumber of 1 amu with a force constant of 1 eV/Å², 521.47 cm⁻¹."""


def ev_from_kj_per_mol(energy_kj_per_mol):
    """Convert an energy from kJ/mol to eV (scalars and arrays)."""
    return energy_kj_per_mol / KJ_PER_MOL_PER_EV


def kj_per_mol_from_ev(energy_ev):
    """Convert an energy from eV to kJ/mol (scalars and arrays)."""
    return energy_ev * KJ_PER_MOL_PER_EV


def kcal_per_mol_from_ev(energy_ev):
    """Convert an energy from eV to kcal/mol (scalars and arrays)."""
    return energy_ev * (KJ_PER_MOL_PER_EV / KJ_PER_KCAL)


def ev_from_kcal_per_mol(energy_kcal_per_mol):
    """Convert an energy from kcal/mol to eV (scalars and arrays)."""
    return energy_kcal_per_mol / (KJ_PER_MOL_PER_EV / KJ_PER_KCAL)


def squared_wavenumber_from_curvature(curvature_ev_per_amu_angstrom2):
    """Convert a mass-weighted curvature, eV/(amu Å²), to a signed squared wavenumber, cm⁻²."""
    return curvature_ev_per_amu_angstrom2 * WAVENUMBER_OF_UNIT_CURVATURE_PER_CM**2


def wavenumber_from_frequency(frequency_per_ps):
    """Convert a frequency, 1/ps, to a wavenumber, cm⁻¹ (scalars and arrays)."""
    return frequency_per_ps * 1e12 / _LIGHT_CM_PER_SECOND


def angstrom_from_nm(length_nm):
    """Convert a length from nm to Å (scalars and arrays)."""
    return length_nm * ANGSTROM_PER_NM


def nm_from_angstrom(length_angstrom):
    """Convert a length from Å to nm (scalars and arrays)."""
    return length_angstrom / ANGSTROM_PER_NM


def ev_per_angstrom_from_kj_per_mol_nm(force_kj_per_mol_nm):
    """Convert a force from kJ/mol/nm to eV/Å (scalars and arrays)."""
    return force_kj_per_mol_nm / (KJ_PER_MOL_PER_EV * ANGSTROM_PER_NM)


def kj_per_mol_nm_from_ev_per_angstrom(force_ev_per_angstrom):
    """Convert a force from eV/Å to kJ/mol/nm (scalars and arrays)."""
    return force_ev_per_angstrom * (KJ_PER_MOL_PER_EV * ANGSTROM_PER_NM)


def density_g_per_cm3(mass_amu, *, volume_angstrom3):
    """Convert a mass, amu, in a volume, Å³, to a density, g/cm³ (scalars and arrays)."""
    return mass_amu * (_ATOMIC_MASS_KG * 1e3 * 1e24) / volume_angstrom3


def ps_from_fs(time_fs):
    """Convert a time from fs to ps (scalars and arrays)."""
    return time_fs / FS_PER_PS


def fs_from_ps(time_ps):
    """Convert a time from ps to fs (scalars and arrays)."""
    return time_ps * FS_PER_PS


def ns_per_day(ms_per_step, *, timestep_fs):
    """Convert the wall time per step, ms, to simulated time per day, ns."""
    return MS_PER_DAY / ms_per_step * timestep_fs / FS_PER_NS
