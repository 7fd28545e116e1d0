// SPDX-License-Identifier: Apache-2.0
// A browser that looks at the exporter, and a note of whatever goes wrong in it.
import assert from "node:assert/strict";
import {readFileSync} from "node:fs";
import {createRequire} from "node:module";
import {test} from "node:test";

/// Where install.sh has put the libraries.
const library = createRequire(`${process.env.PDTT_PAGE_LIBRARIES}/`);
const {chromium} = library("playwright-core");
const AXE = readFileSync(library.resolve("axe-core/axe.min.js"), "utf8");

export const ADDRESS = process.env.PDTT_PAGE_ADDRESS;
export const PATIENCE = {timeout: 10_000 * Number(process.env.PDTT_TIME_FACTOR ?? 1)};
export const DESKTOP = {width: 1440, height: 1040};
export const PHONE = {width: 360, height: 780};

const browser = await chromium.launch({
  executablePath: process.env.PDTT_CHROMIUM,
  args: ["--no-sandbox"], // Chromium's own sandbox does not run as root
});

export async function closeBrowser() {
  await browser.close();
}

/// Runs `body(page)` in a browser of its own; the page must be quiet and ask nobody else.
/// `options`: those of the context; `provokes`: complaints in the console that the test is about.
export function pageTest(name, body, {provokes = null, answers = {}, ...options} = {}) {
  return test(name, async () => {
    const context = await browser.newContext({viewport: DESKTOP, ...options});
    try {
      const page = await context.newPage();
      page.setDefaultTimeout(PATIENCE.timeout);
      const complaints = watch(page);
      await answerWith(page, answers);
      await page.goto(ADDRESS);
      await body(page);
      assert.deepEqual(complaints.filter((text) => !provokes?.test(text)), []);
      if (provokes) {
        assert.ok(complaints.length > 0, "the test provoked nothing");
      }
    } finally {
      await context.close();
    }
  });
}

function watch(page) {
  const complaints = [];
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) {
      complaints.push(message.text());
    }
  });
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("dialog", (dialog) => {
    complaints.push(`dialog: ${dialog.message()}`);
    dialog.dismiss();
  });
  page.on("request", (request) => {
    if (new URL(request.url()).origin !== ADDRESS) {
      complaints.push(`asked ${request.url()}`);
    }
  });
  page.on("response", (response) => {
    if (response.status() === 404) {
      complaints.push(`not there: ${response.url()}`);
    }
  });
  return complaints;
}

/// Answers paths of the API in the exporter's stead: with JSON, or as {status, json}.
export async function answerWith(page, answers) {
  for (const [path, answer] of Object.entries(answers)) {
    await page.route(ADDRESS + path, (route) =>
      route.fulfill("status" in answer ? answer : {json: answer}));
  }
}

/// What axe-core finds wrong for people with disabilities.
export async function accessibilityFaults(page) {
  await page.evaluate(AXE);
  const {violations} = await page.evaluate(() => window.axe.run());
  return violations.map(({id, nodes}) => `${id}: ${nodes.map(({html}) => html).join(" ")}`);
}

/// Waits until `condition(argument)` holds in the page.
export async function until(page, condition, argument) {
  await page.waitForFunction(condition, argument, {polling: 50, ...PATIENCE});
}

/// The texts of a table's column, from top to bottom, as far as they are shown.
export function column(page, table, name) {
  return page.locator(`#${table} tbody [data-column="${name}"]`).allInnerTexts();
}

export async function untilState(page, pattern) {
  await until(page, (source) =>
    new RegExp(source).test(document.getElementById("state").textContent), pattern.source);
}

export async function untilRows(page, table = "users") {
  await page.locator(`#${table} tbody tr`).first().waitFor();
}

/// Waits for the next answers, counted from now, to be shown.
export async function nextAnswers(page) {
  const before = await page.locator("#as-of").textContent();
  await until(page, (text) => document.getElementById("as-of").textContent !== text, before);
}
