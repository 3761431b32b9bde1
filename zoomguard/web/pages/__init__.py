"""Pages for people: each module asks a use case and renders what it says; no decision is taken here."""
