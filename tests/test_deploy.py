"""The files of ``deploy/``, as far as they can be checked without the programs that read them."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.core.management import load_command_class
from django.db import connection
from django.urls import resolve

from chat.sandbox.broker_options import BrokerOptions
from tests.test_docs import ROOT, SETTING

DEPLOY = ROOT / "deploy"
SETTINGS = set(SETTING.findall((ROOT / "config" / "settings.py").read_text()))
# What else the processes and their libraries know.
OTHERS = {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_ENDPOINT_URL_S3", "AWS_DEFAULT_REGION", "HOME"}
OTHERS |= {"PYTHONUNBUFFERED", "PYTHONDONTWRITEBYTECODE"}
DJANGO_COMMANDS = {"collectstatic": "django.contrib.staticfiles"}
UPLOAD = 513  # megabytes that a proxy must let through: EVERTHREAD_MAX_UPLOAD_MB and the form around it
COMPOSE = [DEPLOY / "compose.yaml", DEPLOY / "grown" / "compose.yaml"]
Yaml = dict[str, Any]


def objects(path: Path) -> list[Yaml]:
    return list(yaml.safe_load_all(path.read_text()))


def services() -> Iterator[Yaml]:
    for path in COMPOSE:
        yield from objects(path)[0]["services"].values()


def manifests() -> list[Yaml]:
    """What kustomize applies; its own file is none of them."""
    paths = sorted({*(DEPLOY / "kubernetes").glob("*.yaml")} - {DEPLOY / "kubernetes" / "kustomization.yaml"})
    return [each for path in paths for each in objects(path)]


def manifest(kind: str, name: str) -> Yaml:
    return next(each for each in manifests() if (each["kind"], each["metadata"]["name"]) == (kind, name))


def pods() -> list[Yaml]:
    return [each["spec"]["template"]["spec"] for each in manifests() if each["kind"] == "Deployment"]


def containers() -> list[Yaml]:
    return [each for pod in pods() for each in (*pod.get("initContainers", []), *pod["containers"])]


def units() -> dict[str, str]:
    return {path.name: path.read_text() for path in (DEPLOY / "systemd").iterdir()}


def commands() -> list[list[str]]:
    """Every command line of ``manage.py``, without the Python before it."""
    lines = [list(map(str, each["command"])) for each in (*services(), *containers()) if "command" in each]
    lines += [shlex.split(line) for text in units().values() for line in re.findall(r"^ExecStart=(.*)", text, re.M)]
    dockerfile = (DEPLOY / "Dockerfile").read_text().replace("\\\n", " ")
    lines += [json.loads(line) for line in re.findall(r"^CMD (\[.*\])", dockerfile, re.M)]
    lines += [shlex.split(line) for line in re.findall(r"python manage\.py [^&\n]*", dockerfile)]
    return [line[line.index("manage.py") + 1 :] for line in lines if "manage.py" in line]


def variables() -> set[str]:
    """Every environment variable that a process of ours is given."""
    names = {name for each in services() if is_ours(each) for name in each.get("environment", {})}
    names |= {variable["name"] for each in containers() for variable in each.get("env", [])}
    names |= set(manifest("ConfigMap", "everthread")["data"])
    secrets = (DEPLOY / "kubernetes" / "kustomization.yaml").read_text().split("apiVersion")[0]
    names |= set(re.findall(r"\b[A-Z]+(?:_[A-Z]+)+\b", secrets))
    lines = re.findall(
        r"^(?:ENV|Environment=)(.*)", "\n".join([*units().values(), (DEPLOY / "Dockerfile").read_text()]), re.M
    )
    return names | {pair.split("=")[0] for line in lines for pair in line.split()}


def is_ours(service: Yaml) -> bool:
    return "build" in service


def broker_options() -> list[BrokerOptions]:
    lines = [each.get("command", each.get("args", [])) for each in (*services(), *containers())]
    return [BrokerOptions.from_json(line[0]) for line in lines if line and line[0].startswith("{")]


class TestTheFiles:
    def test_start_only_what_manage_py_has(self) -> None:
        assert {line[0] for line in commands()} == {"serve", "work", "collectstatic"}
        for name, *options in commands():
            command = load_command_class(DJANGO_COMMANDS.get(name, "chat"), name)
            command.create_parser("manage.py", name).parse_args(options)  # exits at an option that it does not know

    def test_start_only_modules_that_are_there(self) -> None:
        named = {
            name
            for path in DEPLOY.rglob("*")
            if path.is_file()
            for name in re.findall(r"-m\W+(chat[\w.]+)", path.read_text())
        }
        assert "chat.sandbox.broker" in named
        assert [name for name in named if find_spec(name) is None] == []

    def test_set_only_what_the_settings_know(self) -> None:
        assert variables() - SETTINGS - OTHERS == set()
        assert "EVERTHREAD_STORAGE_URL" in variables()

    def test_give_brokers_options_that_they_take(self) -> None:
        given = broker_options()
        assert len(given) == 4  # a compose file has one, the grown one two, a pod one
        sockets = {str(options.socket) for options in given}
        assert sockets == {
            each["environment"]["EVERTHREAD_SANDBOX_SOCKET"]
            for each in services()
            if "EVERTHREAD_SANDBOX_SOCKET" in each.get("environment", {})
        }

    def test_wait_longer_for_an_end_than_the_process_takes(self) -> None:
        for each in services():
            if is_ours(each) and "stop_grace_period" in each:
                grace = int(each["environment"].get("EVERTHREAD_GRACE_SECONDS", 10))
                assert int(each["stop_grace_period"].removesuffix("s")) >= grace + 20
        for pod in pods():
            (grace,) = [
                int(each["value"]) for box in pod["containers"] for each in box["env"] if "GRACE" in each["name"]
            ]
            assert pod["terminationGracePeriodSeconds"] >= grace + 20
        for text in units().values():
            grace = int(next(iter(re.findall(r"EVERTHREAD_GRACE_SECONDS=(\d+)", text)), 10))
            assert int(re.findall(r"TimeoutStopSec=(\d+)", text)[0]) >= grace + 20

    @pytest.mark.parametrize(
        "name", ["Caddyfile", "nginx.conf", "grown/Caddyfile", "grown/nginx.conf", "kubernetes/ingress.yaml"]
    )
    def test_let_the_largest_upload_through(self, name: str) -> None:
        assert re.search(rf"(?:max_size|body_size|body-size:) {UPLOAD}m", (DEPLOY / name).read_text(), re.I)

    def test_name_every_secret_of_compose_in_its_example(self) -> None:
        text = (DEPLOY / "grown" / "compose.yaml").read_text()
        example = (DEPLOY / "grown" / "secrets.example").read_text()
        assert set(re.findall(r"\$\{(\w+)", text)) == set(re.findall(r"^(\w+)=", example, re.M))


class TestTheManifests:
    def test_name_only_what_is_there(self) -> None:
        made = {(each["kind"], each["metadata"]["name"]) for each in manifests()}
        for each in containers():
            for source in each.get("envFrom", []):
                for kind, reference in source.items():
                    # The secret is made by hand, so that it stands in no file.
                    assert ("ConfigMap", reference["name"]) in made or (kind, reference["name"]) == (
                        "secretRef",
                        "everthread",
                    )
        for pod in pods():
            volumes = {volume["name"] for volume in pod["volumes"]}
            boxes = (*pod.get("initContainers", []), *pod["containers"])
            assert {mount["name"] for each in boxes for mount in each["volumeMounts"]} == volumes

    def test_are_listed_for_kustomize(self) -> None:
        folder = DEPLOY / "kubernetes"
        listed = set(objects(folder / "kustomization.yaml")[0]["resources"])
        assert listed == {path.name for path in folder.iterdir()} - {"kustomization.yaml"}

    def test_select_their_own_pods(self) -> None:
        labels = {
            each["metadata"]["name"]: each["spec"]["template"]["metadata"]["labels"]
            for each in manifests()
            if each["kind"] == "Deployment"
        }
        for each in manifests():
            if each["kind"] in ("Deployment", "PodDisruptionBudget"):
                assert each["spec"]["selector"]["matchLabels"] == labels[each["metadata"]["name"]]
        assert manifest("Service", "server")["spec"]["selector"] == labels["server"]

    def test_probe_pages_that_are_there_under_a_host_that_is_answered(self) -> None:
        probes = [
            probe["httpGet"]
            for each in containers()
            for probe in each.values()
            if isinstance(probe, dict) and "httpGet" in probe
        ]
        assert {probe["path"] for probe in probes} == {"/healthz", "/readyz"}
        hosts = manifest("ConfigMap", "everthread")["data"]["DJANGO_ALLOWED_HOSTS"].split(",")
        for probe in probes:
            resolve(probe["path"])
            assert probe["httpHeaders"][0]["value"] in hosts

    @pytest.mark.django_db
    def test_scale_by_a_query_of_the_tables_as_they_are(self) -> None:
        query = manifest("ScaledObject", "worker")["spec"]["triggers"][0]["metadata"]["query"]
        with connection.cursor() as cursor:
            cursor.execute(query)
            assert cursor.fetchone() == (0,)
