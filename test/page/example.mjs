// SPDX-License-Identifier: Apache-2.0
// Answers of the API about a host that does not exist, for pictures and for states of the page that
// are hard to bring about. Addresses are those set aside for documentation.

const INTERVAL = 5;
const SLOTS = 60;

/// [uid, user, receive rate, transmit rate, open connections, hours busy]
const USERS = [
  [20411, "mwilson", 412e6, 5.1e6, 18, 2.2],
  [20187, "achen", 3.2e6, 236e6, 8, 5.5],
  [20562, "jpatel", 88.4e6, 1.9e6, 4, 1.1],
  [20333, "sokafor", 0.9e6, 31.7e6, 2, 9.0],
  [20098, "lrossi", 12.6e6, 0.4e6, 31, 0.6],
  [20715, "tnguyen", 1.1e6, 2.3e6, 3, 4.1],
  [20277, "ekaya", 184e3, 96e3, 6, 3.0],
  [990, "prometheus", 41e3, 8.2e3, 5, 20],
  [0, "root", 2.1e3, 3.4e3, 4, 11],
  [20650, "dmorales", 0, 0, 1, 0.2],
  [20119, "hkim", 0, 0, 0, 1.7],
];

const [IN, OUT] = ["inbound", "outbound"];

/// [uid, protocol, direction, local port, remote address, remote port, network, pid, command,
///  receive rate, transmit rate, seconds so far]
const CONNECTIONS = [
  [20411, "tcp", OUT, 51844, "198.51.100.24", 443, "archive", 48211, "rclone", 208e6, 2.6e6, 2900],
  [20187, "tcp", IN, 22, "203.0.113.77", 40112, "internet", 51877, "rsync", 3.1e6, 229e6, 5400],
  [20411, "tcp", OUT, 51846, "198.51.100.24", 443, "archive", 48211, "rclone", 199e6, 2.4e6, 2880],
  [20562, "tcp", OUT, 40310, "2001:db8:40::17", 443, "internet", 50102, "wget", 88.1e6, 1.8e6, 610],
  [20333, "tcp", IN, 2811, "192.0.2.140", 50766, "campus",
   44730, "globus-gridftp-", 0.8e6, 31.5e6, 8100],
  [20098, "tcp", OUT, 47002, "192.0.2.31", 445, "campus", 39517, "smbclient", 12.1e6, 0.3e6, 400],
  [20187, "tcp", IN, 22, "203.0.113.77", 40118, "internet", 51902, "sftp-server", 51e3, 6.9e6, 300],
  [20411, "tcp", OUT, 51850, "198.51.100.25", 443, "archive", 48211, "rclone", 4.8e6, 88e3, 1200],
  [20715, "udp", OUT, 60122, "2001:db8:7::5a", 443, "internet", 52340, "firefox", 1.1e6, 2.3e6, 90],
  [20277, "tcp", IN, 22, "203.0.113.9", 55120, "internet", 49005, "sshd", 92e3, 51e3, 7000],
  [20098, "tcp", OUT, 47040, "192.0.2.31", 445, "campus", 39517, "smbclient", 60e3, 9e3, 380],
  [990, "tcp", OUT, 38850, "192.0.2.12", 9100, "campus", 1204, "prometheus", 21e3, 4e3, 70000],
  [990, "tcp", OUT, 38862, "192.0.2.13", 9100, "campus", 1204, "prometheus", 20e3, 4e3, 70000],
  [20277, "tcp", OUT, 44990, "198.51.100.80", 22, "internet", 49120, "ssh", 3e3, 2e3, 3000],
  [0, "udp", OUT, 123, "192.0.2.1", 123, "campus", 702, "chronyd", 38, 38, 400000],
];

/// A rate's past: waves and jitter, the same in every run.
function past(rate, seed) {
  let state = seed * 2654435761 % 4294967296;
  return Array.from({length: SLOTS}, (_, index) => {
    state = (state * 1664525 + 1013904223) % 4294967296;
    const wave = 0.75 + 0.25 * Math.cos((SLOTS - 1 - index) / (4 + seed % 3));
    const jitter = 0.9 + 0.2 * state / 4294967296;
    return rate * wave * jitter * (seed % 3 || index > 25 ? 1 : 0.2);
  });
}

function users() {
  const moved = USERS.reduce((sum, [, , receive, transmit]) => sum + receive + transmit, 0);
  return USERS.map(([uid, user, receive, transmit, connections, hours]) => ({
    uid, user, connections,
    receive_bytes: Math.round((receive + 900) * hours * 3600),
    transmit_bytes: Math.round((transmit + 700) * hours * 3600),
    receive_bytes_per_second: receive,
    transmit_bytes_per_second: transmit,
    share: (receive + transmit) / moved,
    history: {
      receive_bytes_per_second: past(receive, uid + 1),
      transmit_bytes_per_second: past(transmit, uid + 2),
    },
  }));
}

function connections() {
  const names = new Map(USERS.map(([uid, user]) => [uid, user]));
  return CONNECTIONS.map(([uid, protocol, direction, localPort, remoteAddress, remotePort,
                           network, pid, command, receive, transmit, seconds]) => ({
    uid, protocol, direction,
    user: names.get(uid),
    local_address: remoteAddress.includes(":") ? "2001:db8:1::10" : "192.0.2.10",
    local_port: localPort,
    remote_address: remoteAddress,
    remote_port: remotePort,
    network, pid, command,
    receive_bytes: Math.round(receive * seconds),
    transmit_bytes: Math.round(transmit * seconds),
    receive_bytes_per_second: receive,
    transmit_bytes_per_second: transmit,
  }));
}

/// The three answers by path, as of `time` (seconds).
export function example(time) {
  const all = users();
  const sum = (field) => all.reduce((total, user) => total + user[field], 0);
  return {
    "/api/v1/status": {
      version: "0.1.0", revision: "3f9c2d7a10be", hostname: "dtn1.example.org",
      time, started: time - 1_062_000,
      layers: [
        {layer: "cgroup", up: true, mode: "attached", reason: "", remedy: ""},
        {layer: "sockops", up: true, mode: "attached", reason: "", remedy: ""},
        {layer: "socket", up: true, mode: "fentry", reason: "", remedy: ""},
        {layer: "xdp", up: false, mode: "off", reason: "no interface is configured",
         remedy: "name the interfaces with --interface"},
      ],
      tables: [
        {table: "accounts", entries: 214, capacity: 16384, insert_failures: 0},
        {table: "connections", entries: 1873, capacity: 65536, insert_failures: 0},
        {table: "flows", entries: 420, capacity: 16384, insert_failures: 0},
        {table: "events", entries: null, capacity: 262144, insert_failures: 0},
      ],
      totals: {
        receive_bytes: sum("receive_bytes"), transmit_bytes: sum("transmit_bytes"),
        receive_bytes_per_second: sum("receive_bytes_per_second"),
        transmit_bytes_per_second: sum("transmit_bytes_per_second"),
        excluded_receive_bytes: 0, excluded_transmit_bytes: 0,
        unattributed_receive_bytes: 5_120_000, unattributed_transmit_bytes: 0,
      },
      privacy: {hide_remote_addresses: false, hide_connections: false, uids_only: false},
    },
    "/api/v1/users": {time, window_seconds: 1.02, history_interval_seconds: INTERVAL, users: all},
    "/api/v1/connections": {time, window_seconds: 1.02, tracked: 131, hidden: false,
                            connections: connections()},
  };
}
