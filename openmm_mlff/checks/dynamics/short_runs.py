"""The short runs from Langevin samples, as checks of the simulations read them."""

from openmm_mlff.checks.base import Judgement
from openmm_mlff.molecules import name_atoms
from openmm_mlff.results import Status
from openmm_mlff.storage.measurements import DONE
from openmm_mlff.storage.runs import Evidence, Runs
from openmm_mlff.storage.shared import Ensemble

ENSEMBLE = "ensemble"
"""Name of the shared measurement."""


def ensemble_of(record: Runs) -> Ensemble | None:
    """Return the short runs of a system; None where they were not measured."""
    stored = record.measurements.get(ENSEMBLE) if isinstance(record, Evidence) else None
    return stored.record(Ensemble) if stored is not None and stored.status == DONE else None


def broken_short_run(record: Runs) -> Judgement | None:
    """Return a FAIL with time and atoms where a short run of this condition broke.

    Args:
        record: simulations of one condition, and the short runs of the system.

    Returns:
        None where none broke, or where they belong to another condition.
    """
    ensemble, condition = ensemble_of(record), record.condition
    if ensemble is None or not ensemble.failure or condition is None:
        return None
    here = ensemble.temperature_kelvin, ensemble.timestep_fs
    if here != (condition.temperature_kelvin, condition.timestep_fs):
        return None
    atoms = name_atoms(record.system.atomic_numbers, ensemble.failure_atoms)
    what = ensemble.failure.strip().rstrip(".")
    where = f" ({atoms})" if atoms and atoms not in what else ""
    return Judgement(
        Status.FAIL,
        f"a short run from the Langevin samples survived {ensemble.failure_ps:.3g} of "
        f"{ensemble.duration_ps:g} ps: {what}{where}",
        value=ensemble.failure_ps,
        threshold=ensemble.duration_ps,
        at_least=True,
        evidence={"short_run": {"failure": what, "atom_indices": ensemble.failure_atoms}},
    )
