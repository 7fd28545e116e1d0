// SPDX-License-Identifier: Apache-2.0
// The table of users.

import {bytes, count, duration, inWords, percent, rate} from "./format.js";
import {LiveTable, setQuantity, setRate, setText} from "./live_table.js";
import {createTrend, drawTrend} from "./trend.js";

/// The past rates, and at their end that of now, which is newer than the latest of the past.
export function pastAndNow(user, field) {
  return [...user.history[field], user[field]];
}

function peakOf(user) {
  return Math.max(...pastAndNow(user, "receive_bytes_per_second"),
                  ...pastAndNow(user, "transmit_bytes_per_second"));
}

/// A button that filters by the user.
export function showUser(cell, {user, uid}, choose) {
  let button = cell.querySelector("button");
  if (!button) {
    button = document.createElement("button");
    button.type = "button";
    button.className = "name";
    button.addEventListener("click", () => choose(button.textContent));
    cell.append(button);
  }
  setText(button, user || String(uid));
  button.title = `Show only ${button.textContent} (uid ${uid})`;
}

function showShare(cell, user) {
  if (cell.childElementCount === 0) {
    const bar = document.createElement("span");
    bar.className = "bar";
    bar.append(document.createElement("span"), document.createElement("span"));
    bar.firstChild.className = "receive";
    bar.lastChild.className = "transmit";
    const text = document.createElement("span");
    text.className = "percent";
    cell.append(bar, text);
  }
  const [bar, text] = cell.children;
  const both = user.receive_bytes_per_second + user.transmit_bytes_per_second;
  const received = both > 0 ? user.receive_bytes_per_second / both : 0;
  bar.firstChild.style.width = `${user.share * received * 100}%`;
  bar.lastChild.style.width = `${user.share * (1 - received) * 100}%`;
  setText(text, percent(user.share));
}

function showTrend(cell, user, {slots, seconds, inBits}) {
  if (cell.childElementCount === 0) {
    const peak = document.createElement("span");
    peak.className = "peak";
    cell.append(createTrend("receive", "transmit"), peak);
  }
  const peak = inWords(rate(peakOf(user), inBits));
  drawTrend(cell.firstChild, `Last ${duration(seconds)}: at most ${peak}`, slots,
            pastAndNow(user, "receive_bytes_per_second"),
            pastAndNow(user, "transmit_bytes_per_second"));
  setText(cell.lastChild, peak);
}

export class Users {
  constructor(choose) {
    this.view = {slots: 0, seconds: 0, inBits: false};
    this.note = document.getElementById("users-note");
    const columns = {
      "user": {
        sortBy: ({user, uid}) => user || String(uid),
        show: (cell, user) => showUser(cell, user, choose),
      },
      "receive-rate": this.rateColumn("receive_bytes_per_second"),
      "transmit-rate": this.rateColumn("transmit_bytes_per_second"),
      "share": {descending: true, sortBy: ({share}) => share, show: showShare},
      "trend": {
        descending: true,
        sortBy: peakOf,
        show: (cell, user) => showTrend(cell, user, this.view),
      },
      "connections": {
        descending: true,
        sortBy: ({connections}) => connections,
        show: (cell, {connections}) => setText(cell, count(connections)),
      },
      "received": totalColumn("receive_bytes"),
      "transmitted": totalColumn("transmit_bytes"),
    };
    this.table = new LiveTable(document.getElementById("users"),
                               document.getElementById("users-more"), columns, ({uid}) => uid);
  }

  rateColumn(field) {
    return {
      descending: true,
      sortBy: (user) => user[field],
      show: (cell, user) => setRate(cell, rate(user[field], this.view.inBits)),
    };
  }

  /// Shows those of the API's users that `matches` lets through.
  update({users, window_seconds: window, history_interval_seconds: interval}, matches, inBits) {
    const slots = Math.max(0, ...users.map(({history}) => history.receive_bytes_per_second.length));
    this.view = {slots: slots + 1, seconds: slots * interval, inBits};
    const shown = users.filter(matches);
    this.table.update(shown, (order) => {
      const few = shown.length < users.length;
      const which = few ? `${shown.length} of ${users.length}` : users.length;
      const rates = window > 0 ? `rates of the last ${duration(Math.max(window, 1))}`
                               : "no rates yet";
      const charts = slots > 0 ? `, charts of the last ${duration(this.view.seconds)}` : "";
      return `${which} ${users.length === 1 ? "user" : "users"}, ${order}; ${rates}${charts}`;
    });
    this.note.hidden = shown.length > 0;
    setText(this.note, users.length > 0 ? "No user matches the filter."
                                        : "Nobody has moved anything yet.");
  }
}

/// A counter that only grows.
export function totalColumn(field) {
  return {
    descending: true,
    sortBy: (item) => item[field],
    show: (cell, item) => setQuantity(cell, bytes(item[field])),
  };
}
