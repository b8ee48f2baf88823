"""Timesheet exports of six tools, read by their exact headers."""

# ruff: noqa: E501 - rows of exports stay whole lines

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from jobs.timesheet import NotATimesheetError, TimesheetRow, duration, number, read_timesheet

HEADERS = {
    "generic": "entry_id,technician,client,ticket,device,started_at,ended_at,seconds,hours_billed,amount,currency,"
    "billable,invoice,entered_at,notes",
    "solidtime": "Description,Task,Project,Client,User,Start,End,Duration,Duration (decimal),Billable,Tags",
    "toggl": "User,Email,Client,Project,Task,Description,Billable,Start date,Start time,End date,End time,Duration,Tags,"
    "Amount (USD)",
    "clockify": '"Project","Client","Description","Task","User","Group","Email","Tags","Billable","Start Date",'
    '"Start Time","End Date","End Time","Duration (h)","Duration (decimal)","Billable Rate (USD)",'
    '"Billable Amount (USD)"',
    "harvest": "Date,Client,Project,Project Code,Task,Notes,Hours,Hours Rounded,Billable?,Invoiced?,Approved?,First Name,"
    "Last Name,Roles,Employee?,Billable Rate,Billable Amount,Cost Rate,Cost Amount,Currency,External Reference URL",
    "kimai": "Date,From,To,Duration,Currency,Price,Internal price,Hourly price,Fixed price,Name,User,E-mail,Staff number,"
    "Customer,Project,Activity,Description,Billable,Tags,Type,category,Account,Project number,VAT-ID,Order number",
}
ROWS = {
    "generic": "A,dana@harborit.example,Acme Dental,48213,WS,2026-03-02T14:05:12Z,2026-03-02T14:31:47Z,1595,0.50,60.00,"
    "USD,true,INV-1,,Spooler",
    "solidtime": "#48213 Spooler,,Acme support,Acme Dental,Dana Ortiz,2026-03-02 09:05:12,2026-03-02 09:31:47,0:26:35,"
    "0.443,Yes,remote",
    "toggl": "Dana Ortiz,dana@harborit.example,Acme Dental,P,,#48213 Spooler,Yes,2026-03-02,09:05:12,2026-03-02,09:31:47,"
    "00:26:35,,53.17",
    "clockify": '"P","Acme Dental","#48213","","Dana Ortiz","","dana@harborit.example","","Yes","03/02/2026","09:05:12 AM",'
    '"03/02/2026","09:31:47 AM","00:26:35","0.44","120.00","53.17"\n"P","","","","X","","","","No","03/13/2026",'
    '"01:00 PM","03/13/2026","01:30 PM","00:30:00","0.5","0",""',
    "harvest": "2026-03-02,Acme Dental,P,ACM,Remote,#48213,0.44,0.50,Yes,Yes,Yes,Dana,Ortiz,T,Yes,120.00,60.00,45,22.5,"
    "US Dollar - USD,",
    "kimai": "2026-03-02,09:05,09:31,0:26,USD,60,22.5,120,0,Dana Ortiz,dana,dana@harborit.example,,Acme Dental,P,Remote,"
    "#48213,1,,timesheet,work,ACM,,,",
}
SECONDS = {"generic": 1595, "solidtime": 1595, "toggl": 1595, "clockify": 1595, "harvest": 1584, "kimai": 1560}


def first(tmp_path: Path, tool: str, text: str) -> TimesheetRow:
    file = tmp_path / "sheet.csv"
    file.write_text(text, encoding="utf-8")
    sheet = read_timesheet(file)
    assert (sheet.tool, sheet.bad) == (tool, [])
    return sheet.rows[0]


@pytest.mark.parametrize("tool", HEADERS)
def test_every_tool_tells_the_same_story(tmp_path: Path, tool: str) -> None:
    row = first(tmp_path, tool, f"{HEADERS[tool]}\n{ROWS[tool]}\n")
    assert (row.client, row.ticket, row.seconds) == ("Acme Dental", "48213", SECONDS[tool])
    assert row.email == "dana@harborit.example" or row.technician in ("Dana Ortiz", "dana@harborit.example")
    assert row.day == date(2026, 3, 2)
    assert row.billable is True
    assert row.grade == ("day" if tool == "harvest" else "interval")
    if tool not in ("solidtime",):
        assert row.currency == "USD"


def test_a_byte_order_mark_semicolons_and_decimal_commas(tmp_path: Path) -> None:
    text = "\ufeff" + HEADERS["harvest"].replace(",", ";") + "\n"
    text += "2026-03-02;Acme;P;;R;n;0,44;0,50;Yes;No;No;Dana;Ortiz;;Yes;1.200,50;60,00;0;0;EUR;\n"
    row = first(tmp_path, "harvest", text)
    assert (row.seconds, row.rate, row.currency) == (1584, Decimal("1200.50"), "EUR")


def test_total_rows_are_counted_and_dropped_and_bad_rows_named(tmp_path: Path) -> None:
    file = tmp_path / "s.csv"
    bad = ROWS["solidtime"].replace("2026-03-02 09:05:12", "yesterday")
    file.write_text(f"{HEADERS['solidtime']}\n{ROWS['solidtime']}\n{bad}\nTotal,,,,,,,0:26:35,,,\n")
    sheet = read_timesheet(file)
    assert (len(sheet.rows), sheet.dropped, [line for line, _ in sheet.bad]) == (1, 1, [3])


def test_a_date_that_could_be_either_is_asked_for(tmp_path: Path) -> None:
    file = tmp_path / "s.csv"
    file.write_text(HEADERS["clockify"] + "\n" + ROWS["clockify"].split("\n")[0] + "\n")
    with pytest.raises(NotATimesheetError, match="day first or month first"):
        read_timesheet(file)
    assert read_timesheet(file, day_first=True).rows[0].start == datetime(2026, 2, 3, 9, 5, 12)  # noqa: DTZ001
    assert read_timesheet(file, day_first=False).rows[0].day == date(2026, 3, 2)


def test_two_columns_of_one_name_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "s.csv"
    file.write_text(HEADERS["solidtime"] + ",User\n" + ROWS["solidtime"] + ",x\n")
    with pytest.raises(NotATimesheetError, match="twice"):
        read_timesheet(file)


@pytest.mark.parametrize(
    ("text", "seconds"), [("26:35:00", 95700), ("0:26", 1560), ("0.44", 1584), ("0,5", 1800), ("", None)]
)
def test_lengths_of_time(text: str, seconds: int | None) -> None:
    assert duration(text, "hours") == seconds


@pytest.mark.parametrize(("text", "value"), [("1,234.50", "1234.50"), ("1.234,50", "1234.50"), ("$12", "12")])
def test_numbers_are_exact(text: str, value: str) -> None:
    assert number(text) == Decimal(value)
