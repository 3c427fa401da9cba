"""Store the text of a source document, so that passages open at their lines."""

from hashlib import sha256
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.utils.translation import gettext as _

from budget.forms import add_by, content_of, user_of
from budget.history import explain
from budget.models import SourceDocument, SourceText


class Command(BaseCommand):
    help = "Store the text of the source document whose SHA-256 the file has. Running it again changes nothing."

    def add_arguments(self, parser):
        parser.add_argument("file", metavar="FILE", type=Path)
        add_by(parser)

    def handle(self, *, file, by=None, **options):
        file, user = Path(file), user_of(by)
        content = content_of(file)
        if not content.strip():
            raise CommandError(_("%(file)s is empty.") % {"file": file})
        document = _document_of(file, sha256(content).hexdigest())
        attached = _attach(document, _text(file, content), by=user, reason=f"attach_source {file.name}")
        lines = len(document.attached_text.lines())
        told = (
            _("%(document)s: %(lines)s lines attached.")
            if attached
            else _("%(document)s: %(lines)s lines were attached before; nothing changes.")
        )
        self.stdout.write(told % {"document": document.code, "lines": lines})


def _document_of(file: Path, found: str) -> SourceDocument:
    documents = {document.sha256: document for document in SourceDocument.objects.all()}
    if found not in documents:
        known = "".join(f"\n  {sha}  {document.code}  {document.title}" for sha, document in documents.items()) or " " + _("none")
        raise CommandError(
            _("%(file)s is no known source document. Its SHA-256 is %(sha256)s. Known documents:%(known)s")
            % {"file": file, "sha256": found, "known": known}
        )
    return documents[found]


def _text(file: Path, content: bytes) -> str:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise CommandError(
            _("%(file)s is not a text in UTF-8: byte %(byte)s cannot be read.") % {"file": file, "byte": error.start + 1}
        ) from error
    return text.replace("\r\n", "\n")


@transaction.atomic
def _attach(document: SourceDocument, text: str, *, by, reason: str) -> bool:
    """Whether anything changed."""
    attached = SourceText.objects.filter(document=document).first() or SourceText(document=document)
    if attached.text == text:
        return False
    attached.text = text
    explain(attached, reason=reason, by=by)
    attached.save()
    return True
