"""What holds for every request: what an address may hold, the language of a page, and that an audit copy is only read."""

from django.conf import settings
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone, translation

from accounts.models import Posting, User
from accounts.roles import Role
from kpis.audit import copy
from kpis.views.base import Problem


class ChosenLanguageMiddleware:
    """Activate the language of the cookie that Django's `set_language` writes, else the site's own: Japanese.

    Django's LocaleMiddleware would follow the browser: a Japanese official on an English Windows would be given English pages.
    """

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        chosen = request.COOKIES.get(settings.LANGUAGE_COOKIE_NAME)
        language = chosen if chosen in dict(settings.LANGUAGES) else settings.LANGUAGE_CODE
        with translation.override(language):
            request.LANGUAGE_CODE = language
            response = self.get_response(request)
            response.headers.setdefault("Content-Language", language)
            return response


class ReadableAddressMiddleware:
    """Refuse an address with a NUL in its parameters: PostgreSQL knows no such text, and Django's admin would ask it for one."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        unreadable = [name for name, values in request.GET.lists() if "\0" in name or any("\0" in value for value in values)]
        if not unreadable:
            return self.get_response(request)
        expected = translation.gettext("Null characters are not allowed.")
        problems = [Problem(name.replace("\0", "␀"), expected) for name in unreadable]
        return render(request, "400.html", {"problems": problems}, status=400)


class AuditCopyMiddleware:
    """On an audit copy everybody reads as an auditor does, and nothing is sent. Users of a copy have no passwords: nobody logs in.

    Whoever reaches the copy sees all of it, as does whoever holds the folder that it was loaded from.
    """

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        request.audit_copy = copy.of_this_site()
        if request.audit_copy:
            request.user = self._auditor()
            if request.method not in ("GET", "HEAD", "OPTIONS") and request.path != reverse("set_language"):
                return render(request, "only_read.html", status=403)
        return self.get_response(request)

    @staticmethod
    def _auditor() -> User:
        """An auditor of today that stands in no table."""
        user = User(pk=0, username="auditor", password="!", name=translation.gettext("Auditor of this copy"))
        user.keep_postings(timezone.localdate(), [Posting(user=user, role=Role.AUDITOR)])
        return user
