"""Is a periodic box the same, however it is cut, named or repeated?"""

import numpy as np

from openmm_mlff.checks.base import CheckSpec, Measure
from openmm_mlff.checks.inputs import find_probe, largest, largest_norm, probe_array
from openmm_mlff.checks.surface.evidence import (
    detection_limit,
    refusal_note,
    too_many_refused,
)
from openmm_mlff.config import Criteria
from openmm_mlff.observations.model import Observations
from openmm_mlff.records import CheckResult
from openmm_mlff.units import MEV_PER_EV


def periodic_consistency(observations: Observations, criteria: Criteria) -> CheckResult:
    """Compare the energy and forces of one crystal or liquid described in several ways.

    Atoms put into other images, all atoms moved through the box, and the box named by other
    vectors of the same lattice change nothing; two boxes side by side have twice the energy; and
    the virial that a barostat may use is the slope of the energy against the strain.

    Args:
        observations: with the probe ``periodic_consistency``.
        criteria: ``energy``, ``doubled``, ``virial`` (meV/atom), ``forces`` (meV/Å).

    Returns:
        PASS where all are within their thresholds; what the potential cannot be asked (two boxes
        of a fixed composition, a stress it does not give) is said in the note.
    """
    probe = find_probe(SPEC, observations, name="periodic_consistency")
    if isinstance(probe, CheckResult):
        return probe
    changes = probe_array(probe, name="energy_changes_ev", shape=(None,))
    forces = probe_array(probe, name="force_changes", shape=(len(changes), None, 3))
    refused = probe_array(probe, name="refused", shape=changes.shape).astype(bool)
    undecided = too_many_refused(SPEC, observations, probe=probe, refused=refused)
    if undecided is not None:
        return undecided
    n_atoms = forces.shape[1]
    scale = MEV_PER_EV / n_atoms
    force_limit = SPEC.threshold(criteria, name="forces")
    move = "when the same box is described in another way"
    measures = [
        Measure(
            f"{move}, the energy changes by",
            largest(changes[~refused]) * scale,
            SPEC.threshold(criteria, name="energy"),
        ),
        Measure(
            f"{move}, a force changes by",
            largest_norm(forces[~refused]) * MEV_PER_EV,
            force_limit,
        ),
    ]
    notes = [refusal_note(refused)]
    if "doubled_energy_ev" in probe.arrays:
        doubled = probe_array(probe, name="doubled_energy_ev", shape=(1,))
        sides = probe_array(probe, name="doubled_force_changes", shape=(2, n_atoms, 3))
        measures += [
            Measure(
                "the energy of two boxes side by side differs from twice that of one by",
                largest(doubled) * scale / 2.0,
                SPEC.threshold(criteria, name="doubled"),
            ),
            Measure(
                "beside a second box, a force changes by",
                largest_norm(sides) * MEV_PER_EV,
                force_limit,
            ),
        ]
    else:
        notes.append("the atoms are fixed by the file; two boxes could not be asked")
    if "virial_ev" in probe.arrays:
        given = probe_array(probe, name="virial_ev", shape=(None,))
        slopes = probe_array(probe, name="virial_differences_ev", shape=given.shape)
        measures.append(
            Measure(
                "the virial differs from the slope of the energy against the strain by",
                largest(given - slopes) * scale,
                SPEC.threshold(criteria, name="virial"),
            )
        )
    else:
        notes.append(f"no virial: {probe.data.get('no_virial') or 'not measured'}")
    names = np.array(probe.data["moves"])[~refused]
    return SPEC.judged(
        observations,
        measures=measures,
        evidence={
            "energy_change_mev_per_atom_by_move": dict(
                zip(names.tolist(), (changes[~refused] * scale).tolist(), strict=True)
            ),
            **detection_limit(probe, n_atoms=n_atoms),
        },
        note="; ".join(note for note in notes if note),
    )


SPEC = CheckSpec(
    id="periodic_consistency",
    group="surface",
    scope="system",
    title="Is a periodic box the same, however it is cut, named or repeated?",
    formula="|E(images, shifts, equal lattices) − E| / N, |E(2×1×1) − 2E| / 2N, |V σ − dE/dε| / N",
    unit="meV/atom",
    source="the lattice knows no origin; limits as for translations",
    thresholds={
        "energy": "meV/atom",
        "forces": "meV/Å",
        "doubled": "meV/atom",
        "virial": "meV/atom",
    },
    failure_mode="Energies and forces depend on where the box is cut: atoms that cross its border "
    "are kicked, larger boxes have another density, and a barostat drives to the wrong volume.",
    remedy="Look for pairs by the minimum image where the cutoff is longer than half the box, for "
    "box vectors taken for lengths, and for a stress without the box's own part.",
    function=periodic_consistency,
    probes=("periodic_consistency",),
)
