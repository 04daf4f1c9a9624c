from dataclasses import replace

import numpy as np
import pytest

from openmm_mlff.certificate.writing import make_certificate, make_sample, write_certificate
from openmm_mlff.observations import ProbeObservations
from openmm_mlff.records import VerdictStatus
from openmm_mlff.rundir import RunDirectory


def test_an_approval_is_put_down_with_its_scope_and_values(make_approval, observations, run):
    report = make_approval()
    certificate = make_certificate(report, observations, run=run)
    assert certificate.model == report.model
    assert certificate.scope == report.verdict.scope
    assert certificate.versions == {"openmm": "8.6.1", "torch": "2.11.0"}
    assert [check.id for check in certificate.checks] == ["energy_drift"]
    (sample,) = certificate.samples
    assert (sample.system, sample.source) == ("water", "reference")
    assert np.array(sample.positions_angstrom).shape == (3, 3, 3)
    assert np.array(sample.forces_ev_per_angstrom).shape == (3, 3, 3)
    assert len(sample.energies_ev) == 3


@pytest.mark.parametrize("status", [VerdictStatus.REJECTED, VerdictStatus.INCONCLUSIVE])
def test_what_is_not_approved_has_none_and_keeps_none(
    certificate_file, make_approval, observations, status
):
    directory = RunDirectory.open(certificate_file.parent)
    assert certificate_file.is_file()
    assert write_certificate(directory, make_approval(status), observations) is None
    assert not certificate_file.exists()


def test_without_a_reference_forces_of_the_surface_probes_are_kept(observations):
    water = observations["water"]
    arrays = {"positions_angstrom": np.zeros((4, 3, 3)), "forces": np.ones((4, 3, 3))}
    probe = ProbeObservations("net_force_torque", "done", data={}, arrays=arrays)
    sample = make_sample("water", replace(water, probes={"net_force_torque": probe}))
    assert sample.energies_ev is None
    assert sample.source == "net_force_torque"
    assert make_sample("water", replace(water, probes={})) is None


def test_values_that_are_not_finite_are_not_certified(observations):
    water = observations["water"]
    arrays = dict(water.probes["reference"].arrays)
    arrays["model_energies_ev"] = np.array([np.nan, 1.0, np.nan, 2.0, np.nan, np.nan])
    probe = ProbeObservations("reference", "done", data={}, arrays=arrays)
    sample = make_sample("water", replace(water, probes={"reference": probe}))
    assert sample.energies_ev == [1.0, 2.0]


def test_a_part_of_a_larger_system_has_no_values(make_approval, observations, run):
    options = run["spec"]["options"] | {
        "ml_atoms": "resname ETH",
        "forcefield": ["amber14-all.xml"],
    }
    run["spec"]["options"] = options
    assert make_certificate(make_approval(), observations, run=run).samples == ()
