"""Tables as people upload them, and what their columns and rows mean."""

import io
from datetime import UTC, date, datetime, timedelta, timezone

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from referrals.errors import RuleBroken
from referrals.transfer import tables
from referrals.transfer.exports import csv_chunks, harmless, xlsx_file
from referrals.transfer.lead_columns import dialect_of, guess_mapping
from referrals.transfer.lead_rows import InTheFuture, NotAMoment, country_code, read_moment, revenue_band, status_from

AT = datetime(2026, 11, 23, 9, tzinfo=UTC)


@pytest.mark.parametrize("content", [
    b"a,b\n1,2\n", b"a;b\n1;2\n", b"a\tb\r\n1\t2\r\n", b"\xef\xbb\xbfa,b\n1,2", "a,b\n1,2".encode("utf-16"),
    b"\n\na,b\n\n1,2\n\n",
])  # fmt: skip
def test_the_kinds_of_csv_that_are_read(content: bytes) -> None:
    table = tables.read_table(content, "t.csv")
    assert table.header == ("a", "b")
    assert [line.cells for line in table.lines] == [{"a": "1", "b": "2"}]


def test_line_numbers_are_those_of_the_file() -> None:
    table = tables.read_table(b'a,b\n"x\ny",1\n\nz,2\n', "t.csv")
    assert [line.number for line in table.lines] == [2, 5]


def test_workbooks_are_read_with_their_dates_and_numbers() -> None:
    book = openpyxl.Workbook()
    book.active.append(["name", "on", "count", "yes", "ratio"])
    book.active.append(["Żaneta", datetime(2026, 1, 2, 3, 4), 7, True, 0.5])  # noqa: DTZ001 - as workbooks have it
    stream = io.BytesIO()
    book.save(stream)
    table = tables.read_table(stream.getvalue(), "t.xlsx")
    cells = {"name": "Żaneta", "on": "2026-01-02 03:04:00", "count": "7", "yes": "TRUE", "ratio": "0.5"}
    assert table.lines[0].cells == cells


@given(st.binary(max_size=400), st.sampled_from(["t.csv", "t.xlsx"]))
def test_any_bytes_are_read_or_refused(content: bytes, name: str) -> None:
    try:
        table = tables.read_table(content, name)
    except RuleBroken:
        return
    assert table.lines


def test_whose_columns_these_are() -> None:
    assert dialect_of(["Id", "LastName", "Company", "Status", "IsConverted"]) == "salesforce"
    assert dialect_of(["First Name", "Last Name", "Company / Account", "Lead Status"]) == "own"
    assert dialect_of(["property_email", "property_firstname"]) == "hubspot"
    assert dialect_of(["Record ID", "First Name", "Last Name", "Lifecycle Stage"]) == "hubspot"
    assert dialect_of(["business_name", "contact_name"]) == "own"


def test_columns_are_recognised_by_their_names() -> None:
    own = guess_mapping(["Business name", "contact_email", "notes", "colour"], "own", [])
    assert own == {"business_name": "Business name", "contact_email": "contact_email", "notes": "notes"}
    header = [
        "Id",
        "FirstName",
        "LastName",
        "Company",
        "Email",
        "MobilePhone",
        "Country",
        "CreatedDate",
        "AnnualRevenue",
    ]
    assert guess_mapping(header, "salesforce", ["annual_revenue"]) == {
        "source_id": "Id", "first_name": "FirstName", "last_name": "LastName", "business_name": "Company",
        "contact_email": "Email", "contact_phone": "MobilePhone", "country": "Country", "submitted_at": "CreatedDate",
        "annual_revenue": "AnnualRevenue",
    }  # fmt: skip


@pytest.mark.parametrize(("written", "converted", "status"), [
    ("Open - Not Contacted", "FALSE", "submitted"),
    ("Working - Contacted", "FALSE", "in_progress"),
    ("Closed - Converted", "TRUE", "in_progress"),
    ("Closed - Not Converted", "FALSE", "ineligible"),
    ("Unqualified", "", "ineligible"),
    ("NEW", "", "submitted"),
    ("IN_PROGRESS", "", "in_progress"),
    ("ATTEMPTED_TO_CONTACT", "", "in_progress"),
    ("OPEN_DEAL", "", "in_progress"),
    ("BAD_TIMING", "", "ineligible"),
    ("", "customer", "awarded"),
    ("", "lead", "submitted"),
    ("", "TRUE", "in_progress"),
    ("", "", "submitted"),
    ("Something else", "", "submitted"),
])  # fmt: skip
def test_the_statuses_of_other_systems(written: str, converted: str, status: str) -> None:
    assert status_from(written, converted) == status


def test_times_are_read_and_those_to_come_refused() -> None:
    assert read_moment("2019-11-11 17:23:34", AT) == datetime(2019, 11, 11, 17, 23, 34, tzinfo=UTC)
    assert read_moment("2019-11-11T17:23:34.000+02:00", AT) == datetime(2019, 11, 11, 15, 23, 34, tzinfo=UTC)
    assert read_moment("2019-11-11", AT) == datetime(2019, 11, 11, tzinfo=UTC)
    assert read_moment("1573493014000", AT) == datetime(2019, 11, 11, 17, 23, 34, tzinfo=UTC)
    assert read_moment(" ", AT) is None
    with pytest.raises(InTheFuture):
        read_moment("2027-01-01", AT)
    for wrong in ("11/11/2019", "yesterday", "0000-00-00", "9999-99-99T99:99"):
        with pytest.raises(NotAMoment):
            read_moment(wrong, AT)


def test_countries_are_known_by_name_in_all_languages() -> None:
    known = [country_code(name) for name in ("Poland", "POLSKA", "pl", "โปแลนด์", "Ba Lan", "Polonya", "波兰", "USA")]
    assert known == ["PL"] * 7 + ["US"]
    assert country_code("Atlantis") == "Atlantis"


@pytest.mark.parametrize(("written", "band"), [
    ("111111", "under_250k"), ("250000", "250k_1m"), ("280522000", "over_20m"), ("1,200,000.50", "1m_5m"),
    ("1m_5m", "1m_5m"), ("", ""),
])  # fmt: skip
def test_revenues_fall_into_bands(written: str, band: str) -> None:
    assert revenue_band({"annual_revenue": written}) == band


@pytest.mark.parametrize("cell", ["=1+1", "+1", "-1", "@x", "\tx", "\rx"])
def test_no_cell_is_a_formula(cell: str) -> None:
    assert harmless(cell) == f"'{cell}"
    assert b"'" + cell.encode()[:1] in b"".join(csv_chunks(["h"], [[cell]]))


def test_numbers_stay_numbers() -> None:
    assert harmless(-5) == -5


def test_workbooks_say_in_which_zone_their_times_are() -> None:
    bangkok = timezone(timedelta(hours=7))
    content = xlsx_file(["at", "on"], [[datetime(2026, 11, 23, 16, tzinfo=bangkok), date(2026, 11, 23)]])
    at, on = openpyxl.load_workbook(io.BytesIO(content)).active[2]
    assert (at.value, at.number_format) == (datetime(2026, 11, 23, 9), 'yyyy-mm-dd hh:mm "UTC"')  # noqa: DTZ001
    assert on.number_format == "yyyy-mm-dd"
    assert tables.read_table(content, "t.xlsx").lines[0].cells == {"at": "2026-11-23 09:00:00", "on": "2026-11-23"}


def test_column_names_are_as_a_browser_sends_them_back() -> None:
    table = tables.read_table(b'"Business\nname",Contact \0 name\nA,B\n', "t.csv")
    assert table.header == ("Business name", "Contact name")
