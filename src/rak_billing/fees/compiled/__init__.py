"""A fee rule as steps of whole numbers, from which JavaScript and SQL are written; the truth stays the evaluation."""
