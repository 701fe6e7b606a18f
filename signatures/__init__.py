"""Is it signed, by whom, unaltered, and is it what we issued? From the bytes of one PDF to a `SignatureReport`.

`judge.judge` is the room's one question; `trust.load_trust` says whom to believe; `throwaway` makes a public key
infrastructure that lives as long as a demo or a test. Nothing here opens a socket, and nothing is read from or
written to disk while judging.
"""

import logging

# The engine's log speaks of subjects by name; ours never does.
for _name in ("pyhanko", "pyhanko_certvalidator"):
    logging.getLogger(_name).setLevel(logging.CRITICAL + 1)
