"""What an edit makes of ranked stories, and what each act of the editor makes of an edit: plain functions of values.

An edit is an intention, not a list of stories: it is applied again whenever it is looked at, and at last when the issue
is made, to the stories there are then. Stories are known by the links of their articles, so that a story that another
paper has taken up since is still the same.
"""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, replace

from digest.model import Article, Edit, Story, Summary
from digest.pipeline.telling import Reach, Told

LONGEST_INTRO = 2_000  # characters


@dataclass(frozen=True, slots=True, kw_only=True)
class Arranged:
    """Places in the ranked stories: each place stands in exactly one of the three."""

    told: tuple[int, ...]  # in the order they are told
    dropped: tuple[int, ...]
    spare: tuple[int, ...]  # below the cut, best first


@dataclass(frozen=True, slots=True, kw_only=True)
class Laid:
    """What an edit makes of what was told."""

    stories: tuple[Story, ...]  # of the issue, in order
    dropped: tuple[Story, ...] = ()
    spare: tuple[Story, ...] = ()
    seen: tuple[tuple[int, int], ...] = ()  # (article id, story; -1: left out): dealt with by the issue


def reach(edit: Edit, *, spare: int = 0) -> Reach:
    """What must be told for that edit to be applied: others take the places of those left out."""
    return Reach(
        spare=spare + len(edit.drops),
        named=frozenset((*edit.pins, *edit.moved, *edit.drops)),
        sentences=tuple(edit.sentences),
    )


def laid(told: Told, edit: Edit, *, count: int, sections: Sequence[str] = ()) -> Laid:
    """An issue of `count` stories, as edited; sections in the order of `sections` until the editor arranges."""
    found = arranged(told.stories, edit, count=count, sections=sections)
    stories = [retold(*both, edit) for both in zip(told.stories, _sentences(told), strict=True)]
    places = {place: number for number, place in enumerate(found.told)} | dict.fromkeys(found.dropped, -1)
    copies = [(article_id, places[place]) for article_id, place in told.copies if place in places]
    own = [(a.id, n) for place, n in places.items() for a in stories[place].articles if a.id is not None]
    return Laid(
        stories=tuple(stories[place] for place in found.told),
        dropped=tuple(stories[place] for place in found.dropped),
        spare=tuple(stories[place] for place in found.spare),
        seen=tuple(dict([*copies, *own]).items()),
    )


def kept(told: Told, edit: Edit, *, count: int, sections: Sequence[str] = ()) -> Told:
    """What that issue tells and leaves out, as nobody had edited it: what a frozen one can still be edited from."""
    spare = set(arranged(told.stories, edit, count=count, sections=sections).spare)
    places = [
        p for p in arranged(told.stories, Edit(), count=len(told.stories), sections=sections).told if p not in spare
    ]
    numbers = {place: number for number, place in enumerate(places)}
    sentences = _sentences(told)
    return Told(
        stories=tuple(told.stories[place] for place in places),
        copies=tuple((article_id, numbers[place]) for article_id, place in told.copies if place in numbers),
        sentences=tuple(sentences[place] for place in places),
    )


def _sentences(told: Told) -> tuple[tuple[str, ...], ...]:
    return told.sentences or ((),) * len(told.stories)


def key(story: Story) -> str:
    """What a story is called in an edit: its lead's link."""
    return _link(story.lead)


def links(story: Story) -> tuple[str, ...]:
    """Every link of a story, none twice: what it is known by."""
    return tuple(dict.fromkeys(map(_link, story.articles)))


def arranged(ranked: Sequence[Story], edit: Edit, *, count: int, sections: Sequence[str] = ()) -> Arranged:
    """Which of the stories (best first) an issue of `count` tells, and in what order.

    Pinned stories come first, in their order, then those that were arranged, then the others: best first, by section
    where `sections` gives an order. What is pinned or was moved is told whatever its rank; the best of the others fill
    the places left.
    """
    dropped = [place for place, story in enumerate(ranked) if _is_among(story, edit.drops)]
    left = [place for place in range(len(ranked)) if place not in set(dropped)]
    kept = {place for place in left if _is_among(ranked[place], (*edit.pins, *edit.moved))}
    free = [place for place in left if place not in kept]
    told = kept | set(free[: max(0, count - len(kept))])
    usual = _by_section([place for place in left if place in told], ranked, sections)
    return Arranged(
        told=tuple(sorted(usual, key=_standing(ranked, edit))),
        dropped=tuple(dropped),
        spare=tuple(place for place in left if place not in told),
    )


