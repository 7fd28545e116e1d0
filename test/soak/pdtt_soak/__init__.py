# SPDX-License-Identifier: Apache-2.0
"""A busy host in small, for as long as one likes; see run.sh."""
