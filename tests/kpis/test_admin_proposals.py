"""The admin of what importers propose: the list, the review of a programme, the import of a document, and programmes held back."""

from decimal import Decimal

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import translation

from budget.history import explain
from budget.models import Programme
from kpis.admin.proposals import ImportForm, ProposalForm, reviewed
from kpis.choices import Doubt, MatchDecision, ProposalState
from kpis.importers import review
from kpis.models import OutcomeTarget, ProgrammeMatch, TargetProposal
from tests.factories import OutcomeTargetFactory, ProgrammeFactory, ProgrammeMatchFactory, TargetProposalFactory
from tests.kpis.importers.documents import Printed, document, imported

LIST = reverse("admin:kpis_targetproposal_changelist")
IMPORT = reverse("admin:kpis_targetproposal_import")
READ = reverse("admin:kpis_targetproposal_read")
MATCHES = reverse("admin:kpis_programmematch_changelist")
RATE = "令和9年度までに、申請のオンライン化率を80%以上とする。"
GOAL = f"港を広く世に知らせることとしている。{RATE}令和8年度までに、設備を改めた企業の数を60社以上とする。"


def review_of(programme) -> str:
    return reverse("admin:kpis_targetproposal_review", args=(programme.code,))


def told(response) -> list[str]:
    return [str(message) for message in response.context["messages"]]


def levels(response) -> list[str]:
    return [message.level_tag for message in response.context["messages"]]


@pytest.fixture
def programme(division, administrator) -> Programme:
    """A programme of the official's division with two proposals: a rate without doubts, a count with one."""
    imported(document(Printed(goal=GOAL)), by=administrator)
    return Programme.objects.get()


@pytest.fixture
def rate(programme):
    return programme.proposals.get(value=80)


@pytest.fixture
def count(programme):
    return programme.proposals.get(value=60)


# --- The list ---------------------------------------------------------------------------------------------------------------------------


def listed(client, **query) -> list[TargetProposal]:
    return list(client.get(LIST, query).context["cl"].result_list)


@pytest.mark.parametrize("number", [1, 30])
def test_the_list_costs_the_same_for_any_number(as_administrator, django_assert_num_queries, number):
    for _n in range(number):
        TargetProposalFactory(doubts=Doubt.UNIT_NOT_READ)
    with django_assert_num_queries(4):  # session, user with postings; organisations of the filter; the rows
        assert len(listed(as_administrator)) == number


def test_what_is_open_is_listed_at_first_and_the_rest_on_demand(as_administrator):
    open_one, discarded = TargetProposalFactory(), TargetProposalFactory(discarded=True)
    assert listed(as_administrator) == [open_one]
    assert listed(as_administrator, state="discarded") == [discarded]
    assert listed(as_administrator, state="all") == [open_one, discarded]


def test_the_list_is_narrowed_by_doubts_organisation_and_kind(as_administrator, division, bureau):
    plain = TargetProposalFactory(programme__lead=division)
    doubted = TargetProposalFactory(doubts=f"{Doubt.UNIT_NOT_READ} {Doubt.COMPARATOR_ASSUMED}")
    vague = TargetProposalFactory(kind="qualitative", value=None, comparator="", unit="", accumulation="", doubts=Doubt.RESEMBLES_TARGET)
    assert listed(as_administrator, doubts="none") == [plain]
    assert listed(as_administrator, doubts="some") == [doubted, vague]
    assert listed(as_administrator, doubts=Doubt.COMPARATOR_ASSUMED) == [doubted]
    assert listed(as_administrator, organisation=bureau.code) == [plain]
    assert listed(as_administrator, kind__exact="qualitative") == [vague]


def test_the_list_is_searched_by_the_beginning_of_a_code(as_administrator):
    wanted, _other = TargetProposalFactory(), TargetProposalFactory()
    for begins in (wanted.code, wanted.programme.code):
        assert listed(as_administrator, q=begins) == [wanted]


