"""The site of the admin: its names, and where a log-in leads to."""

from django.conf import settings
from django.contrib.admin import AdminSite
from django.contrib.auth import REDIRECT_FIELD_NAME
from django.shortcuts import resolve_url
from django.urls import reverse
from django.utils.translation import gettext_lazy as _


class SeikaAdminSite(AdminSite):
    site_title = site_header = "成果 Seika"
    index_title = _("administration")
    enable_nav_sidebar = False

    def admin_view(self, view, cacheable=False):
        """Everybody may log out, also who has no posting any more."""
        return view if view == self.logout else super().admin_view(view, cacheable)

    def login(self, request, extra_context=None):
        """A log-in leads to the page that asked for it; to the user's own work where none did but the front page of the admin."""
        asked_by = request.POST.get(REDIRECT_FIELD_NAME) or request.GET.get(REDIRECT_FIELD_NAME)
        if asked_by in (None, "", reverse("admin:index")):
            extra_context = {REDIRECT_FIELD_NAME: resolve_url(settings.LOGIN_REDIRECT_URL), **(extra_context or {})}
        return super().login(request, extra_context)
