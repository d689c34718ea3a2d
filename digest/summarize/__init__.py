"""What matters in articles: sentences, stories, their order."""

import os

# numpy's BLAS would start a thread a core: on our small matrices that costs 2.6 times the processor time.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
