"""What the page of a preview carries until it is confirmed: signed for its user, and good for an hour. Nothing is kept on the server."""

from typing import Any

from django.core import signing

GOOD_FOR = 60 * 60  # seconds


def hold(told: Any, *, of: str, by) -> str:
    """What was read, as a text for a hidden field. `of` names the preview; no other preview and no other user than `by` can confirm it."""
    return signing.dumps(told, salt=f"{of}.{by.pk}", compress=True)


def held(text: str, *, of: str, by) -> Any:
    """What `hold` was told. SignatureExpired where that is too long ago, BadSignature where it was altered, or is another's."""
    return signing.loads(text, salt=f"{of}.{by.pk}", max_age=GOOD_FOR)
