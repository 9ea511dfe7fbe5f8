"""examples/deploy/helm: Helm's own linter, what the values do, and which values are refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from support.deploy_tools import CHART, OLDEST_KUBERNETES, VALUES, of_kind, render, run, succeed

TOKEN = next(path for path in VALUES if path.name.startswith("token"))


@pytest.mark.parametrize("values", VALUES, ids=lambda path: path.stem)
def test_helm_lint_finds_nothing(values: Path) -> None:
    words = succeed("helm", "lint", "--strict", CHART, "--values", values)
    assert "[WARNING]" not in words


def test_it_renders_without_any_code_server() -> None:
    assert of_kind(render(), "Deployment") == []


def containers(text: str) -> dict[str, dict[str, Any]]:
    """Give the container of each code server, by the name of its Service."""
    return {
        one["metadata"]["name"]: one["spec"]["template"]["spec"]["containers"][0] for one in of_kind(text, "Deployment")
    }


def test_several_code_servers_come_from_one_list() -> None:
    text = render(TOKEN)
    assert list(containers(text)) == ["islands-tides", "islands-berths"]
    entries = yaml.safe_load(of_kind(text, "ConfigMap")[0]["data"]["workspace.yaml"])["load_from"]
    assert [entry["grpc_server"] for entry in entries] == [
        {
            "host": "islands-tides",
            "port": 4266,
            "location_name": "tides",
            "token_file": "/etc/skerry/secrets/tides/token",
        },
        {
            "host": "islands-berths",
            "port": 4270,
            "location_name": "berths",
            "token_file": "/etc/skerry/secrets/berths/token",
        },
    ]


@pytest.mark.parametrize(
    ("image", "name"),
    [
        ({"repository": "harbour", "tag": "2"}, "harbour:2"),
        ({"repository": "registry.example.com:5000/a/b", "tag": "1.0"}, "registry.example.com:5000/a/b:1.0"),
        ({"repository": "harbour", "digest": f"sha256:{'a' * 64}"}, f"harbour@sha256:{'a' * 64}"),
        ({"repository": "harbour", "tag": "2", "digest": f"sha256:{'a' * 64}"}, f"harbour:2@sha256:{'a' * 64}"),
    ],
)
def test_the_image_and_the_variable_come_from_the_same_value(tmp_path: Path, image: dict[str, str], name: str) -> None:
    (container,) = containers(render(_values(tmp_path, image=image))).values()
    assert container["image"] == name
    assert container["env"] == [{"name": "SKERRY_CURRENT_IMAGE", "value": name}]


def _values(folder: Path, *more: dict[str, Any], **changes: Any) -> Path:
    """Write values with one code server that is right but for the changes; None takes a key away."""
    server: dict[str, Any] = {
        "name": "harbour",
        "image": {"repository": "harbour", "tag": "1"},
        "target": {"packageName": "harbour"},
        "token": {"secret": "harbour-token"},
        **changes,
    }
    kept = {key: value for key, value in server.items() if value is not None}
    path = folder / "values.yaml"
    path.write_text(yaml.safe_dump({"codeServers": [kept, *more]}))
    return path


def test_what_a_code_server_says_goes_before_the_defaults(tmp_path: Path) -> None:
    path = _values(tmp_path, resources={"limits": {"memory": "4Gi"}}, startupTimeout=7)
    (container,) = containers(render(path)).values()
    assert container["resources"] == {"limits": {"memory": "4Gi"}}
    assert "--startup-timeout=7" in container["args"]


def test_it_listens_where_the_pods_have_ipv6(tmp_path: Path) -> None:
    (container,) = containers(render(_values(tmp_path), settings=["defaults.host=::"])).values()
    assert "--host=::" in container["args"]


def test_secrets_are_where_the_workspace_file_looks_for_them() -> None:
    for values in VALUES:
        text = render(values)
        entries = yaml.safe_load(of_kind(text, "ConfigMap")[0]["data"]["workspace.yaml"])["load_from"]
        (pod,) = of_kind(text, "Pod")
        volumes = {volume["name"]: volume for volume in pod["spec"]["volumes"]}
        paths = {
            f"{mount['mountPath']}/{item['path']}"
            for mount in pod["spec"]["containers"][0]["volumeMounts"]
            for source in volumes[mount["name"]].get("projected", {}).get("sources", [])
            for item in source["secret"].get("items", [{"path": name} for name in ("ca.crt", "tls.crt", "tls.key")])
        }
        for entry in (entry["grpc_server"] for entry in entries if "grpc_server" in entry):
            ssl = entry.get("ssl", {})
            files = [entry.get("token_file"), *(ssl.get(name) for name in ("ca", "cert", "key"))]
            assert {file for file in files if file} <= paths


def test_whoever_looks_may_come_in() -> None:
    text = render(TOKEN)
    (policy,) = of_kind(text, "NetworkPolicy")
    (pod,) = of_kind(text, "Pod")
    (peer,) = policy["spec"]["ingress"][0]["from"]
    assert peer["podSelector"]["matchLabels"].items() <= pod["metadata"]["labels"].items()


@pytest.mark.parametrize(
    ("changes", "place"),
    [
        ({"token": None}, "token"),
        ({"token": None, "tls": {"secret": "harbour-tls"}}, "clientSecret"),
        ({"token": {"value": "sesame"}}, "/codeServers/0/token"),
        ({"image": {"repository": "harbour"}}, "tag"),
        ({"image": {"repository": "harbour", "tag": "1", "digest": "sha256:1"}}, "digest"),
        ({"image": "harbour:1"}, "/codeServers/0/image"),
        ({"target": {}}, "/codeServers/0/target"),
        ({"target": {"packageName": "a", "moduleName": "b"}}, "/codeServers/0/target"),
        ({"target": {"pythonFile": "relative.py"}}, "pythonFile"),
        ({"name": "Harbour"}, "/codeServers/0/name"),
        ({"port": 80}, "/codeServers/0/port"),
        ({"insecure": False}, "insecure"),
        ({"env": [{"name": "SKERRY_CURRENT_IMAGE", "value": "another"}]}, "env/0/name"),
        ({"replicas": 3}, "replicas"),
    ],
)
def test_wrong_values_are_refused_with_their_place(tmp_path: Path, changes: dict[str, Any], place: str) -> None:
    answer = run("helm", "template", "islands", CHART, "--values", _values(tmp_path, **changes))
    assert answer.returncode != 0
    assert place in answer.stdout


def test_two_of_one_name_are_refused(tmp_path: Path) -> None:
    path = _values(tmp_path)
    (server,) = yaml.safe_load(path.read_text())["codeServers"]
    answer = run("helm", "template", "islands", CHART, "--values", _values(tmp_path, server))
    assert answer.returncode != 0
    assert "codeServers has harbour twice" in answer.stdout


def test_a_name_that_is_no_service_name_is_refused_and_not_cut(tmp_path: Path) -> None:
    long = "a-release-with-a-name-as-long-as-helm-allows-it-to-be"
    answer = run("helm", "template", long, CHART, "--values", _values(tmp_path, name="a-long-location"))
    assert answer.returncode != 0
    assert "longer than the 63 characters" in answer.stdout


def test_every_value_has_a_place_in_the_schema_and_every_default_is_shown() -> None:
    schema = yaml.safe_load((CHART / "values.schema.json").read_text())
    values = yaml.safe_load((CHART / "values.yaml").read_text())
    assert set(values) == set(schema["properties"]) - {"global"}
    for name, value in values.items():
        if isinstance(value, dict):
            assert set(value) == set(schema["properties"][name]["properties"])


def test_it_says_which_kubernetes_it_needs() -> None:
    assert yaml.safe_load((CHART / "Chart.yaml").read_text())["kubeVersion"] == f">={OLDEST_KUBERNETES}.0-0"
    answer = run("helm", "template", "islands", CHART, "--kube-version", "1.26.0", "--values", TOKEN)
    assert answer.returncode != 0
    assert "requires kubeVersion" in answer.stdout
