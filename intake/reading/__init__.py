"""From received bytes to values. Everything here is meant to run in the roof's sandbox."""
