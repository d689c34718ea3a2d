"""Guards against the fifteen nastiest things publishers do (tests/pipeline/test_cases.py); the number is the case's."""

from rules.guard import Guard

IDENTITY = "digest/collect/identity.py"
POLICY = "digest/collect/policy.py"
COLLECT = "digest/pipeline/collect.py"
FEEDS = "digest/collect/feeds.py"
RULES = "for rule in (_by_guid, _by_key, _by_nearness):"
# An entry that is known by some key, with the same text, is dropped where no rule knows it: the net below the others.
TWINS = (
    IDENTITY,
    "if _is_repeat(entry, fresh) or (known.keys and _is_stored_twin(entry, known)):",
    "if _is_repeat(entry, fresh):",
)
OF = "tests/pipeline/test_cases.py::"

CASES: tuple[Guard, ...] = (
    Guard(
        1,
        "more than a guid is known of an article",
        ((IDENTITY, RULES, "for rule in (_by_guid,):"), TWINS),
        (
            f"{OF}test_1_all_guids_rewritten_at_once",
            f"{OF}test_1_guids_that_change_from_http_to_https_are_the_same",
        ),
    ),
    Guard(
        1,
        "a flood of old entries waits",
        ((IDENTITY, "return new > _FLOOD_COUNT and new > _FLOOD_SHARE * entries", "return False"),),
        (f"{OF}test_a_flood_of_old_entries_is_held_back_with_a_warning",),
    ),
    Guard(
        2,
        "link and text outlive a random guid",
        ((IDENTITY, RULES, "for rule in (_by_guid, ):"), TWINS),
        (f"{OF}test_2_a_guid_that_is_random_on_every_fetch",),
    ),
    Guard(
        3,
        "an id that is used again names a new article",
        ((IDENTITY, "        if not _is_reused(entry, seen):", "        if True:"),),
        (f"{OF}test_3_a_guid_used_again_for_a_new_article",),
    ),
    Guard(
        4,
        "a link alone proves nothing where there are guids",
        ((IDENTITY, "        if not has_guid or _agrees(entry, seen):", "        if True:"),),
        (f"{OF}test_4_a_feed_of_one_item_whose_link_never_changes",),
    ),
    Guard(
        5,
        "an article outlives its slug and its host's name",
        ((IDENTITY, RULES, "for rule in [_by_guid]:"), TWINS),
        (f"{OF}test_5_a_slug_edited_after_publishing", f"{OF}test_5_a_host_that_flips_between_names"),
    ),
    Guard(
        6,
        "a counter is an edit only so often",
        ((COLLECT, "_MOST_HASH_CHANGES = 24", "_MOST_HASH_CHANGES = 10_000"),),
        (f"{OF}test_6_a_counter_in_the_text_is_an_edit_only_so_often",),
    ),
    Guard(
        7,
        "a date to come is a wrong clock",
        (
            (
                "digest/pipeline/texts.py",
                "published=min(published, poll.now) if published else None,",
                "published=published,",
            ),
        ),
        (f"{OF}test_7_a_date_to_come_counts_from_when_it_was_seen",),
    ),
    Guard(
        7,
        "the year 1 is no date",
        ((FEEDS, "return found if 1990 <= found.year <= 2200 else None", "return found"),),
        (f"{OF}test_7_a_date_that_is_a_placeholder_is_none",),
    ),
    Guard(
        7,
        "undated archives wait at a first poll",
        ((COLLECT, 'return identity.held_at_first(fresh, now=now, since=record.since), ""', 'return frozenset(), ""'),),
        (f"{OF}test_7_no_dates_at_all", f"{OF}test_a_first_poll_of_old_entries_lets_in_ten"),
    ),
    Guard(
        8,
        "asked whole every week",
        ((POLICY, "_UNCONDITIONAL_EVERY = 7 * DAY", "_UNCONDITIONAL_EVERY = 7000 * DAY"),),
        (f"{OF}test_8_a_server_that_answers_304_for_ever_is_asked_whole_every_week",),
    ),
    Guard(
        9,
        "a challenge is no feed",
        (("digest/collect/fetch.py", "    if _is_challenge(fetched, headers):", "    if False:"),),
        (f"{OF}test_9_a_challenge_with_status_200_is_said_to_be_one",),
    ),
    Guard(
        10,
        "an address moves after three polls",
        ((POLICY, "_AGREEING_REDIRECTS = 3", "_AGREEING_REDIRECTS = 1"),),
        (f"{OF}test_10_a_permanent_redirect_moves_the_feed_after_three_polls",),
    ),
    Guard(
        11,
        "a busy host is left alone",
        ((COLLECT, "    if until is not None and until > now:", "    if False:"),),
        (f"{OF}test_11_a_busy_host_is_left_alone_with_all_its_feeds",),
    ),
    Guard(
        12,
        "an outage of ours is nobody's fault",
        ((COLLECT, "    elif outage and result.kind in policy.OFFLINE:", "    elif False:"),),
        (f"{OF}test_12_a_local_outage_counts_against_nobody",),
    ),
    Guard(
        13,
        "double encoding is repaired",
        (
            (
                "digest/collect/markup.py",
                'return CONTROL.sub(" ", ftfy.fix_encoding(kept)) if ftfy.badness.is_bad(kept) else kept',
                "return kept",
            ),
        ),
        (f"{OF}test_13_double_encoded_text_is_repaired",),
    ),
    Guard(
        13,
        "the bytes say their encoding, not the header",
        (
            (
                FEEDS,
                "        return fastfeedparser.parse(body)",
                "        return fastfeedparser.parse(body.decode('utf-8', 'replace'))",
            ),
        ),
        (f"{OF}test_13_control_characters_lying_encoding_and_junk",),
    ),
    Guard(
        14,
        "a picture's description is no article",
        (
            (
                FEEDS,
                'max((_content(item) for item in _items(raw, "content")), key=len, default="")',
                'max((_content({"value": m.get("description")}) for m in _items(raw, "media_content")), key=len, default="")',
            ),
        ),
        (f"{OF}test_14_a_media_description_is_never_the_article",),
    ),
    Guard(
        15,
        "a redirect is checked at the connect",
        (
            (
                "digest/collect/client.py",
                "        if not self._rule(asked.host, ip, int(place[1])):",
                "        if False:",
            ),
        ),
        (
            f"{OF}test_15_a_redirect_into_a_private_network_is_refused_and_not_kept",
            "tests/collect/test_client.py::test_a_name_that_moves_into_a_private_network_is_refused_there",
            "tests/pipeline/test_sources.py::test_a_listed_page_in_a_private_network_is_not_asked_for",
        ),
    ),
    Guard(
        15,
        "a sitemap's children are a stranger's word",
        (
            (
                "digest/collect/fetch.py",
                '{"Accept": _ACCEPT_FEED}, named=False)',
                '{"Accept": _ACCEPT_FEED}, named=True)',
            ),
            ("digest/collect/addresses.py", '(host.lower().strip("[]"), port) in self._named or', "True or"),
        ),
        ("tests/pipeline/test_sources.py::test_a_sitemap_of_an_index_in_a_private_network_is_not_asked_for",),
    ),
    Guard(
        15,
        "work on strangers' bytes is killed at its limit",
        (("digest/workers.py", "kwargs=kwargs, timeout=timeout_s)", "kwargs=kwargs, timeout=None)"),),
        ("tests/pipeline/test_attacks.py::test_an_attribute_bomb_costs_its_limit_and_that_feed_only",),
    ),
)
