// SPDX-License-Identifier: Apache-2.0
// Numbers as people read them: three digits and an SI prefix.

const PREFIXES = ["", "k", "M", "G", "T", "P", "E"];

/// [digits, prefix]: 12345678 becomes ["12.3", "M"].
function scaled(value) {
  let prefix = 0;
  // What would be rounded to 1000 belongs to the next prefix.
  while (value >= 999.5 && prefix < PREFIXES.length - 1) {
    value /= 1000;
    prefix += 1;
  }
  const decimals = prefix === 0 || value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2;
  return [value.toFixed(decimals), PREFIXES[prefix]];
}

/// A rate of bytes as {number, unit}; `inBits` shows it as network people do.
export function rate(bytesPerSecond, inBits = false) {
  const [number, prefix] = scaled(inBits ? bytesPerSecond * 8 : bytesPerSecond);
  return {number, unit: prefix + (inBits ? "bit/s" : "B/s")};
}

/// A number of bytes as {number, unit}.
export function bytes(count) {
  const [number, prefix] = scaled(count);
  return {number, unit: `${prefix}B`};
}

export function inWords({number, unit}) {
  return `${number}\u00a0${unit}`;
}

export function count(value) {
  return String(value).replace(/\B(?=(\d{3})+$)/g, "\u202f");
}

/// A part of a whole; what is there but rounds to nothing is not called nothing.
export function percent(fraction) {
  if (fraction > 0 && fraction < 0.001) {
    return "<\u202f0.1\u202f%";
  }
  const decimals = fraction > 0 && fraction < 0.0995 ? 1 : 0;
  return `${(fraction * 100).toFixed(decimals)}\u202f%`;
}

/// Whole seconds in the two largest units that fit.
export function duration(seconds) {
  let rest = Math.round(seconds);
  const parts = [[86400, "d"], [3600, "h"], [60, "min"], [1, "s"]];
  const first = parts.findIndex(([size]) => rest >= size);
  if (first < 0) {
    return "0\u202fs";
  }
  return parts.slice(first, first + 2)
    .map(([size, unit]) => {
      const amount = Math.floor(rest / size);
      rest -= amount * size;
      return amount > 0 ? `${amount}\u202f${unit}` : "";
    })
    .filter(Boolean)
    .join(" ");
}

/// The wall clock of whoever looks at the page.
export function clock(date) {
  return [date.getHours(), date.getMinutes(), date.getSeconds()]
    .map((part) => String(part).padStart(2, "0"))
    .join(":");
}

/// One end of a connection; an address that the exporter does not tell is called hidden.
export function endpoint(address, port) {
  if (!address) {
    return port ? `hidden:${port}` : "hidden";
  }
  const host = address.includes(":") ? `[${address}]` : address;
  return port ? `${host}:${port}` : host;
}