def test_a_row_leads_to_the_review_of_its_programme(as_administrator):
    proposal = TargetProposalFactory()
    assert f'href="{review_of(proposal.programme)}#{proposal.code}"' in as_administrator.get(LIST).content.decode()


def test_the_selected_without_doubts_are_confirmed_and_the_others_told(as_official, rate, count):
    chosen = {"action": "confirm_selected", "_selected_action": [rate.pk, count.pk]}
    response = as_official.post(LIST, chosen, follow=True)
    assert [target.value for target in OutcomeTarget.objects.all()] == [Decimal(80)]
    assert levels(response) == ["success", "warning"]
    assert str(Doubt.ACCUMULATION_ASSUMED.label) in told(response)[1]


def test_of_the_selected_those_of_other_divisions_are_left_and_told(client, other_official, rate):
    client.force_login(other_official)
    response = client.post(LIST, {"action": "confirm_selected", "_selected_action": [rate.pk]}, follow=True)
    assert not OutcomeTarget.objects.exists()
    assert levels(response) == ["warning"]


@pytest.mark.parametrize("who", ["reviewer", "auditor"])
def test_who_only_reads_is_offered_no_action(client, rate, who, request):
    client.force_login(request.getfixturevalue(who))
    assert not client.get(LIST).context["action_form"]
    client.post(LIST, {"action": "confirm_selected", "_selected_action": [rate.pk]})
    assert not OutcomeTarget.objects.exists()


# --- The review of a programme ----------------------------------------------------------------------------------------------------------


def test_the_page_shows_the_goal_text_with_what_was_read_in_it(as_official, programme):
    (text,) = as_official.get(review_of(programme)).context["texts"]
    assert "".join(piece.text for piece in text.pieces) == GOAL
    assert [(piece.name, piece.text) for piece in text.pieces if piece.name] == [
        ("deadline", "令和9年度までに"),
        ("value", "80"),
        ("unit", "%"),
        ("comparator", "以上"),
        ("deadline", "令和8年度までに"),
        ("value", "60"),
        ("unit", "社"),
        ("comparator", "以上"),
    ]


def test_what_was_read_is_marked_in_words(as_official, programme):
    page = as_official.get(review_of(programme)).content.decode()
    for name, words in (("value", "80"), ("unit", "%"), ("comparator", "以上"), ("deadline", "令和9年度までに")):
        assert f'<mark class="read read-{name}">' in page
        assert f"</small>{words}</mark>" in page


def test_the_page_lists_what_was_not_read(as_official, programme):
    (text,) = as_official.get(review_of(programme)).context["texts"]
    assert text.unread == ["港を広く世に知らせることとしている"]


def test_a_text_in_which_nothing_was_read_is_listed_whole(as_official, division, administrator):
    imported(document(Printed(goal="別に定める計画を参照。")), by=administrator)
    (text,) = as_official.get(review_of(Programme.objects.get())).context["texts"]
    assert (text.unread, [piece.is_read for piece in text.pieces]) == (["別に定める計画を参照"], [False])


def test_what_was_read_in_an_earlier_edition_is_no_unread_part_of_the_next(as_official, programme, administrator):
    added = "令和10年度までに、届出のオンライン化率を90%以上とする。"
    imported(document(Printed(goal=RATE + added), fiscal_year=2025), by=administrator)
    texts = as_official.get(review_of(programme)).context["texts"]
    assert [text.unread for text in texts if text.text == RATE + added] == [[]]


def test_what_a_confirmed_target_states_is_no_unread_part(as_official, programme, rate, official):
    review.confirm(rate, by=official)
    (text,) = as_official.get(review_of(programme)).context["texts"]
    assert text.unread == ["港を広く世に知らせることとしている"]


