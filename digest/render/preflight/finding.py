"""What the rules work with: a page read once, and findings by their level."""

from lxml import etree

from digest.model import Finding, Level


class Page:
    """A mail's page, walked once for all rules."""

    def __init__(self, root: etree._Element) -> None:
        self.root = root
        self.elements = [element for element in root.iter() if isinstance(element.tag, str)]
        self.words = " ".join(" ".join(str(piece) for body in root.iter("body") for piece in body.itertext()).split())


def place(element: etree._Element) -> str:
    """A CSS path that finds this element alone in its page."""
    steps: list[str] = []
    at: etree._Element | None = element
    while at is not None:
        before = sum(1 for sibling in at.itersiblings(preceding=True) if isinstance(sibling.tag, str))
        steps.append(f"{at.tag!s}:nth-child({before + 1})" if at.getparent() is not None else str(at.tag))
        at = at.getparent()
    return " > ".join(reversed(steps))


def error(rule: str, message: str, remedy: str, at: str = "") -> Finding:
    """What forbids the issue to leave."""
    return Finding(level=Level.ERROR, rule=rule, message=message, remedy=remedy, place=at)


def warning(rule: str, message: str, remedy: str, at: str = "") -> Finding:
    """What readers or filters will mind."""
    return Finding(level=Level.WARNING, rule=rule, message=message, remedy=remedy, place=at)


def info(rule: str, message: str, remedy: str, at: str = "") -> Finding:
    """What is worth knowing, and costs little."""
    return Finding(level=Level.INFO, rule=rule, message=message, remedy=remedy, place=at)
