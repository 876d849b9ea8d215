// Makes tables sortable: the heading of a column becomes a button, ascending first, then descending, then as the page had
// it. Pages are complete without it. It orders what is shown and knows nothing of what the figures mean.
// Tables of class "fixed" have an order of their own.
(() => {
  "use strict";
  const severity = ["missed", "behind", "at-risk", "no-data", "stale", "on-track", "met", "no-target", "not-applicable"];
  const unknown = new Set(["", "–", "-", "·", "Không áp dụng", "Không lưu", "Not applicable", "Not stored"]);
  const english = document.documentElement.lang === "en"; // 1,234.5 and 29 Jun 2025
  const months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
  const collator = new Intl.Collator("vi", { numeric: true, sensitivity: "variant" });

  // text is what a cell says, without what stands small beside it.
  function text(cell) {
    const copy = cell.cloneNode(true);
    copy.querySelectorAll("small, svg, .mv, .sr, i").forEach((e) => e.remove());
    return copy.textContent.replace(/\s+/g, " ").trim();
  }

  // Readers of a cell, tried in this order: null where the cell is no such thing.
  const status = (cell) => {
    const badge = cell.querySelector(".st");
    const at = badge && text(cell) === text(badge) ? severity.findIndex((c) => badge.classList.contains(c)) : -1;
    return at < 0 ? null : at;
  };
  const date = (cell) => {
    const t = english ? text(cell).replace(/ ([A-Z][a-z]{2}) /, (all, name) => (months.includes(name) ? `/${months.indexOf(name) + 1}/` : all)) : text(cell);
    const m = /^(?:(\d{1,2}):(\d{2}) )?(\d{1,2})\/(\d{1,2})\/(\d{4})/.exec(t);
    return m ? Date.UTC(m[5], m[4] - 1, m[3], m[1] || 0, m[2] || 0) : null;
  };
  const decimal = (t) => Number(t.replace(/\./g, "").replace(",", ".").replace("−", "-"));
  const number = (cell) => {
    const m = /^[≥>≤<+]? ?([-−]?(?:\d{1,3}(?:\.\d{3})+|\d+)(?:,\d+)?)(?: ?\/ ?((?:\d{1,3}(?:\.\d{3})+|\d+)))?(?: ?%| [^\d/]*)?$/.exec(english ? text(cell).replace(/[.,]/g, (c) => (c === "." ? "," : ".")) : text(cell));
    if (!m) return null;
    return m[2] ? decimal(m[1]) / decimal(m[2]) : decimal(m[1]); // met / owed, numerator / denominator: the share
  };

  function reader(cells) {
    const known = cells.filter((c) => c && !unknown.has(text(c)));
    if (known.length === 0) return null;
    return [status, date, number].find((read) => known.every((c) => read(c) !== null)) || text;
  }

  function prepare(table, said) {
    const heads = table.tHead ? [...table.tHead.rows] : [];
    const bodies = [...table.tBodies].map((body) => ({ body, rows: [...body.rows] })).filter((b) => b.rows.length > 1);
    const plain = bodies.every((b) => b.rows.every((r) => [...r.cells].every((c) => c.colSpan === 1 && c.rowSpan === 1)));
    const part = table.closest("section") && table.closest("section").querySelector(".parts");
    if (table.closest(".document, .fixed") || heads.length === 0 || bodies.length === 0 || !plain || part || bodies.reduce((n, b) => n + b.rows.length, 0) < 3) return;
    const row = heads[heads.length - 1];
    [...row.cells].forEach((th, column) => {
      if (th.tagName !== "TH" || th.querySelector("a, button") || th.colSpan !== 1) return;
      const read = reader(bodies.flatMap((b) => b.rows.map((r) => r.cells[column])));
      if (!read) return;
      const name = text(th) || th.textContent.trim();
      const button = document.createElement("button");
      button.type = "button";
      button.className = "sort";
      button.append(...th.childNodes);
      th.append(button);
      button.addEventListener("click", () => {
        const next = { ascending: "descending", descending: null }[th.getAttribute("aria-sort")];
        const order = next === undefined ? "ascending" : next;
        [...row.cells].forEach((c) => c.removeAttribute("aria-sort"));
        if (order) th.setAttribute("aria-sort", order);
        for (const b of bodies) b.body.append(...(order ? sorted(b.rows, column, read, order === "descending" ? -1 : 1) : b.rows));
        if (english) said.textContent = order ? `Sorted by ${name}, ${order}` : "Back in the first order";
        else said.textContent = order ? `Đã sắp xếp theo ${name}, ${order === "descending" ? "giảm dần" : "tăng dần"}` : "Đã trở về thứ tự ban đầu";
      });
    });
  }

  // sorted keeps the order of the page among equals; what is not known comes last in both directions.
  function sorted(rows, column, read, sign) {
    const keys = new Map(rows.map((r) => {
      const c = r.cells[column];
      return [r, !c || unknown.has(text(c)) ? null : read(c)];
    }));
    return [...rows].sort((x, y) => {
      const a = keys.get(x), b = keys.get(y);
      if (a === null || b === null) return (a === null) - (b === null);
      return sign * (typeof a === "string" ? collator.compare(a, b) : a - b);
    });
  }

  const said = document.createElement("p");
  said.className = "sr";
  said.setAttribute("role", "status");
  document.body.append(said);
  document.querySelectorAll("main table:not(.unsorted)").forEach((table) => prepare(table, said));
})();
