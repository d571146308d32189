"""The pass: look, judge, restrict, apply, report; it knows no aspect by name."""
