"""`avtale demo`: the whole main job on this machine alone, with honest and forged returns and a throwaway PKI."""
