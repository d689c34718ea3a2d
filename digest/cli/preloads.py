"""What the process that workers are forked from imports, by what they are for. Names alone: nothing is loaded here."""

# digest.summarize comes before numpy: it says how many threads that may start.
READING = (
    "digest.summarize",
    "digest.collect.reading",
    "digest.collect.pages",
    "fastfeedparser",
    "ftfy",
    "numpy",
    "trafilatura",
)
# To tell what is stored, the language model loaded: all of it while the command itself still imports what it needs.
# What reads pages takes as long again, and is left out.
TELLING = ("digest.summarize", "digest.pipeline.telling", "digest.summarize.ready")
# Of a program of years: two workers take 156 MB together so, and 279 MB where each loads the model by itself; it costs
# 0.8 s at the start.
FOR_YEARS = (*READING, *TELLING)
