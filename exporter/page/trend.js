// SPDX-License-Identifier: Apache-2.0
// Small charts of the last minutes, as inline SVG. The newest value is at the right edge.

const SVG = "http://www.w3.org/2000/svg";
const WIDTH = 120;
const HEIGHT = 28;

/// The points of a series that ends at the right edge of `slots` places, as [x, y].
export function points(values, slots, peak) {
  const step = WIDTH / Math.max(slots - 1, 1);
  const left = WIDTH - step * (values.length - 1);
  return values.map((value, index) => [
    left + step * index,
    HEIGHT - 1 - (peak > 0 ? (value / peak) * (HEIGHT - 3) : 0),
  ]);
}

function pathOf(line) {
  const steps = line.map(([x, y]) => `${x.toFixed(1)} ${y.toFixed(1)}`);
  return steps.length ? `M${steps.join("L")}` : "";
}

function areaOf(line) {
  return `${pathOf(line)}V${HEIGHT}H${line[0][0].toFixed(1)}Z`;
}

/// An empty chart with one line, and the area below it, for each of the kinds.
export function createTrend(...kinds) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", `0 0 ${WIDTH} ${HEIGHT}`);
  svg.setAttribute("preserveAspectRatio", "none");
  svg.setAttribute("role", "img");
  svg.classList.add("chart");
  for (const kind of kinds) {
    for (const part of ["area", "line"]) {
      const path = document.createElementNS(SVG, "path");
      path.classList.add(part, kind);
      svg.append(path);
    }
  }
  return svg;
}

/// Draws the series, oldest value first, on one common scale.
export function drawTrend(svg, label, slots, ...series) {
  const peak = Math.max(0, ...series.flat());
  const paths = svg.querySelectorAll("path");
  series.forEach((values, index) => {
    const line = values.length > 1 ? points(values, slots, peak) : [];
    paths[2 * index].setAttribute("d", line.length ? areaOf(line) : "");
    paths[2 * index + 1].setAttribute("d", pathOf(line));
  });
  svg.setAttribute("aria-label", label);
}

/// Adds up series that all end now.
export function sum(series) {
  const length = Math.max(0, ...series.map((values) => values.length));
  const total = new Array(length).fill(0);
  for (const values of series) {
    values.forEach((value, index) => {
      total[length - values.length + index] += value;
    });
  }
  return total;
}
