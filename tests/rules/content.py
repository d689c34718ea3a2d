"""Guards of rules 6 to 10: what comes from outside, and what every message is."""

from rules.guard import Guard

COMPOSE = "digest/send/compose.py"
FETCH = "digest/collect/fetch.py"
PREFLIGHT = "digest/render/preflight/parts.py"
PUBLIC = "digest/web/public/app.py"
SWEEP = "digest/collect/clean/sweep.py"
MODEL = "digest/model.py"
OF_COMPOSE = "tests/send/test_compose.py::"
OF_RULES = "tests/rules/test_rules.py::"
OF_PREFLIGHT = "tests/render/test_preflight.py::"
OF_PUBLIC = "tests/web/test_public.py::"
OF_ATTACKS = "tests/pipeline/test_attacks.py::"
OF_CLEAN = "tests/collect/test_clean.py::"
OF_HOSTILE = "tests/render/test_hostile.py::"
HEADERS = "tests/send/test_compose.py::test_every_header_of_rule_8_is_there_once"


def _header(name: str, line: str, instead: str = "") -> Guard:
    return Guard(8, f"the header {name}", ((COMPOSE, line, instead),), (HEADERS,))


GUARDS: tuple[Guard, ...] = (
    # ------------------------------------------------------------------ 6: nothing from outside is trusted
    Guard(
        6,
        "HTML is escaped",
        (("digest/render/templates.py", "        autoescape=_escapes,\n", "        autoescape=False,\n"),),
        (
            f"{OF_HOSTILE}test_an_attack_makes_no_element_no_attribute_and_no_address",
            "tests/render/test_templates.py::test_html_escapes_and_text_does_not",
        ),
    ),
    Guard(
        6,
        "a reader's name is escaped",
        ((MODEL, "return html.escape(flat, quote=True) if self.is_html else flat", "return flat"),),
        (
            "tests/render/test_merge.py::test_a_hostile_name_is_inert",
            "tests/render/test_merge.py::test_a_value_never_becomes_markup_nor_a_second_line",
        ),
    ),
    Guard(
        6,
        "a link is a web address",
        (
            (
                "digest/render/views.py",
                'return flat if parts.scheme in {"http", "https"} and host else ""',
                "return flat",
            ),
        ),
        (f"{OF_HOSTILE}test_a_link_that_is_no_web_address_is_no_link",),
    ),
    Guard(
        6,
        "templates run in a sandbox",
        (("digest/render/templates.py", "    made = _Sandbox(\n", "    made = Environment(\n"),),
        ("tests/render/test_templates.py::test_a_fault_names_file_and_line",),
    ),
    Guard(
        6,
        "private addresses",
        (("digest/collect/addresses.py", "        return is_public(ip) or any(", "        return True or any("),),
        (
            "tests/collect/test_addresses.py::test_private_addresses_in_every_dress_are_refused",
            f"{OF_ATTACKS}test_an_entry_link_into_a_private_network_is_not_fetched",
        ),
    ),
    Guard(
        6,
        "a redirect is not trusted as the named host is",
        ((FETCH, "named=named and hop == 0", "named=named"),),
        (f"{OF_ATTACKS}test_a_named_host_is_trusted_and_nothing_reached_from_there",),
    ),
    Guard(
        6,
        "every connect is checked",
        (
            (
                "digest/collect/client.py",
                "        if not self._rule(asked.host, ip, int(place[1])):",
                "        if False:",
            ),
        ),
        (
            "tests/pipeline/test_cases.py::test_15_a_redirect_into_a_private_network_is_refused_and_not_kept",
            f"{OF_ATTACKS}test_every_spelling_of_loopback_is_refused",
        ),
    ),
    Guard(
        6,
        "a redirect stays on the web",
        ((FETCH, "if not is_on_web or not is_address:", "if False:"),),
        (f"{OF_ATTACKS}test_a_redirect_off_the_web_is_refused",),
    ),
    Guard(
        6,
        "bodies are bounded",
        (("digest/collect/inflate.py", "        if self._size > self._max_bytes:\n", "        if False:\n"),),
        (
            f"{OF_ATTACKS}test_a_plain_body_stops_at_the_size_limit",
            "tests/collect/test_fetch.py::test_one_byte_more_is_refused",
        ),
    ),
    Guard(
        6,
        "inflating is bounded in memory",
        (
            (
                "digest/collect/inflate.py",
                "self._stream.decompress(chunk, self._max_bytes - self._size + 1)",
                "self._stream.decompress(chunk)",
            ),
        ),
        (f"{OF_RULES}test_a_bomb_is_never_inflated_whole",),
    ),
    Guard(
        6,
        "answers are bounded in time",
        ((FETCH, "async with asyncio.timeout(max(0.01, left_s)):", "async with asyncio.timeout(20):"),),
        (f"{OF_ATTACKS}test_a_drip_stops_at_the_time_limit",),
    ),
    # ------------------------------------------------------------------ 7: GET shows, POST does
    Guard(
        7,
        "GET does not unsubscribe",
        ((PUBLIC, 'Route("/unsubscribe/{token}", leaving.show,', 'Route("/unsubscribe/{token}", leaving.leave,'),),
        (f"{OF_PUBLIC}test_no_get_changes_anything",),
    ),
    Guard(
        7,
        "GET does not confirm",
        ((PUBLIC, 'Route("/confirm/{token}", confirming.show,', 'Route("/confirm/{token}", confirming.confirm,'),),
        (f"{OF_PUBLIC}test_no_get_changes_anything",),
    ),
    Guard(
        7,
        "one POST takes effect at once",
        (
            (
                "digest/web/public/leaving.py",
                "        await roster.unsubscribe(connection, subscriber_id, left, desk.now(), source, remote(request))\n",
                "",
            ),
        ),
        (f"{OF_PUBLIC}test_one_post_leaves",),
    ),
    Guard(
        7,
        "a forged token names nobody",
        (
            (
                "digest/web/public/desk.py",
                '        found = tokens.read(keys, purpose, request.path_params["token"])\n',
                '        found = tokens.read(keys, purpose, request.path_params["token"]) or (1, "morning")\n',
            ),
        ),
        (f"{OF_PUBLIC}test_a_forged_token_names_nobody",),
    ),
    # ------------------------------------------------------------------ 8: what every message has
    _header("From", '        _line("From", message.sender, is_address=True),\n'),
    _header("Reply-To", '        _line("Reply-To", message.reply_to, is_address=True),\n'),
    _header("To", '        _line("To", name_addr(message.to_name, message.to_address), is_address=True),\n'),
    _header("Subject", '        _line("Subject", message.subject),\n'),
    _header("Date", '        f"Date: {format_datetime(message.date)}",\n'),
    _header("Message-ID", '        f"Message-ID: {message.message_id}",\n'),
    _header("List-Id", '        ("List-Id", f"{phrase} <{envelope.newsletter}.{host}>"),\n'),
    _header(
        "List-Unsubscribe",
        '                ("List-Unsubscribe", f"<{unsubscribe}>, <{self._mailto}{token}>"),\n',
    ),
    _header("List-Unsubscribe-Post", '                ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"),\n'),
    _header("Auto-Submitted", '        ("Auto-Submitted", "auto-generated"),\n'),
    Guard(
        8,
        "List-Unsubscribe is not folded, and has both ways",
        (
            (
                COMPOSE,
                'f"<{unsubscribe}>, <{self._mailto}{token}>"',
                'f"<{unsubscribe}>,\\r\\n <{self._mailto}{token}>"',
            ),
            (COMPOSE, "    if not value.isprintable() and _BREAK.search(value):", "    if False:"),
        ),
        (f"{OF_COMPOSE}test_list_unsubscribe_is_one_line_with_https_and_mailto",),
    ),
    Guard(
        8,
        "text and HTML parts",
        (
            (
                COMPOSE,
                '    parts = (("plain", message.text), ("html", message.html))',
                '    parts = (("html", message.html),)',
            ),
        ),
        (f"{OF_RULES}test_a_message_has_both_parts_the_reason_and_the_postal_address",),
    ),
    Guard(
        8,
        "a provider that cannot carry the headers is refused",
        (
            (
                "digest/send/providers/__init__.py",
                "    if provider.capabilities.unsubscribe_headers:\n        return\n",
                "    return\n",
            ),
        ),
        ("tests/send/providers/test_load.py::test_one_that_cannot_carry_the_unsubscribe_headers_is_refused_by_name",),
    ),
    # ------------------------------------------------------------------ 9: an article's own sentences
    Guard(
        9,
        "bylines and dates go",
        (
            (
                SWEEP,
                "    if _is_byline(text, names, language) or _is_date(text) or _is_stamp(text):\n        return True\n",
                "",
            ),
        ),
        (f"{OF_RULES}test_a_byline_that_ends_as_a_sentence_does_goes",),
    ),
    Guard(
        9,
        "datelines go",
        ((SWEEP, "without_dateline(line, language=language) if not kept and not speakers else line", "line"),),
        (f"{OF_CLEAN}test_case",),
    ),
    Guard(
        9,
        "pleas go",
        (
            (
                SWEEP,
                "        while left > first and _is_plea(text[starts[left - 1] : end].rstrip()):\n",
                "        while False:\n",
            ),
        ),
        (f"{OF_CLEAN}test_case",),
    ),
    Guard(
        9,
        "cookie notices go",
        (
            (
                "digest/collect/clean/phrases/en.py",
                "(?:we|this (?:web)?site) uses? (?:essential |own |third[- ]party )?cookies|",
                "",
            ),
        ),
        (f"{OF_RULES}test_a_cookie_notice_that_speaks_to_nobody_goes",),
    ),
    Guard(
        9,
        "a sentence stands to the letter",
        (
            (
                "digest/summarize/summarizer.py",
                "sentences=tuple(found[place] for place in chosen)",
                "sentences=tuple(found[place].rstrip('.') for place in chosen)",
            ),
        ),
        (
            "tests/summarize/test_summarizer.py::test_a_summary_is_of_its_article",
            "tests/summarize/test_summarizer.py::test_every_method_gives_sentences_of_the_article",
        ),
    ),
    Guard(
        9,
        "no sentence goes over two paragraphs",
        (
            (
                "digest/summarize/summarizer.py",
                "    found = tuple(_read(paragraphs, spoken))",
                '    found = tuple(_read([" ".join(paragraphs)], spoken))',
            ),
        ),
        ("tests/summarize/test_summarizer.py::test_no_sentence_goes_over_from_one_paragraph_to_the_next",),
    ),
    # ------------------------------------------------------------------ 10: refused before anything leaves
    Guard(
        10,
        "no line break in a header",
        ((COMPOSE, "    if not value.isprintable() and _BREAK.search(value):", "    if False:"),),
        (f"{OF_COMPOSE}test_a_line_break_in_a_header_is_refused",),
    ),
    Guard(
        10,
        "a line break in a title becomes a blank",
        (
            (
                "digest/collect/markup.py",
                '    return " ".join(unicodedata.normalize("NFC", clean(text)).split())[:max_chars]',
                '    return unicodedata.normalize("NFC", clean(text))[:max_chars]',
            ),
        ),
        (
            "tests/collect/test_markup.py::test_a_line_is_one_line_of_clean_nfc",
            "tests/collect/test_feeds.py::test_titles_are_unescaped_once_and_flat",
        ),
    ),
    Guard(
        10,
        "a line break in a name becomes a blank",
        ((MODEL, '        flat = " ".join(value.split())\n', "        flat = value\n"),),
        ("tests/render/test_merge.py::test_a_value_never_becomes_markup_nor_a_second_line",),
    ),
    Guard(
        10,
        "subject and preheader are one line",
        (
            (
                "digest/render/views.py",
                '    return _LINES.sub(" ", _CONTROLS.sub("", value)).strip()',
                "    return value",
            ),
        ),
        (f"{OF_HOSTILE}test_subject_and_preheader_are_one_line",),
    ),
    Guard(
        10,
        "an undefined name is refused",
        (("digest/render/templates.py", "        undefined=StrictUndefined,\n", ""),),
        ("tests/render/test_templates.py::test_a_fault_names_file_and_line",),
    ),
    Guard(
        10,
        "HTML over the clip is refused",
        ((PREFLIGHT, "    if size > CLIP:\n", "    if False:\n"),),
        (f"{OF_PREFLIGHT}test_html_past_gmails_clip_blocks",),
    ),
    Guard(
        10,
        "a missing unsubscribe link is refused",
        (
            (
                "digest/render/merge.py",
                '        if not any(slot.name == "unsubscribe_url" for slot in slots):\n',
                "        if False:\n",
            ),
        ),
        ("tests/render/test_merge.py::test_a_part_without_an_unsubscribe_link_is_refused",),
    ),
    Guard(
        10,
        "preflight looks for the link again",
        (
            (
                PREFLIGHT,
                '        if not any(slot.name == "unsubscribe_url" for slot in part.slots):\n',
                "        if False:\n",
            ),
        ),
        (f"{OF_PREFLIGHT}test_a_missing_unsubscribe_link_blocks",),
    ),
    Guard(
        10,
        "build refuses what preflight blocks",
        (("digest/pipeline/build.py", "    refuse(made)\n    return await _freeze", "    return await _freeze"),),
        ("tests/cli/test_pipeline.py::test_what_must_not_leave_is_not_built",),
    ),
)
