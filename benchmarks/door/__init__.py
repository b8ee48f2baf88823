"""The door under load: how long a sender waits, and how soon the ledger shows it."""
