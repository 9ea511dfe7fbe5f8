"""How fast and how small Skerry is, beside the systems that it is to beat, on this machine. Run by ``make bench``."""
