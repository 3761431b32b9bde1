"""Changes of sessions: a preview and a question on a terminal, an outcome for each, and the worst exit code."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.adapters.scripted_server import Asked, Reply, answer, scripted
from tests.cli.caller import Terminal
from tests.cli.documents import a_session, changed, failed, finding, refused
from zoomguard.cli import show

MOVE = ("sessions", "reschedule", "S-7K2M", "--start", "2026-12-02 16:00")
IDS = ("S-0001", "S-0002", "S-0003")


def service_of(
    replies: dict[str, Reply] | None = None, listed: tuple[dict[str, Any], ...] = ()
) -> Callable[[Asked], Reply]:
    """A service with these sessions. What is not replied to is done, or possible where it is only tried."""

    def script(asked: Asked) -> Reply:
        if asked.method == "GET":
            return answer({"schema": "zoomguard/1", "sessions": list(listed)})
        id = asked.path.split("/")[4]
        dry = asked.document.get("dry_run")
        return (replies or {}).get(id) or answer(changed(id, "possible" if dry else "changed"))

    return script


def acted(asked: list[Asked]) -> list[str]:
    """The sessions that were really changed, in order."""
    return [a.path.split("/")[4] for a in asked if a.method == "POST" and not a.document["dry_run"]]


def test_a_move_sends_what_was_typed_and_says_who_was_told(terminal: Terminal) -> None:
    typed = ("--minutes", "45", "--timezone", "Asia/Tokyo", "--fold", "later", "--note", "The hall is taken.")
    with scripted(service_of()) as service:
        said = terminal.points_to(service.url).run(*MOVE, *typed)
    (asked,) = service.asked
    assert asked.path == "/api/v1/sessions/S-7K2M/reschedule"
    assert asked.document == {
        "start": "2026-12-02 16:00", "minutes": 45, "timezone": "Asia/Tokyo", "fold": "later",
        "note": "The hall is taken.", "dry_run": False,
    }  # fmt: skip
    lines = said.out.splitlines()
    assert lines[0] == "Moved  S-7K2M  MATHS-7B  Tue 1 Dec 2026 16:00-16:50 Europe/London"
    assert "  Being told  3 guardians, 1 pupil (in office hours), t.wren@northmoor.example" in lines
    assert lines[-1] == "Next: zoomguard sessions show S-7K2M"


@pytest.mark.parametrize(
    ("document", "words"),
    [
        (changed(), "Being told"),
        (changed(outcome="moving"), "Will be told"),
        (changed(outcome="possible"), "Would tell"),
        (changed(outcome="asked"), "Being asked"),
    ],
)
def test_nobody_was_told_yet_whose_mail_has_not_left(document: dict[str, Any], words: str, terminal: Terminal) -> None:
    with scripted(lambda asked: answer(document)) as service:
        terminal.points_to(service.url)
        for typed in (MOVE, ("sessions", "cancel", "S-7K2M", "S-0002", "--yes")):
            said = terminal.run(*typed)
            assert f"  {words}  " in said.out and "Told" not in said.out


def test_a_move_is_said_in_its_zone_and_where_children_live(terminal: Terminal) -> None:
    elsewhere = [{"zone": "Asia/Ho_Chi_Minh", "children": ["C-0102", "C-0103"]}]
    to = {"starts_at": "2026-12-02T16:00:00Z", "minutes": 50, "zone": "Europe/London", "elsewhere": elsewhere}
    with scripted(lambda asked: answer(changed(outcome="possible", to=to))) as service:
        before = terminal.points_to(service.url).run(*MOVE, "--dry-run")
    with scripted(lambda asked: answer(changed(to=to))) as service:
        after = terminal.points_to(service.url).run(*MOVE)
    there = "Elsewhere   Wed 2 Dec 2026 23:00 Asia/Ho_Chi_Minh for C-0102, C-0103\n"
    assert "  To          Wed 2 Dec 2026 16:00-16:50 Europe/London\n" in before.out and there in before.out
    assert there in after.out and "  To  " not in after.out
    assert "(in the zone of the session)" not in before.out


@pytest.mark.parametrize("typed", [("S-7K2M",), ("S-7K2M", "S-0002", "--yes"), ("S-7K2M", "--dry-run")])
def test_what_is_out_of_place_in_a_note_is_said_and_stops_nothing(typed: tuple[str, ...], terminal: Terminal) -> None:
    tone = finding("MSG-TONE", reason="It holds kisses.", remedy="Write it anew.")
    with scripted(lambda asked: answer(changed(warnings=[tone]))) as service:
        terminal.points_to(service.url)
        said = terminal.run("sessions", "cancel", *typed, "--note", "See you xx")
        asked = terminal.types("y").run("sessions", "cancel", "S-7K2M", "--note", "See you xx")
    assert said.code == 0 and "MSG-TONE  It holds kisses." in said.out
    before, _, _ = asked.err.partition("[y/N]")
    assert "MSG-TONE  It holds kisses." in before


def test_what_is_left_out_of_a_move_is_left_to_the_session(terminal: Terminal) -> None:
    with scripted(service_of()) as service:
        terminal.points_to(service.url).run(*MOVE)
    assert service.asked[0].document == {"start": "2026-12-02 16:00", "dry_run": False}


@pytest.mark.parametrize(
    ("document", "words"),
    [
        (changed(outcome="moving"), "Being moved"),
        (changed(outcome="unchanged"), "Already so"),
        (changed(outcome="possible"), "Would be moved"),
        (changed(session=a_session(state="moving")), "Being moved"),
    ],
)
def test_the_first_word_says_what_became_of_it(document: dict[str, Any], words: str, terminal: Terminal) -> None:
    with scripted(lambda asked: answer(document)) as service:
        said = terminal.points_to(service.url).run(*MOVE)
    assert said.out.startswith(f"{words}  S-7K2M")


def test_a_refused_change_tells_all_reasons_and_exits_1(terminal: Terminal) -> None:
    with scripted(lambda asked: answer(refused("OVERLAP", "TRAIN-ONLINE"), 422)) as service:
        said = terminal.points_to(service.url).run(*MOVE)
        as_json = terminal.run(*MOVE, "--json")
    assert said.code == 1 and said.out.startswith("Not moved. 2 things are in the way.\n")
    assert "The reason of TRAIN-ONLINE." in said.out
    assert as_json.document["findings"][0]["rule"] == "OVERLAP"


def test_json_of_one_session_is_the_answer_as_it_is(terminal: Terminal) -> None:
    with scripted(service_of()) as service:
        said = terminal.points_to(service.url).run(*MOVE, "--json")
    assert said.document == changed() and "Moved" in said.err


def test_on_a_terminal_who_is_told_comes_before_the_question(terminal: Terminal) -> None:
    with scripted(service_of()) as service:
        said = terminal.types("y").points_to(service.url).run(*MOVE)
    assert [a.document["dry_run"] for a in service.asked] == [True, False] and said.code == 0
    before, _, _ = said.err.partition("[y/N]")
    assert "Would tell  3 guardians" in before and "To          Wed 2 Dec 2026 16:00" in before
    assert "Wed 2 Dec" not in said.out


@pytest.mark.parametrize("typed", ["n", ""])
def test_without_a_yes_nothing_is_changed(typed: str, terminal: Terminal) -> None:
    with scripted(service_of()) as service:
        said = terminal.types(typed).points_to(service.url).run("sessions", "cancel", "S-7K2M")
    assert (acted(service.asked), said.code) == ([], 0)
    assert "Nothing was changed." in said.out


def test_yes_asks_nothing(terminal: Terminal) -> None:
    with scripted(service_of()) as service:
        assert terminal.types().points_to(service.url).run(*MOVE, "--yes").code == 0
    assert len(service.asked) == 1


def test_what_the_rules_refuse_is_not_asked_about(terminal: Terminal) -> None:
    with scripted(lambda asked: answer(refused("OVERLAP"), 422)) as service:
        said = terminal.types("y").points_to(service.url).run(*MOVE)
    assert (said.code, len(service.asked)) == (1, 1) and "[y/N]" not in said.err


def test_a_filter_takes_the_sessions_that_can_be_changed(terminal: Terminal) -> None:
    states = ("scheduled", "ended", "at_risk", "cancelled", "planned", "live")
    listed = tuple(a_session(short_id=f"S-{n}", state=state) for n, state in enumerate(states))
    filters = ("--teacher", "t.wren@x.example", "--course", "A&B", "--on", "2026-12-01", "--yes")
    with scripted(service_of(listed=listed)) as service:
        terminal.points_to(service.url)
        assert terminal.run("sessions", "replace-observer", *filters).code == 0
        changeable = acted(service.asked)
        assert terminal.run("sessions", "cancel", *filters).code == 0
    assert service.asked[0].path == "/api/v1/sessions?teacher=t.wren%40x.example&course=A%26B&on=2026-12-01"
    assert changeable == ["S-0", "S-2", "S-4"]
    assert acted(service.asked)[3:] == ["S-0", "S-2", "S-4", "S-5"]


def test_each_session_has_an_outcome_and_the_worst_decides(terminal: Terminal) -> None:
    replies = {
        "S-0001": answer(refused("OVERLAP"), 422),
        "S-0003": answer(failed("NOT_THERE", "There is none."), 404),
    }
    with scripted(service_of(replies)) as service:
        said = terminal.points_to(service.url).run("sessions", "cancel", *IDS, "--yes", "--json")
        people = terminal.run("sessions", "cancel", *IDS, "--yes").out
    assert [row["exit_code"] for row in said.document["sessions"]] == [1, 0, 3] and said.code == 3
    assert [row["session"] for row in said.document["sessions"]] == list(IDS)
    assert said.document["sessions"][2]["error"]["code"] == "NOT_THERE"
    assert people.startswith("Cancelled: 1 of 3 sessions.\n")
    assert "S-0001  Not cancelled.\n  OVERLAP  The reason of OVERLAP." in people
    assert "S-0003  Not cancelled. There is none. Look again. [NOT_THERE]" in people


@pytest.mark.parametrize("codes", [(0, 1, 2, 3, 4, 5, 70)])
def test_exit_codes_have_one_order(codes: tuple[int, ...]) -> None:
    assert [show.worst(codes[:n]) for n in range(8)] == [0, 0, 1, 2, 3, 4, 5, 70]
    assert show.worst(reversed(codes)) == 70


def test_where_nobody_can_be_asked_several_need_a_yes(terminal: Terminal) -> None:
    with scripted(service_of()) as service:
        said = terminal.points_to(service.url).run("sessions", "cancel", *IDS, "--json")
        assert (said.code, service.asked) == (2, []) and said.document["error"]["code"] == "YES_NEEDED"
        assert terminal.run("sessions", "cancel", "S-0001").code == 0


def test_a_dry_run_of_several_changes_none(terminal: Terminal) -> None:
    with scripted(service_of({"S-0002": answer(refused("OVERLAP"), 422)})) as service:
        said = terminal.points_to(service.url).run("sessions", "cancel", *IDS, "--dry-run")
    assert (acted(service.asked), len(service.asked), said.code) == ([], 3, 1)
    assert said.out.startswith("Would be cancelled: 2 of 3 sessions.\n") and "Nothing was changed." in said.out


def test_several_are_asked_about_once_with_all_who_are_told(terminal: Terminal) -> None:
    with scripted(service_of()) as service:
        said = terminal.types("y").points_to(service.url).run("sessions", "cancel", *IDS)
    assert (acted(service.asked), said.code) == (list(IDS), 0)
    assert "3 sessions? 9 guardians will be told. [y/N]" in said.err


def test_after_a_lost_line_the_rest_is_not_tried(terminal: Terminal) -> None:
    with scripted(service_of({"S-0002": Reply(lost=True)})) as service:
        said = terminal.points_to(service.url).run("sessions", "cancel", *IDS, "--yes", "--json")
    assert (acted(service.asked), said.code) == (["S-0001", "S-0002"], 4)
    codes = [row["error"] and row["error"]["code"] for row in said.document["sessions"]]
    assert codes == [None, "SERVER_UNREACHABLE", "NOT_TRIED"]


@pytest.mark.parametrize(
    "typed",
    [
        ("cancel",),
        ("cancel", "S-1", "--on", "2026-12-01"),
        ("reassign", "--to", "x@y.example"),
        ("reassign", "S-1"),
        ("replace-observer", "S-1", "--pool", "--observer", "x@y.example"),
        ("roster", "S-1"),
        ("reschedule", "S-1"),
        ("invitation", "S-1", "--reason", "x"),
        ("invitation", "S-1", "--direct", "--reason", " "),
        ("list", "--on", "2026-12-01", "--today"),
    ],
)
def test_what_is_not_said_clearly_is_not_done(typed: tuple[str, ...], terminal: Terminal) -> None:
    with scripted(service_of()) as service:
        assert terminal.points_to(service.url).run("sessions", *typed).code == 2
    assert service.asked == []


def test_a_filter_that_nothing_fits_changes_nothing(terminal: Terminal) -> None:
    with scripted(service_of()) as service:
        said = terminal.points_to(service.url).run("sessions", "cancel", "--on", "2026-12-01", "--json")
        people = terminal.run("sessions", "cancel", "--on", "2026-12-01").out.splitlines()
    assert (said.code, said.document["sessions"], len(service.asked)) == (0, [], 2)
    assert people[0] == "No session matches; nothing was changed."
    assert len(people) == 2 and people[1].startswith("Next: zoomguard sessions list")


def test_a_filter_takes_no_lesson_that_one_was_only_asked_to_observe(terminal: Terminal) -> None:
    listed = (a_session(short_id="S-1", asked=True), a_session(short_id="S-2", asked=False))
    with scripted(service_of(listed=listed)) as service:
        assert terminal.points_to(service.url).run("sessions", "cancel", "--on", "2026-12-01", "--yes").code == 0
    assert acted(service.asked) == ["S-2"]


@pytest.mark.parametrize(
    ("typed", "path", "body"),
    [
        (("replace-observer", "S-1"), "replace-observer", {"observer": "pool"}),
        (("replace-observer", "S-1", "--pool"), "replace-observer", {"observer": "pool"}),
        (("replace-observer", "S-1", "--observer", "a@x.example"), "replace-observer", {"observer": "a@x.example"}),
        (("reassign", "S-1", "--to", "a@x.example"), "reassign", {"teacher": "a@x.example"}),
        (("roster", "S-1", "--add", "C-1", "--add", "C-2", "--remove", "C-3"), "roster",
         {"add": ["C-1", "C-2"], "remove": ["C-3"]}),
        (("cancel", "S-1", "--note", "Ill."), "cancel", {"note": "Ill."}),
    ],
)  # fmt: skip
def test_each_command_asks_at_its_own_place(
    typed: tuple[str, ...], path: str, body: dict[str, Any], terminal: Terminal
) -> None:
    with scripted(service_of()) as service:
        assert terminal.points_to(service.url).run("sessions", *typed).code == 0
    assert service.asked[0].path == f"/api/v1/sessions/S-1/{path}"
    assert service.asked[0].document == {**body, "dry_run": False}


def test_an_id_is_one_part_of_the_path(terminal: Terminal) -> None:
    with scripted(lambda asked: answer(failed("NOT_THERE"), 404)) as service:
        for command in ("cancel", "accept"):
            assert terminal.points_to(service.url).run("sessions", command, "../people?x=1").code == 3
    assert [a.path.split("/")[4] for a in service.asked] == ["..%2Fpeople%3Fx%3D1"] * 2


@pytest.mark.parametrize("command", ["accept", "decline"])
def test_an_answer_may_be_given_for_a_colleague(command: str, terminal: Terminal) -> None:
    document = {"schema": "zoomguard/1", "outcome": "covered", "session": a_session()}
    with scripted(lambda asked: answer(document)) as service:
        said = terminal.points_to(service.url).run("sessions", command, "S-7K2M")
        terminal.run("sessions", command, "S-7K2M", "--for", "p.nandakumar@northmoor.example")
    assert [a.path for a in service.asked] == [f"/api/v1/sessions/S-7K2M/{command}"] * 2
    assert [a.document for a in service.asked] == [{}, {"for": "p.nandakumar@northmoor.example"}]
    assert said.out.startswith("Somebody else was first.")
    assert said.out.splitlines()[-1] == "Next: zoomguard sessions show S-7K2M"


def test_direct_links_are_whole_and_come_with_a_warning(terminal: Terminal) -> None:
    link = f"https://zoom.example/w/95486516101?tk={'x' * 120}"
    document = {"schema": "zoomguard/1", "session": a_session(), "links": [{"child": "C-0101", "link": link}]}
    with scripted(lambda asked: answer(document)) as service:
        said = terminal.points_to(service.url).run(
            "sessions", "invitation", "S-7K2M", "--direct", "--reason", "Our page is blocked"
        )
    assert service.asked[0].document == {"direct": True, "reason": "Our page is blocked"}
    assert f"    {link}\n" in said.out and "for that child alone" in said.out and link not in said.err


def test_the_longest_answer_stays_within_80_columns_and_escaped(terminal: Terminal) -> None:
    long = finding("A" * 30, reason="word " * 40 + "\x1b[2J", remedy="do " * 40)
    session = a_session(observer_name="\x07" + "o" * 50, zone="America/Argentina/ComodRivadavia", course="X" * 24)
    document = changed(session=session, warnings=[long], told={"guardians": 9, "staff": [f"{'s' * 40}@x.example"] * 3})
    with scripted(lambda asked: answer(document)) as service:
        terminal.points_to(service.url)
        for typed in ((*MOVE,), ("sessions", "cancel", "S-1", "S-2", "--yes")):
            said = terminal.run(*typed)
            assert max(map(len, said.out.splitlines())) <= 80 and "\\x1b[2J" in said.out
            assert all(c.isprintable() or c == "\n" for c in said.out)
