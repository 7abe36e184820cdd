"""The leash on which the operator's commands run."""
