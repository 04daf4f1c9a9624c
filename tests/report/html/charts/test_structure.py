import numpy as np

from openmm_mlff.report.html.charts.structure import bond_chart


def test_shortest_and_longest_bond_of_each_type_are_drawn(make_observations):
    observations = make_observations()
    lengths = observations.runs[0].trajectory.bond_lengths_angstrom
    longest, shortest = bond_chart(observations, result=None).traces
    assert longest["name"] == shortest["name"] == "O–H"
    assert (longest["showlegend"], shortest["showlegend"]) == (True, False)
    np.testing.assert_allclose(longest["y"], lengths.max(axis=1), rtol=1e-5)
    np.testing.assert_allclose(shortest["y"], lengths.min(axis=1), rtol=1e-5)


def test_without_a_trajectory_there_is_no_chart(make_observations):
    assert bond_chart(make_observations(runs=()), result=None) is None
