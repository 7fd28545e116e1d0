#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Compose file, DaemonSet, image and systemd unit agree, ask for no more, and say why."""

import json
import os
import re
import shutil
import subprocess
import sys
import unittest
from pathlib import Path
from typing import Any

import yaml
from containers import COMPOSE, DEPLOY, PERSIST, service

DOCKERFILE = DEPLOY / "docker" / "Dockerfile"
KUBERNETES = DEPLOY / "kubernetes"
UNIT = DEPLOY / "systemd" / "pdtt-exporter.service.in"
PRIVILEGES = DEPLOY.parent / "docs" / "privileges.md"
SYSTEMD = "252"  # of the release that seccomp.json was made with


def text_of(path: Path) -> str:
    """A file of the repository."""
    return path.read_text(encoding="utf-8")


def objects(name: str) -> Any:
    """The only object of a file in deploy/kubernetes."""
    return yaml.safe_load(text_of(KUBERNETES / name))


def pod() -> dict[str, Any]:
    """What the DaemonSet runs."""
    found: dict[str, Any] = objects("daemonset.yaml")["spec"]["template"]["spec"]
    return found


class Capabilities(unittest.TestCase):
    """The same three everywhere, and nothing that would make them pointless."""

    def setUp(self) -> None:
        (start,) = re.findall(r"(?s)\n## To start\n(.*?)\n`CAP_SYS_ADMIN` brings",
                              text_of(PRIVILEGES))
        self.documented = set(re.findall(r"(?m)^\| `CAP_(\w+)` \|", start))

    def test_they_are_those_that_are_documented(self) -> None:
        self.assertEqual(len(self.documented), 3)
        compose = service("exporter")
        (unit,) = re.findall(r"(?m)^CapabilityBoundingSet=(.*)$", text_of(UNIT))
        capabilities = pod()["containers"][0]["securityContext"]["capabilities"]
        self.assertEqual((compose["cap_drop"], capabilities["drop"]), (["ALL"], ["ALL"]))
        self.assertEqual(set(compose["cap_add"]), self.documented)
        self.assertEqual(set(capabilities["add"]), self.documented)
        self.assertEqual({name[4:] for name in unit.split()}, self.documented)

    def test_each_is_explained(self) -> None:
        for path in (COMPOSE, KUBERNETES / "daemonset.yaml"):
            for name in self.documented:
                self.assertRegex(text_of(path), rf"(?m)^ +- {name} # \w+", path.name)

    def test_nothing_gives_more(self) -> None:
        compose = service("exporter")
        self.assertTrue(compose["read_only"])
        self.assertIn("no-new-privileges", compose["security_opt"])
        self.assertFalse({"privileged", "pid", "ipc", "userns_mode", "devices"} & set(compose))
        context = pod()["containers"][0]["securityContext"]
        self.assertFalse(context["allowPrivilegeEscalation"])
        self.assertTrue(context["readOnlyRootFilesystem"])
        self.assertNotIn("privileged", context)
        self.assertFalse({"hostPID", "hostIPC"} & set(pod()))
        self.assertFalse(pod()["automountServiceAccountToken"])

    def test_system_calls_are_those_of_the_unit(self) -> None:
        if not shutil.which("systemd-analyze"):
            self.skipTest("systemd-analyze is not installed")
        version = subprocess.run(["systemd-analyze", "--version"], check=True, text=True,
                                 capture_output=True).stdout
        if f"systemd {SYSTEMD} " not in version:
            self.skipTest(f"the groups of system calls are those of systemd {SYSTEMD}")
        made = subprocess.run([sys.executable, str(DEPLOY / "docker" / "seccomp.py")], check=True,
                              text=True, capture_output=True).stdout
        self.assertEqual(json.loads(text_of(DEPLOY / "docker" / "seccomp.json")),
                         json.loads(made), "run deploy/docker/seccomp.py")


class Mounts(unittest.TestCase):
    """What is mounted is read-only, and each says what for."""

    def test_only_these_are_mounted(self) -> None:
        compose = {volume["target"] for volume in service("exporter")["volumes"]}
        (container,) = pod()["containers"]
        kubernetes = {mount["mountPath"] for mount in container["volumeMounts"]}
        self.assertEqual(compose, {"/sys/fs/cgroup", "/etc/passwd", "/etc/subuid", "/etc/pdtt"})
        self.assertEqual(kubernetes, {"/sys/fs/cgroup", "/etc/passwd", "/etc/pdtt"})

    def test_nothing_can_be_written(self) -> None:
        (container,) = pod()["containers"]
        for volume in service("exporter")["volumes"]:
            self.assertTrue(volume["read_only"], volume)
        for mount in container["volumeMounts"]:
            self.assertTrue(mount["readOnly"], mount)

    def test_each_is_explained(self) -> None:
        for path, entry in ((COMPOSE, "- type: bind"), (PERSIST, "- type: bind"),
                            (KUBERNETES / "daemonset.yaml", "- name: .*\n +mountPath:")):
            entries = re.findall(rf"(?m)^.*\n +{entry}", text_of(path))
            self.assertGreater(len(entries), 0)
            for found in entries:
                self.assertRegex(found, r"^ +# \S", path.name)


