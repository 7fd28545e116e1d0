// SPDX-License-Identifier: Apache-2.0
// Choices that this browser remembers. Where it may not, they hold until the page is closed.

function remembered(name) {
  try {
    return localStorage.getItem(name);
  } catch {
    return null;
  }
}

function remember(name, value) {
  try {
    localStorage.setItem(name, value);
  } catch {
    // Storage is switched off.
  }
}

/// Ties a select element to a remembered choice; `apply(value)` is called now and on each change.
export function bindChoice(select, apply) {
  const name = `pdtt-${select.id}`;
  const options = [...select.options].map(({value}) => value);
  const before = remembered(name);
  if (options.includes(before)) {
    select.value = before;
  }
  select.addEventListener("change", () => {
    remember(name, select.value);
    apply(select.value);
  });
  apply(select.value);
}

/// The theme of the whole page; "system" leaves the choice to the system.
export function applyTheme(theme) {
  document.documentElement.dataset.theme = theme;
}
