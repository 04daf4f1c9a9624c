import pytest
from published_page import published_markdown

from openmm_mlff.results import Status, VerdictStatus

PASS, FAIL = Status.PASS, Status.FAIL


@pytest.fixture(scope="module")
def rows(make_report, make_result):
    """Cells of the table by the first; two models, of which the second breaks on methane."""

    def measured(unit, value, threshold, **more):
        return {"measures": [{"unit": unit, "value": value, "threshold": threshold} | more]}

    def checks(scale, *, torn):
        jumps = {"O–H": 300.0 * scale, "H–H": 250.0 * scale}
        heights = {"O–H": 0.4 * scale, "O–O": 9.0, "H–H": None}
        evidence = {
            "rotation_invariance": measured("meV/atom", 34.0 * scale, 0.1),
            "cutoff_continuity": measured("meV", 20.0 * scale, 1.0)
            | {"energy_jump_mev_by_pair_alone": jumps},
            "short_range_repulsion": measured("eV", 0.4, 5.0, at_least=True)
            | {"pairs": [{"pair": pair, "height_ev": value} for pair, value in heights.items()]},
        }
        units = {"rotation_invariance": "meV/Å", "cutoff_continuity": "meV"}
        drift = {"value": 0.002 * scale, "unit": "%", "threshold": 1.0, "required": False}
        stability = {"unit": "ps", "threshold": 10.0}
        found = [
            make_result("drift_percent", **drift),
            *(
                make_result(name, status=FAIL, value=1.0, unit=units.get(name, "eV"), evidence=one)
                for name, one in evidence.items()
            ),
            make_result("rotation_invariance", system="methane"),
            make_result("stability", value=10.0, **stability),
        ]
        if torn:
            broken = {"status": FAIL, "system": "methane", "value": 0.0}
            found.append(make_result("stability", **broken, **stability))
            undecided = {"status": Status.INCONCLUSIVE, "unit": "ratio"}
            found.append(make_result("momentum_conservation", **undecided))
        return found

    reports = {
        name: make_report(
            status=VerdictStatus.REJECTED,
            name=name,
            systems=("water", "methane"),
            checks=checks(scale, torn=torn),
        )
        for name, scale, torn in (("original", 1.0, False), ("tiny", 2.0, True))
    }
    text = published_markdown(reports, published_as={"original": "approved"})
    lines = [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines()]
    return {line[0]: line[1:] for line in lines}


@pytest.mark.parametrize(
    ("row", "cells"),
    [
        ("Published as", ["–", "approved", "–"]),
        ("What the suite says", ["", "**REJECTED**", "**REJECTED**"]),
        ("drift_percent", ["1 %", "✔ 0.002 (water)", "✔ 0.004 (water)"]),
        ("rotation_invariance", ["0.1 meV/atom", "✘ 34 (water)", "✘ 68 (water)"]),
        ("cutoff_continuity", ["1 meV", "✘ 20 (water)", "✘ 40 (water)"]),
        ("two atoms alone", ["(meV)", "300 (O–H)", "600 (O–H)"]),
        ("short_range_repulsion", ["≥ 5 eV", "✘ 0.4 (O–H)", "✘ 0.8 (O–H)"]),
        ("stability", ["≥ 10 ps", "✔ 10 (water)", "✘ 0 (methane)"]),
        # A missing value is not made up.
        ("momentum_conservation", ["(ratio)", "–", "? INCONCLUSIVE"]),
        # Rotation, cutoff, walls; stability too where a molecule broke.
        ("Required checks failed", ["–", "3 of 4", "4 of 5"]),
    ],
)
def test_each_row_has_the_worst_number_with_its_place_and_status(rows, row, cells):
    assert rows[""] == ["Limit", "`original`", "`tiny`"]
    (found,) = [found for first, found in rows.items() if row in first]
    assert found == cells