def test_the_goal_text_is_shown_as_text(as_official, division, administrator):
    imported(document(Printed(goal=f"<script>alert(1)</script>{RATE}")), by=administrator)
    page = as_official.get(review_of(Programme.objects.get())).content.decode()
    assert "<script>alert" not in page


def test_the_page_names_the_lines_of_the_document(as_official, programme, rate):
    page = as_official.get(review_of(programme)).content.decode()
    assert f"#L{rate.passage.line_from}" in page


def test_doubts_and_the_target_that_says_nearly_the_same_stand_beside_a_proposal(as_official, programme, rate, official, administrator):
    target = review.confirm(rate, by=official)
    imported(document(Printed(goal=GOAL.replace("80", "85")), fiscal_year=2025), by=administrator)
    page = as_official.get(review_of(programme)).content.decode()
    assert str(Doubt.RESEMBLES_TARGET.label) in page
    assert reverse("kpis:target", args=(target.code,)) in page


def proposals_of(programme, number):
    for n in range(number):
        target = OutcomeTargetFactory(programme=programme)
        TargetProposalFactory(programme=programme, goal_text=f"{n}{RATE}", resembles=target, doubts=Doubt.RESEMBLES_TARGET)
        TargetProposalFactory(programme=programme, discarded=True)


@pytest.mark.parametrize("who", ["administrator", "official", "auditor"])
def test_the_page_costs_the_same_for_any_number_and_no_more_than_ten(client, programme, who, request):
    client.force_login(request.getfixturevalue(who))
    costs = []
    for number in (1, 29):
        proposals_of(programme, number)
        with CaptureQueriesContext(connection) as queries:
            assert client.get(review_of(programme)).status_code == 200
        costs.append(len(queries))
    assert costs[0] == costs[1] <= 10


@pytest.mark.parametrize(
    ("who", "decides"), [("administrator", True), ("official", True), ("other_official", False), ("reviewer", False), ("auditor", False)]
)
def test_everybody_reads_the_page_and_who_decides_is_offered_it(client, programme, who, decides, request):
    client.force_login(request.getfixturevalue(who))
    page = client.get(review_of(programme))
    assert page.status_code == 200
    assert ('name="_confirm"' in page.content.decode()) is decides
    assert ('name="_confirm_all"' in page.content.decode()) is decides


def test_who_is_nobody_here_is_sent_away(client, programme):
    assert client.get(review_of(programme)).status_code == 302


def test_a_programme_that_is_not_there_is_not_found(as_official):
    assert as_official.get(reverse("admin:kpis_targetproposal_review", args=("nowhere",))).status_code == 404


def test_a_programme_without_proposals_says_so(as_administrator, division):
    assert as_administrator.get(review_of(ProgrammeFactory(lead=division))).status_code == 200


def test_the_next_programme_with_something_open_of_ones_own_is_offered(as_official, programme, division):
    TargetProposalFactory(programme=ProgrammeFactory(code="x-another-division"))
    mine = TargetProposalFactory(programme=ProgrammeFactory(code="y-mine", lead=division)).programme
    assert as_official.get(review_of(programme)).context["following"] == mine


# --- Decisions --------------------------------------------------------------------------------------------------------------------------


def decide(client, proposal, button, **fields):
    return client.post(review_of(proposal.programme), {"proposal": proposal.code, button: "1", **fields})


def corrected(proposal, **changed) -> dict:
    """The fields of the proposal's form as they are shown, with what the person changed."""
    form = ProposalForm(proposal)
    shown = {field.name: field.value() for field in form} | changed
    return {form.add_prefix(name): value for name, value in shown.items() if value not in (None, False)}


def test_a_proposal_is_confirmed_as_read(as_official, rate, official):
    response = decide(as_official, rate, "_confirm")
    assert response.status_code == 302
    assert response.url == f"{review_of(rate.programme)}#{rate.code}"
    rate.refresh_from_db()
    assert (rate.state, rate.target.value, rate.decided_by) == (ProposalState.CONFIRMED, Decimal(80), official)


