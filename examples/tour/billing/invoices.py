"""A repository of which one definition is wrong: the others are served all the same."""

from skerry import pipeline, repository, solid


@solid
def collect_usage():
    return {}


@solid
def write_invoice(usage):
    return "invoice"


@pipeline
def invoices():
    write_invoice(collect_usage())


@pipeline
def reminders():
    write_invoice(usages=collect_usage())


@repository
def billing():
    return [invoices, reminders]
