// SPDX-License-Identifier: Apache-2.0
// What happens on the host meanwhile is done by the program that started this one: it is asked
// through standard output, and says through standard input when it is done.
import {createInterface} from "node:readline";

const answers = createInterface({input: process.stdin})[Symbol.asyncIterator]();

export async function ask(what) {
  process.stdout.write(`ask: ${what}\n`);
  const {value} = await answers.next();
  if (value !== "done") {
    throw new Error(`${what}: ${value}`);
  }
}

export function endOfPlay() {
  process.stdin.destroy();
}
