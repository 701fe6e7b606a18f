"""What an agreement comes to: what was issued, what was read of the signed document, and what was set since. Pure.

What the customer signed changes only by a new signed agreement. The one thing that `config set` may do to it is to say
what stands in the signed document where the program could not read it: such a setting is a transcription, and counts as
agreed (ADR 0030).
"""

from collections.abc import Iterable, Iterator

from agreements.agreement import Agreement
from agreements.catalogue import Catalogue, Field, Owner, Phase, Values
from agreements.configuration import Setting
from agreements.parameters import Parameters
from agreements.summary import Agreed
from agreements.values import missing_values
from onboarding.store.settings import StoredSetting

_APART = ("agreement.", "signer")
"""Of the agreement itself, and who signs it: nobody transcribes these."""


def settings_in_force(catalogue: Catalogue, stored: Iterable[StoredSetting], version: int) -> tuple[Setting, ...]:
    """The last setting of each field, less what was taken back.

    One of a value that stands in the agreement counts for the version it was made under: the next version says anew
    what is agreed, and a person's reading of the one before must never pass for it.
    """
    last: dict[str, Setting] = {}
    for one in stored:
        field = catalogue.find_field(one.setting.field_id)
        if field is not None and (field.phase is not Phase.AGREEMENT or one.version == version):
            last[field.id] = one.setting
    return tuple(setting for setting in last.values() if setting.value is not None)


def agreed_values(
    catalogue: Catalogue, agreement: Agreement, parameters: Parameters | None, settings: Iterable[Setting]
) -> Agreed:
    """What is agreed, with its proofs. `parameters`: of the approved document; None while there is none.

    `settings`: those in force. What a person transcribed is among the values; of an agreement that is not ours it comes
    before what the program read.
    """
    read = parameters or Parameters()
    found: Values = {**read.by_field, **agreement.values}
    typed = {
        setting.field_id: setting.value
        for setting in settings
        if is_customers(catalogue.field(setting.field_id)) and (agreement.adopted or setting.field_id not in found)
    }
    known: Values = {**found, **typed}
    return Agreed(
        values=known,
        proofs=Parameters(values=tuple(one for one in read.values if one.field_id not in typed)),
        unread=() if parameters is None else tuple(_unread(catalogue, agreement, known)),
    )


def is_customers(field: Field) -> bool:
    """Whether the customer's signature stands for the value."""
    return field.owner is Owner.CUSTOMER and field.phase is Phase.AGREEMENT


def may_transcribe(field: Field) -> bool:
    """Whether a person may say what the signed document has there, if the program can't."""
    return is_customers(field) and not field.id.startswith(_APART)


def _unread(catalogue: Catalogue, agreement: Agreement, known: Values) -> Iterator[str]:
    """What stands in the signed document, and nobody knows. Of one that is not ours: what an agreement must have."""
    for name in agreement.open_fields:
        if name not in known and catalogue.is_asked(catalogue.field(name), known):
            yield name
    if agreement.adopted:
        lacking = (field.id for field in missing_values(catalogue, known) if may_transcribe(field))
        yield from (name for name in lacking if name not in agreement.open_fields)
