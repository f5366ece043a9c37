"""A model from a company's own history: examples, training, an honest comparison, and whether it is put to use.

The only part of this package that trains and exports; it needs the extra ``train``.
"""
