import resource

# As a container's limit would.
resource.setrlimit(resource.RLIMIT_AS, (512 * 1024 * 1024,) * 2)
leaked = []
while True:
    leaked.append(bytearray(16 * 1024 * 1024))
