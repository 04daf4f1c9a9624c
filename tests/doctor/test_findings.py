from openmm_mlff.doctor.findings import Finding, as_document, is_ready


def test_only_problems_make_a_machine_unready():
    fine = [Finding("a", "b", "ok", "there"), Finding("a", "c", "note", "missing", "install it")]
    assert is_ready(fine)
    assert not is_ready([*fine, Finding("a", "d", "problem", "broken", "mend it")])


def test_the_document_holds_everything():
    document = as_document([Finding("a", "d", "problem", "broken", "mend it")])
    assert document["ready"] is False
    assert document["findings"] == [
        {"topic": "a", "what": "d", "state": "problem", "found": "broken", "remedy": "mend it"}
    ]
