"""The configuration language: text to AST with positions; knows nothing of services."""
