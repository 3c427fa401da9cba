"""The language of a page: Japanese, unless the visitor chose English in the footer."""

from django.conf import settings
from django.utils import translation


class ChosenLanguageMiddleware:
    """Activate the language of the cookie that Django's `set_language` writes, else the site's own.

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
