"""The commands, a module for each group of `cli.md`. A command is a few lines that parse, call and print."""
