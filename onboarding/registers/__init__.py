"""Look-ups in the registers at Brønnøysund, switched on by `registers.enabled`: the organisation, and who may sign.

1. asked     one GET each, bounded in time and bytes, no redirects, no proxies                         (`client`)
2. read      by strict shapes: what is not as it was written down is `changed`, and nobody's right      (`shapes`)
3. kept      the answers among the originals, a dated row beside them                                   (`lookup`)

The shapes are written from documentation and others' code, and unconfirmed live (facts/domain.md §4). So whatever goes
wrong here makes an answer unclear, which a person settles; nothing is ever approved because a register was silent.
"""

from onboarding.registers.lookup import LookUp, Outcome, find_look_up, look_up

__all__ = ["LookUp", "Outcome", "find_look_up", "look_up"]
