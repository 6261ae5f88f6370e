"""Recipes as data, and the interpreter that advances their instances.

Takes a recipe, an instance and what happened; gives the instance as it stands and what is to be
told. May import contracts, log and orders; knows no clock, no database and no single recipe's story
outside its own module.
"""
