"""The tables of weights of the `digest` method, and where each number comes from.

NEWS and NEUTRAL: conditional logit (a softmax over the sentences of each article, L2 penalty 0.05 on standardised
features) of a sentence's membership in the greedy ROUGE oracle, over 700 news articles with reference highlights.
`python tests/quality/refit.py` prints them; docs/explanation/summaries.md says how the features were chosen.
"""

NEWS: dict[str, float] = {
    "onward": 0.066,
    "frequent": -0.076,
    "repeats": 1.154,
    "quoted": -0.437,
    "order": -0.294,
    "depth": -0.442,
    "length": -0.352,
    "oddness": -0.277,
    "numbers": 0.177,
    "lone": -0.833,
    "peaks": 0.164,
    "peak": 0.084,
    "names": 0.149,
    "introduces": 0.142,
    "colon": -0.388,
    "opening_common": -0.41,
    "opening_recurs": 0.478,
    "first": -0.411,
}

# without what holds only where the most important thing is said first
NEUTRAL: dict[str, float] = {
    "central": 0.316,
    "frequent": -0.177,
    "quoted": -0.589,
    "length": -0.319,
    "oddness": -0.274,
    "numbers": 0.201,
    "lone": -0.79,
    "peaks": 0.189,
    "peak": 0.106,
    "names": 0.211,
    "colon": -0.537,
}

# What the 700 articles cannot teach, having neither titles nor other reports of their events.
BESIDE = {
    "title": 2.0,  # on the share of the title's stems; set on 371 BBC articles, precision@3 .714 -> .760
    "echoed": 0.4,  # `python tests/quality/echoes.py`: +0.5 ROUGE against a third report of the same event
}
REDUNDANCY = 1.5  # times the highest overlap with what is picked already; from a grid over the same 700 articles
HANGING = (
    1.0  # for what begins with "Her" or "But" while the sentence before is not shown; `python tests/quality/hanging.py`
)
SAME = 0.6  # overlap from which on two sentences say the same; .4 to .8 are alike by ROUGE, but not to a reader

PROFILES: dict[str, dict[str, float]] = {"news": NEWS | BESIDE, "neutral": NEUTRAL | BESIDE}
