"""What follows from the two claims, and how a reason is written."""

import pytest

from openmm_mlff.claims import Claim, Claims, ClaimStatus, Reason, Status, VerdictStatus

YES, NO, UNDECIDED, NOT_ASKED = (
    ClaimStatus.YES,
    ClaimStatus.NO,
    ClaimStatus.UNDECIDED,
    ClaimStatus.NOT_ASKED,
)


@pytest.mark.parametrize(
    ("sound", "accurate", "expected"),
    [
        (YES, YES, VerdictStatus.APPROVED),
        (YES, NOT_ASKED, VerdictStatus.APPROVED),
        (YES, UNDECIDED, VerdictStatus.INCONCLUSIVE),
        (YES, NO, VerdictStatus.REJECTED),
        (UNDECIDED, YES, VerdictStatus.INCONCLUSIVE),
        (UNDECIDED, NOT_ASKED, VerdictStatus.INCONCLUSIVE),
        (UNDECIDED, NO, VerdictStatus.REJECTED),
        (NO, YES, VerdictStatus.REJECTED),
        (NO, NOT_ASKED, VerdictStatus.REJECTED),
        (NOT_ASKED, YES, VerdictStatus.INCONCLUSIVE),
    ],
)
def test_the_verdict_follows_from_the_claims(sound, accurate, expected):
    claims = Claims(
        sound=Claim(name="sound", status=sound), accurate=Claim(name="accurate", status=accurate)
    )
    assert claims.status is expected


def reason(**fields):
    values = {"check": "speed", "system": "water", "status": Status.FAIL, "message": "Slow."}
    return Reason(**(values | fields))


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({}, "speed FAIL on water: Slow."),
        ({"value": 5.0, "threshold": 1.0, "unit": "ms"}, "(5 ms, limit 1 ms): Slow."),
        (
            {"value": 0.0, "threshold": 5.0, "unit": "eV", "at_least": True},
            "(0 eV, needs at least 5 eV): Slow.",
        ),
        ({"value": 0.12345, "unit": "ratio"}, "(0.123): Slow."),
        (
            {"condition": {"temperature_kelvin": 300.0, "timestep_fs": 0.5}},
            "speed FAIL on water at 300 K, 0.5 fs: Slow.",
        ),
        ({"lead": "Nearest", "status": Status.PASS}, "Nearest: speed PASS on water: Slow."),
        ({"status": None}, "speed on water: Slow."),
        ({"check": ""}, "Slow."),
    ],
)
def test_a_reason_is_written_with_numbers_units_and_the_direction_of_the_limit(fields, text):
    assert str(reason(**fields)).endswith(text)
