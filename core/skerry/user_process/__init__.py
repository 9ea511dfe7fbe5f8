"""What runs in a user's environment: the fork server, and the user process that it forks.

Standard library only, CPython 3.8 and newer. The host starts ``bootstrap.py`` in the user's interpreter; the folder
``injected`` is the last entry of ``sys.path`` there, and serves this very copy of Skerry where none is installed.
"""
