"""Stages and what is known of them: run once, told in order, kept."""

from openmm_mlff.pipeline.guard import Broken
from openmm_mlff.pipeline.journal import BEGIN, END, Journal

CRASH = Broken("ended by signal 11", "")


def run(journal, key="stage"):
    done = []
    kept = []

    def stage():
        done.append(key)
        return 3

    outcome = journal.run(key, stage, keep=kept.append)
    assert kept == [outcome]
    return outcome, done


def test_a_stage_is_told_run_and_kept():
    told = []
    outcome, done = run(Journal(tell=lambda *event: told.append(event)))
    assert (outcome.value, outcome.broken) == (3, None)
    assert done == ["stage"]
    assert told == [(BEGIN, "stage"), (END, "stage")]


def test_a_stage_that_ended_a_process_is_not_run_again():
    outcome, done = run(Journal(broken={"stage": CRASH}))
    assert outcome.broken is CRASH
    assert done == []
    assert run(Journal(broken={"another": CRASH}))[1] == ["stage"]


def test_nothing_is_run_when_the_time_is_up():
    outcome, done = run(Journal(rest=CRASH))
    assert outcome.broken is CRASH
    assert done == []


def test_an_exception_is_kept_and_told():
    told = []
    outcome = Journal(tell=lambda *event: told.append(event)).run("stage", lambda: 1 / 0)
    assert outcome.broken.reason == "ZeroDivisionError: division by zero"
    assert told == [(BEGIN, "stage"), (END, "stage")]
