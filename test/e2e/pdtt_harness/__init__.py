# SPDX-License-Identifier: Apache-2.0
"""What the end-to-end tests share: a small network with two users, and the exporter in it."""
