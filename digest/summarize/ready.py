"""What workers that summarize share: the process that they are forked from imports it.

The language model is 79 MB in each process that loads it, and takes 0.8 s to load.
"""

from digest.summarize import sentences, summarizer

__all__ = ["summarizer"]

sentences.detect("The ferry sails again from Monday, said the harbour master.")
sentences.stemmer("en")  # which has sumy read the world's languages: 70 ms
