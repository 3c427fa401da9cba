"""The interface speaks Japanese wholly: `make messages` mends what fails here, except for words that nobody translated yet."""

from config import messages


def _strings(message):
    return message.string if isinstance(message.string, tuple) else (message.string,)


def _ids(catalog):
    return {(message.id, message.context) for message in catalog if message.id}


def test_catalogue_has_every_message_of_the_sources_and_of_libraries_without_japanese_and_no_other():
    kept, needed = _ids(messages.kept()), _ids(messages.needed())

    assert (needed - kept, kept - needed) == (set(), set())  # what is missing, what nobody uses


def test_every_message_has_its_japanese():
    assert [message.id for message in messages.kept() if message.id and not all(_strings(message))] == []


def test_no_japanese_is_a_guess():
    assert [message.id for message in messages.kept() if message.id and message.fuzzy] == []


def test_japanese_takes_the_same_arguments_as_the_english():
    assert [(message.id, [str(error) for error in errors]) for message, errors in messages.kept().check()] == []


def test_last_day_of_a_target_has_one_word_and_another_is_for_postings():
    named = {file for message in messages.kept() if "最終日" in "".join(_strings(message)) for file, _line in message.locations}

    assert [file for file in named if not file.startswith(("accounts/", "templates/admin/accounts/"))] == []
    assert named


def test_compiled_catalogue_is_the_one_that_babel_makes():
    assert messages.MO_FILE.read_bytes() == messages.compiled(messages.kept())


def test_messages_of_a_template_are_found(tmp_path):
    page = tmp_path / "page.html"
    page.write_text(
        """{% load i18n %}
          <p title="{% translate "a title" %}">{{ x|default:_("a default") }}</p>
        {% if x %}
            {% blocktranslate count n=x trimmed %}
              one thing
            {% plural %}{{ n }} things{% endblocktranslate %}
        {% endif %}
        {% translate "may" context "month" %}
        """,
        encoding="utf-8",
    )

    assert set(messages.messages_of(page)) == {
        ("a title", None),
        ("a default", None),
        (("one thing", "%(n)s things"), None),
        ("may", "month"),
    }
