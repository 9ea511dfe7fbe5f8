print("reading the settings")


def settings():
    # The outer error is raised from the inner one.
    try:
        return {}["horizon"]
    except KeyError as error:
        raise RuntimeError("the settings cannot be used") from error


settings()
