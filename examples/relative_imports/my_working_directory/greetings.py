GREETING = "hello from the working directory"
