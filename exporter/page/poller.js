// SPDX-License-Identifier: Apache-2.0
// Asks the API again and again while somebody looks, and says how that goes.

const PATHS = ["/api/v1/status", "/api/v1/users", "/api/v1/connections"];
const INTERVAL_MS = 2000;
const TIMEOUT_MS = 5000;

/// The exporter answered, but not with what was asked for.
class Refusal extends Error {
  constructor(status, reason) {
    super(reason);
    this.status = status;
  }
}

async function reasonOf(response) {
  try {
    return (await response.json()).error ?? "";
  } catch {
    return "";
  }
}

async function get(path, signal) {
  const response = await fetch(path, {
    signal: AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]),
    headers: {Accept: "application/json"},
  });
  if (!response.ok) {
    throw new Refusal(response.status, await reasonOf(response));
  }
  const text = await response.text();
  try {
    return JSON.parse(text);
  } catch {
    throw new Refusal(response.status, "but not with JSON");
  }
}

/// One after the other: they share a connection, and the exporter has few workers.
async function getAll(signal) {
  const answers = [];
  for (const path of PATHS) {
    answers.push(await get(path, signal));
  }
  return answers;
}

/// onAnswer(status, users, connections); onState({name, since, status, reason}), where name is
/// connecting, live, paused, refused or unreachable. A failure never ends the polling.
export class Poller {
  constructor(onAnswer, onState) {
    this.onAnswer = onAnswer;
    this.onState = onState;
    this.paused = false;
    this.failingSince = null;
    this.round = null; // aborts the round under way
    this.timer = 0;
    document.addEventListener("visibilitychange", () => this.restart());
  }

  pause(paused) {
    this.paused = paused;
    if (paused) {
      this.failingSince = null;
      this.onState({name: "paused", since: new Date()});
    } else {
      this.onState({name: "connecting"});
    }
    this.restart();
  }

  restart() {
    clearTimeout(this.timer);
    this.round?.abort();
    if (!this.paused && !document.hidden) {
      this.poll();
    }
  }

  async poll() {
    const round = new AbortController();
    this.round = round;
    try {
      const answers = await getAll(round.signal);
      if (round.signal.aborted) {
        return;
      }
      this.failingSince = null;
      this.onState({name: "live"});
      this.onAnswer(...answers);
    } catch (error) {
      if (round.signal.aborted) {
        return;
      }
      this.fail(error);
    }
    this.timer = setTimeout(() => this.poll(), INTERVAL_MS);
  }

  fail(error) {
    this.failingSince ??= new Date();
    const name = error instanceof Refusal ? "refused" : "unreachable";
    this.onState({name, since: this.failingSince, status: error.status, reason: error.message});
  }
}
