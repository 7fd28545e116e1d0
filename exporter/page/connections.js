// SPDX-License-Identifier: Apache-2.0
// The table of the busiest connections.

import {count, endpoint, rate} from "./format.js";
import {LiveTable, setRate, setText} from "./live_table.js";
import {showUser, totalColumn} from "./users.js";

const FIELDS = ["user", "uid", "command", "pid", "protocol", "direction", "network",
                "local_address", "local_port", "remote_address", "remote_port"];

function keyOf(connection) {
  return FIELDS.map((field) => connection[field]).join("\n");
}

/// Whether a word of the filter is somewhere in what the table says about the connection.
export function textOf(connection) {
  return [connection.user || connection.uid, connection.command, connection.pid,
          connection.protocol, connection.direction, connection.network,
          endpoint(connection.local_address, connection.local_port),
          endpoint(connection.remote_address, connection.remote_port)]
    .join("\n").toLowerCase();
}

function textColumn(textOfCell) {
  return {sortBy: textOfCell, show: (cell, connection) => setText(cell, textOfCell(connection))};
}

/// The command, which matters, and the process's number, which is small.
function showProcess(cell, {command, pid}, hidden) {
  if (cell.childElementCount === 0) {
    cell.append(document.createElement("span"), " ", document.createElement("span"));
    cell.lastChild.className = "pid";
  }
  setText(cell.firstChild, command || (hidden ? "hidden" : "unknown"));
  setText(cell.lastChild, pid ? String(pid) : "");
  cell.title = cell.textContent;
}

export class Connections {
  constructor(choose) {
    this.inBits = false;
    this.privacy = {};
    this.note = document.getElementById("connections-note");
    const columns = {
      "user": {
        sortBy: ({user, uid}) => user || String(uid),
        show: (cell, connection) => showUser(cell, connection, choose),
      },
      "process": {
        sortBy: ({command, pid}) => `${command} ${pid}`,
        show: (cell, connection) => showProcess(cell, connection, this.privacy.uids_only),
      },
      "local": textColumn((one) => endpoint(one.local_address, one.local_port)),
      "direction": textColumn(({direction, protocol}) => `${protocol} ${direction}`),
      "remote": textColumn((one) => endpoint(one.remote_address, one.remote_port)),
      "network": textColumn(({network}) => network ?? ""),
      "receive-rate": this.rateColumn("receive_bytes_per_second"),
      "transmit-rate": this.rateColumn("transmit_bytes_per_second"),
      "received": totalColumn("receive_bytes"),
      "transmitted": totalColumn("transmit_bytes"),
    };
    this.table = new LiveTable(document.getElementById("connections"),
                               document.getElementById("connections-more"), columns, keyOf);
  }

  rateColumn(field) {
    return {
      descending: true,
      sortBy: (connection) => connection[field],
      show: (cell, connection) => setRate(cell, rate(connection[field], this.inBits)),
    };
  }

  /// Shows those of the API's connections that `matches` lets through. `privacy` says what of them
  /// the exporter does not tell.
  update({connections, tracked, hidden}, privacy, matches, inBits) {
    this.inBits = inBits;
    this.privacy = privacy;
    const shown = hidden ? [] : connections.filter(matches);
    this.table.table.hidden = hidden;
    this.table.update(shown, (order) => {
      const which = shown.length < connections.length
        ? `${shown.length} of the ${connections.length} busiest` : String(shown.length);
      return `${which} of ${count(tracked)} connections, ${order}` +
        (privacy.hide_remote_addresses ? "; remote addresses are pseudonyms" : "");
    });
    this.note.hidden = shown.length > 0;
    setText(this.note, this.explanation(connections, hidden));
  }

  explanation(connections, hidden) {
    if (hidden) {
      return "The configuration of this exporter hides connections.";
    }
    return connections.length > 0 ? "No connection matches the filter."
                                  : "No connection has been seen yet.";
  }
}
