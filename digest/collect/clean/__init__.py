"""What is left of a page's or feed's text when all that is not the article is gone.

    article(paragraphs, title=…, authors=…, known=…)    the paragraphs to keep
    paragraphs(raw)                                      a raw text as paragraphs, before that
    line_hash(line)                                      what a feed's recurring lines are known by

Rules hold by place and shape, not by word: a sentence about donations is news, "Please donate" at the foot is not.
docs/explanation/cleaning.md has the rules' reasons and figures.
"""

from digest.collect.clean.lines import line_hash
from digest.collect.clean.raw import paragraphs
from digest.collect.clean.sweep import article

__all__ = ["article", "line_hash", "paragraphs"]
