"""Settings of the force field in an ML/MM system."""

from dataclasses import dataclass

from openmm_mlff.config import nearest
from openmm_mlff.errors import ConfigError

CONSTRAINTS = ("none", "hbonds")
IMPLICIT_SOLVENTS = ("none", "HCT", "OBC1", "OBC2", "GBn", "GBn2")


@dataclass(frozen=True)
class MixedSettings:
    """Settings of the force field; the defaults are suitable for checks.

    Attributes:
        constraints: ``none``, or ``hbonds`` for bonds to hydrogen; never inside the ML part.
        rigid_water: whether water of the force field is rigid.
        hydrogen_mass_amu: mass of hydrogens in both parts, taken from the heavy atom; rigid water
            keeps its own masses. None leaves all masses unchanged.
        cutoff_angstrom: cutoff of Lennard-Jones and of the direct sum of PME, in a box.
        switch_angstrom: distance at which Lennard-Jones starts to be switched off, so that it is
            continuous at the cutoff; None truncates it.
        ewald_tolerance: allowed relative error of PME forces.
        implicit_solvent: generalised Born model of a system prepared with Amber or CHARMM, or
            ``none``; there is no box then.
    """

    constraints: str = "none"
    rigid_water: bool = True
    hydrogen_mass_amu: float | None = None
    cutoff_angstrom: float = 9.0
    switch_angstrom: float | None = 8.0
    ewald_tolerance: float = 1e-5
    implicit_solvent: str = "none"

    def __post_init__(self) -> None:
        for name, known in (("constraints", CONSTRAINTS), ("implicit_solvent", IMPLICIT_SOLVENTS)):
            value = getattr(self, name)
            if value not in known:
                what = name.replace("_", " ")
                raise ConfigError(f"unknown {what} {value!r}; {nearest(value, known)}")
        mass = self.hydrogen_mass_amu
        if mass is not None and not 1.0 <= mass <= 4.0:
            raise ConfigError(f"hydrogen mass {mass:g} amu; expected 1 to 4 amu, or none")
        switch = self.cutoff_angstrom if self.switch_angstrom is None else self.switch_angstrom
        if not 0.0 < switch <= self.cutoff_angstrom:
            raise ConfigError(
                f"Lennard-Jones switched at {switch:g} Å and cut at {self.cutoff_angstrom:g} Å; "
                "expected 0 < switch <= cutoff"
            )
        if not 0.0 < self.ewald_tolerance < 0.1:
            raise ConfigError(
                f"Ewald tolerance {self.ewald_tolerance:g}; expected a small number such as 1e-5"
            )
