import ctypes


def hog():
    ctypes.PyDLL(None).sleep(3600)


hog()
