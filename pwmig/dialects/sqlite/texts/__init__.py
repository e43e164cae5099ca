"""SQLite's DDL texts: read by tokens, edited by spans, everything else letter for letter."""
