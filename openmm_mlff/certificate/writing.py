"""Make the certificate of a run that was approved."""

import datetime
from collections.abc import Mapping
from typing import Any

import numpy as np

from openmm_mlff.certificate.record import CERTIFICATE_FILE, Certificate, CertifiedCheck, Sample
from openmm_mlff.config import RunSpec, canonical_sha256
from openmm_mlff.observations import Observations
from openmm_mlff.records import ValidationReport, VerdictStatus
from openmm_mlff.rundir import RUN_FILE, RunDirectory, read_json, write_json

GEOMETRIES = 3
_DECIMALS = 8
"""Of positions, Å: what is stored is what is asked about again."""


def write_certificate(
    directory: RunDirectory,
    report: ValidationReport,
    observations_by_system: Mapping[str, Observations],
) -> Certificate | None:
    """Write the certificate of an approved model beside its report; else see that there is none.

    Args:
        directory: of the run.
        report: what was found.
        observations_by_system: what the run left; values are taken from it.

    Returns:
        The certificate, None where the model is not approved.
    """
    path = directory.root / CERTIFICATE_FILE
    if report.verdict.status is not VerdictStatus.APPROVED:
        path.unlink(missing_ok=True)
        return None
    run = read_json(directory.root / RUN_FILE)
    certificate = make_certificate(report, observations_by_system, run=run)
    write_json(path, certificate.model_dump(mode="json"))
    return certificate


def make_certificate(
    report: ValidationReport,
    observations_by_system: Mapping[str, Observations],
    *,
    run: Mapping[str, Any],
) -> Certificate:
    """Put together what an approval says.

    Args:
        report: of an approved model.
        observations_by_system: what the run left.
        run: `run.json`.

    Returns:
        The certificate, with the hash of its contents.
    """
    spec = RunSpec.model_validate(run["spec"])
    samples = [
        sample
        for name, observations in observations_by_system.items()
        if (sample := make_sample(name, observations)) is not None
    ]
    return Certificate(
        model=report.model,
        options=spec.options,
        scope=report.verdict.scope,
        recommendation=report.verdict.recommendation,
        protocol=str(report.protocol.get("name", "unknown")),
        protocol_sha256=canonical_sha256(report.protocol),
        reference=spec.reference,
        versions=dict(run["environment"].get("versions", {})),
        created=datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
        checks=tuple(
            CertifiedCheck(
                id=result.id,
                system=result.system,
                condition=result.condition,
                value=result.value,
                threshold=result.threshold,
                unit=result.unit,
                status=result.status.value,
            )
            for result in report.checks
            if result.required
        ),
        # A part of a larger System has no values of its own to find again without the rest of it.
        samples=() if spec.options.ml_atoms else tuple(samples),
    ).sealed()


def make_sample(name: str, observations: Observations) -> Sample | None:
    """Choose a few geometries at which the model's values are known.

    Args:
        name: of the system.
        observations: of it.

    Returns:
        Frames of its own trajectory with energies and forces; without a reference, geometries of
        the surface probes with forces alone; None where the run kept neither.
    """
    system = observations.system
    for probe, energies, forces in (
        ("reference", "model_energies_ev", "model_forces"),
        ("net_force_torque", "", "forces"),
    ):
        record = observations.probes.get(probe)
        arrays = {} if record is None else record.arrays
        if record is None or "positions_angstrom" not in arrays or forces not in arrays:
            continue
        positions = np.asarray(arrays["positions_angstrom"], dtype=float)
        known = np.isfinite(arrays[forces]).all(axis=(1, 2))
        if energies:
            known &= np.isfinite(arrays[energies])
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
            energies_ev=np.asarray(arrays[energies])[chosen].tolist() if energies else None,
            forces_ev_per_angstrom=np.asarray(arrays[forces])[chosen].tolist(),
            source=probe,
        )
    return None
