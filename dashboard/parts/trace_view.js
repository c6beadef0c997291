// Tree and waterfall of one trace. data: {stamp, spans | null, selected, total_ms}; null: as before.
// A span is [id, depth, name, type, status, start_ms, duration_ms | null, note, path_ms | null];
// parents come first. Only the rows on the screen are in the page.
const ROW = 27;
const memory = new WeakMap();

function ticks(total) {
  const raw = total / 5;
  const power = 10 ** Math.floor(Math.log10(raw || 1));
  const step = [1, 2, 5, 10].map((n) => n * power).find((n) => n >= raw) || power;
  const marks = [];
  for (let at = 0; at <= total && marks.length < 12; at += step) marks.push(at);
  return marks;
}

function build(data) {
  const spans = data.spans;
  const total = data.total_ms || 1;
  const state = { stamp: data.stamp, closed: new Set(), only: "", selected: data.selected, find: "" };
  const position = new Map(spans.map((span, index) => [span[0], index]));
  const hasKids = spans.map((span, index) => index + 1 < spans.length && spans[index + 1][1] > span[1]);
  const errors = spans.filter((span) => span[4] === "error").map((span) => span[0]);
  const onPath = spans.filter((span) => span[8] !== null).length;
  const kept = { errors: branches((span) => span[4] === "error"), path: branches((span) => span[8] !== null) };
  const asked = []; // selections that the server has not answered yet
  let [rows, timer] = [[], 0];

  function branches(wanted) {
    const keep = new Uint8Array(spans.length);
    const open = [];
    spans.forEach((span, index) => {
      open.length = span[1];
      open.push(index);
      if (wanted(span)) for (const above of open) keep[above] = 1;
    });
    return keep;
  }

  function arrange() {
    rows = [];
    let hiddenBelow = Infinity;
    const keep = kept[state.only];
    spans.forEach((span, index) => {
      if (span[1] > hiddenBelow || (keep && !keep[index])) return;
      hiddenBelow = state.closed.has(span[0]) ? span[1] : Infinity;
      rows.push(index);
    });
  }

  const find = el("input", "find");
  find.type = "search";
  find.placeholder = "find a span  /";
  const found = el("span", "soft", `${spans.length.toLocaleString("en")} spans`);
  const tool = (text, title, act) => {
    const button = el("button", "", text);
    button.title = title;
    button.addEventListener("click", act);
    return button;
  };
  const failing = tool(`${errors.length.toLocaleString("en")} failed`, "next failing span (e)", () => nextOf(errors));
  failing.classList.add("failing");
  const toggles = { errors: "only failures", path: "critical path" };
  const choices = Object.entries(toggles).map(([only, text]) => {
    const button = tool(text, only === "path" ? "only what the trace waited for (p)" : "only branches with a failing span", () => choose(only));
    button.dataset.only = only;
    return button;
  });
  const fold = tool("fold", "close or open every branch (f)", foldAll);
  const bar = el("div", "bar", find, found, errors.length ? failing : null, el("span", "grow"),
    errors.length && errors.length < spans.length ? choices[0] : null,
    onPath > 1 && onPath < spans.length ? choices[1] : null, fold);

  const axis = el("div", "axis");
  for (const at of ticks(total)) {
    const mark = el("span", "mark", at === 0 ? "0" : milliseconds(at));
    mark.style.left = `${(at / total) * 100}%`;
    if (at / total < 0.93) axis.append(mark);
  }
  const head = el("div", "row head", el("div", "cell name soft", "span"), el("div", "cell fall", axis));
  const sheet = el("div", "sheet");
  const scroller = el("div", "scroller", sheet);
  scroller.tabIndex = 0;
  scroller.setAttribute("role", "tree");
  scroller.setAttribute("aria-label", "spans of this trace");

  function lane(span) {
    const [, , , , status, start, took, , path] = span;
    const block = el("span", `block${status === "error" ? " failed" : ""}${took === null ? " open" : ""}${path === null ? "" : " waited"}`);
    const length = took === null ? Math.max(total - start, 0) : took;
    const left = Math.max(0, Math.min(start / total, 1)) * 100;
    block.style.left = `${left}%`;
    block.style.width = `max(3px, ${Math.max(0, Math.min((length / total) * 100, 100 - left))}%)`;
    const text = el("span", "took", milliseconds(took));
    const right = left + (length / total) * 100;
    if (right > 72 && left > 20) text.style.right = `calc(${100 - left}% + 5px)`;
    else if (right > 78) { text.style.left = `calc(${left}% + 6px)`; text.classList.add("inside"); }
    else text.style.left = `calc(${right}% + 6px)`;
    return el("div", "cell fall", el("div", "lane", block, text));
  }

  function line(at) {
    const index = rows[at];
    const [id, depth, name, type, status, , , note, path] = spans[index];
    const matches = state.find && name.toLowerCase().includes(state.find);
    const node = el("div", `row type-${type}${id === state.selected ? " selected" : ""}${matches ? " match" : ""}`);
    node.style.top = `${at * ROW}px`;
    node.setAttribute("role", "treeitem");
    node.setAttribute("aria-level", String(depth + 1));
    node.setAttribute("aria-selected", String(id === state.selected));
    const cell = el("div", "cell name");
    cell.style.paddingLeft = `${8 + Math.min(depth, 24) * 13}px`;
    const twist = el("span", "twist", hasKids[index] ? (state.closed.has(id) ? "▶" : "▼") : "");
    if (hasKids[index]) {
      node.setAttribute("aria-expanded", String(!state.closed.has(id)));
      twist.addEventListener("click", (event) => { event.stopPropagation(); toggle(id); });
    }
    const label = el("span", "label", name || "(no name)");
    label.dir = "auto";
    label.title = `${name} · ${type}${path === null ? "" : ` · ${milliseconds(path)} of the critical path`}`;
    cell.append(twist, el("span", "kind"), label);
    if (status !== "ok" && status !== "unset") cell.append(el("span", `flag t-${TONES[status] || "gray"}`, status));
    if (note) cell.append(el("span", "extra", note));
    node.append(cell, lane(spans[index]));
    node.addEventListener("click", () => select(id, 0));
    return node;
  }

  function draw() {
    sheet.style.height = `${rows.length * ROW}px`;
    const first = Math.max(0, Math.floor(scroller.scrollTop / ROW) - 6);
    const last = Math.min(rows.length, first + Math.ceil((scroller.clientHeight || 600) / ROW) + 14);
    const nodes = [];
    for (let at = first; at < last; at += 1) nodes.push(line(at));
    sheet.replaceChildren(...nodes);
    for (const button of choices) button.setAttribute("aria-pressed", String(state.only === button.dataset.only));
  }

  function reveal(id) {
    const place = position.get(id);
    if (place === undefined) return;
    let depth = spans[place][1];
    for (let index = place; index >= 0 && depth > 0; index -= 1) {
      if (spans[index][1] < depth) { depth = spans[index][1]; state.closed.delete(spans[index][0]); }
    }
    if (kept[state.only] && !kept[state.only][place]) state.only = "";
    arrange();
    sheet.style.height = `${rows.length * ROW}px`;
    const top = rows.indexOf(place) * ROW;
    if (top < scroller.scrollTop) scroller.scrollTop = top;
    const low = top + ROW - scroller.clientHeight;
    if (low > scroller.scrollTop) scroller.scrollTop = low;
  }

  function select(id, wait) {
    state.selected = id;
    reveal(id);
    draw();
    clearTimeout(timer);
    timer = setTimeout(() => { asked.push(id); state.say("span", id); }, wait);
  }

  function toggle(id) { if (!state.closed.delete(id)) state.closed.add(id); arrange(); draw(); }
  function choose(only) { state.only = state.only === only ? "" : only; arrange(); draw(); }
  function foldAll() {
    const parents = spans.filter((span, index) => hasKids[index] && span[1] > 0).map((span) => span[0]);
    state.closed = state.closed.size ? new Set() : new Set(parents);
    arrange();
    draw();
  }

  function nextOf(wanted) {
    if (!wanted.length) return;
    const here = position.has(state.selected) ? position.get(state.selected) : -1;
    select(wanted.find((id) => position.get(id) > here) || wanted[0], 0);
  }

  function sideways(here, back) {
    const id = state.selected;
    const isOpen = hasKids[rows[here]] && !state.closed.has(id);
    if (hasKids[rows[here]] && isOpen === back) toggle(id);
    else if (back && spans[rows[here]][1] > 0) {
      let up = rows[here];
      while (spans[up][1] >= spans[rows[here]][1]) up -= 1;
      select(spans[up][0], 160);
    }
  }

  const acts = { e: () => nextOf(errors), f: foldAll, p: () => onPath > 1 && choose("path"), "/": () => find.focus() };
  function keys(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || !rows.length) return;
    const here = rows.indexOf(position.get(state.selected));
    const step = { ArrowDown: 1, j: 1, ArrowUp: -1, k: -1, PageDown: 12, PageUp: -12 }[event.key];
    if (step) select(spans[rows[Math.max(0, Math.min(rows.length - 1, here + step))]][0], 120);
    else if (event.key === "Home" || event.key === "End") select(spans[rows[event.key === "Home" ? 0 : rows.length - 1]][0], 0);
    else if (acts[event.key]) acts[event.key]();
    else if (here >= 0 && (event.key === "ArrowLeft" || event.key === "ArrowRight")) sideways(here, event.key === "ArrowLeft");
    else return;
    event.preventDefault();
    event.stopPropagation();
  }
  // Letters and `/` work wherever no text is being typed; arrows only inside the tree.
  const anywhere = (event) => {
    const at = event.composedPath()[0];
    const typing = at instanceof Element && (at.closest("input, textarea, select, [contenteditable], [role=combobox], [role=dialog]"));
    if (!typing && event.key.length === 1) keys(event);
  };

  find.addEventListener("input", () => {
    state.find = find.value.trim().toLowerCase();
    const hits = state.find ? spans.filter((span) => span[2].toLowerCase().includes(state.find)).length : 0;
    found.textContent = state.find ? `${hits.toLocaleString("en")} found` : `${spans.length.toLocaleString("en")} spans`;
    draw();
  });
  find.addEventListener("keydown", (event) => {
    event.stopPropagation();
    if (event.key === "Escape") { find.value = ""; find.dispatchEvent(new Event("input")); scroller.focus(); }
    if (event.key !== "Enter" || !state.find) return;
    nextOf(spans.filter((span) => span[2].toLowerCase().includes(state.find)).map((span) => span[0]));
  });
  scroller.addEventListener("keydown", keys);
  scroller.addEventListener("scroll", draw);
  document.addEventListener("keydown", anywhere);
  const watch = new ResizeObserver(draw);
  state.frame = el("div", "frame", bar, head, scroller);
  state.start = () => { watch.observe(scroller); arrange(); draw(); reveal(state.selected); draw(); };
  state.show = (id) => { // the server's echo of an earlier step must not take back a later one
    const echo = asked.splice(0, asked.lastIndexOf(id) + 1).length > 0;
    if (!echo && id !== state.sent && id !== state.selected && position.has(id)) { state.selected = id; reveal(id); draw(); }
    state.sent = id;
  };
  state.end = () => { watch.disconnect(); document.removeEventListener("keydown", anywhere); clearTimeout(timer); };
  return state;
}

export default function ({ data, parentElement, setStateValue }) {
  const root = parentElement.querySelector(".root");
  let state = memory.get(parentElement);
  if (data.spans && (!state || state.stamp !== data.stamp)) {
    if (state) state.end();
    state = build(data);
    memory.set(parentElement, state);
  }
  if (!state) return undefined;
  state.say = setStateValue;
  if (!root.contains(state.frame)) { root.replaceChildren(state.frame); state.start(); }
  state.show(data.selected);
  return () => setTimeout(() => {
    if (!root.isConnected && memory.get(parentElement) === state) { state.end(); memory.delete(parentElement); }
  }, 0);
}
