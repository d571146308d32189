"""The words of Crossvault: reasons with meaning and remedy, problems, and how strings of others are cleaned."""