def test_the_page_shows_who_decided_and_the_target(as_official, rate):
    decide(as_official, rate, "_confirm")
    rate.refresh_from_db()
    page = as_official.get(review_of(rate.programme)).content.decode()
    assert str(rate.decided_by) in page
    assert reverse("kpis:target", args=(rate.target.code,)) in page


def test_a_proposal_is_corrected_and_keeps_what_was_read(as_official, rate):
    assert decide(as_official, rate, "_correct", **corrected(rate, value="85", deadline_year="R10")).status_code == 302
    rate.refresh_from_db()
    assert (rate.state, rate.value, rate.deadline_year) == (ProposalState.CORRECTED, Decimal(80), 2027)
    assert (rate.target.value, rate.target.deadline_year) == (Decimal(85), 2028)


def test_a_form_that_is_sent_as_it_was_shown_confirms_as_read(as_official, rate, count):
    for proposal in (rate, count):
        decide(as_official, proposal, "_correct", **corrected(proposal))
        proposal.refresh_from_db()
        assert proposal.state == ProposalState.CONFIRMED
        assert proposal.target.value == proposal.value


def test_a_proposal_is_discarded_with_the_reason(as_official, rate):
    assert decide(as_official, rate, "_discard", reason="目標ではない。").status_code == 302
    rate.refresh_from_db()
    assert (rate.state, rate.decision_note) == (ProposalState.DISCARDED, "目標ではない。")
    assert "目標ではない。" in as_official.get(review_of(rate.programme)).content.decode()


@pytest.mark.parametrize(
    ("button", "fields"),
    [
        ("_correct", {"value": "many"}),
        ("_correct", {"value": ""}),
        ("_correct", {"deadline_year": "2O27"}),
        ("_correct", {"deadline_year": ""}),
        ("_correct", {"kind": ""}),
        ("_correct", {"indicator": ""}),
        ("_correct", {"comparator": ""}),
        ("_correct", {"comparator": "within", "value_max": "70"}),
        ("_correct", {"deadline_kind": "after_event", "deadline_year": "", "deadline_offset_years": "some"}),
        ("_correct", {"deadline_kind": "after_programme", "deadline_year": "", "deadline_offset_years": "9000"}),
    ],
)
def test_what_makes_no_target_is_refused_in_its_place_and_nothing_is_saved(as_official, rate, button, fields):
    response = decide(as_official, rate, button, **corrected(rate, **fields))
    assert response.status_code == 422
    (shown,) = [proposal for proposal in response.context["texts"][0].proposals if proposal == rate]
    assert shown.form.errors or shown.form.refusal
    for name, value in fields.items():
        assert shown.form[name].value() == value
    rate.refresh_from_db()
    assert (rate.state, OutcomeTarget.objects.count()) == (ProposalState.OPEN, 0)


def test_a_proposal_with_a_blank_is_not_confirmed_as_read(as_official, rate):
    TargetProposal.objects.filter(pk=rate.pk).update(comparator="")
    response = decide(as_official, rate, "_confirm")
    assert (response.status_code, OutcomeTarget.objects.count()) == (422, 0)
    assert 'role="alert"' in response.content.decode()


@pytest.mark.parametrize("reason", ["", "  "])
def test_nothing_is_discarded_without_a_reason(as_official, rate, reason):
    assert decide(as_official, rate, "_discard", reason=reason).status_code == 422
    rate.refresh_from_db()
    assert rate.state == ProposalState.OPEN


@pytest.mark.parametrize("button", ["_confirm", "_correct", "_discard"])
def test_who_comes_after_another_decided_is_told_so(as_official, rate, administrator, button):
    fields = corrected(rate, value="85")
    review.discard(rate, by=administrator, reason="重複")
    response = as_official.post(
        review_of(rate.programme), {"proposal": rate.code, button: "1", "reason": "目標ではない。", **fields}, follow=True
    )
    assert levels(response) == ["error"]
    rate.refresh_from_db()
    assert (rate.decided_by, OutcomeTarget.objects.count()) == (administrator, 0)


