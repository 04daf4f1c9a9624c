from openmm_mlff.report import benchmark_data as data


def test_statistics_are_read_from_spreads_and_plain_numbers():
    entry = {"time": {"median": 2, "p25": 1.5, "p75": None}, "rate": 7.5, "device": None}
    assert data.statistic(entry, key="time") == 2.0
    assert data.statistic(entry, key="time", name="p25") == 1.5
    assert data.statistic(entry, key="time", name="p75") is None
    assert data.statistic(entry, key="rate") == 7.5
    assert data.statistic(entry, key="rate", name="p25") is None
    assert data.statistic(entry, key="device") is None
    assert data.statistic(entry, key="missing") is None


def test_spreads_are_written_with_their_quartiles():
    entry = {"time": {"median": 2.0, "p25": 1.5, "p75": 3.25}, "rate": 7.5}
    assert data.spread_text(entry, key="time") == "2 (1.5–3.25)"
    assert data.spread_text(entry, key="rate") == "7.5"
    assert data.spread_text(entry, key="missing") == "–"


def test_names_are_shortened_where_they_stay_different():
    assert data.model_names(["student:tiny", "runs/a/best.pt"]) == {
        "student:tiny": "tiny",
        "runs/a/best.pt": "best.pt",
    }
    same = ["runs/a/best.pt", "runs/b/best.pt"]
    assert data.model_names(same) == {model: model for model in same}


def test_entries_are_sorted_by_platform_and_precision(make_benchmark):
    found = data.entries(make_benchmark()) + data.entries(make_benchmark(platform="CUDA"))
    sorted_entries = data.by_platform(found)
    assert list(sorted_entries) == ["Reference, mixed precision", "CUDA, mixed precision"]
    assert data.by_platform([{}]) == {"unknown platform": [{}]}


def test_what_was_not_measured_is_an_empty_entry(make_benchmark):
    found = data.entries(make_benchmark())
    assert data.find_entry(found, model="student:tiny", system="methane")["system"] == "methane"
    assert data.find_entry(found, model="student:tiny", system="benzene") == {}
    assert data.entries({}) == []
    assert data.distinct(found, key="system") == ["water", "methane"]


def test_backends_and_the_fastest_of_them(make_benchmark):
    fast = data.entries(make_benchmark(backend="torchforce", fastest=True))
    slow = data.entries(make_benchmark(backend="torchforce-plain", fastest=False))
    assert data.backends(fast + slow) == ["torchforce", "torchforce-plain"]
    assert data.fastest(fast + slow) == fast
    found = data.find_entry(
        fast + slow, model="student:tiny", system="methane", backend="torchforce-plain"
    )
    assert found == slow[3]
    older = data.entries(make_benchmark())
    assert data.backends(older) == []
    assert data.fastest(older) == older


def test_ratios_are_written_with_their_interval():
    entry = {"ratios": {"step_over_model": {"median": 1.5, "low": 1.25, "high": 2.0}}}
    assert data.ratio_text(entry, key="step_over_model") == "1.5 (1.25–2)"
    assert data.ratio_text(entry, key="plain_over_step") == "–"
    assert data.ratio_of({}, key="plain_over_step") == {}
