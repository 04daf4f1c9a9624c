"""Stages and what is known of them: run once, told in order, kept."""

import pytest

from openmm_mlff.isolation import Ending
from openmm_mlff.measuring.guard import Broken
from openmm_mlff.measuring.journal import BEGIN, END, PLATFORM, History, Journal, journal_from_json

CRASH = Broken("ended by SIGSEGV", "")


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


def test_what_ended_a_process_or_is_left_when_the_time_is_up_is_not_run():
    for journal in (Journal(broken={"stage": CRASH}), Journal(rest=CRASH)):
        outcome, done = run(journal)
        assert (outcome.broken, done) == (CRASH, [])
    assert run(Journal(broken={"another": CRASH}))[1] == ["stage"]


def test_an_exception_is_kept_and_told():
    told = []
    outcome = Journal(tell=lambda *event: told.append(event)).run("stage", lambda: 1 / 0)
    assert outcome.broken.reason == "ZeroDivisionError: division by zero"
    assert told == [(BEGIN, "stage"), (END, "stage")]


def after(*events):
    history = History()
    for event, key in events:
        history = history.after_event({"event": event, "key": key})
    return history


@pytest.mark.parametrize(
    ("events", "is_crash", "reason"),
    [
        ([(PLATFORM, "OpenCL"), (BEGIN, "a")], True, "ended on platform OpenCL"),
        ([(PLATFORM, "OpenCL"), (BEGIN, "a")], False, "ended"),
        ([(BEGIN, "a")], True, "ended"),
    ],
)
def test_the_end_of_a_worker_breaks_the_stage_that_it_was_in(events, is_crash, reason):
    history = after(*events).after_ending(Ending("ended", "output", is_crash=is_crash))
    assert history.broken == {"a": Broken(reason, "output")}
    assert (history.current, history.rest, history.stray) == (None, None, 0)


def test_ends_outside_of_every_stage_are_counted():
    history = after((BEGIN, "a"), (END, "a")).after_ending(Ending("ended"))
    assert (history.broken, history.settled, history.stray) == ({}, {"a"}, 1)
    assert history.after_ending(Ending("ended")).stray == 2
    assert history.after_event({"event": END, "key": "b"}).stray == 0


def test_a_worker_is_told_what_is_known():
    history = after((BEGIN, "a"), (END, "a"), (BEGIN, "b"))
    history = history.after_ending(Ending("took too long", is_total=True))
    told = []
    journal = journal_from_json(history.to_json(), tell=lambda *event: told.append(event))
    assert journal.settled == {"a"}
    assert journal.broken == {"b": Broken("took too long", "")}
    assert run(journal, "c")[0].broken == Broken("took too long", "")
    assert told == [(BEGIN, "c"), (END, "c")]
