# SPDX-License-Identifier: Apache-2.0
"""What the exporter costs: per packet, end to end, per scrape, at rest and under contention."""
