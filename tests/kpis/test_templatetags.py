"""What templates say of figures, and in which order a filter is read."""

from datetime import date

import pytest
from django.utils import translation

from kpis.filters import OverdueFilterSet
from kpis.measures import hundred_millions
from kpis.templatetags.seika import filter_fields, yen
from kpis.views.base import ClocksForm


@pytest.mark.parametrize(
    ("language", "plain", "short"),
    [("ja", "1,234,567,000円", "12.34567億円"), ("en", "¥1,234,567,000", "¥1,234.567 million")],
)
def test_money_is_told_in_the_units_of_the_language(language, plain, short):
    with translation.override(language):
        assert (yen(1_234_567_000), hundred_millions(1_234_567_000)) == (plain, short)


@pytest.mark.django_db
def test_filter_is_read_from_words_over_ranges_to_boxes():
    names = [field.name for field in filter_fields(OverdueFilterSet().form, ClocksForm({}, today=date(2026, 9, 1)))]

    assert names[:4] == ["q", "organisation", "on", "known_at"]
    assert names[4:8] == ["due_from", "due_to", "due_on_from", "due_on_to"]
    assert set(names[8:10]) == {"kind", "sort"}
    assert set(names[10:]) == {"term", "status"}
