SETTINGS = {"currency": "EUR"}


def horizon_days():
    return int(SETTINGS["horizon"])
