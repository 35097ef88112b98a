"""The search for the best merge.

recipe: keys and grid; task_splits: the tasks that choose and those that prove; sharing: work among processes; merges:
how merges are made; verification: merges in memory against MergeKit's; passes: evaluations; selection: who is best;
search: the steps in order; winner: the best merge made; report, plots: what is left to read.
"""
