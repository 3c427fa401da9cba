"""Reminders: who is told what on which day, that nobody is told twice, and that one address that fails stops nobody else's mail.

Three divisions of one bureau. Results of FY2025 are asked for from 2026-04-01, due by 2026-08-31 and overdue from 2026-09-01.
"""

import smtplib
from datetime import date
from io import StringIO

import pytest
from django.core import mail
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import SentReminder
from accounts.roles import Role
from kpis import reminders
from tests.factories import (
    OrganisationFactory,
    OutcomeTargetFactory,
    PostingFactory,
    ProgrammeFactory,
    ProgrammeOrganisationFactory,
    ProgressReportFactory,
    SentReminderFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db

ASKED, LAST_DAY, DAY_AFTER = date(2026, 4, 1), date(2026, 8, 31), date(2026, 9, 1)


@pytest.fixture(autouse=True)
def _today(time_machine):
    time_machine.move_to("2026-09-01 07:00+09:00", tick=False)


def posted(username: str, organisation, role=Role.OFFICIAL, **posting):
    user = UserFactory(username=username, name=f"{username}さん", email=f"{username}@example.go.jp")
    PostingFactory(user=user, organisation=organisation, role=role, **posting)
    return user


def of_fy2025(organisation, **fields):
    """A target that is due on 2026-03-31."""
    return OutcomeTargetFactory(programme__lead=organisation, deadline_year=2025, **fields)


def told(on: date) -> dict[str, str]:
    return {digest.user.username: digest.text for digest in reminders.digests(on)}


def run(**options) -> str:
    out = StringIO()
    call_command("send_reminders", stdout=out, stderr=out, **options)
    return out.getvalue()


# --- On which days ------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("on", "key"),
    [
        (date(2026, 3, 31), ""),
        (date(2026, 4, 1), "asked"),
        (date(2026, 4, 2), ""),
        (date(2026, 5, 15), "again"),
        (date(2026, 6, 1), "public_review"),
        (date(2026, 6, 15), "again"),
        (date(2026, 7, 31), "last_call"),
        (date(2026, 8, 30), ""),
        (date(2026, 8, 31), "due"),
        (date(2026, 9, 1), "overdue"),
        (date(2026, 9, 2), ""),
    ],
)
def test_round_has_its_days(on, key):
    assert reminders.occasion(on) == key


def test_days_of_the_round_are_settings(settings):
    settings.SEIKA_RESULTS_DUE = (7, 31)
    settings.SEIKA_REMINDER_DAYS = {(4, 10): "asked"}
    days = (date(2026, 4, 1), date(2026, 4, 10), date(2026, 7, 31), date(2026, 8, 1), date(2026, 8, 31))
    assert [reminders.occasion(on) for on in days] == ["", "asked", "due", "overdue", ""]


def test_every_occasion_of_the_settings_has_its_words(settings):
    assert set(settings.SEIKA_REMINDER_DAYS.values()) <= set(reminders.OCCASIONS)


# --- Who is told what ---------------------------------------------------------------------------------------------------------------


def test_official_is_told_of_the_results_of_their_own_division(division, other_division):
    posted("suzuki", division)
    posted("tanaka", other_division)
    own, others = of_fy2025(division), of_fy2025(other_division)

    mails = told(ASKED)

    assert own.code in mails["suzuki"]
    assert others.code not in mails["suzuki"]
    assert others.code in mails["tanaka"]


def test_official_of_a_bureau_is_told_of_its_divisions(bureau, division, other_division):
    posted("bureau-official", bureau)
    targets = [of_fy2025(division), of_fy2025(other_division)]
    assert all(target.code in told(ASKED)["bureau-official"] for target in targets)


def test_co_responsible_division_is_told_too(division, other_division):
    posted("tanaka", other_division)
    target = of_fy2025(division)
    ProgrammeOrganisationFactory(programme=target.programme, organisation=other_division)
    assert target.code in told(ASKED)["tanaka"]


def test_what_is_asked_is_no_longer_asked_once_it_is_submitted(division):
    posted("suzuki", division)
    ProgressReportFactory(target=of_fy2025(division), fiscal_year=2025, submitted=True)
    assert told(ASKED) == {}


def test_unreported_targets_stand_apart_from_the_day_after(division):
    posted("suzuki", division)
    of_fy2025(division)
    OutcomeTargetFactory(programme__lead=division, deadline_year=2040)

    assert "■ 実績の入力：2件" in told(LAST_DAY)["suzuki"]
    assert "■ 未報告" not in told(LAST_DAY)["suzuki"]
    after = told(DAY_AFTER)["suzuki"]
    assert "■ 未報告：1件" in after
    assert "■ 実績の入力：1件" in after


def test_unreported_target_of_each_year_names_the_year_that_is_judged(division):
    """On 1 April 2026 the results of FY2024 are overdue, those of FY2025 are asked for: as in My work the older year counts."""
    posted("suzuki", division)
    OutcomeTargetFactory(programme__lead=division, programme__start_fiscal_year=2024, each_year=True, deadline_year=2030)
    text = told(ASKED)["suzuki"]
    assert "■ 未報告：1件" in text
    assert "（令和6年度（2024年度）の実績）" in text


