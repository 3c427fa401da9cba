"""What must be so before the system goes to work."""

from django.core.checks import Error, Tags, register

from accounts.models import User


@register(Tags.database, deploy=True)
def demonstration_users_stay_out(app_configs, databases=None, **options):
    """Whoever reads the README knows their passwords. They cannot log in in production; they should not be there at all."""
    known = User.objects.filter(username__startswith=User.DEMONSTRATION_PREFIX)
    if "default" not in (databases or ()) or not known.filter(is_active=True).exists():
        return []
    return [
        Error(
            "The database holds active users of the demonstration.",
            hint="Start production with a database of its own, or deactivate these users.",
            id="accounts.E001",
        )
    ]
