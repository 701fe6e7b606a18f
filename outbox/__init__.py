"""Messages that must leave, once each, with a receipt.

`compose` freezes a letter into bytes, `messages` keeps one row for each on the caller's connection, `sending` takes due
rows to `smtp` and records what became of them, `recipients` says where a message may go at all.

What is promised: a message leaves at most once unless a person says "send again" after an unknown outcome, and it is
always in a state that tells what happened to it. What is not: whether the receiving server keeps what it accepted (its
reply is stored as the receipt).
"""
