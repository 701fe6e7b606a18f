"""Enquiries from a CSV file: every row is a customer or a list of what is wrong with it."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agreements.agreement import SigningRoute
from agreements.errors import UsageError
from agreements.language import Language
from agreements.parties import Signer, SigningBasis
from agreements.values import Fault
from onboarding.importing import (
    MAX_FILE_BYTES,
    MAX_ROW_BYTES,
    MAX_ROWS,
    EnquiryRow,
    RefusedRow,
    read_enquiries,
)

PROFILES = {"fjord": {"customer.sector": "private"}}
TODAY = date(2026, 11, 23)
HEADER = "customer.orgnr;customer.name\n"


def read(data: str | bytes) -> tuple[EnquiryRow | RefusedRow, ...]:
    content = data if isinstance(data, bytes) else data.encode()
    return read_enquiries(content, profiles=PROFILES, allow_synthetic=True, today=TODAY)


def faults(data: str | bytes) -> list[tuple[int, str, str]]:
    refused = [row for row in read(data) if isinstance(row, RefusedRow)]
    return [(row.line, fault.field_id, fault.code) for row in refused for fault in row.faults]


def refusal(data: str | bytes) -> UsageError:
    with pytest.raises(UsageError) as caught:
        read(data)
    return caught.value


def test_a_row_is_a_customer() -> None:
    header = "customer.orgnr;customer.name;agreement.language;invoice.method;launch.monthly_volume"
    signer = "signer.name;signer.role;signer.birth_date"
    (row,) = read(f"{header};{signer}\n310 000 000;Fjord AS;nn;via_vendor;1 200;Kari;prokura;14.03.1975\n")
    assert row == EnquiryRow(
        line=2,
        vendor_id="fjord",
        org_number="310000000",
        customer_name="Fjord AS",
        language=Language.NN,
        values={"invoice.method": "via_vendor", "launch.monthly_volume": 1200},
        signing=None,
        signers=(Signer(name="Kari", basis=SigningBasis.PROKURA, birth_date=date(1975, 3, 14)),),
    )


def test_a_row_may_say_how_its_customer_signs_and_no_other_way_than_there_is() -> None:
    header = "customer.orgnr;customer.name;signing"
    (row,) = read(f"{header}\n310000000;A;paper\n")
    assert isinstance(row, EnquiryRow)
    assert (row.signing, row.values) == (SigningRoute.PAPER, {})
    assert faults(f"{header}\n310000000;A;pigeon\n") == [(2, "signing", "not_in_list")]


def test_empty_cells_say_nothing() -> None:
    (row,) = read("customer.orgnr;customer.name;dpa.accepted;agreement.language\n310000000;A; ;\n")
    assert isinstance(row, EnquiryRow)
    assert row.values == {}
    assert row.language is None


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("separator", [";", ","])
def test_spreadsheets_ways_of_writing_are_all_read(encoding: str, end: str, separator: str) -> None:
    text = HEADER + '310000000;"Bjørnsen; Sønn, & Åse ""Bø"" AS"\n\n312345676;Æ\n'
    if separator == ",":
        text = HEADER.replace(";", ",") + '310000000,"Bjørnsen; Sønn, & Åse ""Bø"" AS"\n\n312345676,Æ\n'
    rows = read(text.replace("\n", end).encode(encoding))
    assert [(row.line, row.customer_name) for row in rows if isinstance(row, EnquiryRow)] == [
        (2, 'Bjørnsen; Sønn, & Åse "Bø" AS'),
        (4, "Æ"),
    ]


def test_every_fault_of_every_row_is_told_and_good_rows_are_still_there() -> None:
    text = (
        "customer.orgnr;customer.name;invoice.method;admin.email;launch.monthly_volume\n"
        "310000001;;telefax;kari;-1\n"
        "310000000;Fjord AS;ehf;kari@example.org;1\n"
        ";Vidde AS;;;\n"
        "abc;Vidde AS;;;mange\n"
    )
    assert faults(text) == [
        (2, "customer.orgnr", "orgnr_check_digit"),
        (2, "customer.name", "missing"),
        (2, "invoice.method", "not_in_list"),
        (2, "admin.email", "not_an_email"),
        (2, "launch.monthly_volume", "too_small"),
        (4, "customer.orgnr", "missing"),
        (5, "customer.orgnr", "orgnr_not_nine_digits"),
        (5, "launch.monthly_volume", "not_a_number"),
    ]
    assert [row.line for row in read(text) if isinstance(row, EnquiryRow)] == [3]


def test_the_rules_look_at_the_vendors_profile_too() -> None:
    text = "customer.orgnr;customer.name;service.dpi\n310000000;Fjord AS;ja\n"
    assert faults(text) == [(2, "service.dpi", "not_allowed_here")]
    rows = read_enquiries(
        text.encode(), profiles={"fjord": {"customer.sector": "public"}}, allow_synthetic=True, today=TODAY
    )
    assert isinstance(rows[0], EnquiryRow)


def test_synthetic_numbers_are_refused_outside_test_and_demo() -> None:
    (row,) = read_enquiries(f"{HEADER}310000000;A\n".encode(), profiles=PROFILES, allow_synthetic=False, today=TODAY)
    assert isinstance(row, RefusedRow)
    assert [fault.code for fault in row.faults] == ["orgnr_synthetic"]


def test_a_customer_that_stands_twice_is_taken_once() -> None:
    text = HEADER + "310000000;A\n310 000 000;B\n310000000;C\n"
    assert faults(text) == [(3, "customer.orgnr", "row_repeated"), (4, "customer.orgnr", "row_repeated")]
    assert [row.line for row in read(text) if isinstance(row, EnquiryRow)] == [2]


def test_several_vendors_need_a_column_that_says_which() -> None:
    profiles: dict[str, dict[str, bool]] = {"fjord": {}, "vidde": {}}
    text = "customer.orgnr;customer.name;vendor\n310000000;A;vidde\n310000000;A;fjord\n312345676;B;\n312345676;B;x\n"
    rows = read_enquiries(text.encode(), profiles=profiles, allow_synthetic=True, today=TODAY)
    assert [row.vendor_id for row in rows if isinstance(row, EnquiryRow)] == ["vidde", "fjord"]
    assert [row.faults for row in rows if isinstance(row, RefusedRow)] == [
        (Fault(field_id="vendor", code="missing", params={}),),
        (Fault(field_id="vendor", code="vendor_unknown", params={"known": "fjord, vidde"}),),
    ]


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        ("Kari;;;", [("signer.role", "missing")]),
        (";prokura;;", [("signer.name", "missing")]),
        ("Kari;sjef;;", [("signer.role", "not_in_list")]),
        ("Kari;prokura;Ola;", [("signer2.role", "missing")]),
        (";;Ola;prokura", [("signer.name", "missing")]),
        (f"{'K' * 131};prokura;;", [("signer.name", "too_long")]),
    ],
)
def test_a_signer_needs_a_name_and_a_basis_and_a_second_one_needs_a_first(
    cells: str, expected: list[tuple[str, str]]
) -> None:
    header = "customer.orgnr;customer.name;signer.name;signer.role;signer2.name;signer2.role\n"
    found = faults(f"{header}310000000;A;{cells}\n")
    assert [(field, code) for _, field, code in found] == expected


def test_two_signers_sign_jointly() -> None:
    header = "customer.orgnr;customer.name;signer.name;signer.role;signer2.name;signer2.role\n"
    (row,) = read(f"{header}310000000;A;Kari;prokura;Ola;signature_right\n")
    assert isinstance(row, EnquiryRow)
    assert [signer.name for signer in row.signers] == ["Kari", "Ola"]


def test_line_breaks_in_names_are_refused_and_lines_still_count() -> None:
    text = HEADER + '310000000;"Fjord\nAS"\n310000001;B\n'
    assert faults(text) == [(2, "customer.name", "invisible_character"), (4, "customer.orgnr", "orgnr_check_digit")]


@pytest.mark.parametrize("cells", ["310000000", "310000000;A;B"])
def test_a_row_with_other_columns_than_the_header_is_refused(cells: str) -> None:
    assert faults(HEADER + cells + "\n") == [(2, "", "row_cells")]


def test_columns_are_refused_all_at_once() -> None:
    error = refusal("customer.orgnr;customer.nam;zzz;customer.orgnr;agreement.id;vendor.orgnr;setup.sender_id\nx\n")
    assert error.code == "import_columns"
    listed = error.params["faults"]
    assert isinstance(listed, tuple)
    assert {(fault.field_id, fault.code) for fault in listed} >= {
        ("customer.nam", "column_unknown_near"),
        ("zzz", "column_unknown"),
        ("customer.orgnr", "column_twice"),
        ("customer.name", "column_missing"),
    }
    refused = {fault.field_id for fault in listed}
    assert refused >= {"agreement.id", "vendor.orgnr", "setup.sender_id"}


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "import_empty"),
        (b"\n\n", "import_empty"),
        (HEADER.encode(), "import_empty"),
        (b"\xd0\xcf\x11\xe0rest", "import_is_spreadsheet"),
        ("customer.orgnr".encode("utf-16"), "import_not_text"),
        (b"customer.orgnr;\x81\n", "import_not_text"),
        (f'{HEADER}310000000;"A\n'.encode(), "import_broken"),
        (b"x" * (MAX_FILE_BYTES + 1), "import_too_large"),
        ((HEADER + "1;A\n" * (MAX_ROWS + 1)).encode(), "import_too_many_rows"),
    ],
)
def test_a_file_that_is_no_list_is_refused_with_its_own_words(data: bytes, code: str) -> None:
    assert refusal(data).code == code


def test_as_many_rows_as_the_limit_are_read() -> None:
    assert len(read(HEADER + "1;A\n" * MAX_ROWS)) == MAX_ROWS


def test_a_row_that_is_too_large_is_refused_and_the_next_is_read() -> None:
    cell = "Å" * (MAX_ROW_BYTES // 2)
    assert faults(f"{HEADER}310000000;{cell}\n310000001;B\n") == [
        (2, "", "row_too_large"),
        (3, "customer.orgnr", "orgnr_check_digit"),
    ]


@given(st.binary(max_size=300))
def test_any_bytes_are_rows_or_one_clear_error(data: bytes) -> None:
    try:
        rows = read(data)
    except UsageError as error:
        rows = ()
        code = error.code
    else:
        code = ""
    assert rows or code.startswith("import_")


@given(st.lists(st.text(max_size=30), min_size=2, max_size=2))
def test_any_cells_make_a_customer_or_faults(cells: list[str]) -> None:
    quoted = ";".join('"' + cell.replace('"', '""') + '"' for cell in cells)
    text = f"{HEADER}310000000;Fjord AS\n{quoted}\n".replace("\x00", "").encode("utf-8", errors="replace")
    for row in read(text):
        assert isinstance(row, EnquiryRow) or row.faults