def test_returned_report_is_told(division):
    posted("suzuki", division)
    report = ProgressReportFactory(target=of_fy2025(division), fiscal_year=2025, submitted=True)
    report.state, report.decided_by, report.decided_at, report.decision_note = "returned", UserFactory(), report.submitted_at, "根拠資料"
    report.save()
    assert "■ 差戻し：1件" in told(ASKED)["suzuki"]


def test_reviewer_is_told_what_waits_but_not_of_their_own(division, ministry):
    reviewer, colleague = posted("reviewer", ministry, Role.REVIEWER), posted("colleague", ministry, Role.REVIEWER)
    ProgressReportFactory(target=of_fy2025(division), fiscal_year=2025, submitted=True, reported_by=reviewer)

    for on in (ASKED, date(2026, 6, 1), DAY_AFTER):
        mails = told(on)
        assert set(mails) == {colleague.username}
        assert "■ 審査待ちの報告：1件" in mails["colleague"]


def test_public_review_speaks_to_reviewers_alone(division, ministry):
    posted("suzuki", division)
    of_fy2025(division)
    assert told(date(2026, 6, 1)) == {}


@pytest.mark.parametrize(("days", "on"), [(180, date(2026, 10, 2)), (90, date(2026, 12, 31)), (30, date(2027, 3, 1))])
def test_deadline_is_told_180_90_and_30_days_ahead(division, days, on):
    """31 March 2027 less 180, 90 and 30 days."""
    posted("suzuki", division)
    target = OutcomeTargetFactory(programme__lead=division, deadline_year=2026)

    assert (date(2027, 3, 31) - on).days == days
    text = told(on)["suzuki"]
    assert f"■ あと{days}日で期限（令和9年3月31日（2027-03-31））：1件" in text
    assert target.code in text
    assert told(date.fromordinal(on.toordinal() + 1)) == told(date.fromordinal(on.toordinal() - 1)) == {}


def test_deadline_of_what_is_achieved_or_withdrawn_or_of_each_year_is_not_told(division):
    posted("suzuki", division)
    achieved = OutcomeTargetFactory(programme__lead=division, deadline_year=2026)
    ProgressReportFactory(target=achieved, fiscal_year=2025, value=achieved.value, accepted=True)
    OutcomeTargetFactory(programme__lead=division, deadline_year=2026, each_year=True)
    assert told(date(2027, 3, 1)) == {}


def test_one_person_with_two_postings_has_one_mail(division, other_division, ministry):
    user = posted("suzuki", division)
    PostingFactory(user=user, organisation=other_division)
    PostingFactory(user=user, organisation=ministry, role=Role.REVIEWER)
    first, second = of_fy2025(division), of_fy2025(other_division)
    ProgressReportFactory(target=of_fy2025(division), fiscal_year=2025, submitted=True)

    (digest,) = reminders.digests(ASKED)

    assert first.code in digest.text
    assert second.code in digest.text
    assert "■ 審査待ちの報告：1件" in digest.text


@pytest.mark.parametrize("posting", [{"to_on": date(2026, 3, 31)}, {"from_on": date(2026, 4, 2)}])
def test_who_is_not_posted_on_the_day_is_not_told(division, posting):
    posted("suzuki", division, **posting)
    of_fy2025(division)
    assert told(ASKED) == {}


def test_who_is_deactivated_or_only_audits_is_not_told(division):
    gone = posted("gone", division)
    gone.is_active = False
    gone.save()
    posted("auditor", division, Role.AUDITOR)
    posted("administrator", division, Role.ADMINISTRATOR)
    of_fy2025(division)
    assert told(ASKED) == {}


def test_long_list_is_cut_and_says_so(division):
    posted("suzuki", division)
    programme = ProgrammeFactory(lead=division)
    for _n in range(23):
        OutcomeTargetFactory(programme=programme, deadline_year=2025)
    text = told(ASKED)["suzuki"]
    assert "■ 実績の入力：23件" in text
    assert text.count("・") == 20
    assert "ほか3件" in text


def test_digest_is_plain_japanese_with_the_way_to_the_work(division, settings):
    settings.SEIKA_ADDRESS = "https://seika.example/"
    posted("suzuki", division)
    target = of_fy2025(division, indicator="<件数> & 率", programme__display_title="中小企業「支援」事業")

    (digest,) = reminders.digests(ASKED)

    assert digest.subject == "［成果］令和7年度（2025年度）の実績報告のお願い"
    assert digest.text.startswith("suzukiさん 様\n\n令和7年度（2025年度）の実績を令和8年8月31日（2026-08-31）までに報告してください。\n")
    assert f"・{target.code} 中小企業「支援」事業：<件数> & 率（令和7年度（2025年度）の実績）\n" in digest.text
    assert "\nhttps://seika.example/work/\n" in digest.text
    assert "\n\n\n" not in digest.text


