// SPDX-License-Identifier: Apache-2.0
// The live page: ties the API's answers to what is shown, and the controls to both.

import {Connections, textOf} from "./connections.js";
import {clock} from "./format.js";
import {Health} from "./health.js";
import {Host} from "./host.js";
import {setText} from "./live_table.js";
import {Poller} from "./poller.js";
import {applyTheme, bindChoice} from "./preferences.js";
import {Users} from "./users.js";

function byId(id) {
  return document.getElementById(id);
}

function stateInWords({name, since, status, reason}) {
  switch (name) {
    case "live":
      return "Live";
    case "paused":
      return `Paused at ${clock(since)}`;
    case "refused":
      if (status === 401) {
        return `Not signed in since ${clock(since)}: reload the page`;
      }
      return `Exporter answers ${status} since ${clock(since)}${reason ? `: ${reason}` : ""}`;
    case "unreachable":
      return `Exporter not reachable since ${clock(since)}`;
    default:
      return "Connecting";
  }
}

class Page {
  constructor() {
    const choose = (user) => this.filterBy(user);
    this.host = new Host();
    this.users = new Users(choose);
    this.connections = new Connections(choose);
    this.health = new Health();
    this.answers = null;
    this.inBits = false;
    this.poller = new Poller((...answers) => this.show(answers), (state) => this.showState(state));
    this.bindControls();
    this.poller.restart();
  }

  bindControls() {
    bindChoice(byId("theme"), applyTheme);
    bindChoice(byId("unit"), (unit) => {
      this.inBits = unit === "bits";
      this.draw();
    });
    byId("filter").addEventListener("input", () => this.draw());
    byId("pause").addEventListener("click", () => {
      const paused = !this.poller.paused;
      setText(byId("pause"), paused ? "Resume" : "Pause");
      this.poller.pause(paused);
    });
  }

  /// A second click on the same user shows everybody again.
  filterBy(user) {
    const filter = byId("filter");
    filter.value = filter.value === user ? "" : user;
    this.draw();
  }

  show(answers) {
    this.answers = answers;
    this.draw();
  }

  draw() {
    if (!this.answers) {
      return;
    }
    const [status, users, connections] = this.answers;
    this.host.update(status, users, connections, this.inBits);
    this.health.update(status);
    this.drawTables(users, connections, status.privacy);
  }

  /// A user is shown if the name matches or one of the connections does.
  drawTables(users, connections, privacy) {
    const wanted = byId("filter").value.trim().toLowerCase();
    const matching = new Set(connections.connections.filter((one) => textOf(one).includes(wanted)));
    const owners = new Set([...matching].map(({uid}) => uid));
    const nameMatches = ({user, uid}) => (user || String(uid)).toLowerCase().includes(wanted);
    this.users.update(users, (user) => nameMatches(user) || owners.has(user.uid), this.inBits);
    this.connections.update(connections, privacy, (one) => matching.has(one), this.inBits);
  }

  showState(state) {
    const element = byId("state");
    element.dataset.state = state.name;
    setText(element, stateInWords(state));
    document.body.classList.toggle("stale", state.name === "refused" ||
                                            state.name === "unreachable");
  }
}

new Page();
