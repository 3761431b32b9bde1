from zoomguard.adapters.zoom_scopes import NEEDED, missing


def test_what_is_needed_and_not_granted_is_named_in_order() -> None:
    names = list(NEEDED)
    assert missing(names) == ()
    assert missing(names[1:-1]) == (names[0], names[-1])
    assert missing([]) == tuple(names)


def test_more_than_is_needed_does_not_hurt() -> None:
    assert missing([*NEEDED, "report:read:operation_logs:admin"]) == ()


def test_the_classic_scopes_of_an_older_app_cannot_be_compared() -> None:
    assert missing(["meeting:write:admin", "user:read:admin", "recording:read:admin"]) == ()
