# SPDX-License-Identifier: Apache-2.0
"""Known bytes moved by known users through real programs, held against the exporter's figures."""
