"""The seals of the history, in a list for auditors and administrators. `seal_history` alone writes them."""

from django.contrib import admin
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from budget.admin.records import OnlyShown, RecordAdmin
from kpis.models import Seal


@admin.register(Seal)
class SealAdmin(OnlyShown, RecordAdmin):
    list_display = ("number", "history_table", "first_id", "last_id", "rows", "sealed_at", "sealed_by", "digest")
    list_display_links = None
    list_select_related = ("sealed_by",)
    ordering = ("-number",)

    @admin.display(description=_("SHA-256 of the seal"))
    def digest(self, seal):
        return format_html('<code class="sha256">{}</code>', seal.sha256)

    def get_urls(self):
        """The list alone: a row says all that there is."""
        return [url for url in super().get_urls() if url.name == "kpis_seal_changelist"]
