# SPDX-License-Identifier: Apache-2.0
"""The dashboards, written as code so that each part that they share is written once."""
