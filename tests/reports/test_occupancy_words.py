import pytest

from reports.occupancy_words import occupancy_facts


def facts(inside, *, limit=600, warn=480, missed=0, stale_since="", cannot_count=""):
    return occupancy_facts(
        inside=inside, missed_entries=missed, limit=limit, warn=warn, stale_since=stale_since, cannot_count=cannot_count
    )


@pytest.mark.parametrize(
    ("inside", "state", "sentence", "detail"),
    [
        (0, "ok", "Below the warning level", "480 more until the warning at 480"),
        (247, "ok", "Below the warning level", "233 more until the warning at 480"),
        (480, "warn", "At the warning level", "120 more until the limit of 600"),
        (503, "warn", "Above the warning level", "97 more until the limit of 600"),
        (600, "warn", "At the limit", "Let one in for each one who leaves"),
        (601, "over", "Over the limit by 1", "Let nobody in until 1 has left"),
        (618, "over", "Over the limit by 18", "Let nobody in until 18 have left"),
    ],
)
def test_the_number_is_judged_in_words(inside, state, sentence, detail):
    found = facts(inside)
    assert (found.state, found.sentence, found.detail) == (state, sentence, detail)


def test_without_limits_there_is_only_the_number():
    found = facts(1284, limit=0, warn=0)
    assert (found.inside_text, found.state, found.percent, found.bar) == ("1,284", "ok", None, None)


def test_a_warning_level_works_without_a_limit():
    assert facts(10, limit=0, warn=10).state == "warn"
    assert facts(9, limit=0, warn=10).detail == "1 more until the warning at 10"


def test_what_is_not_known_is_a_dash_and_never_nobody():
    found = facts(None, cannot_count="No camera is counting")
    assert (found.inside_text, found.state, found.percent) == ("–", "unknown", None)
    assert found.bar.fill == 0
    assert found.detail == "No camera is counting"


def test_an_old_number_keeps_its_time_and_is_not_judged():
    found = facts(618, stale_since="13:58", cannot_count="No camera is counting")
    assert (found.inside_text, found.state) == ("618", "stale")
    assert "13:58" in found.sentence


def test_people_who_were_never_counted_in_are_named():
    assert facts(0).missed_text == ""
    assert facts(0, missed=1).missed_text.startswith("1 person left")
    assert facts(0, missed=3).missed_text.startswith("3 people left")


@pytest.mark.parametrize("warn", [1, 100, 300, 480, 590, 600, 900])
def test_the_labels_of_the_bar_keep_clear_of_each_other(warn):
    bar = facts(250, warn=warn).bar
    assert 0 <= bar.warn_at <= 100
    if bar.warn_label_anchor == "end":
        assert bar.warn_label_at <= 80
    else:
        assert bar.warn_label_at >= 34
    assert facts(9999, warn=warn).bar.fill == 100
