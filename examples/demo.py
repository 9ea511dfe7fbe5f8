"""The main job, shown: every example of this folder is inspected, then a workspace with a broken location; one is run.

Run by `make demo`; ends with 1 if an example does not load as it should.
"""

import argparse
import json
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
SKERRY = str(Path(sys.executable).parent / "skerry")
EXAMPLES = (
    "first_look",
    "loading_repositories",
    "one_repository",
    "relative_imports",
    "python_package",
    "python_package_attribute",
    "multiple_environments",
)
BROKEN = {("first_look", "weekly.py"), ("tour", "forecasts")}


def inspect(example, *, quiet):
    """Inspect one example, for the reader's eyes unless quiet; gives the state of each of its locations."""
    command = [SKERRY, "inspect", "-w", f"{HERE / example / 'workspace.yaml'}"]
    if not quiet:
        print(f"\n\n$ skerry inspect -w examples/{example}/workspace.yaml\n", flush=True)
        subprocess.run(command, check=True)
    answer = subprocess.run([*command, "--json"], check=True, capture_output=True, text=True)
    return {location["name"]: location["state"] for location in json.loads(answer.stdout)["locations"]}


def run(example, pipeline, *, quiet):
    """Run a pipeline of one example; tells whether it has succeeded."""
    command = [SKERRY, "run", pipeline, "-w", f"{HERE / example / 'workspace.yaml'}"]
    if not quiet:
        print(f"\n\n$ skerry run {pipeline} -w examples/{example}/workspace.yaml\n", flush=True)
    return subprocess.run(command, stdout=subprocess.DEVNULL if quiet else None).returncode == 0


def main():
    """Inspect all of them, and run one; gives the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quiet", action="store_true", help="check the outcome without showing it")
    quiet = parser.parse_args().quiet
    subprocess.run([sys.executable, str(HERE / "multiple_environments" / "make_environments.py")], check=True)
    wrong = []
    for example in (*EXAMPLES, "tour"):
        for name, state in inspect(example, quiet=quiet).items():
            expected = "FAILED" if (example, name) in BROKEN else "READY"
            if state != expected:
                wrong.append(f"{example}: {name} is {state}, not {expected}")
    if not run("loading_repositories", "hello_world_pipeline", quiet=quiet):
        wrong.append("loading_repositories: hello_world_pipeline has not succeeded")
    print("\n".join(wrong) or f"\nAll {len(EXAMPLES) + 1} examples are as they should be.")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
