"""The language held against hashicorp/hcl version 1 itself, on random texts."""
