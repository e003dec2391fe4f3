"""What is said to those who write a name, an argument or a method that is not here: what to write instead."""
