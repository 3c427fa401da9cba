from django.apps import AppConfig
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _


class BudgetConfig(AppConfig):
    name = "budget"
    verbose_name = _("programmes and budgets")

    def ready(self):
        from budget.append_only import install_after_migrating

        post_migrate.connect(install_after_migrating, sender=self)
