from django.apps import AppConfig
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _


class BudgetConfig(AppConfig):
    name = "budget"
    verbose_name = _("programmes and budgets")

    def ready(self):
        from budget import append_only, known

        post_migrate.connect(append_only.install_after_migrating, sender=self)
        post_migrate.connect(known.install_after_migrating, sender=self)