def retold(story: Story, sentences: Sequence[str], edit: Edit) -> Story:
    """The story with the sentences that the editor chose of its article's, in its order, to the letter.

    `sentences`: all of the lead's; `Summary.positions` are places in them. Where the article has none of those chosen
    any more, the story keeps its summary; where none was chosen, it is told by its title.
    """
    chosen = edit.sentences.get(key(story))
    if chosen is None:
        return story
    first = {text: place for place, text in reversed(list(enumerate(sentences))) if text in chosen}
    places = tuple(sorted(first.values()))
    if not places:
        return story if chosen else replace(story, summary=None)
    texts = tuple(sentences[place] for place in places)
    language = story.summary.language if story.summary else story.lead.language or ""
    return replace(story, summary=Summary(sentences=texts, positions=places, method="editor", language=language))


def _link(article: Article) -> str:
    return article.link or f"#{article.id}"


def _is_among(story: Story, wanted: Collection[str]) -> bool:
    return any(_link(article) in wanted for article in story.articles)


def _standing(ranked: Sequence[Story], edit: Edit) -> Callable[[int], tuple[int, int]]:
    """Where a story stands by hand: among the pins, else in the order; what is in neither comes last."""
    pins = {link: place for place, link in reversed(list(enumerate(edit.pins)))}
    order = {link: place for place, link in reversed(list(enumerate(edit.order)))}

    def standing(place: int) -> tuple[int, int]:
        story = links(ranked[place])
        return (
            min((pins[link] for link in story if link in pins), default=len(pins)),
            min((order[link] for link in story if link in order), default=len(order)),
        )

    return standing


def _by_section(places: list[int], ranked: Sequence[Story], sections: Sequence[str]) -> list[int]:
    if not sections:
        return places
    order = {section: at for at, section in enumerate(sections)}
    for place in places:
        order.setdefault(ranked[place].section, len(order))
    return sorted(places, key=lambda place: order[ranked[place].section])


# ------------------------------------------------------------------ acts of the editor


def moved(edit: Edit, told: Sequence[Story], story: Story, to: int) -> Edit:
    """The edit with that story (one of those `told` by it) at place `to`, or as near as the pinned ones let it.

    Pinned stories stay before all others: one of either kind moves among its kind.
    """
    names = [key(one) for one in told]
    pinned = sum(_is_among(one, edit.pins) for one in told)
    is_pinned = _is_among(story, edit.pins)
    low, high = (0, pinned - 1) if is_pinned else (pinned, len(names) - 1)
    names.remove(key(story))
    names.insert(max(low, min(high, to)), key(story))
    if is_pinned:
        return replace(edit, pins=tuple(names[:pinned]))
    return replace(edit, order=_in_order(edit, names), moved=_with(edit.moved, [key(story)]))


def pinned(edit: Edit, story: Story) -> Edit:
    """The edit with that story first of all, behind those pinned before; and told, if it was left out."""
    return replace(restored(edit, story), pins=_with(_without(edit.pins, links(story)), [key(story)]))


def unpinned(edit: Edit, story: Story) -> Edit:
    """The edit with that story where it ranks, or was arranged."""
    return replace(edit, pins=_without(edit.pins, links(story)))


def dropped(edit: Edit, story: Story) -> Edit:
    """The edit with that story left out. Where it stood in the order is kept: it may come back."""
    gone = links(story)
    return replace(
        edit, drops=_with(edit.drops, gone), pins=_without(edit.pins, gone), moved=_without(edit.moved, gone)
    )


def restored(edit: Edit, story: Story) -> Edit:
    """The edit with that story no longer left out."""
    return replace(edit, drops=_without(edit.drops, links(story)))


def added(edit: Edit, story: Story) -> Edit:
    """The edit with that story told, though it ranks below the others."""
    return replace(restored(edit, story), moved=_with(edit.moved, [key(story)]))


def introduced(edit: Edit, intro: str, usual: str) -> Edit:
    """The edit with that intro; the newsletter's own is none of the editor's."""
    text = "\n".join(line.strip() for line in intro.strip()[:LONGEST_INTRO].splitlines())
    return replace(edit, intro=None if text == usual.strip() else text)


def chosen(edit: Edit, story: Story, sentences: Iterable[str] | None) -> Edit:
    """The edit with those sentences of that story; None: those that the program chose."""
    others = {name: texts for name, texts in edit.sentences.items() if name not in links(story)}
    return replace(edit, sentences=others if sentences is None else {**others, key(story): tuple(sentences)})


def _in_order(edit: Edit, names: Sequence[str]) -> tuple[str, ...]:
    """The names as arranged, with those left out behind the one they stood behind."""
    found = list(names)
    for place, name in enumerate(edit.order):
        if name not in found:
            before = edit.order[place - 1] if place else None
            found.insert(found.index(before) + 1 if before in found else 0, name)
    return tuple(found)


def _with(names: Iterable[str], more: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*names, *more)))


def _without(names: Iterable[str], gone: Collection[str]) -> tuple[str, ...]:
    return tuple(name for name in names if name not in gone)
