"""From AST to frozen typed configuration.

Records that only live while a configuration is read are named tuples here, not dataclasses:
defining one takes a tenth of the time, and there are enough of them to be felt when ``validate``
starts.
"""
