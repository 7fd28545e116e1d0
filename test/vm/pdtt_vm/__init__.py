# SPDX-License-Identifier: Apache-2.0
"""Runs the tests on Debian's kernels, in virtual machines that see this machine's files."""
