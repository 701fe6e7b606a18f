"""`avtale doctor`: is everything around the program fit for its work? Every check runs, whatever the others found.

Nothing is sent, no received byte is opened, and what a check makes (a hidden file in a watched folder) it takes away.
The configuration itself was checked when it was loaded.
"""

from onboarding.doctor.checks import Check, Level, run_checks

__all__ = ["Check", "Level", "run_checks"]
