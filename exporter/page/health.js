// SPDX-License-Identifier: Apache-2.0
// What counts, how well it is, and how full the kernel's tables are.

import {count, percent} from "./format.js";
import {setText} from "./live_table.js";

const NEARLY_FULL = 0.8;

function element(name, className, text = "") {
  const made = document.createElement(name);
  made.className = className;
  made.textContent = text;
  return made;
}

/// Elements that hardly ever change are made anew, and only when they did change.
function replaceIfChanged(list, data, make) {
  const now = JSON.stringify(data);
  if (list.dataset.shows !== now) {
    list.dataset.shows = now;
    list.replaceChildren(...data.map(make));
  }
}

function stateOf({up, mode}) {
  if (up) {
    return "up";
  }
  return mode === "off" ? "off" : "down";
}

function layerItem(layer) {
  const state = stateOf(layer);
  const item = element("li", "layer");
  item.dataset.state = state;
  item.append(element("span", "badge", state), element("span", "what", layer.layer));
  if (layer.mode && layer.mode !== state) {
    item.append(element("span", "mode", layer.mode));
  }
  if (layer.reason) {
    item.append(element("p", "reason", layer.reason));
  }
  if (!layer.up && layer.remedy) {
    item.append(element("p", "remedy", layer.remedy));
  }
  return item;
}

function fillInWords({entries, capacity}) {
  if (entries === null || !capacity) {
    return entries === null ? "unknown" : count(entries);
  }
  return `${count(entries)} of ${count(capacity)}, ${percent(entries / capacity)}`;
}

function tableItem(table) {
  const item = element("li", "fill");
  const fill = table.capacity ? (table.entries ?? 0) / table.capacity : 0;
  item.dataset.state = table.insert_failures > 0 ? "down" : fill >= NEARLY_FULL ? "nearly" : "up";
  item.append(element("span", "what", table.table), element("span", "mode", fillInWords(table)));
  if (table.capacity && table.entries !== null) {
    const bar = element("span", "bar");
    bar.append(element("span", "filled"));
    bar.firstChild.style.width = `${Math.min(fill, 1) * 100}%`;
    item.append(bar);
  }
  if (table.insert_failures > 0) {
    item.append(element("p", "reason", `${count(table.insert_failures)} entries found no room`));
  }
  return item;
}

export class Health {
  constructor() {
    this.layers = document.getElementById("layers");
    this.tables = document.getElementById("tables");
  }

  update({layers, tables}) {
    replaceIfChanged(this.layers, layers, layerItem);
    replaceIfChanged(this.tables, tables, tableItem);
  }
}
