#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Turns YAML into what the published schemas are asked with.

usage: objects.py --json FILE            one document, as JSON on standard output
       objects.py --typescript FOLDER    Kubernetes objects on standard input, each as a module that
                                         refuses to compile, or to run, if it does not fit
"""

import json
import sys
from pathlib import Path

import yaml

OPERATOR = "monitoring.coreos.com"


def module(found: dict[str, object]) -> str:
    """A module that validates the object with the class of its kind."""
    version, kind = str(found["apiVersion"]), str(found["kind"])
    package = "@kubernetes-models/prometheus-operator" if version.startswith(OPERATOR) \
        else "kubernetes-models"
    return (f"import {{ {kind}, type I{kind} }} from '{package}/{version}/{kind}';\n"
            f"const found: I{kind} = {json.dumps(found)};\n"
            f"new {kind}(found).validate();\n")


def main(option: str, path: Path) -> None:
    """See the usage."""
    if option == "--json":
        print(json.dumps(yaml.safe_load(path.read_text(encoding="utf-8"))))
        return
    for number, found in enumerate(filter(None, yaml.safe_load_all(sys.stdin))):
        (path / f"object_{number}.ts").write_text(module(found), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
