// SPDX-License-Identifier: Apache-2.0
// The live page in states that are hard to bring about: the page is the exporter's, the answers of
// the API are made up. Started by test/e2e/test_page.py.
import assert from "node:assert/strict";
import {after} from "node:test";

import {accessibilityFaults, answerWith, closeBrowser, column, DESKTOP, pageTest, PHONE,
        untilRows, untilState} from "./browser.mjs";
import {example} from "./example.mjs";

const PICTURES = process.env.PDTT_PAGE_PICTURES;
const [STATUS, USERS, CONNECTIONS] = ["status", "users", "connections"].map((n) => `/api/v1/${n}`);
// A time of day that is the same in every picture.
const answers = () => example(Date.UTC(2026, 2, 12, 10, 24, 36) / 1000);

after(closeBrowser);

for (const [name, viewport, colorScheme] of [
  ["desktop-light", DESKTOP, "light"], ["desktop-dark", DESKTOP, "dark"],
  ["tablet-light", {width: 820, height: 1100}, "light"],
  ["phone-light", PHONE, "light"], ["phone-dark", PHONE, "dark"],
]) {
  pageTest(`Everybody can read it, and nothing sticks out: ${name}`, async (page) => {
    await untilRows(page, "connections");
    assert.deepEqual(await accessibilityFaults(page), []);
    assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), viewport.width);
    await page.screenshot({path: `${PICTURES}/${name}.png`, fullPage: viewport !== DESKTOP});
  }, {answers: answers(), viewport, colorScheme, reducedMotion: "reduce", timezoneId: "UTC"});
}

pageTest("Long names and addresses do not stick out either", async (page) => {
  await untilRows(page, "connections");
  for (const width of [360, 720, 981, 1181, 1440]) {
    await page.setViewportSize({width, height: 1000});
    assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), width);
  }
}, {answers: withLongTexts(answers())});

function withLongTexts(all) {
  const address = "2001:db8:1111:2222:3333:4444:5555:6666";
  for (const user of [...all[USERS].users, ...all[CONNECTIONS].connections]) {
    user.user = `w${"i".repeat(60)}de`;
  }
  for (const connection of all[CONNECTIONS].connections) {
    Object.assign(connection, {local_address: address, remote_address: address,
                               network: "n".repeat(60), command: "c".repeat(60)});
  }
  all[STATUS].hostname = `${"h".repeat(60)}.example.org`;
  return all;
}

pageTest("The colours follow the system until somebody chooses", async (page) => {
  const ground = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  const dark = await ground();
  await page.emulateMedia({colorScheme: "light"});
  const light = await ground();
  assert.notEqual(light, dark);
  await page.getByLabel("Colours").selectOption("dark");
  assert.equal(await ground(), dark);
  await page.reload();
  assert.equal(await ground(), dark);
  assert.equal(await page.getByLabel("Colours").inputValue(), "dark");
}, {colorScheme: "dark"});

pageTest("Rates in bits are remembered, totals stay bytes", async (page) => {
  await untilRows(page);
  assert.equal((await column(page, "users", "receive-rate"))[0], "412\u00a0MB/s");
  await page.getByLabel("Rates").selectOption("bits");
  assert.equal((await column(page, "users", "receive-rate"))[0], "3.30\u00a0Gbit/s");
  assert.equal((await column(page, "users", "received"))[0], "3.26\u00a0TB");
  await page.reload();
  await untilRows(page);
  assert.equal((await column(page, "users", "receive-rate"))[0], "3.30\u00a0Gbit/s");
}, {answers: answers()});

pageTest("Numbers are sorted as numbers, the largest first", async (page) => {
  await untilRows(page);
  const head = page.getByRole("columnheader", {name: "Received"}).first().getByRole("button");
  const first = async () => (await column(page, "users", "received")).slice(0, 3)
    .map((text) => text.replace("\u00a0", " "));
  assert.deepEqual(await first(), ["3.26 TB", "63.4 GB", "350 GB"]);
  await head.click();
  assert.deepEqual(await first(), ["3.26 TB", "350 GB", "63.4 GB"]);
  await head.click();
  assert.deepEqual(await first(), ["648 kB", "5.51 MB", "119 MB"]);
  await head.click();
  assert.deepEqual(await first(), ["3.26 TB", "63.4 GB", "350 GB"]);
}, {answers: answers()});

