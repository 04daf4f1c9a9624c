from dataclasses import replace

import numpy as np
import pytest

from openmm_mlff.certificate.writer import make_certificate, make_sample, write_certificate
from openmm_mlff.checks.surface import net_force_torque
from openmm_mlff.results import ClaimStatus, VerdictStatus
from openmm_mlff.storage.measurements import Skipped
from openmm_mlff.storage.run_directory import RunDirectory


def test_an_approval_is_put_down_with_its_scope_and_values(make_approval, evidence, run):
    label = "APPROVED as sound alone"
    report = make_approval(accurate=ClaimStatus.NOT_ASKED, label=label)
    certificate = make_certificate(report, evidence, run=run)
    assert certificate.model == report.model
    assert certificate.scope == report.verdict.scope
    assert certificate.versions == {"openmm": "8.6.1", "torch": "2.11.0"}
    assert [check.id for check in certificate.checks] == ["energy_drift"]
    assert certificate.claims == {"sound": ClaimStatus.YES, "accurate": ClaimStatus.NOT_ASKED}
    assert certificate.label == label
    (sample,) = certificate.samples
    assert (sample.system, sample.source) == ("water", "reference_labels")
    assert np.array(sample.positions_angstrom).shape == (3, 3, 3)
    assert np.array(sample.forces_ev_per_angstrom).shape == (3, 3, 3)
    assert len(sample.energies_ev) == 3


@pytest.mark.parametrize("status", [VerdictStatus.REJECTED, VerdictStatus.INCONCLUSIVE])
def test_what_is_not_approved_has_none_and_keeps_none(
    certificate_file, make_approval, evidence, status
):
    directory = RunDirectory.open(certificate_file.parent)
    assert certificate_file.is_file()
    assert write_certificate(directory, make_approval(status), evidence) is None
    assert not certificate_file.exists()


def at_geometries(count, *, energies_ev):
    """Return what net_force_torque stores of water."""
    return net_force_torque.Record(
        energy_noise_ev=0.0,
        force_noise_ev_per_angstrom=0.0,
        net_force_ev_per_angstrom=np.zeros((count, 3)),
        refused=~np.isfinite(energies_ev),
        n_atoms=3,
        positions_angstrom=np.arange(9.0 * count).reshape(count, 3, 3),
        energies_ev=np.array(energies_ev),
        forces=np.ones((count, 3, 3)),
    )


def test_without_a_reference_geometries_of_the_surface_are_kept(make_evidence):
    surface = at_geometries(4, energies_ev=[-1.5, np.nan, -1.6, -1.7])
    skipped = Skipped("no reference was requested")
    sample = make_sample("water", make_evidence(reference_labels=skipped, net_force_torque=surface))
    assert sample.source == "net_force_torque"
    assert sample.energies_ev == [-1.5, -1.6, -1.7]
    np.testing.assert_array_equal(sample.positions_angstrom, surface.positions_angstrom[[0, 2, 3]])
    np.testing.assert_array_equal(sample.forces_ev_per_angstrom, np.ones((3, 3, 3)))


def test_only_known_values_are_certified(make_evidence, labels):
    refused = at_geometries(2, energies_ev=[np.nan, np.nan])
    assert make_sample("water", make_evidence(net_force_torque=refused)) is None
    assert make_sample("water", make_evidence()) is None
    energies_ev = np.array([np.nan, 1.0, np.nan, 2.0, np.nan, np.nan])
    partly = make_evidence(reference_labels=replace(labels, model_energies_ev=energies_ev))
    assert make_sample("water", partly).energies_ev == [1.0, 2.0]


def test_a_part_of_a_larger_system_has_no_values(make_approval, evidence, run):
    options = run["spec"]["options"] | {
        "ml_atoms": "resname ETH",
        "forcefield": ["amber14-all.xml"],
    }
    run["spec"]["options"] = options
    assert make_certificate(make_approval(), evidence, run=run).samples == ()
