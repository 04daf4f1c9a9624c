from dataclasses import replace

from openmm_mlff.molecules import load_system
from openmm_mlff.report import captions
from openmm_mlff.report.canvas import Limits
from openmm_mlff.results import Status
from openmm_mlff.storage.runs import RunFailure


def test_the_subject_names_model_molecule_and_condition(make_observations):
    observations = make_observations()
    assert captions.subject(observations, model="tiny") == "tiny · water · NVE, 300 K, 0.5 fs"
    assert captions.subject(replace(observations, condition=None), model="") == "water"


def test_replicas_are_counted_and_the_longest_gives_the_duration(make_run):
    runs = [make_run(load_system("water"), completed_ps=length) for length in (0.5, 1.0)]
    assert captions.run_sentence(runs) == " (NVE, 300 K, 0.5 fs, 2 replicas, 1 ps)"


def test_an_ending_is_told_only_where_it_is_not_the_planned_one(make_run):
    water = load_system("water")
    whole = make_run(water)
    failed = make_run(water, name="r1", failure=RunFailure("unstable", "bond torn.", 0.25))
    short = make_run(water, name="r2", completed_ps=0.5)
    assert captions.ending_sentence([whole]) == ""
    assert captions.ending_sentence([whole, failed, short]) == (
        " r1 failed at 0.25 ps: bond torn. r2 ended at 0.5 of 1 ps."
    )


def test_a_cut_axis_is_owned_up_to():
    assert captions.cut_sentence(Limits(0.0, 1.0, False, 0.9), unit="K") == ""
    assert captions.cut_sentence(Limits(0.0, 1.0, True, 5e6), unit="K") == (
        " The axis is cut: values reach 5e6 K."
    )


def test_what_a_check_said_is_told_in_one_unit(make_result):
    result = make_result(value=0.5, unit="ratio", threshold=1.0)
    told = captions.verdict_sentence(result, unit="ratio", what="It changes by")
    assert told == " It changes by 0.5, limit 1 (✔ PASS)."
    assert captions.verdict_sentence(result, unit="meV", what="It changes by") == ""
    assert captions.verdict_sentence(None, unit="ratio", what="It changes by") == ""


def test_a_number_that_is_not_finite_is_told_as_such(make_result):
    measures = [{"unit": "meV", "value": None, "threshold": 1.0}]
    result = make_result(status=Status.FAIL, evidence={"measures": measures})
    told = captions.verdict_sentence(result, unit="meV", what="It jumps by")
    assert told == " It jumps by a number that is not finite, limit 1 meV (✘ FAIL)."
