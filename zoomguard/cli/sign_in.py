"""Signing in and out, and who one is."""

from __future__ import annotations

import sys

import click

from zoomguard.cli import layout, server, show
from zoomguard.cli.answers import Declined, Said
from zoomguard.cli.asking import on_terminal
from zoomguard.cli.command import command, json_option
from zoomguard.domain.errors import BadInput, OutsideFailed
from zoomguard.settings import PREFIX, home_of, of_process


@command("login", "zoomguard login", "zoomguard login --as t.wren@northmoor.example      (in a sandbox)")
@click.option("--as", "email", metavar="EMAIL", help="Be this member of staff; only a sandbox allows it.")
@json_option
def login(email: str | None, as_json: bool) -> None:
    """Signs in: keeps a token that the operator issued, for this service alone.

    The token is asked for, or read from standard input; it is never an argument.
    """
    environ = of_process()
    origin = server.address(environ)
    signed_in = _as_somebody(origin, email) if email else _with_token(origin)
    server.keep_token(home_of(environ), signed_in)
    until = f", until {layout.moment(signed_in.until)}" if signed_in.until else ""
    show.out(layout.wrap(f"Signed in as {signed_in.email} at {origin}{until}."), as_json)
    if environ.get(f"{PREFIX}TOKEN"):
        show.note(f"{PREFIX}TOKEN is set and goes before this: unset it.")
    show.out(["Next: zoomguard sessions list"], as_json)
    if as_json:
        show.document({"email": signed_in.email, "origin": origin, "until": signed_in.until or None})


def _as_somebody(origin: str, email: str) -> server.SignedIn:
    from zoomguard.cli.client import Client

    try:
        said = Client(origin).post("/tokens", {"email": email})
    except Declined as no:
        if no.code == "HTTP_404" or no.code == "NOT_THERE":
            raise Declined(3, "NOT_A_SANDBOX", "Only a sandbox lets you be anybody", "Run: zoomguard login") from None
        raise
    return server.SignedIn(origin, server.checked_token(said.raw("token")), said.text("email"), said.text("until"))


def _with_token(origin: str) -> server.SignedIn:
    from zoomguard.cli.client import Client

    if on_terminal():
        text = click.prompt("Token from the operator (zoomguard token issue)", hide_input=True, err=True)
    else:
        text = sys.stdin.readline()
    if not text.strip():
        raise BadInput("No token was given.", "Ask the operator for one, or in a sandbox: zoomguard login --as EMAIL")
    token = server.checked_token(text.strip())
    try:
        email = Client(origin, token).get("/whoami").text("email")
    except Declined as no:
        if no.code == "NOT_SIGNED_IN":
            raise Declined(
                no.exit_code, no.code, "That token is not valid, or no longer", "Ask the operator."
            ) from None
        raise
    return server.SignedIn(origin, token, email, "")


@command("logout", "zoomguard logout")
@json_option
def logout(as_json: bool) -> None:
    """Signs out: ends the token at the service and removes it here."""
    environ = of_process()
    client = server.connect()
    try:
        client.tell("DELETE", "/tokens/current")
    except Declined as no:
        if no.exit_code != show.NOT_ALLOWED:  # One that has ended already is as good.
            raise
    except OutsideFailed as error:
        server.forget_token(home_of(environ))
        error.remedy = "The token is removed here, but holds at the service until it ends."
        raise
    server.forget_token(home_of(environ))
    show.out(["Signed out. Next: zoomguard login"], as_json)
    if as_json:
        show.document({"signed_out": True})


@command("whoami", "zoomguard whoami", "zoomguard whoami --json")
@json_option
def whoami(as_json: bool) -> None:
    """Who is signed in, and with which roles."""
    client = server.connect()
    said = client.get("/whoami")
    show.out(_about(said, client.origin), as_json)
    if as_json:
        show.document(said.document)


def _about(said: Said, origin: str) -> list[str]:
    roles = ", ".join(said.texts("roles")) or "none"
    rows = [("Reference", said.text("reference")), ("Roles", roles), ("Service", origin)]
    return [said.text("email"), *layout.facts(rows)]
