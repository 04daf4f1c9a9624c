"""Kinetic energies of groups of atoms under three thermostats."""

import numpy as np

from openmm_mlff.checks.dynamics.kinetic_statistics import KineticSample
from openmm_mlff.storage.shared import Samples
from openmm_mlff.storage.typed import array, record
from openmm_mlff.units import BOLTZMANN_EV_PER_KELVIN

ALL_ATOMS = "all atoms"


@record
class Record:
    """Kinetic energies of G groups of atoms: of all, and of several elements of each.

    Attributes:
        groups: names of the groups.
        degrees_of_freedom: of each group.
        strong_kinetic_ev: of the shared Langevin samples.
        weak_kinetic_ev: along a Langevin run of weak friction, behind its relaxation.
        global_kinetic_ev: along runs under a global thermostat, from points of the canonical
            ensemble; none for one group, whose temperature the thermostat itself sets.
        weak_friction_per_ps: of the weak thermostat.
        weak_ps: length of that run, without its relaxation.
        temperature_kelvin: of all thermostats.
        failure: why a run broke off; empty where none did.
    """

    groups: tuple[str, ...]
    degrees_of_freedom: np.ndarray = array("groups")
    strong_kinetic_ev: np.ndarray = array("strong samples", "groups")
    weak_kinetic_ev: np.ndarray = array("weak samples", "groups")
    global_kinetic_ev: np.ndarray = array("runs", "global samples", "groups")
    weak_friction_per_ps: float
    weak_ps: float
    temperature_kelvin: float
    failure: str = ""

    @property
    def relaxations(self) -> float:
        """Length of the weak run in its relaxation time 1/γ."""
        return self.weak_friction_per_ps * self.weak_ps

    def samples(self) -> tuple[list[KineticSample], list[KineticSample], list[KineticSample]]:
        """Return the kinetic energies over k_B T of each group, run by run.

        Returns:
            Of the strongly coupled samples, of the weak run (worth γt samples) and of the means of
            the runs under the global thermostat (worth one sample each, for the elements).
        """
        thermal_ev = BOLTZMANN_EV_PER_KELVIN * self.temperature_kelvin
        groups = list(zip(self.groups, self.degrees_of_freedom.tolist(), strict=True))
        n_runs = len(self.global_kinetic_ev)

        def of(energies_ev: np.ndarray, known: float | None) -> list[KineticSample]:
            return [
                KineticSample(name, energies_ev[:, k] / thermal_ev, freedom, known)
                for k, (name, freedom) in enumerate(groups)
            ]

        means_ev = self.global_kinetic_ev.mean(axis=1) if n_runs > 1 else None
        return (
            of(self.strong_kinetic_ev, None),
            of(self.weak_kinetic_ev, self.relaxations),
            [] if means_ev is None else of(means_ev, float(n_runs))[1:],
        )


def groups_of(samples: Samples) -> tuple[tuple[str, ...], np.ndarray, np.ndarray]:
    """Return names, members (N, G) and degrees of freedom (G,): all atoms, then each element.

    Atoms at fixed distances share their degrees of freedom, and count among all atoms only.
    """
    symbols = np.array(samples.symbols)
    free = ~samples.constrained.astype(bool)
    elements = sorted(set(symbols[free].tolist())) if len(set(samples.symbols)) > 1 else []
    members = [np.ones(len(symbols), dtype=bool)] + [free & (symbols == one) for one in elements]
    freedom = [samples.degrees_of_freedom] + [3 * int(chosen.sum()) for chosen in members[1:]]
    return (ALL_ATOMS, *elements), np.array(members).T, np.array(freedom)
