"""Words that point back when a sentence begins with them: pronouns, and links to what was said before.

A summary whose sentence begins "Her guests" or "But they" reads as torn out where the sentence before it is not shown.
By language, in lower case, written by hand. Left out are words that more often begin a sentence of their own: German
articles (`die`, `das`), Dutch `het`, Spanish `sin`. A language without a list has none.
"""

LEANING: dict[str, frozenset[str]] = {
    language: frozenset(words.split())
    for language, words in {
        "en": """
            he she it they his her hers its their theirs him them this that these those such both neither another
            others but and so yet or nor also then however moreover meanwhile instead therefore thus
        """,
        "de": """
            er sie es ihr ihre ihren ihrem ihrer sein seine seinen seinem seiner dies diese dieser dieses diesen diesem
            dabei dafür dagegen daher damit danach daneben daraufhin darum davon dazu deshalb deswegen dennoch doch aber
            und oder denn jedoch zudem außerdem auch trotzdem hingegen beide
        """,
        "fr": """
            il elle ils elles son sa ses leur leurs ce cet cette ces cela celui celle ceux celles c mais et ou donc
            ainsi aussi cependant toutefois pourtant ensuite
        """,
        "es": """
            él ella ellos ellas su sus este esta esto estos estas ese esa eso esos esas aquel aquella pero y o además
            así también entonces ambos ambas
        """,
        "it": """
            lui lei loro egli ella essi esse suo sua suoi sue questo questa questi queste quello quella ciò ma e o però
            tuttavia inoltre così anche quindi poi entrambi
        """,
        "pt": """
            ele ela eles elas seu sua seus suas este esta isto estes estas esse essa isso esses essas mas e ou porém
            contudo também assim então ambos ambas
        """,
        "nl": """
            hij zij ze haar hun dit deze dat die maar en ook of toch daarom daarmee daarna bovendien echter dus beide
        """,
        "sv": """
            han hon hans hennes deras detta denna dessa men och eller också dock därför dessutom sedan båda
        """,
        "pl": """
            on ona ono oni one jego jej ich to ten ta te ci ale i a jednak dlatego także też natomiast potem oboje
        """,
    }.items()
}
