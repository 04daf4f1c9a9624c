"""Is the exported file the model that was trained?"""

import numpy as np

from openmm_mlff.checks.base import CheckSpec, Measure
from openmm_mlff.checks.inputs import by_dtype, find_probe, largest, largest_norm, probe_array
from openmm_mlff.config import Criteria
from openmm_mlff.errors import RunDirectoryError
from openmm_mlff.observations.model import Observations, ProbeObservations
from openmm_mlff.records import CheckResult
from openmm_mlff.units import MEV_PER_EV


def export_parity(observations: Observations, criteria: Criteria) -> CheckResult:
    """Compare the eager model with its export, first and later calls, on every molecule.

    max |F_exported − F_eager| over geometries, calls and atoms, and
    max |E_exported − E_eager| / N.

    Args:
        observations: with the probe ``export_parity``.
        criteria: ``forces_float32``, ``forces_float64`` (eV/Å), ``energy`` (meV/atom).

    Returns:
        PASS where forces and energies agree.

    Raises:
        RunDirectoryError: the probe's record is damaged.
    """
    probe = find_probe(SPEC, observations, name="export_parity")
    if isinstance(probe, CheckResult):
        return probe
    force_limit = by_dtype(SPEC, criteria, probe=probe, quantity="forces")
    energy_limit = SPEC.threshold(criteria, name="energy")
    molecules = list(probe.data.get("molecules", []))
    if not molecules:
        raise RunDirectoryError(
            "the probe 'export_parity' names no molecule; run the validation again"
        )
    measures = []
    later_calls = {}
    for index, molecule in enumerate(molecules):
        energy, forces, first_to_later = _differences(probe, index=index)
        later_calls[molecule] = first_to_later
        # The sentence begins with the system's name.
        where = "" if molecule == observations.system.name else f" on {molecule}"
        difference = f"of the exported file{where} differ from the model's by up to"
        measures += [
            Measure(f"forces {difference}", forces, force_limit),
            Measure(f"energies {difference}", energy, energy_limit),
        ]
    missing = str(probe.data.get("missing", ""))
    return SPEC.judged(
        observations,
        measures=measures,
        evidence={
            "dtype": probe.data["dtype"],
            "missing": missing,
            "first_to_later_calls_ev_per_angstrom": later_calls,
        },
        note=f"not compared: {missing.strip().rstrip('.')}" if missing else "",
    )


def _differences(probe: ProbeObservations, *, index: int) -> tuple[float, float, float]:
    """Give the largest differences of one molecule.

    Returns:
        Energy in meV/atom, force in eV/Å, and force between first and later calls in eV/Å.
    """
    eager = probe_array(probe, name=f"eager_forces_{index}", shape=(None, None, 3))
    geometries, atoms, _ = eager.shape
    exported = probe_array(
        probe, name=f"exported_forces_{index}", shape=(None, geometries, atoms, 3)
    )
    eager_ev = probe_array(probe, name=f"eager_energies_ev_{index}", shape=(geometries,))
    exported_ev = probe_array(
        probe, name=f"exported_energies_ev_{index}", shape=(len(exported), geometries)
    )
    with np.errstate(invalid="ignore"):
        energy = largest(exported_ev - eager_ev) * MEV_PER_EV / atoms
        return energy, largest_norm(exported - eager), largest_norm(exported - exported[0])


SPEC = CheckSpec(
    id="export_parity",
    group="parity",
    scope="system",
    title="Is the exported TorchScript file the model that was trained?",
    formula="max |F_exported − F_eager|, max |E_exported − E_eager| / N; first and later calls",
    unit="eV/Å",
    source="rounding of float32 and float64; an export that lost a sum gave benzene −44 for −76 eV",
    thresholds={"forces_float32": "eV/Å", "forces_float64": "eV/Å", "energy": "meV/atom"},
    failure_mode="The deployed file is another potential than the one that was trained and tested; "
    "nothing known about the model holds for it.",
    remedy="Export the model again with `openmm-mlff export`, which compares before it writes, and "
    "validate the new file.",
    function=export_parity,
    probes=("export_parity",),
)
