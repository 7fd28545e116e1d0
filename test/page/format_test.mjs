// SPDX-License-Identifier: Apache-2.0
// The parts of the live page that need no browser.
import assert from "node:assert/strict";
import {readFileSync} from "node:fs";
import {test} from "node:test";

/// A module of the page that imports nothing. As data, because .js alone is no module to Node.
function load(name) {
  const source = readFileSync(new URL(`../../exporter/page/${name}`, import.meta.url), "utf8");
  return import(`data:text/javascript,${encodeURIComponent(source)}`);
}

const {bytes, clock, count, duration, endpoint, inWords, percent, rate} = await load("format.js");
const {points, sum} = await load("trend.js");

test("A rate has three digits and an SI prefix", () => {
  for (const [value, text] of [[0, "0 B/s"], [0.4, "0 B/s"], [1, "1 B/s"], [999, "999 B/s"],
                               [999.6, "1.00 kB/s"], [1000, "1.00 kB/s"], [9994, "9.99 kB/s"],
                               [9996, "10.0 kB/s"], [99_940, "99.9 kB/s"], [99_960, "100 kB/s"],
                               [999_499, "999 kB/s"], [999_500, "1.00 MB/s"],
                               [12_345_678, "12.3 MB/s"], [5e9, "5.00 GB/s"]]) {
    assert.equal(inWords(rate(value)).replace("\u00a0", " "), text);
  }
});

test("A rate in bits is eight times that in bytes", () => {
  assert.deepEqual(rate(1e6, true), {number: "8.00", unit: "Mbit/s"});
});

test("Totals never run out of prefixes", () => {
  assert.deepEqual(bytes(0), {number: "0", unit: "B"});
  assert.deepEqual(bytes(Number.MAX_SAFE_INTEGER), {number: "9.01", unit: "PB"});
  assert.deepEqual(bytes(2 ** 64), {number: "18.4", unit: "EB"});
  assert.deepEqual(bytes(1e22), {number: "10000", unit: "EB"});
});

test("Counts are grouped by thousands", () => {
  assert.deepEqual([0, 999, 1000, 1234567].map(count),
                   ["0", "999", "1\u202f000", "1\u202f234\u202f567"]);
});

test("A share that is there is never called nothing", () => {
  assert.deepEqual([0, 1e-9, 0.001, 0.0994, 0.0995, 0.5, 1].map(percent),
                   ["0", "<\u202f0.1", "0.1", "9.9", "10", "50", "100"].map((n) => `${n}\u202f%`));
});

test("A duration has the two largest units", () => {
  for (const [seconds, text] of [[0, "0 s"], [0.4, "0 s"], [59.6, "1 min"], [61, "1 min 1 s"],
                                 [3600, "1 h"], [3661, "1 h 1 min"], [90061, "1 d 1 h"],
                                 [86400 + 59, "1 d"]]) {
    assert.equal(duration(seconds).replaceAll("\u202f", " "), text);
  }
});

test("An end of a connection is written as in a URL, or called hidden", () => {
  assert.equal(endpoint("192.0.2.1", 22), "192.0.2.1:22");
  assert.equal(endpoint("2001:db8::1", 443), "[2001:db8::1]:443");
  assert.equal(endpoint("192.0.2.1", 0), "192.0.2.1");
  assert.equal(endpoint("", 443), "hidden:443");
  assert.equal(endpoint(null, null), "hidden");
});

test("The clock has two digits each", () => {
  assert.equal(clock(new Date(2024, 1, 3, 4, 5, 6)), "04:05:06");
});

test("A series ends at the right edge, and its peak is at the top", () => {
  const line = points([0, 10], 11, 10);
  assert.deepEqual(line.map(([x]) => Math.round(x)), [108, 120]);
  assert.ok(line[0][1] > 25 && line[1][1] < 4);
  assert.deepEqual(points([5], 1, 5).map(([x]) => x), [120]);
  assert.ok(points([0, 0], 2, 0).every(([, y]) => y === 27)); // nothing moved: a flat line
});

test("Series of different lengths are added up from their newest ends", () => {
  assert.deepEqual(sum([[1, 2, 3], [10], []]), [1, 2, 13]);
  assert.deepEqual(sum([]), []);
});
