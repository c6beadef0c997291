// A dense table whose rows open something. data: {columns, rows, sort, picked, empty, selected}
function timeCell(ms) {
  const [day, time] = clock(ms);
  const today = clock(Date.now())[0] === day;
  const node = el("span", "time", today ? null : el("span", "soft", `${day.slice(5)} `), time);
  node.title = `${new Date(ms).toISOString()} (shown in your time zone)`;
  return node;
}

function fill(cell, column, value) {
  if (value === null || value === undefined) { cell.append(el("span", "none", "–")); return; }
  switch (column.kind) {
    case "status": {
      const tone = TONES[value] || TONES[String(value).toLowerCase()] || "gray";
      cell.append(el("span", `status t-${tone}`, el("span", "dot"), value));
      break;
    }
    case "time": cell.append(timeCell(value)); break;
    case "chips": {
      const line = el("span", "chips");
      for (const item of value) line.append(chip(item));
      cell.append(el("span", "few", line, value.length > 1 ? el("span", "more soft") : null));
      break;
    }
    case "bar": {
      const bar = el("span", "bar");
      bar.style.width = `${Math.max(2, Math.min(1, value.share) * 100)}%`;
      cell.append(el("span", "num", value.text), el("span", "track", bar));
      break;
    }
    case "pair":
      cell.append(el("div", "clip", value[0]));
      for (const item of value[2] || []) cell.firstChild.append(" ", chip(item));
      if (value[1]) cell.append(el("div", "clip soft small", value[1]));
      break;
    case "score": {
      const lane = el("span", "lane");
      const put = (kind, from, to) => {
        const mark = el("span", kind);
        mark.style.left = `${from * 100}%`;
        if (to !== null) mark.style.width = `max(2px, ${(to - from) * 100}%)`;
        lane.append(mark);
      };
      if (value.low !== null) put("range", Math.max(0, value.low), Math.min(1, value.high));
      if (value.at !== null) put("point", value.at, null);
      cell.append(el("span", "num", value.text), lane);
      cell.title = value.hint || "";
      break;
    }
    case "wrap": cell.append(el("div", "wrapped", value)); break;
    default: cell.append(el("span", column.kind === "num" ? "num" : "", value));
      cell.title = String(value).slice(0, 500);
  }
}

// As many chips as the cell is wide enough for, whole; how many more there are is said behind them.
function countHidden(table) {
  const cells = [...table.querySelectorAll(".few > .more")].map((more) => [more, [...more.previousSibling.children]]);
  for (const pass of [0, 1]) {
    const hidden = cells.map(([, chips]) => chips.filter((item) => item.offsetTop > chips[0].offsetTop));
    cells.forEach(([more], index) => {
      more.textContent = hidden[index].length ? `+${hidden[index].length}` : "";
      more.title = hidden[index].map((item) => item.textContent).join("\n");
    });
    if (!hidden.some((items) => items.length)) break;
  }
}

function header(data, setTriggerValue) {
  const row = el("tr");
  if (data.picked) row.append(el("th", "pick"));
  for (const column of data.columns) {
    const cell = el("th", `k-${column.kind || "text"}`);
    if (column.width) cell.style.width = column.width;
    if (column.sort) {
      const mark = data.sort === `${column.sort} DESC` ? " ↓" : data.sort === `${column.sort} ASC` ? " ↑" : "";
      const button = el("button", mark ? "sorted" : "", column.label + mark);
      button.addEventListener("click", () =>
        setTriggerValue("sort", `${column.sort} ${mark === " ↓" ? "ASC" : "DESC"}`));
      cell.append(button);
    } else cell.append(column.label);
    if (column.hint) cell.title = column.hint;
    row.append(cell);
  }
  return el("thead", "", row);
}

// Rows marked here since the server last knew: an answer of before them must not take them back.
const sent = new WeakMap();
function marked(place, told) {
  const mine = sent.get(place) || [];
  const at = mine.lastIndexOf(JSON.stringify(told || []));
  sent.set(place, at < 0 ? [JSON.stringify(told || [])] : mine.slice(at));
  return new Set(JSON.parse(sent.get(place).at(-1)));
}

// Below this the table scrolls sideways: no column becomes narrower than what it holds can be read in.
function leastWidth(columns, marked) {
  let [pixels, share] = [marked ? 34 : 0, 0];
  for (const { width, kind } of columns) {
    if (String(width).endsWith("%")) share += parseFloat(width) / 100;
    else pixels += parseFloat(width) || (["num", "bar", "score"].includes(kind) ? 76 : 120);
  }
  return `${Math.ceil(pixels / (1 - Math.min(share, 0.8)))}px`;
}

// What fills a screen is drawn first, the rest when that stands.
const AT_ONCE = 30;

export default function ({ data, parentElement, setTriggerValue, setStateValue }) {
  const root = parentElement.querySelector(".root");
  const picked = marked(parentElement, data.picked);
  const body = el("tbody");
  const open = (id) => setTriggerValue("open", id);
  const drawn = (row) => {
    const line = el("tr", row.id === data.selected ? "selected" : "");
    line.tabIndex = row.open === false ? -1 : 0;
    if (data.picked) {
      const box = el("input");
      box.type = "checkbox";
      box.checked = picked.has(row.id);
      box.setAttribute("aria-label", "pick this row");
      box.addEventListener("click", (event) => event.stopPropagation());
      box.addEventListener("change", () => {
        if (box.checked) picked.add(row.id); else picked.delete(row.id);
        sent.get(parentElement).push(JSON.stringify([...picked]));
        setStateValue("picked", [...picked]);
      });
      line.append(el("td", "pick", box));
    }
    data.columns.forEach((column, index) => {
      const cell = el("td", `k-${column.kind || "text"}${column.mono ? " mono" : ""}`);
      const target = index === 0 && row.href ? ownLink(el("a", "lead"), row.href) : cell;
      fill(target, column, row.cells[column.key]);
      if (target !== cell) cell.append(target);
      line.append(cell);
    });
    if (row.open !== false) {
      line.classList.add("can-open");
      line.addEventListener("click", (event) => {
        if (!plainClick(event) || String(getSelection())) return;
        event.preventDefault();
        open(row.id);
      });
      line.addEventListener("keydown", (event) => {
        if (event.key === "Enter") { event.preventDefault(); open(row.id); }
        const step = { ArrowDown: "nextElementSibling", j: "nextElementSibling",
          ArrowUp: "previousElementSibling", k: "previousElementSibling" }[event.key];
        if (step && line[step]) { event.preventDefault(); line[step].focus(); }
      });
    }
    return line;
  };
  body.append(...data.rows.slice(0, AT_ONCE).map(drawn));
  const tall = data.columns.some((column) => column.kind === "wrap") ? " tall" : "";
  const table = el("table", `${data.dense ? "dense" : ""}${tall}`, header(data, setTriggerValue), body);
  table.style.minWidth = leastWidth(data.columns, data.picked);
  const frame = el("div", "frame", table);
  if (!data.rows.length) frame.append(el("div", "empty soft", data.empty || "Nothing here."));
  root.replaceChildren(frame);
  const later = setTimeout(() => body.append(...data.rows.slice(AT_ONCE).map(drawn)), 50);
  const seen = new ResizeObserver(() => countHidden(table));
  seen.observe(frame);
  return () => { clearTimeout(later); seen.disconnect(); };
}