def test_all_without_doubts_are_confirmed_at_once(as_official, programme, rate, count):
    response = as_official.post(review_of(programme), {"_confirm_all": "1"}, follow=True)
    assert levels(response) == ["success"]
    rate.refresh_from_db()
    count.refresh_from_db()
    assert (rate.state, count.state) == (ProposalState.CONFIRMED, ProposalState.OPEN)


@pytest.mark.parametrize("who", ["other_official", "reviewer", "auditor"])
@pytest.mark.parametrize("button", ["_confirm", "_correct", "_discard", "_confirm_all"])
def test_who_does_not_report_on_the_programme_is_refused(client, rate, who, button, request):
    client.force_login(request.getfixturevalue(who))
    assert decide(client, rate, button, reason="目標ではない。", **corrected(rate)).status_code == 403
    rate.refresh_from_db()
    assert rate.state == ProposalState.OPEN


def test_a_proposal_of_another_programme_is_not_found(as_official, programme):
    other = TargetProposalFactory()
    assert as_official.post(review_of(programme), {"proposal": other.code, "_confirm": "1"}).status_code == 404


def test_a_text_in_which_nothing_was_read_becomes_a_target_by_correction(as_official, division, administrator):
    imported(document(Printed(goal="別に定める計画を参照。")), by=administrator)
    proposal = TargetProposal.objects.get()
    assert 'name="_confirm"' not in as_official.get(review_of(proposal.programme)).content.decode()
    fields = corrected(proposal, kind="qualitative", indicator="港の使いやすさ", comparator="", accumulation="")
    assert decide(as_official, proposal, "_correct", **fields).status_code == 302
    assert OutcomeTarget.objects.get().indicator == "港の使いやすさ"


def test_marks_that_lie_outside_the_text_do_not_stop_the_page():
    proposal = TargetProposalFactory.build(
        goal_text="60件", starts_at=0, ends_at=9, marks={"value": [0, 2], "unit": [2, 9], "term": [7, 9]}
    )
    (text,) = reviewed([proposal], [])
    assert "".join(piece.text for piece in text.pieces) == "60件"


# --- A pasted text ----------------------------------------------------------------------------------------------------------------------


def test_a_pasted_text_is_read_and_proposed(as_official, division):
    programme = ProgrammeFactory(lead=division)
    response = as_official.post(READ, {"programme": programme.code, "text": RATE}, follow=True)
    assert response.redirect_chain == [(review_of(programme), 302)]
    assert [proposal.value for proposal in programme.proposals.open()] == [Decimal(80)]


def test_the_programme_is_filled_in_that_one_comes_from(as_official, programme):
    assert as_official.get(READ, {"programme": programme.code}).context["form"]["programme"].value() == programme.code


@pytest.mark.parametrize("fields", [{}, {"text": RATE}, {"programme": "nowhere", "text": RATE}, {"programme": "known", "text": " "}])
def test_a_pasted_text_without_programme_or_words_is_refused(as_official, division, fields):
    ProgrammeFactory(code="known", lead=division)
    response = as_official.post(READ, fields)
    assert response.status_code == 422
    assert response.context["form"].errors
    assert not TargetProposal.objects.exists()


def test_a_text_for_a_programme_of_another_division_is_refused(as_official, other_division):
    programme = ProgrammeFactory(lead=other_division)
    assert as_official.post(READ, {"programme": programme.code, "text": RATE}).status_code == 403
    assert not TargetProposal.objects.exists()


@pytest.mark.parametrize(
    ("who", "answer"), [("administrator", 200), ("official", 200), ("other_official", 200), ("reviewer", 403), ("auditor", 403)]
)
def test_who_decides_on_proposals_pastes_texts(client, who, answer, request):
    client.force_login(request.getfixturevalue(who))
    assert client.get(READ).status_code == answer


