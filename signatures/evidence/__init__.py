"""What a signing service's evidence says: files in the PDF that it delivered, each with a signature of its own.

Nothing here believes a file for lying in a sealed PDF: whoever seals may have been handed it.
"""
