"""One service's update, with or without an agent: commands of the table performed, events fed."""
