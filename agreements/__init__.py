"""The ground floor: pure values and rules. No I/O except package data, no imports from the rooms or the roof."""
