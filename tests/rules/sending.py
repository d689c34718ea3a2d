"""Guards of rules 1 to 5: the ledger, and who gets what."""

from rules.guard import Guard

BATCHES = "digest/store/batches.py"
OUTBOX = "digest/send/outbox.py"
CLAIMS = "digest/store/claims.py"
LEDGER = "digest/send/ledger.py"
ISSUES = "digest/store/issues.py"
FIRST = "digest/store/migrations/versions/0001_first.py"
COMPOSE = "digest/send/compose.py"
OF_BATCHES = "tests/store/test_batches.py::"
OF_ISSUES = "tests/store/test_issues.py::"
OF_SEND = "tests/pipeline/test_send.py::"
OF_OUTBOX = "tests/send/test_outbox.py::"
OF_COMPOSE = "tests/send/test_compose.py::"
OF_RULES = "tests/rules/test_rules.py::"


GUARDS: tuple[Guard, ...] = (
    # ------------------------------------------------------------------ 1: frozen, one issue a slot
    Guard(
        1,
        "UNIQUE(newsletter, cadence, slot)",
        (
            (
                FIRST,
                'sa.UniqueConstraint("newsletter", "cadence", "slot", name=op.f("uq_issue_newsletter_cadence_slot")),',
                "",
            ),
        ),
        (f"{OF_RULES}test_the_database_refuses_a_second_issue_of_a_slot",),
    ),
    Guard(
        1,
        "a taken slot is not claimed",
        (
            (
                FIRST,
                'sa.UniqueConstraint("newsletter", "cadence", "slot", name=op.f("uq_issue_newsletter_cadence_slot")),',
                "",
            ),
            (
                ISSUES,
                "if (await connection.execute(select(issue.c.id).where(taken))).first() is not None:",
                "if False:",
            ),
        ),
        (f"{OF_ISSUES}test_a_slot_is_claimed_once", f"{OF_ISSUES}test_of_many_who_ask_at_once_one_gets_it"),
    ),
    Guard(
        1,
        "a lost claim makes nothing",
        (
            (
                ISSUES,
                "mine = and_(issue.c.id == held.issue_id, issue.c.owner == held.owner, issue.c.state == IssueState.BUILDING)\n    changed = await connection.execute(update(issue).where(mine).values(**values",
                "mine = and_(issue.c.id == held.issue_id)\n    changed = await connection.execute(update(issue).where(mine).values(**values",
            ),
        ),
        (f"{OF_ISSUES}test_a_lost_claim_writes_nothing", f"{OF_ISSUES}test_a_made_issue_is_never_made_again"),
    ),
    Guard(
        1,
        "a rendition is written once",
        ((FIRST, 'sa.PrimaryKeyConstraint("issue_id", "variant", name=op.f("pk_rendition")),', ""),),
        ("tests/store/test_renditions.py::test_it_is_written_once",),
    ),
    Guard(
        1,
        "what has begun to leave is not rewritten",
        (
            (
                "digest/store/edits.py",
                "return and_(issue.c.id == issue_id, issue.c.state.in_(_WAITING), issue.c.date.is_(None), ~claimed)",
                "return and_(issue.c.id == issue_id, issue.c.state.in_(_WAITING))",
            ),
        ),
        (
            "tests/store/test_edits.py::test_once_a_batch_was_claimed_nothing_is_rewritten",
            "tests/store/test_edits.py::test_once_sending_began_nothing_is_rewritten",
        ),
    ),
    Guard(
        1,
        "the recipients are planned once",
        (
            (
                BATCHES,
                "    if await connection.scalar(select(exists().where(delivery.c.issue_id == issue_id))):\n        return 0\n",
                "",
            ),
        ),
        (f"{OF_BATCHES}test_a_plan_is_made_once",),
    ),
    # ------------------------------------------------------------------ 2: the ledger before the request
    Guard(
        2,
        "UNIQUE(issue, subscriber)",
        (
            (
                FIRST,
                'sa.PrimaryKeyConstraint("issue_id", "subscriber_id", name=op.f("pk_delivery")),\n        sqlite_with_rowid=False,',
                "",
            ),
        ),
        (f"{OF_RULES}test_the_database_refuses_a_second_delivery_to_a_reader",),
    ),
    Guard(
        2,
        "the batch is committed before the request",
        (
            (
                LEDGER,
                "            return await self.database.at_once(self._take)\n",
                "            made: list[Taken | None] = []\n\n            def undone(connection: Connection) -> None:\n                made.append(self._take(connection))\n                connection.get_transaction().rollback()\n\n            await self.database.at_once(undone)\n            return made[0]\n",
            ),
        ),
        (f"{OF_RULES}test_when_the_request_leaves_all_of_it_is_on_disk",),
    ),
    Guard(
        2,
        "key and body hash are kept",
        (
            (
                CLAIMS,
                '        key=bindparam("new_key"),\n        body_hash=bindparam("new_hash"),\n',
                "",
            ),
        ),
        (f"{OF_RULES}test_when_the_request_leaves_all_of_it_is_on_disk",),
    ),
    Guard(
        2,
        "other bytes are no replay",
        ((LEDGER, "if (key, body_hash) != (held.key, held.body_hash):", "if False:"),),
        (f"{OF_SEND}test_a_replay_whose_bytes_would_differ_is_held",),
    ),
    Guard(
        2,
        "what readers differ in is part of the fingerprint",
        (("digest/send/providers/merge.py", "_CELL.join(chain.from_iterable(columns))", 'b""'),),
        ("tests/send/providers/test_merge.py::test_other_bytes_other_fingerprint",),
    ),
    Guard(
        2,
        "what all share is part of the fingerprint",
        (("digest/send/providers/merge.py", "        shared.update(sha256(part).digest())", "        pass"),),
        ("tests/send/providers/test_merge.py::test_other_bytes_other_fingerprint",),
    ),
    Guard(
        2,
        "a hash of the older kind is compared as one",
        (("digest/send/providers/base.py", " and (like is None or len(like) == len(told))", ""),),
        ("tests/send/test_ledger.py::test_what_an_older_program_sent_is_known_by_the_hash_it_kept",),
    ),
    Guard(
        2,
        "the same members, the same key",
        (
            (
                COMPOSE,
                'return str(uuid.uuid5(_KEYS, "\\n".join([envelope.issue, *(person.message_id for person in recipients)])))',
                "return str(uuid.uuid4())",
            ),
        ),
        (f"{OF_COMPOSE}test_the_same_batch_gives_the_same_bytes_and_key",),
    ),
    Guard(
        2,
        "a replay keeps its members",
        (
            (
                CLAIMS,
                "newsletter if row.key is None else None",
                "newsletter",
            ),
        ),
        (f"{OF_BATCHES}test_who_left_is_not_claimed_but_a_replay_keeps_its_members",),
    ),
    Guard(
        2,
        "who lost the batch records nothing",
        ((CLAIMS, '    batch.c.owner == bindparam("who"),\n    batch.c.attempts == bindparam("fence"),\n', ""),),
        (f"{OF_BATCHES}test_who_lost_the_claim_changes_nothing",),
    ),
    # ------------------------------------------------------------------ 3: not knowing is a state
    Guard(
        3,
        "a timeout after the request left is doubt",
        (
            (
                OUTBOX,
                "        return Again(after=None, reason=reason, is_down=True)\n    return Doubt(reason=reason)",
                "        return Again(after=None, reason=reason, is_down=True)\n    return Again(after=None, reason=reason, is_down=True)",
            ),
        ),
        (f"{OF_OUTBOX}test_an_error_means", f"{OF_SEND}test_without_keys_what_may_have_been_taken_is_held"),
    ),
    Guard(
        3,
        "without a key no replay",
        (
            (
                OUTBOX,
                "    if known is None or replays > REPLAYS:\n        return False",
                "    if known is None:\n        return True\n    if replays > REPLAYS:\n        return False",
            ),
        ),
        (
            f"{OF_OUTBOX}test_a_replay_needs_a_key_that_lives",
            f"{OF_SEND}test_without_keys_what_may_have_been_taken_is_held",
        ),
    ),
    Guard(
        3,
        "after the key's lifetime no replay",
        (
            (
                OUTBOX,
                "return first_sent_at is not None and now < first_sent_at + known.lifetime - _MARGIN",
                "return True",
            ),
        ),
        (
            f"{OF_OUTBOX}test_a_replay_needs_a_key_that_lives",
            f"{OF_SEND}test_after_the_keys_lifetime_it_is_held_until_the_owner_says",
        ),
    ),
    Guard(
        3,
        "an unclear status is doubt",
        ((OUTBOX, "    return Cause.UNCLEAR  # 5xx", "    return Cause.BUSY  # 5xx"),),
        (f"{OF_OUTBOX}test_a_status_means",),
    ),
    Guard(
        3,
        "a success that tells of nobody is doubt",
        ((OUTBOX, "    if len(outcomes) != count:\n", "    if False:\n"),),
        (f"{OF_OUTBOX}test_a_success_that_tells_of_nobody_is_doubt",),
    ),
    Guard(
        3,
        "a refused replay stays unknown",
        (
            (
                CLAIMS,
                "    if held.is_replay:\n        return doubt(connection, held, next_at=next_at, note=note, is_new=False)\n",
                "",
            ),
        ),
        (f"{OF_BATCHES}test_not_taken_now_may_have_been_taken_before",),
    ),
    # ------------------------------------------------------------------ 4: who left gets nothing
    Guard(
        4,
        "suppression in the claiming transaction",
        (
            (
                CLAIMS,
                "newsletter if row.key is None else None",
                "None",
            ),
        ),
        (
            f"{OF_SEND}test_a_reader_who_leaves_after_planning_gets_nothing",
            f"{OF_BATCHES}test_who_left_is_not_claimed_but_a_replay_keeps_its_members",
        ),
    ),
    Guard(
        4,
        "an unsubscribed reader is not wanted",
        (("subscribers/roster/selects.py", "        subscription.c.state == SubscriptionState.ACTIVE,\n", ""),),
        (f"{OF_BATCHES}test_who_left_is_not_claimed_but_a_replay_keeps_its_members",),
    ),
    Guard(
        4,
        "a suppressed address is not wanted",
        (("subscribers/roster/selects.py", "        suppression.c.address_hash.is_(None),\n", ""),),
        (f"{OF_RULES}test_an_address_suppressed_after_planning_is_not_claimed",),
    ),
    # ------------------------------------------------------------------ 5: one bad one stops no other
    Guard(
        5,
        "a feed that cannot be read",
        (
            (
                "digest/pipeline/collect.py",
                "    except DigestError as error:\n        failure = policy.Failed(",
                "    except ZeroDivisionError as error:\n        failure = policy.Failed(",
            ),
            (
                "digest/pipeline/collect.py",
                "    except Exception as error:  # noqa: BLE001 — the others go on",
                "    except ZeroDivisionError as error:  # noqa: BLE001 — the others go on",
            ),
        ),
        ("tests/pipeline/test_collect.py::test_one_bad_feed_never_stops_the_others",),
    ),
    Guard(
        5,
        "a feed that cannot be fetched",
        (
            (
                "digest/pipeline/collect.py",
                "    except FetchError as error:\n        failure = policy.Failed(",
                "    except FetchError as error:\n        raise\n        failure = policy.Failed(",
            ),
        ),
        ("tests/pipeline/test_collect.py::test_one_bad_feed_never_stops_the_others",),
    ),
    Guard(
        5,
        "a page that cannot be read",
        (
            (
                "digest/pipeline/texts.py",
                "    except DigestError as error:\n        return listed.of_error(error)",
                "    except ZeroDivisionError as error:\n        return listed.of_error(error)",
            ),
        ),
        ("tests/pipeline/test_texts.py::test_a_page_that_fails_leaves_the_excerpt_and_a_warning",),
    ),
    Guard(
        5,
        "an address that is none",
        (
            (
                LEDGER,
                "    return [member for member in held.members if compose.is_sendable(member.address)]",
                "    return list(held.members)",
            ),
        ),
        (f"{OF_SEND}test_an_address_that_is_none_stops_nobody",),
    ),
    Guard(
        5,
        "one refused address in a batch",
        ((OUTBOX, "            return Divide(reason=read.reason)", "            return Stop(reason=read.reason)"),),
        (f"{OF_SEND}test_one_poisoned_address_is_found_and_the_others_go",),
    ),
    Guard(
        5,
        "one bad setting stops",
        (("digest/config/settings.py", 'ConfigDict(extra="forbid",', 'ConfigDict(extra="ignore",'),),
        (
            "tests/config/test_load.py::test_a_misspelt_key_is_told_what_was_meant",
            "tests/config/test_load.py::test_every_fault_is_named_at_once_with_key_and_remedy",
        ),
    ),
)
