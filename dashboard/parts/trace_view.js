// Tree and waterfall of one trace. data: {spans, selected, total_ms, height}
// A span is [id, depth, name, type, status, start_ms, duration_ms | null, note]; parents come first.
const ROW = 28;
const memory = new WeakMap();

function visibleRows(spans, closed) {
  const rows = [];
  let hiddenBelow = Infinity;
  spans.forEach((span, index) => {
    if (span[1] > hiddenBelow) return;
    hiddenBelow = closed.has(span[0]) ? span[1] : Infinity;
    rows.push(index);
  });
  return rows;
}

function ticks(total) {
  const raw = total / 5;
  const power = 10 ** Math.floor(Math.log10(raw || 1));
  const step = [1, 2, 5, 10].map((n) => n * power).find((n) => n >= raw) || power;
  const marks = [];
  for (let at = 0; at <= total && marks.length < 12; at += step) marks.push(at);
  return marks;
}

export default function ({ data, parentElement, setStateValue }) {
  const root = parentElement.querySelector(".root");
  const spans = data.spans;
  const total = data.total_ms || 1;
  const before = memory.get(parentElement);
  const keep = before && before.trace === data.trace ? before : null;
  const state = keep || { trace: data.trace, closed: new Set(), scroll: 0, selected: null, find: "" };
  memory.set(parentElement, state);
  if (state.sent !== data.selected) state.selected = data.selected;
  state.sent = data.selected;
  const position = new Map(spans.map((span, index) => [span[0], index]));
  const hasKids = spans.map((span, index) => index + 1 < spans.length && spans[index + 1][1] > span[1]);
  const errors = spans.filter((span) => span[4] === "error").map((span) => span[0]);
  let rows = visibleRows(spans, state.closed);
  let timer = 0;

  const find = el("input", "find");
  find.type = "search";
  find.placeholder = "find a span";
  find.value = state.find;
  const count = el("span", "soft", `${spans.length.toLocaleString("en")} spans`);
  const failing = el("button", "failing", `${errors.length} failed`);
  failing.title = "go to the next failing span (e)";
  const fold = el("button", "", "fold");
  fold.title = "close or open every branch";
  const bar = el("div", "bar", find, count, errors.length ? failing : null, el("span", "grow"), fold);

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

  function line(at) {
    const index = rows[at];
    const [id, depth, name, type, status, start, took, note] = spans[index];
    const matches = state.find && name.toLowerCase().includes(state.find);
    const node = el("div", `row type-${type}${id === state.selected ? " selected" : ""}${matches ? " match" : ""}`);
    node.style.top = `${at * ROW}px`;
    node.setAttribute("role", "treeitem");
    node.setAttribute("aria-level", String(depth + 1));
    node.setAttribute("aria-selected", String(id === state.selected));
    const cell = el("div", "cell name");
    cell.style.paddingLeft = `${8 + Math.min(depth, 24) * 14}px`;
    const twist = el("span", "twist", hasKids[index] ? (state.closed.has(id) ? "▶" : "▼") : "");
    if (hasKids[index]) {
      node.setAttribute("aria-expanded", String(!state.closed.has(id)));
      twist.addEventListener("click", (event) => { event.stopPropagation(); toggle(id); });
    }
    const label = el("span", "label", name);
    label.title = `${name} · ${type}`;
    cell.append(twist, el("span", "kind"), label);
    if (status !== "ok" && status !== "unset") cell.append(el("span", `flag t-${TONES[status] || "gray"}`, status));
    if (note) cell.append(el("span", "extra", note));
    const block = el("span", `block${status === "error" ? " failed" : ""}${took === null ? " open" : ""}`);
    const length = took === null ? Math.max(total - start, 0) : took;
    const left = Math.min(start / total, 1) * 100;
    block.style.left = `${left}%`;
    block.style.width = `max(3px, ${Math.max(0, Math.min((length / total) * 100, 100 - left))}%)`;
    const text = el("span", "took", milliseconds(took));
    const right = left + (length / total) * 100;
    if (right > 72 && left > 20) text.style.right = `calc(${100 - left}% + 5px)`;
    else if (right > 78) { text.style.left = `calc(${left}% + 6px)`; text.classList.add("inside"); }
    else text.style.left = `calc(${right}% + 6px)`;
    node.append(cell, el("div", "cell fall", el("div", "lane", block, text)));
    node.addEventListener("click", () => select(id, 0));
    return node;
  }

  function draw() {
    sheet.style.height = `${rows.length * ROW}px`;
    const first = Math.max(0, Math.floor(scroller.scrollTop / ROW) - 6);
    const last = Math.min(rows.length, first + Math.ceil(scroller.clientHeight / ROW) + 14);
    const nodes = [];
    for (let at = first; at < last; at += 1) nodes.push(line(at));
    sheet.replaceChildren(...nodes);
  }

  function reveal(id) {
    let depth = spans[position.get(id)][1];
    for (let index = position.get(id); index >= 0 && depth > 0; index -= 1) {
      if (spans[index][1] < depth) { depth = spans[index][1]; state.closed.delete(spans[index][0]); }
    }
    rows = visibleRows(spans, state.closed);
    const at = rows.indexOf(position.get(id));
    const top = at * ROW;
    if (top < scroller.scrollTop) scroller.scrollTop = top;
    const low = top + ROW - scroller.clientHeight;
    if (low > scroller.scrollTop) scroller.scrollTop = low;
  }

  function select(id, wait) {
    state.selected = id;
    reveal(id);
    draw();
    clearTimeout(timer);
    timer = setTimeout(() => setStateValue("span", id), wait);
  }

  function toggle(id) {
    if (!state.closed.delete(id)) state.closed.add(id);
    rows = visibleRows(spans, state.closed);
    draw();
  }

  function nextOf(wanted) {
    if (!wanted.length) return;
    const here = position.has(state.selected) ? position.get(state.selected) : -1;
    select(wanted.find((id) => position.get(id) > here) || wanted[0], 0);
  }

  function keys(event) {
    const here = rows.indexOf(position.get(state.selected));
    const step = { ArrowDown: 1, j: 1, ArrowUp: -1, k: -1, PageDown: 12, PageUp: -12 }[event.key];
    if (step) select(spans[rows[Math.max(0, Math.min(rows.length - 1, here + step))]][0], 160);
    else if (event.key === "Home" || event.key === "End") select(spans[rows[event.key === "Home" ? 0 : rows.length - 1]][0], 0);
    else if (event.key === "e") nextOf(errors);
    else if (here >= 0 && (event.key === "ArrowLeft" || event.key === "ArrowRight")) {
      const id = state.selected;
      const isOpen = hasKids[rows[here]] && !state.closed.has(id);
      if (hasKids[rows[here]] && isOpen === (event.key === "ArrowLeft")) toggle(id);
      else if (event.key === "ArrowLeft" && spans[rows[here]][1] > 0) {
        let up = rows[here];
        while (spans[up][1] >= spans[rows[here]][1]) up -= 1;
        select(spans[up][0], 160);
      }
    } else return;
    event.preventDefault();
    event.stopPropagation();
  }

  find.addEventListener("input", () => { state.find = find.value.trim().toLowerCase(); draw(); });
  find.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || !state.find) return;
    nextOf(spans.filter((span) => span[2].toLowerCase().includes(state.find)).map((span) => span[0]));
  });
  failing.addEventListener("click", () => nextOf(errors));
  fold.addEventListener("click", () => {
    const parents = spans.filter((span, index) => hasKids[index] && span[1] > 0).map((span) => span[0]);
    state.closed = state.closed.size ? new Set() : new Set(parents);
    rows = visibleRows(spans, state.closed);
    draw();
  });
  scroller.addEventListener("keydown", keys);
  scroller.addEventListener("scroll", () => { state.scroll = scroller.scrollTop; draw(); });
  root.replaceChildren(el("div", "frame", bar, head, scroller));
  scroller.style.maxHeight = `${data.height || 560}px`;
  draw();
  scroller.scrollTop = state.scroll;
  if (!keep && position.has(state.selected)) reveal(state.selected);
  draw();
  const watch = new ResizeObserver(draw);
  watch.observe(scroller);
  return () => { watch.disconnect(); clearTimeout(timer); };
}
