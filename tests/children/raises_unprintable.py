class Unprintable(Exception):
    def __init__(self, one, two):
        super().__init__(one, two)

    def __str__(self):
        raise ValueError("no words")


raise Unprintable(1, 2)
