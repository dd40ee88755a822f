"use strict";
(() => {
  const language = document.documentElement.lang;
  const compare = new Intl.Collator(language, { numeric: true }).compare;
  const plain = (text) => text.toLocaleLowerCase(language).replace(/\s+/g, " ").trim();
  const number = (text) => {
    const found = /^-?[\d.,\s]+/.exec(text);
    if (!found) return null;
    const digits = found[0].replace(/\s/g, "");
    const value = Number(language === "id" ? digits.replace(/\./g, "").replace(",", ".") : digits.replace(/,/g, ""));
    return Number.isNaN(value) ? null : value;
  };
  const later = (act) => {
    let waiting = 0;
    return () => {
      window.clearTimeout(waiting);
      waiting = window.setTimeout(act, 120);
    };
  };

  const sortable = (table) => {
    const body = table.tBodies[0];
    const headings = Array.from(table.tHead.rows[0].cells);
    const asWritten = Array.from(body.rows);
    headings.forEach((heading, column) => {
      const button = document.createElement("button");
      button.type = "button";
      button.append(...heading.childNodes);
      heading.append(button);
      button.addEventListener("click", () => {
        const next = { ascending: "descending", descending: null }[heading.getAttribute("aria-sort")];
        const order = next === undefined ? "ascending" : next;
        headings.forEach((other) => other.removeAttribute("aria-sort"));
        let rows = asWritten;
        if (order !== null) {
          heading.setAttribute("aria-sort", order);
          const sign = order === "ascending" ? 1 : -1;
          const keyed = asWritten.map((row) => {
            const cell = row.cells[column];
            const text = cell.dataset.value || cell.textContent.trim();
            return { row, text, value: cell.dataset.value ? null : number(text), unknown: text === "?" };
          });
          keyed.sort((one, other) => {
            if (one.unknown !== other.unknown) return one.unknown ? 1 : -1;
            const both = one.value !== null && other.value !== null;
            return sign * (both ? one.value - other.value : compare(one.text, other.text));
          });
          rows = keyed.map((it) => it.row);
        }
        body.append(...rows);
      });
    });
  };

  const filterable = (table, place) => {
    const rows = Array.from(table.tBodies[0].rows);
    if (rows.length < 16) return;
    const box = document.createElement("div");
    box.className = "filter";
    const label = document.createElement("label");
    const input = document.createElement("input");
    input.type = "search";
    input.id = `filter-${place}`;
    input.autocomplete = "off";
    label.htmlFor = input.id;
    label.textContent = table.dataset.filterLabel;
    const said = document.createElement("output");
    said.htmlFor = input.id;
    box.append(label, " ", input, " ", said);
    table.parentElement.before(box);
    const texts = rows.map((row) => plain(row.textContent));
    input.addEventListener("input", later(() => {
      const wanted = plain(input.value);
      let shown = 0;
      rows.forEach((row, index) => {
        row.hidden = !texts[index].includes(wanted);
        shown += row.hidden ? 0 : 1;
      });
      said.textContent = wanted ? `${shown} / ${rows.length}` : "";
    }));
  };

  document.querySelectorAll("table[data-table]").forEach((table, place) => {
    filterable(table, place);
    sortable(table);
  });

  document.querySelectorAll(".filter[data-list]").forEach((box) => {
    const list = document.getElementById(box.dataset.list);
    const input = box.querySelector("input");
    const select = box.querySelector("select");
    const said = box.querySelector("output");
    const members = Array.from(list.querySelectorAll("details.service"));
    const units = Array.from(list.querySelectorAll("section.unit"));
    const names = new Map();
    const named = (part) => {
      if (!names.has(part)) {
        const unit = part.closest("section.unit").querySelector("h3").textContent;
        names.set(part, plain(`${part.querySelector("summary").textContent} ${unit}`));
      }
      return names.get(part);
    };
    box.hidden = false;
    const act = () => {
      const wanted = plain(input.value);
      let shown = 0;
      members.forEach((part) => {
        const severe = !select.value || part.dataset.severities.split(" ").includes(select.value);
        part.hidden = !(severe && named(part).includes(wanted));
        shown += part.hidden ? 0 : 1;
      });
      units.forEach((unit) => {
        unit.hidden = !unit.querySelector("details.service:not([hidden])");
      });
      said.textContent = wanted || select.value
        ? said.dataset.said.replace("{shown}", shown).replace("{all}", members.length)
        : "";
    };
    input.addEventListener("input", later(act));
    select.addEventListener("change", act);
  });

  const open = () => {
    const name = decodeURIComponent(window.location.hash.slice(1));
    let part = name ? document.getElementById(name) : null;
    const there = part;
    for (; part; part = part.parentElement) {
      if (part.tagName === "DETAILS") part.open = true;
      part.hidden = false;
    }
    if (there) there.scrollIntoView();
  };
  window.addEventListener("hashchange", open);
  open();
})();
