"""Write the certificate of an approved run."""

import datetime
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from openmm_mlff.certificate.record import CERTIFICATE_FILE, Certificate, CertifiedCheck, Sample
from openmm_mlff.checks.surface import net_force_torque
from openmm_mlff.config import canonical_sha256
from openmm_mlff.request import ResolvedRequest
from openmm_mlff.results import ValidationReport, VerdictStatus
from openmm_mlff.storage.fingerprint import Fingerprint
from openmm_mlff.storage.measurements import DONE
from openmm_mlff.storage.run_directory import RUN_FILE, RunDirectory, read_json, write_json
from openmm_mlff.storage.runs import Evidence
from openmm_mlff.storage.shared import Labels

GEOMETRIES = 3
_DECIMALS = 8
"""Decimals of positions in Å; values are computed at the rounded positions."""

_CERTIFIED = set(CertifiedCheck.model_fields)


def write_certificate(
    directory: RunDirectory,
    report: ValidationReport,
    evidence_by_system: Mapping[str, Evidence],
) -> Certificate | None:
    """Write the certificate of an approved model beside its report, or remove an existing one.

    Returns:
        The certificate, None if the model is not approved.
    """
    path = directory.root / CERTIFICATE_FILE
    if report.verdict.status is not VerdictStatus.APPROVED:
        path.unlink(missing_ok=True)
        return None
    run = read_json(directory.root / RUN_FILE)
    certificate = make_certificate(report, evidence_by_system, run=run)
    write_json(path, certificate.model_dump(mode="json"))
    return certificate


def make_certificate(
    report: ValidationReport,
    evidence_by_system: Mapping[str, Evidence],
    *,
    run: Mapping[str, Any],
) -> Certificate:
    """Return the certificate of an approved model, with its hash; ``run`` is `run.json`."""
    spec = ResolvedRequest.model_validate(run["spec"])
    samples = (make_sample(name, evidence) for name, evidence in evidence_by_system.items())
    # The values of a part of a larger System cannot be reproduced without the rest.
    known = () if spec.options.ml_atoms else tuple(one for one in samples if one is not None)
    return Certificate(
        model=report.model,
        fingerprint=Fingerprint.model_validate(run["fingerprints"]["potential"]),
        options=spec.options,
        label=report.verdict.label,
        claims={claim.name: claim.status for claim in report.verdict.claims.both},
        scope=report.verdict.scope,
        recommendation=report.verdict.recommendation,
        protocol=str(report.protocol.get("name", "unknown")),
        protocol_sha256=canonical_sha256(report.protocol),
        reference=spec.reference,
        versions=dict(run["environment"].get("versions", {})),
        created=datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
        checks=tuple(
            CertifiedCheck.model_validate(result.model_dump(mode="json", include=_CERTIFIED))
            for result in report.checks
            if result.required
        ),
        samples=known,
    ).sealed()


def make_sample(name: str, evidence: Evidence) -> Sample | None:
    """Select a few geometries at which the values of the model are known.

    Returns:
        Frames of the runs that were compared with the reference; without a reference the geometries
            of `net_force_torque`; None if the run has neither.
    """
    system = evidence.system
    for source, positions, energies_ev, forces in _known_values(evidence):
        known = np.isfinite(energies_ev) & np.isfinite(forces).all(axis=(1, 2))
        finite = np.flatnonzero(known)
        if not len(finite):
            continue
        chosen = finite[np.unique(np.linspace(0, len(finite) - 1, GEOMETRIES).round().astype(int))]
        cell = system.cell_angstrom
        return Sample(
            system=name,
            atomic_numbers=system.atomic_numbers.tolist(),
            charge=system.charge,
            multiplicity=system.multiplicity,
            cell_angstrom=None if cell is None else cell.tolist(),
            positions_angstrom=positions[chosen].round(_DECIMALS).tolist(),
            energies_ev=energies_ev[chosen].tolist(),
            forces_ev_per_angstrom=forces[chosen].tolist(),
            source=source,
        )
    return None


def _known_values(evidence: Evidence) -> Iterator[tuple[str, np.ndarray, np.ndarray, np.ndarray]]:
    """Yield name, geometries, energies and forces of each measurement, the best first."""
    labels = evidence.measurements.get("reference_labels")
    if labels is not None and labels.status == DONE:
        found = labels.record(Labels)
        positions, energies_ev = found.positions_angstrom, found.model_energies_ev
        yield labels.name, positions, energies_ev, found.model_forces
    surface = evidence.measurements.get(net_force_torque.CHECK.id)
    if surface is not None and surface.status == DONE:
        at = surface.record(net_force_torque.Record)
        yield surface.name, at.positions_angstrom, at.energies_ev, at.forces