pageTest("Long tables begin with their first rows, and show all when asked", async (page) => {
  await untilRows(page, "connections");
  assert.equal((await column(page, "connections", "user")).length, 12);
  const more = page.locator("#connections-more");
  await more.click();
  assert.equal((await column(page, "connections", "user")).length, 15);
  assert.equal(await more.getAttribute("aria-expanded"), "true");
}, {answers: answers()});

pageTest("Layers say why they are down and what helps", async (page) => {
  await untilRows(page);
  const layers = await page.locator("#layers").innerText();
  for (const text of ["up", "off", "no interface is configured", "--interface"]) {
    assert.ok(layers.includes(text), layers);
  }
  assert.match(await page.locator("#tables").innerText(), /accounts\s+214 of 16\s384, 1.3\s%/);
}, {answers: answers()});

pageTest("Hidden connections are said to be hidden", async (page) => {
  await page.getByText("The configuration of this exporter hides connections.").waitFor();
  assert.equal(await page.locator("#connections").isVisible(), false);
}, {answers: {...answers(), [CONNECTIONS]: {...answers()[CONNECTIONS], hidden: true,
                                            connections: []}}});

pageTest("What the exporter keeps to itself is called hidden", async (page) => {
  await untilRows(page, "connections");
  assert.deepEqual(await column(page, "users", "user"), ["20411", "20187"]);
  assert.deepEqual(await column(page, "connections", "process"), ["hidden"]);
  assert.deepEqual(await column(page, "connections", "remote"), ["hidden-9f3c2a71b04d5e6f:443"]);
  assert.match(await page.locator("#connections caption").innerText(), /pseudonyms/);
}, {answers: withPrivacy(answers())});

function withPrivacy(all) {
  all[STATUS].privacy = {hide_remote_addresses: true, hide_connections: false, uids_only: true};
  all[USERS].users.length = 2;
  all[CONNECTIONS].connections.length = 1;
  for (const item of [...all[USERS].users, ...all[CONNECTIONS].connections]) {
    item.user = String(item.uid);
  }
  Object.assign(all[CONNECTIONS].connections[0],
                {remote_address: "hidden-9f3c2a71b04d5e6f", pid: 0, command: ""});
  return all;
}

pageTest("An exporter without a user yet says so", async (page) => {
  await page.getByText("Nobody has moved anything yet.").waitFor();
}, {answers: {...answers(), [USERS]: {...answers()[USERS], window_seconds: 0, users: []}}});

pageTest("Errors are said, keep what was shown, and are forgotten", async (page) => {
  await untilRows(page);
  for (const [status, body, said] of [
    [401, "", /^Not signed in since \d\d:\d\d:\d\d: reload the page$/],
    [503, '{"error": "no snapshot yet"}', /^Exporter answers 503 since .*: no snapshot yet$/],
    [200, "<html>a portal</html>", /^Exporter answers 200 since .*: but not with JSON$/],
  ]) {
    await answerWith(page, {[STATUS]: {status, body}});
    await untilState(page, said);
    assert.equal((await column(page, "users", "user"))[0], "mwilson");
  }
  await page.unrouteAll();
  await answerWith(page, answers());
  await untilState(page, /^Live$/);
}, {answers: answers(), provokes: /status of (401|503)/});

pageTest("Where names are hostile, nothing of them runs", async (page) => {
  await untilRows(page, "connections");
  assert.deepEqual(await page.evaluate(() => window.hit), undefined);
  assert.ok((await column(page, "users", "user"))[0].startsWith('"><script>'));
  assert.equal(await page.locator("tbody img, tbody script, li script").count(), 0);
}, {answers: hostile(answers())});

function hostile(all) {
  const text = `"><script>hit=1</script><img src=x onerror=hit=1>'&amp;\u202e\u0000`;
  for (const item of [...all[USERS].users, ...all[CONNECTIONS].connections]) {
    Object.assign(item, {user: text, command: text, network: text});
  }
  for (const layer of all[STATUS].layers) {
    Object.assign(layer, {up: false, mode: text, reason: text, remedy: text});
  }
  all[STATUS].hostname = text;
  return all;
}

pageTest("Inline code is not run", async (page) => {
  await page.evaluate(() => {
    const script = document.createElement("script");
    script.textContent = "window.hit = 1";
    document.body.append(script);
  });
  assert.equal(await page.evaluate(() => window.hit), undefined);
}, {answers: answers(), provokes: /Content Security Policy/});
