// SPDX-License-Identifier: Apache-2.0
// A table that is kept up to date in place: sorted by any column, filtered, cut to the first rows.
// Names come from users: they are only ever set as text.

const FIRST_ROWS = 12;

function compare(a, b) {
  if (typeof a === "number" && typeof b === "number") {
    return a - b;
  }
  return String(a).localeCompare(String(b), undefined, {numeric: true});
}

export function setText(element, text) {
  if (element.textContent !== text) {
    element.textContent = text;
  }
}

/// A number with a unit of its own, so that a column's numbers stand below each other.
export function setQuantity(element, {number, unit}) {
  if (element.childElementCount === 0) {
    const small = document.createElement("span");
    small.className = "unit";
    element.replaceChildren("", small);
  }
  element.firstChild.data = `${number}\u00a0`;
  setText(element.lastChild, unit);
}

/// A rate; nothing at all stands back.
export function setRate(element, quantity) {
  setQuantity(element, quantity);
  element.classList.toggle("idle", quantity.number === "0");
}

/// columns: name -> {sortBy(item), show(cell, item), descending}; the order is that of the table's
/// head. Rows stay the same elements as long as their key does.
export class LiveTable {
  constructor(table, more, columns, keyOf) {
    this.table = table;
    this.more = more;
    this.columns = columns;
    this.keyOf = keyOf;
    this.rows = new Map();
    this.items = [];
    this.sorted = null; // {column, descending}; null: the order in which the exporter gives them
    this.showsAll = false;
    this.body = table.querySelector("tbody");
    this.heads = [...table.querySelectorAll("th[data-column]")];
    for (const head of this.heads) {
      this.makeSortable(head);
    }
    more.addEventListener("click", () => {
      this.showsAll = !this.showsAll;
      this.draw();
    });
  }

  makeSortable(head) {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => this.sortBy(head.dataset.column));
  }

  /// First the natural direction, then the other one, then the exporter's own order again.
  sortBy(column) {
    const natural = Boolean(this.columns[column].descending);
    if (this.sorted?.column !== column) {
      this.sorted = {column, descending: natural};
    } else if (this.sorted.descending === natural) {
      this.sorted = {column, descending: !natural};
    } else {
      this.sorted = null;
    }
    for (const head of this.heads) {
      if (head.dataset.column === this.sorted?.column) {
        head.setAttribute("aria-sort", this.sorted.descending ? "descending" : "ascending");
      } else {
        head.removeAttribute("aria-sort");
      }
    }
    this.draw();
  }

  /// `describe(shown)` gives the caption's text.
  update(items, describe) {
    this.items = items;
    this.describe = describe;
    this.draw();
  }

  draw() {
    const items = this.inOrder();
    const shown = this.showsAll ? items : items.slice(0, FIRST_ROWS);
    this.place(shown.map((item) => this.rowOf(item)));
    this.more.hidden = items.length <= FIRST_ROWS;
    this.more.setAttribute("aria-expanded", String(this.showsAll));
    setText(this.more, this.showsAll ? `Show the first ${FIRST_ROWS}` : `Show all ${items.length}`);
    setText(this.table.caption, this.describe?.(this.orderInWords()) ?? "");
  }

  inOrder() {
    if (!this.sorted) {
      return this.items;
    }
    const {sortBy} = this.columns[this.sorted.column];
    const sign = this.sorted.descending ? -1 : 1;
    return [...this.items].sort((a, b) => sign * compare(sortBy(a), sortBy(b)));
  }

  orderInWords() {
    if (!this.sorted) {
      return "busiest first";
    }
    const head = this.heads.find(({dataset}) => dataset.column === this.sorted.column);
    const direction = this.sorted.descending ? "descending" : "ascending";
    return `by ${head.textContent.toLowerCase()}, ${direction}`;
  }

  rowOf(item) {
    const key = this.keyOf(item);
    let row = this.rows.get(key);
    if (!row) {
      row = this.createRow();
      this.rows.set(key, row);
    }
    [...row.cells].forEach((cell) => this.columns[cell.dataset.column].show(cell, item));
    return row;
  }

  createRow() {
    const row = document.createElement("tr");
    row.setAttribute("role", "row");
    this.heads.forEach((head, index) => {
      const cell = document.createElement(index === 0 ? "th" : "td");
      if (index === 0) {
        cell.scope = "row";
      }
      cell.setAttribute("role", index === 0 ? "rowheader" : "cell");
      cell.dataset.column = head.dataset.column;
      cell.dataset.label = head.textContent; // shown where the rows are cards
      row.append(cell);
    });
    return row;
  }

  /// Moves what is out of place; what has the keyboard's focus keeps it.
  place(rows) {
    const focused = document.activeElement;
    const wanted = new Set(rows);
    for (const [key, row] of this.rows) {
      if (!wanted.has(row)) {
        row.remove();
        this.rows.delete(key);
      }
    }
    rows.forEach((row, index) => {
      if (this.body.children[index] !== row) {
        this.body.insertBefore(row, this.body.children[index] ?? null);
      }
    });
    if (focused !== document.activeElement && this.body.contains(focused)) {
      focused.focus({preventScroll: true});
    }
  }
}
