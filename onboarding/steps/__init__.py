"""The six steps of the process, a module each, as far as they are built: what a person or the pipeline does to a
case.
"""
