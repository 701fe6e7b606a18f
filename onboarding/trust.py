"""The trust anchors that the configuration names, as the `signatures` room takes them."""

from agreements.signature_report import RevocationPolicy
from onboarding.settings import Settings
from signatures.trust import Trust, load_trust


def load_configured_trust(settings: Settings) -> Trust:
    """Anchors and rules of the configuration.

    With a case, unknown revocation is never good enough, whatever `trust.revocation` says for `avtale validate`:
    it is a review finding. Demo certificates count in `environment: demo` only. Raises ConfigurationError.
    """
    timestamp = settings.trust.timestamp_anchors
    return load_trust(
        [settings.trust.anchors],
        timestamp_anchors=[timestamp] if timestamp is not None and timestamp.exists() else [],
        revocation=RevocationPolicy.REQUIRE,
        accept_demo=settings.environment == "demo",
        refuse_demo_anchors=True,
    )
