"""Values that are left open in the issued agreement, for the customer to fill in when it signs.

The default is that nothing is: a printed value survives every way of signing, a filled one does not. A vendor may name
fields (`vendors[].open`) that are left open where their value is not known and the route allows it.
"""

from collections.abc import Iterable
from typing import Final

from agreements.agreement import SigningRoute
from agreements.catalogue import Catalogue, Field, FieldType, Owner, Phase, Values

OPEN_ROUTES: Final = frozenset({SigningRoute.OWN_TOOL, SigningRoute.PAPER})
"""Form fields on the one, ruled lines on the other. A signing service shows neither (facts/domain.md 5.7)."""
_FIXED_AT_START: Final = frozenset({"customer.orgnr", "customer.name"})
_NAMED_BEFORE_ISSUE: Final = ("signer.", "signer2", "admin.")
"""Who signs, and who is given the power of attorney to administer: a power that is signed with its name open could be
filled in afterwards, and step 4 begins with that person (facts/domain.md 1)."""


def may_be_open(catalogue: Catalogue, field: Field) -> bool:
    """True for what the customer itself fills in on the agreement.

    Not who it is, nor who signs or administers (all are known before issue), not what must be answered with yes, and
    nothing that decides which other fields are asked for.
    """
    customers_own = field.owner is Owner.CUSTOMER and field.filled_by == "customer" and field.phase is Phase.AGREEMENT
    declared = field.id in _FIXED_AT_START or field.id.startswith(_NAMED_BEFORE_ISSUE) or field.type is FieldType.SIGNER
    return customers_own and not declared and field.must_be is None and field.id not in _deciding(catalogue)


def open_fields(
    catalogue: Catalogue, values: Values, *, allowed: Iterable[str], route: SigningRoute
) -> tuple[str, ...]:
    """Those of the allowed fields that are left open: asked for, without a value, on a route that has room for them.

    In the catalogue's order.
    """
    if route not in OPEN_ROUTES:
        return ()
    chosen = frozenset(allowed)
    return tuple(
        field.id
        for field in catalogue.of_phase(Phase.AGREEMENT)
        if field.id in chosen and catalogue.is_asked(field, values) and values.get(field.id) in (None, "", [])
    )


def _deciding(catalogue: Catalogue) -> frozenset[str]:
    """The fields that conditions look at."""
    parts = ((*c.all, *c.any, *c.at_least) for c in catalogue.conditions.values())
    return frozenset(name for condition in parts for name, _ in condition)
