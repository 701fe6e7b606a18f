"""Is it signed, by whom, unaltered, and is it what we issued? From the bytes of one PDF to a `SignatureReport`.

`judge.judge` is the room's one question; `trust.load_trust` says whom to believe; `throwaway` makes a public key
infrastructure that lives as long as a demo or a test. Nothing here opens a socket, and nothing is read from or
written to disk while judging.
"""
