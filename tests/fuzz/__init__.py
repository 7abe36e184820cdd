"""Random archives, most of them nearly good: nothing may come of one but a tree or a refusal."""
