"""A start: the second service is refused, and what Zoom's app may not do is said."""

from __future__ import annotations

from tests.e2e.town import Town, program, wait_for


def test_fault_61_a_second_service_with_the_same_home_is_refused(town: Town) -> None:
    second = program(town.environ | {"ZOOMGUARD_LISTEN": "127.0.0.1:0"}, "serve", as_json=False)
    assert second.code == 1 and "[ALREADY_SERVING]" in second.err
    assert town.http("GET", "/readyz").status == 200
    assert (town.home / "sandbox.json").exists()
    assert town.schedule().code == 0


def test_a_second_sandbox_leaves_the_running_ones_address_alone(town: Town) -> None:
    before = (town.home / "sandbox.json").read_bytes()
    second = program(town.environ | {"ZOOMGUARD_LISTEN": "127.0.0.1:0"}, "serve", "--sandbox", as_json=False)
    assert second.code == 1 and "[ALREADY_SERVING]" in second.err
    assert (town.home / "sandbox.json").read_bytes() == before


def test_fault_16_the_start_says_which_scope_is_missing_and_doors_open_all_the_same(town: Town) -> None:
    town.stop_service()
    town.sandbox.withhold_scope("meeting:delete:meeting:admin")
    town.start_service()
    wait_for(lambda: "[ZOOM_SCOPES]" in town.service_log())
    (line,) = [words for words in town.service_log().splitlines() if "ZOOM_SCOPES" in words]
    assert "the Zoom app lacks scopes: meeting:delete:meeting:admin." in line
    assert town.http("GET", "/readyz").status == 200


def test_a_start_without_zoom_says_so_and_serves(town: Town) -> None:
    town.stop_service()
    town.environ["ZOOMGUARD_ZOOM_CLIENT_SECRET"] = "another"
    town.start_service()
    wait_for(lambda: "Zoom gives no token" in town.service_log())
    assert "another" not in town.service_log()