# --- A document -------------------------------------------------------------------------------------------------------------------------


def sent(client, content: bytes | None, button="_import", **fields):
    files = {} if content is None else {"file": SimpleUploadedFile("edition.txt", content)}
    return client.post(IMPORT, {button: "1", **fields, **files})


def test_a_check_tells_what_would_change_and_writes_nothing(as_administrator, programme):
    text = document(Printed(draft="1.3億円", goal=GOAL), Printed("深海ロボット開発"))
    before = Programme.history.count()
    response = sent(as_administrator, text.encode(), "_check")
    assert (response.status_code, response.context["is_check"], response.context["outcome"].totals["added"]) == (200, True, 1)
    assert Programme.history.count() == before
    assert not Programme.objects.filter(title="深海ロボット開発").exists()
    page = response.content.decode()
    assert "120000000 → 130000000" in page
    assert "深海ロボット開発" in page


def test_an_import_writes_it_and_leads_on_to_the_review(as_administrator, administrator, division):
    response = sent(as_administrator, document(Printed(goal=GOAL)).encode())
    programme = Programme.objects.get()
    assert response.status_code == 200
    assert review_of(programme) in response.content.decode()
    assert programme.history.get().history_user == administrator


def test_importing_the_same_file_again_says_that_nothing_changes(as_administrator, division):
    content = document(Printed(goal=GOAL)).encode()
    sent(as_administrator, content)
    before = Programme.history.count()
    with translation.override("en"):
        response = sent(as_administrator, content)
    assert response.context["outcome"].changes_nothing
    assert Programme.history.count() == before


def test_what_is_gone_held_back_and_kept_is_told(as_administrator, programme, administrator):
    response = sent(as_administrator, document(Printed("港湾設備等改修事業"), fiscal_year=2025).encode())
    page = response.content.decode()
    assert programme.code in page
    assert MATCHES in page
    assert "港湾設備等改修事業" in page
    response = sent(as_administrator, document(Printed("深海ロボット開発", organisations="", goal=""), fiscal_year=2026).encode(), "_check")
    assert response.context["outcome"].totals["added"] == 1


@pytest.mark.parametrize(
    ("content", "fields"),
    [
        (None, {}),
        (b"", {}),
        (document(Printed()).encode("cp932"), {}),
        ("総会を開きます。".encode(), {}),
        (document(Printed(), ministry="").encode(), {}),
        (document(Printed()).encode(), {"issuer": "海事省"}),
        (b"\0" * 10, {}),
    ],
    ids=["none", "empty", "Shift_JIS", "another text", "no ministry", "unknown ministry", "binary"],
)
@pytest.mark.parametrize("button", ["_import", "_check"])
def test_a_wrong_file_is_refused_with_a_message_and_writes_nothing(as_administrator, content, fields, button):
    response = sent(as_administrator, content, button, **fields)
    assert response.status_code == 422
    assert response.context["form"].errors["file"]
    assert not Programme.objects.exists()


def test_a_file_that_is_too_large_is_refused_unread(as_administrator, monkeypatch):
    monkeypatch.setattr(ImportForm, "LARGEST", 100)
    response = sent(as_administrator, document(Printed()).encode())
    assert response.status_code == 422
    assert "100" in str(response.context["form"].errors["file"])


@pytest.mark.parametrize("who", ["official", "reviewer", "auditor"])
def test_only_administrators_import(client, who, request, division):
    client.force_login(request.getfixturevalue(who))
    assert client.get(IMPORT).status_code == 403
    assert sent(client, document(Printed()).encode()).status_code == 403
    assert not Programme.objects.exists()
    assert IMPORT not in client.get(LIST).content.decode()