class Image(unittest.TestCase):
    """Paths and ports are the same in all that speaks of them."""

    def test_what_is_started_is_what_was_installed(self) -> None:
        text = text_of(DOCKERFILE)
        (entry,) = re.findall(r'(?m)^ENTRYPOINT \["(\S+)"\]$', text)
        self.assertRegex(text, rf"install .* -t /image{Path(entry).parent} .*/{Path(entry).name}\b")

    def test_the_context_holds_what_is_copied(self) -> None:
        ignored = text_of(DEPLOY.parent / ".dockerignore").splitlines()
        for line in re.findall(r"(?m)^COPY (?!--from)(?!\. )(.*)$", text_of(DOCKERFILE)):
            for source in line.split()[:-1]:
                self.assertIn(f"!{source}", ignored)
        for line in ignored:
            if line.startswith("!"):
                self.assertTrue((DEPLOY.parent / line[1:]).exists(), line)

    def test_everything_is_at_one_port(self) -> None:
        (container,) = pod()["containers"]
        (port,) = (found["containerPort"] for found in container["ports"])
        listen = [argument for argument in container["args"] if "listen-address" in argument]
        self.assertIn(f"EXPOSE {port}\n", text_of(DOCKERFILE))
        self.assertIn(f"/dev/tcp/127.0.0.1/{port} ", text_of(DOCKERFILE))
        self.assertEqual([argument.rsplit(":", 1)[1] for argument in listen], [str(port)] * 2)
        self.assertEqual(objects("service.yaml")["spec"]["ports"][0]["port"], port)
        for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
            self.assertEqual(container[probe]["httpGet"]["host"], "127.0.0.1")

    def test_the_configurations_are_valid(self) -> None:
        exporter = os.environ.get("PDTT_EXPORTER")
        if not exporter:
            self.skipTest("PDTT_EXPORTER names no executable")
        for path in (DEPLOY / "docker" / "pdtt" / "exporter.yml", KUBERNETES / "exporter.yml"):
            done = subprocess.run([exporter, "check-config", str(path)], check=False, text=True,
                                  capture_output=True)
            self.assertEqual(done.returncode, 0, done.stderr)


class Cluster(unittest.TestCase):
    """The objects find each other, and there is one source of rules and settings."""

    def test_the_objects_fit_together(self) -> None:
        labels = objects("daemonset.yaml")["spec"]["template"]["metadata"]["labels"]
        monitor = objects("servicemonitor.yaml")["spec"]
        self.assertEqual(objects("daemonset.yaml")["spec"]["selector"]["matchLabels"], labels)
        self.assertEqual(objects("service.yaml")["spec"]["selector"], labels)
        self.assertEqual(monitor["selector"]["matchLabels"],
                         objects("service.yaml")["metadata"]["labels"])
        self.assertRegex(objects("service.yaml")["metadata"]["name"], "^pdtt")
        scrape = yaml.safe_load(text_of(DEPLOY / "prometheus" / "prometheus.yml"))
        self.assertEqual(monitor["sampleLimit"], scrape["scrape_configs"][0]["sample_limit"])

    def test_the_rules_are_those_of_prometheus(self) -> None:
        made = subprocess.run([KUBERNETES / "prometheus-rules.sh", "release: monitoring"],
                              check=True, text=True, capture_output=True).stdout
        found = {rule["metadata"]["name"]: rule for rule in yaml.safe_load_all(made) if rule}
        files = sorted((DEPLOY / "prometheus" / "rules").glob("*.yml"))
        self.assertEqual(sorted(found), [file.stem for file in files])
        for file in files:
            self.assertEqual(found[file.stem]["spec"], yaml.safe_load(text_of(file)))
            self.assertEqual(found[file.stem]["metadata"]["labels"]["release"], "monitoring")

    def test_all_objects_are_applied(self) -> None:
        listed = objects("kustomization.yaml")["resources"]
        there = {path.name for path in KUBERNETES.glob("*.yaml")} - {"kustomization.yaml"}
        self.assertEqual(set(listed), there)
        if not shutil.which("kubectl"):
            self.skipTest("kubectl is not installed")
        made = subprocess.run(["kubectl", "kustomize", str(KUBERNETES)], check=True, text=True,
                              capture_output=True).stdout
        found = {item["kind"]: item for item in yaml.safe_load_all(made)}
        self.assertEqual(len(found), len(listed) + 1)
        spec = found["DaemonSet"]["spec"]["template"]["spec"]
        self.assertEqual(spec["volumes"][-1]["configMap"]["name"],
                         found["ConfigMap"]["metadata"]["name"])
        self.assertRegex(spec["containers"][0]["image"], r"^registry\.example/pdtt-exporter:")
        self.assertEqual({item["metadata"].get("namespace", "pdtt") for item in found.values()},
                         {"pdtt"})


if __name__ == "__main__":
    unittest.main()
