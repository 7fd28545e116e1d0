#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What doctor says is what the exporter then does; doctor itself changes nothing."""

import platform
import re
from typing import ClassVar

from pdtt_harness.case import KernelTest, main
from pdtt_harness.doctor import LAYERS, WAYS, Diagnosis, diagnose, run_doctor
from pdtt_harness.exporter import binary
from pdtt_harness.kernel import BpfObject, bpf_objects
from pdtt_harness.scrape import Scrape
from pdtt_harness.world import wait_for

_COLUMNS = 100


class Doctor(KernelTest):
    """The whole of what doctor says about this host."""

    flags: ClassVar[tuple[str, ...]]
    command: ClassVar[tuple[str, ...]]
    diagnosis: ClassVar[Diagnosis]

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.flags = (f"--cgroup={cls.world.cgroup.path}",
                     f"--interface={cls.world.links[0].device}")
        cls.command = ("nsenter", f"--net={cls.world.host.path}", str(binary()))
        cls.diagnosis = diagnose(cls.world, *cls.flags, command=cls.command)

    def running(self, settings: str = "") -> Scrape:
        """What an exporter with every layer reports."""
        return self.exporter("--interface", self.world.links[0].device, settings=settings,
                             inside=True).scrape()

    def test_it_is_about_this_host(self) -> None:
        diagnosis = self.diagnosis
        self.assertEqual((diagnosis.status, diagnosis.can_run), (0, True))
        self.assertEqual((diagnosis.kernel, diagnosis.machine),
                         (platform.release(), platform.machine()))
        self.assertEqual(diagnosis.cgroup, str(self.world.cgroup.path))

    def test_it_has_every_layer_every_way_and_every_program(self) -> None:
        self.assertEqual(set(self.diagnosis.of_kind("layer")), set(LAYERS))
        self.assertEqual(set(self.diagnosis.of_kind("way")), set(WAYS))
        programs = {labels["program"]
                    for labels, _ in self.running().series("pdtt_program_attached")}
        self.assertEqual(set(self.diagnosis.of_kind("program")), programs)
        for row in self.diagnosis.rows:
            if row.kind != "host":
                self.assertIn(row.layer, LAYERS, row)
            if row.kind == "layer":
                self.assertEqual(row.name, row.layer, row)
            if row.kind == "way":
                self.assertEqual(row.layer, "socket", row)

    def test_it_knows_the_facts_of_the_host(self) -> None:
        host = self.diagnosis.of_kind("host")
        for fact in ("btf", "capabilities", "cgroup2", "cgroup_v1", "bpffs", "lockdown", "memlock",
                     "local_users"):
            self.assertIn(fact, host)
            self.assertTrue(host[fact].detail, fact)

    def test_it_tries_whether_users_are_kept_out(self) -> None:
        name = self.world.bob.name
        row = diagnose(self.world, *self.flags, "--web.local-user=root", "--web.local-user=nosuch",
                       f"--web.local-user={name}", command=self.command).row("host", "local_users")
        self.assertTrue(row.can_run, row)
        self.assertEqual(row.detail, f"may connect: root, {name}; others get EPERM; "
                                     "no such user: nosuch")

    def test_whatever_cannot_run_has_a_reason_and_a_remedy(self) -> None:
        for row in self.diagnosis.rows:
            if not row.can_run:
                self.assertTrue(row.detail.strip(), row)
                self.assertTrue(row.remedy.strip(), row)

    def test_the_exporter_then_does_what_it_says(self) -> None:
        scrape = self.running()
        for name, row in self.diagnosis.of_kind("layer").items():
            self.assertEqual(scrape.value("pdtt_layer_up", layer=name), int(row.can_run), row)
            labels = next(scrape.series("pdtt_layer_info", layer=name))[0]
            if not row.can_run:
                self.assertEqual(labels["reason"], row.detail)
            elif name != "xdp":  # which is not attached by doctor
                self.assertTrue(row.detail.startswith(labels["mode"]), (labels, row))
        for labels, attached in scrape.series("pdtt_program_attached"):
            if attached:
                self.assertTrue(self.diagnosis.row("program", labels["program"]).can_run, labels)

    def test_each_way_does_what_it_says(self) -> None:
        for way, row in self.diagnosis.of_kind("way").items():
            with self.subTest(way=way):
                exporter = self.exporter(settings=f"layers: {{socket: {way}}}\n")
                self.assertEqual(exporter.scrape().value("pdtt_layer_up", layer="socket"),
                                 int(row.can_run), row)
                exporter.stop()

    def test_it_leaves_nothing_in_the_kernel(self) -> None:
        before = bpf_objects((self.world.host.path,))
        diagnose(self.world, *self.flags, command=self.command)
        wait_for(lambda: not self.left_since(before), "the kernel as it was before",
                 timeout=10)

    def test_it_attaches_no_xdp(self) -> None:
        self.assertEqual(self.running().value("pdtt_layer_up", layer="xdp"), 1)
        # There is room for one program: whoever attaches a second one is refused.
        self.assertEqual(self.running().value("pdtt_layer_up", layer="xdp"), 0)
        diagnosis = diagnose(self.world, *self.flags, command=self.command)
        self.assertTrue(diagnosis.row("layer", "xdp").can_run)

    def left_since(self, before: set[BpfObject]) -> list[BpfObject]:
        """What is new in the kernel and no process has open."""
        return [found for found in bpf_objects((self.world.host.path,)) - before if not found.held]

    def test_the_text_says_the_same(self) -> None:
        done = run_doctor(self.world, *self.flags, command=self.command)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        for line in done.stdout.splitlines():
            self.assertLessEqual(len(line), _COLUMNS, line)
        text = " ".join(done.stdout.split())
        for row in self.diagnosis.rows:
            self.assertRegex(text, rf"\b{re.escape(row.name)}\b")
            for words in (row.detail, row.remedy):
                self.assertIn(" ".join(words.split()), text)

    def test_where_the_cgroup_layer_cannot_run_it_says_so_and_still_the_rest(self) -> None:
        diagnosis = diagnose(self.world, "--cgroup=/nosuch/cgroup")
        self.assertEqual((diagnosis.status, diagnosis.can_run), (1, False))
        row = diagnosis.row("layer", "cgroup")
        self.assertFalse(row.can_run)
        self.assertIn("/nosuch/cgroup", row.detail)
        self.assertTrue(row.remedy)
        self.assertEqual(set(diagnosis.of_kind("layer")), set(LAYERS))
        self.assertIn("btf", diagnosis.of_kind("host"))


if __name__ == "__main__":
    main()
