"""The pages of the workbook of results: download, upload with a preview, and saving what the preview showed.

Nothing is kept between the preview and the saving: the page carries what was read, signed for its user, and all of it is checked again.
"""

from dataclasses import asdict

from django import forms
from django.contrib import messages
from django.core import signing
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils import timezone, translation
from django.utils.text import get_valid_filename
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from budget.fiscal import day_name
from budget.held import held, hold
from kpis.admin import entry_book
from kpis.exports.entry_book import write
from kpis.importers.entry_book import Cell, Refused, Row, read
from kpis.importers.workbook import LARGEST

LARGEST_PREVIEW = 2_000_000  # signs that a page carries back; Django refuses forms of more than 2.5 MB
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


class UploadForm(forms.Form):
    required_css_class = "required"

    file = forms.FileField(
        label=gettext_lazy("the workbook, filled in"), help_text=gettext_lazy("The XLSX file that you downloaded here."), max_length=200
    )

    def clean_file(self):
        file = self.cleaned_data["file"]
        if file.size > LARGEST:
            raise ValidationError(_("The file is larger than %(bytes)s bytes.") % {"bytes": LARGEST})
        try:
            self.rows = read(file.read())
        except Refused as refused:
            raise ValidationError(str(refused)) from refused
        return file


class EntryBookPages:
    """What the admin of progress reports has for many results at once."""

    def get_urls(self):
        view = self.admin_site.admin_view
        return [
            path("workbook/", view(self.workbook_view), name="kpis_progressreport_workbook"),
            path("workbook/download/", view(self.workbook_download), name="kpis_progressreport_workbook_download"),
            *super().get_urls(),
        ]

    def workbook_download(self, request):
        """The workbook of what is due from the user today."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        today = timezone.localdate()
        targets = entry_book.due(request.user, today).targets
        with translation.override(entry_book.LANGUAGE):
            title = _("Results to enter, %(day)s, %(user)s") % {"day": day_name(today), "user": request.user}
            notes = [
                _("Fill in the yellow cells and leave blank what is not known: a row left as it is is not read."),
                _(
                    "Do not alter the grey cells: they tell which result a row is of. To sort or delete rows, lift the protection: "
                    "it has no password."
                ),
                _("Write figures as digits in the target's unit. Formulas are refused: write the figure itself."),
                _("Send the file on the page where you downloaded it. You see what it would enter before anything is saved."),
            ]
            content = write(entry_book.rows(targets), title=title, notes=notes)
        name = f"seika-results-{today:%Y-%m-%d}.xlsx"
        return HttpResponse(content, content_type=XLSX, headers={"Content-Disposition": f'attachment; filename="{name}"'})

    def workbook_view(self, request):
        """Take a workbook and show what it would enter; save what a preview showed, where that is confirmed."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        if "_save" in request.POST or "_submit" in request.POST:
            return self._save_workbook(request)
        form = UploadForm(request.POST, request.FILES) if request.method == "POST" else UploadForm()
        if not form.is_valid():
            return self._page_of_the_workbook(request, form, status=422 if form.is_bound else 200)
        entries = entry_book.check(form.rows, request.user, timezone.localdate(), self._form_field(request))
        return self._preview(request, form.cleaned_data["file"].name, entries)

    def _form_field(self, request):
        """Makes the fields of the form of a single result."""

        def field(db_field, **options):
            return self.formfield_for_dbfield(db_field, request, **options)

        return field

    def _preview(self, request, name, entries):
        form = UploadForm()
        told = {"name": get_valid_filename(name)[:100], "rows": [asdict(entry.row) for entry in entries]}
        payload = hold(told, of="kpis.entry_book", by=request.user)
        if len(payload) > LARGEST_PREVIEW or len(entries) > entry_book.MOST_ENTRIES:
            most = {"most": entry_book.MOST_ENTRIES}
            messages.error(request, _("The file holds too much for one time: at most %(most)s rows. Send it in several files.") % most)
            return self._page_of_the_workbook(request, form, status=422)
        refused = any(entry.problems for entry in entries)
        context = {
            "entries": entries,
            "name": told["name"],
            "refused": refused,
            "problems": sum(len(entry.problems) for entry in entries),
            "payload": "" if refused or not entries else payload,
            "not_ready": sum(bool(entry.not_ready) for entry in entries),
        }
        return self._page_of_the_workbook(request, form, status=422 if refused else 200, **context)

    def _save_workbook(self, request):
        try:
            told = held(request.POST.get("payload", ""), of="kpis.entry_book", by=request.user)
        except signing.SignatureExpired:
            messages.error(request, _("The preview is older than an hour. Send the file again."))
            return self._page_of_the_workbook(request, UploadForm(), status=422)
        except signing.BadSignature:
            messages.error(request, _("This preview is not yours, or it was altered. Send the file again."))
            return self._page_of_the_workbook(request, UploadForm(), status=422)
        rows = [Row(row["number"], {name: Cell(**cell) for name, cell in row["cells"].items()}) for row in told["rows"]]
        reason, submit = _("entered by the workbook %(name)s") % {"name": told["name"]}, "_submit" in request.POST
        try:
            entries = entry_book.save(rows, request.user, timezone.localdate(), self._form_field(request), reason=reason, submit=submit)
        except entry_book.CannotSave as refused:
            messages.error(request, _("Nothing is saved: something changed since the preview."))
            return self._preview(request, told["name"], refused.entries)
        for entry in entries:
            self.log_change(request, entry.form.instance, reason)
        if not entries:  # sent twice
            messages.info(request, _("This is saved already."))
            return HttpResponseRedirect(reverse("kpis:work"))
        number = len(entries)
        if submit:
            done = ngettext("%(n)s result is submitted.", "%(n)s results are submitted.", number)
        else:
            done = ngettext("%(n)s draft is saved. It is not submitted yet.", "%(n)s drafts are saved. They are not submitted yet.", number)
        messages.success(request, done % {"n": number})
        return HttpResponseRedirect(reverse("kpis:work"))

    def _page_of_the_workbook(self, request, form, status, **told):
        context = {
            **self.admin_site.each_context(request),
            "title": _("Enter many results by a workbook"),
            "opts": self.opts,
            "form": form,
            "due": entry_book.due(request.user, timezone.localdate()),
            **told,
        }
        return TemplateResponse(request, "admin/kpis/progressreport/workbook.html", context, status=status)
