"""examples/deploy/kubernetes and the chart's manifests: the schemas of Kubernetes, and what they do not see."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from support.deploy_tools import (
    CHART,
    KUSTOMIZATIONS,
    VALUES,
    documents,
    kubernetes_problems,
    kustomize,
    of_kind,
    render,
)

EXAMPLES: list[Any] = [
    *(pytest.param(lambda folder=folder: kustomize(folder), id=folder.name) for folder in KUSTOMIZATIONS),
    *(pytest.param(lambda values=values: render(values), id=f"chart-{values.stem}") for values in VALUES),
]
every_example = pytest.mark.parametrize("make", EXAMPLES)


def test_there_are_examples() -> None:
    assert [folder.name for folder in KUSTOMIZATIONS] == ["mutual-tls", "token"]
    assert [values.stem for values in VALUES] == ["mutual-tls-values", "open-values", "token-values"]
    assert CHART.is_dir()


def pods(text: str) -> list[dict[str, Any]]:
    """Give the spec of every pod."""
    deployed = [one["spec"]["template"]["spec"] for one in of_kind(text, "Deployment")]
    return deployed + [one["spec"] for one in of_kind(text, "Pod")]


@every_example
def test_kubernetes_accepts_the_manifests(tmp_path: Path, make: Callable[[], str]) -> None:
    manifests = tmp_path / "manifests.yaml"
    manifests.write_text(make())
    assert kubernetes_problems(manifests) == ""


@pytest.mark.parametrize("folder", KUSTOMIZATIONS, ids=lambda folder: folder.name)
def test_kubernetes_accepts_the_manifests_as_they_are_written(folder: Path) -> None:
    assert kubernetes_problems(folder / "code-server.yaml") == ""


@pytest.mark.parametrize(("right", "wrong"), [("replicas: 1", "replicas: one"), ("readinessProbe", "readynessProbe")])
def test_the_schema_is_awake(tmp_path: Path, right: str, wrong: str) -> None:
    text = (KUSTOMIZATIONS[0] / "code-server.yaml").read_text()
    assert right in text
    broken = tmp_path / "broken.yaml"
    broken.write_text(text.replace(right, wrong))
    assert kubernetes_problems(broken)


@every_example
def test_a_namespace_that_demands_the_restricted_standard_takes_the_pods(make: Callable[[], str]) -> None:
    found = pods(make())
    assert found
    for pod in found:
        security = pod["securityContext"]
        assert security["runAsNonRoot"] is True
        assert security["runAsUser"] > 0
        assert security["seccompProfile"] == {"type": "RuntimeDefault"}
        assert not {"hostNetwork", "hostPID", "hostIPC"} & set(pod)
        kinds = {"configMap", "emptyDir", "projected", "secret", "persistentVolumeClaim"}
        assert all(set(volume) - {"name"} <= kinds for volume in pod["volumes"])
        for container in pod["containers"]:
            assert container["securityContext"]["allowPrivilegeEscalation"] is False
            assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}


@every_example
def test_a_pod_writes_only_where_it_may_be_written_and_is_limited(make: Callable[[], str]) -> None:
    for pod in pods(make()):
        for container in pod["containers"]:
            assert container["securityContext"]["readOnlyRootFilesystem"] is True
            assert "/tmp" in {mount["mountPath"] for mount in container["volumeMounts"]}
            assert container["resources"]["limits"]["memory"]
            assert container["resources"]["requests"]["cpu"]


@every_example
def test_no_service_of_the_cluster_sets_one_of_our_variables(make: Callable[[], str]) -> None:
    # A Service called skerry-api-grpc would set SKERRY_API_GRPC_PORT to tcp://...
    assert all(pod["enableServiceLinks"] is False for pod in pods(make()))


@every_example
def test_the_variable_is_the_image(make: Callable[[], str]) -> None:
    for deployment in of_kind(make(), "Deployment"):
        (container,) = deployment["spec"]["template"]["spec"]["containers"]
        (variable,) = (each for each in container["env"] if each["name"] == "SKERRY_CURRENT_IMAGE")
        assert variable["value"] == container["image"]


@pytest.mark.parametrize("folder", KUSTOMIZATIONS, ids=lambda folder: folder.name)
def test_a_new_version_is_written_in_one_place(tmp_path: Path, folder: Path) -> None:
    for path in folder.iterdir():
        (tmp_path / path.name).write_text(path.read_text().replace("newTag: 1.4.2", "newTag: 2.0.0"))
    (deployment,) = of_kind(kustomize(tmp_path), "Deployment")
    (container,) = deployment["spec"]["template"]["spec"]["containers"]
    assert container["image"] == "registry.example.com/harbour:2.0.0"
    assert container["env"] == [{"name": "SKERRY_CURRENT_IMAGE", "value": "registry.example.com/harbour:2.0.0"}]


def asked(probe: dict[str, Any]) -> str:
    """Give the service that a probe asks for."""
    if "grpc" in probe:
        service: str = probe["grpc"]["service"]
        return service
    named = [word.partition("=")[2] for word in probe["exec"]["command"] if word.startswith("--service=")]
    return named[0] if named else ""


@every_example
def test_broken_code_never_replaces_what_works_and_is_never_restarted_in_vain(make: Callable[[], str]) -> None:
    for deployment in of_kind(make(), "Deployment"):
        assert deployment["spec"]["strategy"]["rollingUpdate"] == {"maxUnavailable": 0, "maxSurge": 1}
        (container,) = deployment["spec"]["template"]["spec"]["containers"]
        assert asked(container["readinessProbe"]) == "code"
        assert asked(container["livenessProbe"]) == asked(container["startupProbe"]) == ""


@every_example
def test_a_probe_of_the_kubelet_is_used_only_without_tls(make: Callable[[], str]) -> None:
    for deployment in of_kind(make(), "Deployment"):
        (container,) = deployment["spec"]["template"]["spec"]["containers"]
        with_tls = any(word.startswith("--tls-cert=") for word in container["args"])
        for name in ("startupProbe", "livenessProbe", "readinessProbe"):
            assert ("exec" in container[name]) == with_tls


@every_example
def test_every_file_that_a_command_names_is_mounted(make: Callable[[], str]) -> None:
    text = make()
    volumes_that_exist = {document["metadata"]["name"] for document in of_kind(text, "ConfigMap")}
    for pod in pods(text):
        volumes = {volume["name"]: volume for volume in pod["volumes"]}
        for container in pod["containers"]:
            mounts = {mount["mountPath"]: mount["name"] for mount in container["volumeMounts"]}
            assert set(mounts.values()) <= set(volumes)
            probes = [container.get(name, {}) for name in ("startupProbe", "livenessProbe", "readinessProbe")]
            words = [
                *container["args"],
                *(word for probe in probes for word in probe.get("exec", {}).get("command", [])),
            ]
            files = [word.partition("=")[2] or word for word in words if "/etc/skerry/" in word]
            assert files or "--insecure" in words
            assert all(any(file.startswith(f"{path}/") for path in mounts) for file in files), (files, mounts)
        named = {volume["configMap"]["name"] for volume in volumes.values() if "configMap" in volume}
        assert named <= volumes_that_exist


@every_example
def test_the_workspace_file_leads_to_the_services(make: Callable[[], str]) -> None:
    text = make()
    (config,) = of_kind(text, "ConfigMap")
    entries = yaml.safe_load(config["data"]["workspace.yaml"])["load_from"]
    addresses = {(one["host"], one["port"]) for one in (entry.get("grpc_server") for entry in entries) if one}
    services = of_kind(text, "Service")
    assert addresses == {(one["metadata"]["name"], one["spec"]["ports"][0]["port"]) for one in services}
    for service in services:
        matching = [one for one in of_kind(text, "Deployment") if _selects(service["spec"]["selector"], one)]
        assert len(matching) == 1
        (container,) = matching[0]["spec"]["template"]["spec"]["containers"]
        assert f"--port={service['spec']['ports'][0]['port']}" in container["args"]


def _selects(selector: dict[str, str], deployment: dict[str, Any]) -> bool:
    labels: dict[str, str] = deployment["spec"]["template"]["metadata"]["labels"]
    return selector.items() <= labels.items()


@every_example
def test_only_readers_reach_the_code_servers(make: Callable[[], str]) -> None:
    text = make()
    (policy,) = of_kind(text, "NetworkPolicy")
    assert all(_selects(policy["spec"]["podSelector"]["matchLabels"], one) for one in of_kind(text, "Deployment"))
    (rule,) = policy["spec"]["ingress"]
    assert rule["from"]
    assert rule["ports"] == [{"port": "grpc"}]


@every_example
def test_nothing_secret_is_in_the_manifests(make: Callable[[], str]) -> None:
    assert all(document["kind"] != "Secret" for document in documents(make()))
