// SPDX-License-Identifier: Apache-2.0
// The host as a whole: its name, its rates, its totals.

import {bytes, clock, count, duration, inWords, rate} from "./format.js";
import {setQuantity, setText} from "./live_table.js";
import {createTrend, drawTrend, sum} from "./trend.js";
import {pastAndNow} from "./users.js";

const DIRECTIONS = ["receive", "transmit"];

function byId(id) {
  return document.getElementById(id);
}

/// The whole, and the parts of it that belong to no user in the table.
function totalInWords(direction, totals) {
  const parts = [`${inWords(bytes(totals[`${direction}_bytes`]))} in total`];
  for (const kind of ["unattributed", "excluded"]) {
    const part = totals[`${kind}_${direction}_bytes`];
    if (part > 0) {
      parts.push(`${inWords(bytes(part))} ${kind}`);
    }
  }
  return parts.join(", ");
}

export class Host {
  constructor() {
    this.trends = Object.fromEntries(DIRECTIONS.map((direction) => {
      const svg = createTrend(direction);
      byId(`${direction}-trend`).append(svg);
      return [direction, svg];
    }));
  }

  update(status, {users, history_interval_seconds: interval}, {tracked}, inBits) {
    const name = status.hostname || "This host";
    setText(byId("hostname"), name);
    document.title = `${name}: network use`;
    setText(byId("as-of"), `as of ${clock(new Date(status.time * 1000))}`);
    setText(byId("version"), `PDTT exporter ${status.version} (revision ${status.revision}), ` +
      `up for ${duration(status.time - status.started)}`);
    for (const direction of DIRECTIONS) {
      this.updateDirection(direction, status.totals, users, interval, inBits);
    }
    this.updateCounts(users, tracked);
  }

  updateDirection(direction, totals, users, interval, inBits) {
    const field = `${direction}_bytes_per_second`;
    setQuantity(byId(`${direction}-rate`), rate(totals[field], inBits));
    setText(byId(`${direction}-total`), totalInWords(direction, totals));
    const values = sum(users.map((user) => pastAndNow(user, field)));
    const span = duration((values.length - 1) * interval);
    const peak = inWords(rate(Math.max(0, ...values), inBits));
    drawTrend(this.trends[direction], `All users, last ${span}: at most ${peak}`, values.length,
              values);
  }

  updateCounts(users, tracked) {
    const active = users.filter((user) =>
      user.receive_bytes_per_second + user.transmit_bytes_per_second > 0).length;
    const open = users.reduce((total, {connections}) => total + connections, 0);
    setText(byId("active-users"), count(active));
    setText(byId("known-users"), `of ${count(users.length)} seen`);
    setText(byId("open-connections"), count(open));
    setText(byId("tracked-connections"), `open now, ${count(tracked)} tracked`);
  }
}
