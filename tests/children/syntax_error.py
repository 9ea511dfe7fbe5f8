from skerry import solid


def broken(:
    pass
