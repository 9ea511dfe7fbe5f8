from skerry import job, op, repository, sensor


@op
def load_features():
    return [1.0, 2.0]


@op
def train(features):
    return sum(features)


@op
def evaluate(features, model):
    return model / len(features)


@job(description="Trains and evaluates the model.")
def training():
    features = load_features()
    evaluate(features, train(features))


@sensor(job=training)
def new_features(context):
    return None


@repository
def ml_repository():
    return [training, new_features]