def test_administrators_are_led_to_the_import(as_administrator):
    assert IMPORT in as_administrator.get(LIST).content.decode()
    assert as_administrator.get(IMPORT).status_code == 200


# --- Programmes that were held back -----------------------------------------------------------------------------------------------------


@pytest.fixture
def match(programme, administrator) -> ProgrammeMatch:
    imported(document(Printed("港湾設備等改修事業", draft="1.3億円", goal=GOAL), fiscal_year=2025), by=administrator)
    return ProgrammeMatch.objects.get()


def page_of(match) -> str:
    return reverse("admin:kpis_programmematch_change", args=(match.pk,))


def decision_on(match) -> str:
    return reverse("admin:kpis_programmematch_decide", args=(match.pk,))


def test_the_page_tells_both_titles_and_what_speaks_for_it(as_administrator, match):
    page = as_administrator.get(page_of(match)).content.decode()
    for words in (match.printed_title, match.candidate.title, match.ground):
        assert words in page
    assert f'action="{decision_on(match)}"' in page


@pytest.mark.parametrize("decision", [MatchDecision.SAME, MatchDecision.SUCCESSOR, MatchDecision.UNRELATED])
def test_a_decision_loads_the_programme_and_leads_to_its_review(as_administrator, administrator, match, decision):
    response = as_administrator.post(decision_on(match), {"decision": decision, "reason": "改称"}, follow=True)
    match.refresh_from_db()
    assert (match.decision, match.decided_by, match.decision_note) == (decision, administrator, "改称")
    assert match.programme.title == "港湾設備等改修事業"
    assert levels(response) == ["success"]
    assert review_of(match.programme) in told(response)[0]
    assert not response.context["match_form"]


def test_what_stays_as_a_person_entered_it_is_told_with_the_decision(as_administrator, match):
    programme = match.candidate
    programme.purpose = "港を守る。"
    explain(programme, reason="entered in the admin", by=match.document.history.get().history_user)
    programme.save()
    response = as_administrator.post(decision_on(match), {"decision": MatchDecision.SAME, "reason": "改称"}, follow=True)
    assert levels(response) == ["success", "warning"]
    assert "港を守る。" in told(response)[1]


@pytest.mark.parametrize("fields", [{}, {"decision": "same"}, {"decision": "same", "reason": " "}, {"decision": "x", "reason": "改称"}])
def test_a_decision_without_answer_or_reason_is_refused(as_administrator, match, fields):
    response = as_administrator.post(decision_on(match), fields, follow=True)
    match.refresh_from_db()
    assert (levels(response), match.decision) == (["error"], MatchDecision.OPEN)


def test_a_second_decision_is_refused(as_administrator, match):
    as_administrator.post(decision_on(match), {"decision": "unrelated", "reason": "別事業"}, follow=True)
    response = as_administrator.post(decision_on(match), {"decision": "same", "reason": "改称"}, follow=True)
    match.refresh_from_db()
    assert (levels(response), match.decision) == (["error"], MatchDecision.UNRELATED)


@pytest.mark.parametrize("who", ["official", "reviewer", "auditor"])
def test_others_read_what_is_held_back_and_decide_nothing(client, match, who, request):
    client.force_login(request.getfixturevalue(who))
    assert client.get(MATCHES).status_code == 200
    page = client.get(page_of(match))
    assert (page.status_code, page.context["match_form"]) == (200, None)
    assert client.post(decision_on(match), {"decision": "same", "reason": "改称"}).status_code == 403
    match.refresh_from_db()
    assert match.decision == MatchDecision.OPEN


@pytest.mark.parametrize("number", [1, 30])
def test_the_list_of_what_is_held_back_costs_the_same_for_any_number(as_administrator, django_assert_max_num_queries, number):
    ProgrammeMatchFactory.create_batch(number)
    with django_assert_max_num_queries(5):
        assert len(as_administrator.get(MATCHES).context["cl"].result_list) == number
