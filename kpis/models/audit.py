"""What an audit rests on: the seals of the history, and of whom and when this database is a copy.

Neither has a history of its own: a seal is never changed, and a copy never written.
"""

import json
from datetime import UTC
from hashlib import sha256

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

NO_SEAL_BEFORE = "0" * 64


class Seal(models.Model):
    """Rows of one history as they stood when they were sealed, chained to the seal before: whoever changes one breaks all that follow.

    `rows_sha256` is the SHA-256 over their canonical rows (`kpis.audit.canonical`), each ended by a line feed, in the order of their
    numbers; `sha256` that over all other columns of the seal. `row_marks` only says where to look: the CRC-32 of each row. Written by
    `kpis.audit.seals` alone.
    """

    append_only = True

    number = models.PositiveIntegerField(_("number of the seal"), unique=True)
    history_table = models.CharField(_("table of the history"), max_length=100)
    columns = models.TextField(_("columns"))
    first_id = models.BigIntegerField(_("first row"))
    last_id = models.BigIntegerField(_("last row"))
    rows = models.PositiveIntegerField(_("number of rows"))
    rows_sha256 = models.CharField(_("SHA-256 of the rows"), max_length=64)
    row_marks = models.TextField(_("CRC-32 of each row"))
    previous = models.CharField(_("seal before"), max_length=64)
    sealed_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name=_("sealed by"))
    sealed_at = models.DateTimeField(_("sealed at"))
    sha256 = models.CharField(_("SHA-256 of the seal"), max_length=64)

    class Meta:
        verbose_name = _("seal of the history")
        verbose_name_plural = _("seals of the history")
        ordering = ("number",)
        constraints = (
            models.CheckConstraint(
                name="kpis_seal_ends_at_or_after_its_first_row",
                condition=Q(last_id__gte=F("first_id")),
                violation_error_message=_("A seal cannot end before its first row."),
            ),
            models.UniqueConstraint(
                name="kpis_seal_begins_once",
                fields=["history_table", "first_id"],
                violation_error_message=_("Rows are sealed once."),
            ),
        )

    def __str__(self):
        return f"{self.number}: {self.history_table} {self.first_id}–{self.last_id}"

    @property
    def told(self) -> list[str]:
        """The columns of the history that the seal covers, in their order."""
        return self.columns.split(" ")

    def digest(self) -> str:
        """What `sha256` has to be."""
        fields = [field.attname for field in self._meta.concrete_fields if field.attname not in ("id", "sha256")]
        told = {name: getattr(self, name) for name in fields}
        # None: of what was written there that is no moment.
        told["sealed_at"] = self.sealed_at and self.sealed_at.astimezone(UTC).isoformat(timespec="microseconds")
        return sha256(json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode()).hexdigest()


class AuditCopy(models.Model):
    """This database is a copy, loaded from an audit fixture: the fixture's manifest, word for word. At most one row, never changed."""

    append_only = True

    manifest = models.TextField(_("manifest"))

    class Meta:
        verbose_name = _("loaded copy")
        verbose_name_plural = _("loaded copies")
        constraints = (
            models.CheckConstraint(
                name="kpis_auditcopy_is_one",
                condition=Q(id=1),
                violation_error_message=_("A database is a copy of one fixture."),
            ),
        )

    def __str__(self):
        return str(json.loads(self.manifest)["known_until"])
