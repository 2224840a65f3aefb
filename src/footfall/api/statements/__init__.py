"""From a question's shape to one statement: fragments of SQL, filled as trees. No value of a question gets here."""