def test_queries_do_not_grow_with_people_or_targets(bureau):
    asked = []
    for number in (1, 4):
        for n in range(number):
            division = OrganisationFactory(parent=bureau)
            posted(f"user-{number}-{n}", division)
            ProgressReportFactory(target=of_fy2025(division), fiscal_year=2025, submitted=True)
            of_fy2025(division)
        posted(f"reviewer-{number}", bureau, Role.REVIEWER)
        with CaptureQueriesContext(connection) as queries:
            assert reminders.digests(DAY_AFTER)
        asked.append(len(queries))
    assert asked[0] == asked[1] <= 9


# --- Sending ------------------------------------------------------------------------------------------------------------------------


@pytest.fixture
def three(division, other_division, bureau):
    """Three officials with something to do each; the second one's address is refused where a test says so."""
    third = OrganisationFactory(parent=bureau)
    users = [posted("aoki", division), posted("baba", other_division), posted("chiba", third)]
    for organisation in (division, other_division, third):
        of_fy2025(organisation)
    return users


def test_mails_are_sent_and_recorded(three):
    said = run(on="2026-04-01")

    assert [message.to for message in mail.outbox] == [[user.email] for user in three]
    assert mail.outbox[0].extra_headers["Auto-Submitted"] == "auto-generated"
    rows = SentReminder.objects.order_by("user__username")
    assert [(row.user, row.sent_on, row.address) for row in rows] == [(user, ASKED, user.email) for user in three]
    assert [(row.subject, row.text) for row in rows] == [(message.subject, message.body) for message in mail.outbox]
    assert {row.history.get().history_change_reason for row in rows} == {"send_reminders"}
    assert "3通送信、送信済み0通、失敗0通" in said


def test_running_again_sends_nothing_and_another_day_does(three):
    run(on="2026-04-01")
    assert "0通送信、送信済み3通、失敗0通" in run(on="2026-04-01")
    assert len(mail.outbox) == 3
    run()  # today, 2026-09-01
    assert len(mail.outbox) == 6


def test_dry_run_sends_and_records_nothing(three):
    said = run(on="2026-04-01", dry_run=True)

    assert mail.outbox == []
    assert not SentReminder.objects.exists()
    for user in three:
        assert user.email in said
    assert "令和7年度（2025年度）の実績報告のお願い" in said
    assert "3通" in said


def test_dry_run_leaves_out_who_was_sent_that_day_already(three):
    SentReminderFactory(user=three[0], sent_on=date(2026, 4, 1))
    said = run(on="2026-04-01", dry_run=True)

    assert three[0].email not in said
    assert three[1].email in said
    assert "2通" in said


def test_day_to_come_is_told_and_never_sent(three):
    assert "aoki" in run(on="2027-04-01", dry_run=True)
    with pytest.raises(CommandError, match="まだ来ていない"):
        run(on="2027-04-01")
    assert mail.outbox == []


def refuse(monkeypatch, address: str) -> None:
    """The mail server refuses one address."""
    send = mail.EmailMessage.send

    def send_unless_refused(self, *arguments, **options):
        if self.to == [address]:
            raise smtplib.SMTPRecipientsRefused({address: (550, b"no such user")})
        return send(self, *arguments, **options)

    monkeypatch.setattr(mail.EmailMessage, "send", send_unless_refused)


def test_address_that_fails_stops_nobody_else_and_is_tried_again(three, monkeypatch):
    with monkeypatch.context() as patch:
        refuse(patch, "baba@example.go.jp")
        out = StringIO()
        with pytest.raises(CommandError, match="1通"):
            call_command("send_reminders", on="2026-04-01", stdout=out, stderr=out)

    assert [message.to[0] for message in mail.outbox] == ["aoki@example.go.jp", "chiba@example.go.jp"]
    assert "baba <baba@example.go.jp>" in out.getvalue()
    assert not SentReminder.objects.filter(user__username="baba").exists()
    run(on="2026-04-01")
    assert mail.outbox[-1].to == ["baba@example.go.jp"]
    assert len(mail.outbox) == 3


@pytest.mark.parametrize("address", ["", "two\nlines@example.go.jp"])
def test_person_who_cannot_be_written_to_is_named(three, address):
    three[1].email = address
    three[1].save()
    out = StringIO()
    with pytest.raises(CommandError, match="1通"):
        call_command("send_reminders", on="2026-04-01", stdout=out, stderr=out)
    assert "baba" in out.getvalue()
    assert len(mail.outbox) == 2


def test_server_that_does_not_answer_is_told_without_a_traceback(three, settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1
    with pytest.raises(CommandError, match="3通"):
        run(on="2026-04-01")
    assert not SentReminder.objects.exists()


def test_day_that_is_none_is_refused():
    with pytest.raises(CommandError, match="--on soon"):
        run(on="soon")


def test_row_that_another_run_wrote_meanwhile_stops_the_mail(three):
    digest = reminders.digests(ASKED)[0]
    SentReminderFactory(user=digest.user, sent_on=ASKED)

    delivery = reminders._send(ASKED, digest)

    assert (delivery.sent, delivery.failure, mail.outbox) == (False, "", [])
