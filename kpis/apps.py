from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class KpisConfig(AppConfig):
    name = "kpis"
    verbose_name = _("outcome targets")

    def ready(self):
        from kpis import signals  # noqa: F401  (connects the receivers)
