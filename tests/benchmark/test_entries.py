from openmm_mlff.benchmark.entries import PeerEntry, Timing


def test_a_peer_that_was_measured_has_no_reason():
    timing = Timing(median=2.0, p25=1.5, p75=2.5, blocks=(1.0, 2.0, 3.0))
    assert PeerEntry("torch-sim", "water", 3, "step", timing).skipped == ""
