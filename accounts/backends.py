"""Permissions from today's postings: a posting that ended yesterday gives nothing today."""

from django.conf import settings
from django.contrib.auth.backends import ModelBackend
from django.utils import timezone

from accounts.models import Posting
from accounts.roles import PERMISSIONS


class PostingBackend(ModelBackend):
    """Logs in by user name and password; answers permissions from the roles of today's postings."""

    def user_can_authenticate(self, user):
        """Whether the user may be here at all. The demonstration's users, whose passwords are published, stay out of production."""
        return super().user_can_authenticate(user) and not (settings.PRODUCTION and user.is_of_demonstration)

    def get_user(self, user_id):
        """The user of a session with today's postings: one query for both, and one more for who has none."""
        today = timezone.localdate()
        postings = list(Posting.objects.on(today).filter(user=user_id).select_related("user"))
        if not postings:
            return super().get_user(user_id)
        user = postings[0].user
        user.keep_postings(today, postings)
        return user if self.user_can_authenticate(user) else None

    def get_all_permissions(self, user_obj, obj=None):
        if not user_obj.is_active or user_obj.is_anonymous:
            return set()
        return set().union(*(PERMISSIONS[posting.role] for posting in user_obj.postings_on(timezone.localdate())))

    def has_module_perms(self, user_obj, app_label):
        return any(permission.partition(".")[0] == app_label for permission in self.get_all_permissions(user_obj))

    def has_perm(self, user_obj, perm, obj=None):
        return perm in self.get_all_permissions(user_obj)

    def get_user_permissions(self, user_obj, obj=None):
        return self.get_all_permissions(user_obj)

    def get_group_permissions(self, user_obj, obj=None):
        return set()

    def with_perm(self, perm, is_active=True, include_superusers=True, obj=None):
        raise NotImplementedError("Ask Posting.objects.on(day) for the users of a role.")
