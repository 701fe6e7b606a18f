"""Settings in the store: added, never altered."""

from agreements.configuration import Setting
from onboarding.store import Store
from onboarding.store.settings import StoredSetting, insert_settings, list_settings, list_settings_of
from tests.store.examples import KARI, NOW, add_case

SET = Setting(field_id="setup.sender_id", value=497013, by="kari", at=NOW, reason="Oppgitt av Digipost på telefon")
BACK = Setting(field_id="setup.sender_id", value=None, by="kari", at=NOW, reason="Feil avsender")
CERTIFICATE = Setting(
    field_id="setup.certificate",
    value={"subject": "CN=Ås & Øye AS", "issuer": "CN=Utsteder", "serial": "1f", "not_after": "2027-01-01"},
    by="kari",
    at=NOW,
    reason="Nytt virksomhetssertifikat",
)


def test_settings_come_back_as_they_were_stored_oldest_first(store: Store) -> None:
    with store.begin() as connection:
        case, other = add_case(connection), add_case(connection, org=1)
        mine = [StoredSetting(case=case.number, version=1, setting=one) for one in (SET, CERTIFICATE, BACK)]
        theirs = StoredSetting(case=other.number, version=2, setting=SET)
        insert_settings(connection, [*mine[:2], theirs], actor=KARI)
        insert_settings(connection, mine[2:], actor=KARI)
    with store.read() as connection:
        assert list_settings(connection, case.number) == tuple(mine)
        assert list_settings_of(connection, "setup.sender_id", 497013) == (mine[0], theirs)
        assert list_settings_of(connection, "setup.sender_id", "497013") == ()
