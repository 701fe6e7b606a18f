"""The roof: the program itself. It composes the rooms and carries a case through the six steps."""
