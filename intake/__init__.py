"""What comes in: deliveries become receipts, and received bytes become values that can be judged.

This room finds, keeps apart and remembers; it never says whether a signature is good. The roof composes the steps.
"""
