import pytest
from published_page import published_markdown

from openmm_mlff.results import Status, VerdictStatus


@pytest.fixture
def broken_reports(make_report, make_result):
    """Two models, one of them torn on methane."""

    def checks(scale, *, torn):
        def result(check_id, status=Status.FAIL, **fields):
            return make_result(check_id, status=status, **fields)

        def measured(unit, value, threshold):
            return {"measures": [{"unit": unit, "value": value, "threshold": threshold}]}

        jumps = measured("meV", 20.0 * scale, 1.0) | {
            "energy_jump_mev_by_pair_alone": {"O–H": 300.0 * scale, "H–H": 250.0 * scale}
        }
        walls = {
            "measures": [{"unit": "eV", "value": 0.4, "threshold": 5.0, "at_least": True}],
            "pairs": [
                {"pair": "O–H", "height_ev": 0.4 * scale},
                {"pair": "O–O", "height_ev": 9.0},
                {"pair": "H–H", "height_ev": None},
            ],
        }
        found = [
            result(
                "drift_percent",
                Status.PASS,
                value=0.002 * scale,
                unit="%",
                threshold=1.0,
                required=False,
            ),
            result(
                "rotation_invariance",
                value=400.0,
                unit="meV/Å",
                evidence=measured("meV/atom", 34.0 * scale, 0.1),
            ),
            result("rotation_invariance", Status.PASS, system="methane"),
            result("cutoff_continuity", value=20.0, unit="meV", evidence=jumps),
            result("short_range_repulsion", value=0.4, unit="eV", evidence=walls),
            result("stability", Status.PASS, value=10.0, unit="ps", threshold=10.0),
        ]
        if torn:
            found.append(
                result("stability", system="methane", value=0.0, unit="ps", threshold=10.0)
            )
            found.append(result("momentum_conservation", Status.INCONCLUSIVE, unit="ratio"))
        return found

    return {
        name: make_report(
            status=VerdictStatus.REJECTED,
            name=name,
            systems=("water", "methane"),
            checks=checks(scale, torn=torn),
        )
        for name, scale, torn in (("original", 1.0, False), ("tiny", 2.0, True))
    }


@pytest.fixture
def rows(broken_reports):
    """The table's cells, by the first."""
    text = published_markdown(broken_reports, published_as={"original": "approved"})
    lines = [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines()]
    return {line[0]: line[1:] for line in lines}


def row_with(rows, words):
    (found,) = [cells for first, cells in rows.items() if words in first]
    return found


def test_the_verdict_and_what_the_authors_said_stand_side_by_side(rows):
    assert rows[""] == ["Limit", "`original`", "`tiny`"]
    assert rows["Published as"] == ["–", "approved", "–"]
    assert rows["**What the suite says**"] == ["", "**REJECTED**", "**REJECTED**"]


def test_each_number_is_the_worst_with_its_place_and_status(rows):
    assert row_with(rows, "drift_percent") == ["1 %", "✔ 0.002 (water)", "✔ 0.004 (water)"]
    assert row_with(rows, "rotation_invariance") == [
        "0.1 meV/atom",
        "✘ 34 (water)",
        "✘ 68 (water)",
    ]
    assert row_with(rows, "cutoff_continuity") == ["1 meV", "✘ 20 (water)", "✘ 40 (water)"]
    assert row_with(rows, "two atoms alone") == ["(meV)", "300 (O–H)", "600 (O–H)"]
    assert row_with(rows, "short_range_repulsion") == ["≥ 5 eV", "✘ 0.4 (O–H)", "✘ 0.8 (O–H)"]
    assert row_with(rows, "stability") == ["≥ 10 ps", "✔ 10 (water)", "✘ 0 (methane)"]


def test_what_was_not_measured_is_not_made_up(rows):
    assert row_with(rows, "momentum_conservation") == ["(ratio)", "–", "? INCONCLUSIVE"]


def test_failed_checks_are_counted_once(rows):
    # rotation, cutoff, walls; stability too where a molecule was torn.
    assert rows["Required checks failed"] == ["–", "3 of 4", "4 of 5"]
