"""The trust anchors that the configuration names, as the `signatures` room takes them."""

from dataclasses import replace

from agreements.signature_report import RevocationPolicy
from onboarding.settings import Settings
from onboarding.trusted_lists import load_lists
from signatures.trust import REFUSE_DEMO, REFUSE_IN_PRODUCTION, Trust, load_trust

REVOCATIONS = "revocation"
"""The folder under `data_dir` in which revocation lists and answers are kept, if there is one."""


def load_configured_trust(settings: Settings) -> Trust:
    """Anchors and rules of the configuration.

    With a case, unknown revocation is never good enough, whatever `trust.revocation` says for `avtale validate`:
    it is a review finding. Demo certificates count in `environment: demo` only, roots of test services everywhere but
    in production. Raises ConfigurationError.
    """
    timestamp = settings.trust.timestamp_anchors
    trust = load_trust(
        [settings.trust.anchors],
        timestamp_anchors=[timestamp] if timestamp is not None and timestamp.exists() else [],
        revocation=RevocationPolicy.REQUIRE,
        accept_demo=settings.environment == "demo",
        refuse=REFUSE_IN_PRODUCTION if settings.environment == "production" else REFUSE_DEMO,
        revocation_folder=settings.data_dir / REVOCATIONS,
        profiles=settings.trust.profiles,
    )
    return replace(trust, lists=load_lists(settings), require_qualified=settings.trust.require_qualified)
