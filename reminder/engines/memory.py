"""The garbage collector of a process that sends: a batch makes and drops ten thousand tuples, and none of them is garbage."""

import gc

# A batch makes about ten thousand objects that live for as long as it does; the default of 700 walks through them again
# and again, which takes a tenth of the hand-over.
YOUNG_OBJECTS = 50_000


def collect_seldom() -> None:
    """What is there at start stays, and the collector looks only after many new objects. Cycles are still found."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG_OBJECTS, 20, 20)
