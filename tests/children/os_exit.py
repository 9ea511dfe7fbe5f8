import os

print("the last line before the end")
os._exit(3)
