// SPDX-License-Identifier: Apache-2.0
// The live page while real users move data. Started by test/e2e/test_page.py.
import assert from "node:assert/strict";
import {after} from "node:test";

import {column, closeBrowser, nextAnswers, pageTest, PATIENCE, until, untilRows, untilState}
  from "./browser.mjs";
import {ask, endOfPlay} from "./stage.mjs";

const {ALICE, BOB, MALLORY, MALLORYS_COMMAND} = process.env;
const SECONDS = 1000 * PATIENCE.timeout / 10_000;

after(async () => {
  await closeBrowser();
  endOfPlay();
});

function firstUserIs(name) {
  return document.querySelector("#users tbody tr [data-column=user]")?.innerText === name;
}

pageTest("Whoever moves most is on top within three seconds", async (page) => {
  await ask("traffic of alice");
  await until(page, firstUserIs, ALICE);
  await untilState(page, /^Live$/);
  await ask("traffic of bob");
  await page.waitForFunction(firstUserIs, BOB, {polling: 50, timeout: 3 * SECONDS});
  const [received] = await column(page, "users", "receive-rate");
  assert.match(received, /^\d[\d.]*\s+[kM]B\/s$/);
  assert.match((await column(page, "users", "share"))[0], /^([5-9]\d|100)\s%$/);
  assert.equal((await column(page, "connections", "user"))[0], BOB);
  assert.match((await column(page, "connections", "process"))[0], /^curl \d+$/);
});

pageTest("A column's head sorts, the other way round, and as before", async (page) => {
  await untilRows(page);
  const head = page.locator("#users thead [data-column=user]");
  const names = [ALICE, BOB];
  const shown = async () => (await column(page, "users", "user")).filter((n) => names.includes(n));
  await head.getByRole("button").click();
  assert.equal(await head.getAttribute("aria-sort"), "ascending");
  assert.deepEqual(await shown(), [ALICE, BOB]);
  await nextAnswers(page); // and stays so
  assert.deepEqual(await shown(), [ALICE, BOB]);
  await head.getByRole("button").click();
  assert.equal(await head.getAttribute("aria-sort"), "descending");
  assert.deepEqual(await shown(), [BOB, ALICE]);
  await head.getByRole("button").click();
  assert.equal(await head.getAttribute("aria-sort"), null);
  assert.match(await page.locator("#users caption").innerText(), /busiest first/);
});

pageTest("The keyboard alone reaches a head and sorts by it", async (page) => {
  await untilRows(page);
  const wanted = page.locator("#connections th[data-column=remote] button");
  for (let presses = 0; presses < 60; ++presses) {
    await page.keyboard.press("Tab");
    if (await wanted.evaluate((button) => button === document.activeElement)) {
      break;
    }
  }
  assert.ok(await wanted.evaluate((button) => button.matches(":focus-visible")));
  await page.keyboard.press("Enter");
  assert.equal(await page.locator("#connections th[data-column=remote]").getAttribute("aria-sort"),
               "ascending");
});

pageTest("A row that moves keeps the keyboard's focus", async (page) => {
  await untilRows(page);
  await page.locator("#users .name", {hasText: ALICE}).focus();
  const head = page.locator("#users thead [data-column=user] button");
  for (let times = 0; times < 3; ++times) {
    await head.evaluate((button) => button.click());
    assert.equal(await page.evaluate(() => document.activeElement.textContent), ALICE);
  }
});

pageTest("The filter finds users by name, and by what they do", async (page) => {
  await untilRows(page, "connections");
  const filter = page.locator("#filter");
  await filter.fill(ALICE.toUpperCase());
  assert.deepEqual(await column(page, "users", "user"), [ALICE]);
  assert.deepEqual(new Set(await column(page, "connections", "user")), new Set([ALICE]));
  const [remote] = await column(page, "connections", "remote");
  await filter.fill(remote);
  assert.deepEqual(new Set(await column(page, "connections", "remote")), new Set([remote]));
  await filter.fill("nobody is called this");
  assert.deepEqual(await column(page, "users", "user"), []);
  assert.ok(await page.getByText("No user matches the filter.").isVisible());
  await filter.fill("");
  await page.locator("#users .name", {hasText: BOB}).click();
  assert.equal(await filter.inputValue(), BOB);
  assert.deepEqual(await column(page, "users", "user"), [BOB]);
});

pageTest("Pause holds the picture, resume goes on", async (page) => {
  await untilRows(page);
  await page.getByRole("button", {name: "Pause"}).click();
  await untilState(page, /^Paused at \d\d:\d\d:\d\d$/);
  const before = await page.locator("main").innerText();
  let requests = 0;
  page.on("request", () => ++requests);
  await page.waitForTimeout(2500);
  assert.equal(await page.locator("main").innerText(), before);
  assert.equal(requests, 0);
  await page.getByRole("button", {name: "Resume"}).click();
  await untilState(page, /^Live$/);
  await until(page, (text) => document.querySelector("main").innerText !== text, before);
});

pageTest("A tab that nobody sees asks for nothing", async (page) => {
  await untilRows(page);
  await page.evaluate(() => {
    Object.defineProperty(document, "hidden", {value: true, configurable: true});
    document.dispatchEvent(new Event("visibilitychange"));
  });
  let requests = 0;
  page.on("request", () => ++requests);
  await page.waitForTimeout(2500);
  assert.equal(requests, 0);
  await page.evaluate(() => {
    delete document.hidden;
    document.dispatchEvent(new Event("visibilitychange"));
  });
  await nextAnswers(page);
});

pageTest("Names full of markup stay text", async (page) => {
  await ask("traffic of mallory");
  await until(page, firstUserIs, MALLORY);
  await until(page, (command) => [...document.querySelectorAll("#connections tbody tr")]
    .some((row) => row.textContent.includes(command)), MALLORYS_COMMAND);
  assert.equal(await page.locator("tbody script, tbody i, tbody b").count(), 0);
  await page.screenshot({path: `${process.env.PDTT_PAGE_PICTURES}/markup.png`, fullPage: true});
  await page.locator("#users .name").first().click();
  assert.equal(await page.locator("#filter").inputValue(), MALLORY);
  assert.deepEqual(await column(page, "users", "user"), [MALLORY]);
});

pageTest("When the exporter ends, the page says since when", async (page) => {
  await untilRows(page);
  const shown = await column(page, "users", "user");
  await ask("end of the exporter");
  await untilState(page, /^Exporter not reachable since \d\d:\d\d:\d\d$/);
  assert.deepEqual((await column(page, "users", "user")).sort(), shown.sort());
}, {provokes: /ERR_CONNECTION_REFUSED|ERR_EMPTY_RESPONSE|ERR_CONNECTION_RESET/});
