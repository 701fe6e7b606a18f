"""The operator's own form: the PDF that Digipost supplies, filled with the catalogue's values at mapped places.

1. `inspection`  what a form may not hold (scripts, layers, attachments …), and what it offers: pages and fields
2. `normalising` the same pages with nothing else: no fields, actions, names or metadata, in a classic file
3. `formmap`     the map as a person writes it: which value stands where
4. `placing`     map and form together: every place in points on its page, or every fault of the map
5. `filling`     values, signature fields, code and control code on the pages: the agreement that is issued

1 to 4 happen once, at the import, 1 and 2 in the roof's sandbox; 5 at every issue.
"""
