"""The `physical_validation` library, as a second opinion, without its output and plots.

Merz & Shirts, PLoS ONE 13 (2018) e0202764.
"""

import logging
from collections.abc import Mapping
from types import ModuleType

import numpy as np

from openmm_mlff.units import ANGSTROM_PER_NM, BOLTZMANN_EV_PER_KELVIN, KJ_PER_MOL_PER_EV

BOOTSTRAP_SEED = 1


def convergence_deviation(totals_ev: Mapping[float, np.ndarray]) -> float:
    """Compute the largest |1 − (σ₁/σ₂)/(dt₁/dt₂)²| over neighbouring timesteps.

    σ is that of the total energies, (T,), by timestep.
    """
    library = _library()
    data = library.data
    simulations = [
        data.SimulationData(dt=timestep, observables=data.ObservableData(constant_of_motion=total))
        for timestep, total in totals_ev.items()
    ]
    return float(library.integrator.convergence(simulations, verbose=False))


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
    volumes, Å³.  Infinite where the distributions do not overlap.
    """
    library = _library()
    data = library.data
    conversions = dict.fromkeys(("length", "temperature", "pressure", "time"), 1.0)
    units = {f"{name}_conversion": value for name, value in conversions.items()} | {
        "kb": BOLTZMANN_EV_PER_KELVIN,
        "energy_conversion": KJ_PER_MOL_PER_EV,
        "volume_conversion": ANGSTROM_PER_NM**-3,
    }
    simulations = []
    for index, values in enumerate((first, second)):
        state = {"natoms": 1, "temperature": temperatures_kelvin[index]}
        if pressures_bar is None:
            ensemble = data.EnsembleData("NVT", volume=1.0, **state)
            observed = data.ObservableData(potential_energy=values)
        else:
            ensemble = data.EnsembleData("NPT", pressure=pressures_bar[index], **state)
            observed = data.ObservableData(volume=values)
        simulations.append(
            data.SimulationData(
                units=data.UnitData(**units), ensemble=ensemble, observables=observed
            )
        )
    try:
        (deviation,) = library.ensemble.check(*simulations, verbosity=0, data_is_uncorrelated=True)
    except library.util.error.InputError:
        return float("inf")
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
