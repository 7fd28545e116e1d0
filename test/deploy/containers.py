# SPDX-License-Identifier: Apache-2.0
"""What the compose files say, for the tests."""

import re
from pathlib import Path
from typing import Any

import yaml

DEPLOY = Path(__file__).resolve().parents[2] / "deploy"
COMPOSE = DEPLOY / "docker" / "compose.yml"
PERSIST = DEPLOY / "docker" / "persist.yml"

Options = list[str]


def service(name: str, file: Path = COMPOSE) -> dict[str, Any]:
    """A service as it stands there, with the defaults of its variables filled in."""
    text = re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", file.read_text(encoding="utf-8"))
    found: dict[str, Any] = yaml.safe_load(text)["services"][name]
    return found


def engine_options(wanted: dict[str, Any], sources: dict[str, str]) -> Options:
    """The same as options of `podman run`; `sources` replaces what is mounted."""
    options = [f"--network={wanted['network_mode']}"]
    options += ["--read-only"] if wanted["read_only"] else []
    options += [f"--cap-drop={name}" for name in wanted["cap_drop"]]
    options += [f"--cap-add={name}" for name in wanted["cap_add"]]
    options += [f"--security-opt={option}".replace("=seccomp=", f"=seccomp={COMPOSE.parent}/")
                for option in wanted["security_opt"]]
    return options + volume_options(wanted, sources)


def volume_options(wanted: dict[str, Any], sources: dict[str, str]) -> Options:
    """What is mounted."""
    return [f"--volume={sources.get(volume['source'], volume['source'])}:{volume['target']}"
            + (":ro" if volume.get("read_only") else "") for volume in wanted["volumes"]]
