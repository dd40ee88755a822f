"""Frameworks as data: clauses with their wording and its certainty, and the crosswalk from checks to clauses.

    frameworks.json   what clauses and indicators say, and how sure that wording is; it knows no check
    mapping.toml      the crosswalk: which check speaks to which clause, how strongly, and what it does not show
    catalogue.toml    the ids of all checks that are built or planned
    built.toml        which outcomes of built checks mean which of the crosswalk's classes

Checks know nothing of all this. What a run says about a clause is `scanner.clauses`.
"""
