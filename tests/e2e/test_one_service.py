"""Two services at a time: the second is told so, and the first goes on as if nothing had been."""

from __future__ import annotations

from tests.e2e.town import Town, program


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
