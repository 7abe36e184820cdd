"""What ``dropship doctor`` looks at: a module a noun, each of which gives findings and stays small.

Nothing here changes anything that stays: files that are made to try something are gone before the
process that made them ends, or have no name at all.
"""
