"""Revocation data is fetched by a process of its own, so that judging stays without a network.

The roof asks for what a judgement missed (`fetcher`), of hosts on an allow-list only (`hosts`). A process without
database, keys or documents asks addresses that are public (`addresses`, `download`), keeps nothing that the issuer has
not signed (`pieces`), and leaves it in the folder that judging reads (`cache`). See ADR 0035.
"""
