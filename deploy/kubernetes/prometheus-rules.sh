#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Prints the rules of deploy/prometheus/rules as objects of the Prometheus Operator.
#
# usage: prometheus-rules.sh [LABEL: VALUE...] | kubectl apply -f -
#
# LABEL: VALUE is what your Prometheus selects rules by, such as "release: monitoring".
set -euo pipefail

for file in "$(dirname "${BASH_SOURCE[0]}")"/../prometheus/rules/*.yml; do
  cat <<END
---
apiVersion: monitoring.coreos.com/v1
kind: PrometheusRule
metadata:
  name: $(basename "$file" .yml)
  namespace: pdtt
  labels:
    app.kubernetes.io/name: pdtt-exporter
$(printf '    %s\n' "$@")
spec:
END
  sed 's/^\(.\)/  \1/' "$file"
done
