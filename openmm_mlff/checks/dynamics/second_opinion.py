"""The `physical_validation` library, as a second opinion, without its output and plots.

Merz & Shirts, PLoS ONE 13 (2018) e0202764.
"""

import logging
from types import ModuleType

import numpy as np

from openmm_mlff.units import BOLTZMANN_EV_PER_KELVIN, EV_PER_BAR_ANGSTROM3

BOOTSTRAP_SEED = 1
FEWEST_BINS = 3
LEAST_OVERLAP = 0.1


def kinetic_deviations(
    kinetic_ev: np.ndarray, *, degrees_of_freedom: int, temperature_kelvin: float
) -> tuple[float, float]:
    """Compute the deviations of mean and width of uncorrelated kinetic energies, (S,).

    In the library's own standard errors from a bootstrap, which are too small for few samples.
    """
    library = _library()
    data = library.data
    # The library counts three degrees of freedom per atom, less the constraints.
    n_atoms = -(-degrees_of_freedom // 3)
    conversions = ("energy", "length", "volume", "temperature", "pressure", "time")
    simulation = data.SimulationData(
        units=data.UnitData(
            kb=BOLTZMANN_EV_PER_KELVIN, **{f"{name}_conversion": 1.0 for name in conversions}
        ),
        system=data.SystemData(
            natoms=n_atoms,
            nconstraints=3 * n_atoms - degrees_of_freedom,
            ndof_reduction_tra=0,
            ndof_reduction_rot=0,
        ),
        # The volume is required, but not used.
        ensemble=data.EnsembleData(
            "NVT", natoms=n_atoms, volume=1.0, temperature=temperature_kelvin
        ),
        observables=data.ObservableData(kinetic_energy=kinetic_ev),
    )
    # The library seeds NumPy's global generator.
    state = np.random.get_state()
    try:
        with np.errstate(divide="ignore", invalid="ignore"):
            mean, width = library.kinetic_energy.distribution(
                simulation,
                strict=False,
                verbosity=0,
                bootstrap_seed=BOOTSTRAP_SEED,
                data_is_uncorrelated=True,
            )
    finally:
        np.random.set_state(state)
    return float(mean), float(width)


def ratio_deviation(
    first: np.ndarray,
    second: np.ndarray,
    *,
    temperatures_kelvin: tuple[float, float],
    pressures_bar: tuple[float, float] | None = None,
) -> float:
    """Compute how far the ratio of two distributions is from the exact one, in standard errors.

    Uncorrelated potential energies, eV, of runs at two temperatures; or, with two pressures,
    volumes, Å³.  Infinite where less than a tenth of the samples lies where both distributions do:
    of states that are two standard deviations apart, nearly half does.

    The likelihood needs no bins, but the library's own entry demands that many of 40 are filled,
    which takes hundreds of samples.
    """
    low, high = max(first.min(), second.min()), min(first.max(), second.max())
    if min(np.mean((low <= one) & (one <= high)) for one in (first, second)) < LEAST_OVERLAP:
        return float("inf")
    library = _library().util
    by_pressure = pressures_bar is not None
    (deviation,) = library.ensemble.check_1d(
        traj1=first,
        traj2=second,
        param1=(pressures_bar or temperatures_kelvin)[0],
        param2=(pressures_bar or temperatures_kelvin)[1],
        kb=BOLTZMANN_EV_PER_KELVIN,
        quantity="V" if by_pressure else "U",
        dtemp=not by_pressure,
        dpress=by_pressure,
        dmu=False,
        temp=temperatures_kelvin[0] if by_pressure else None,
        pvconvert=EV_PER_BAR_ANGSTROM3 if by_pressure else None,
        nbins=FEWEST_BINS,
        cutoff=0.001,
        bootstrap_seed=BOOTSTRAP_SEED,
        bootstrap_error=False,
        bootstrap_repetitions=0,
        verbosity=0,
        screen=False,
        filename=None,
        xlabel="",
        xunit=None,
        data_is_uncorrelated=True,
    )
    return float(deviation)


def _library() -> ModuleType:
    """Import the library; it takes seconds, and what it imports logs advertisements."""
    logger = logging.getLogger("pymbar")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        import physical_validation
    finally:
        logger.setLevel(level)
    return physical_validation
