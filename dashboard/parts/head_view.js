// Title line and number tiles. data: {kicker, title, note, chips, tiles, commands}
function tile(item, notes) {
  const node = el("div", `tile t-${item.tone || "plain"}`,
    el("div", "label", item.label), el("div", "value", item.value), notes ? el("div", "note", item.note || "\u00a0") : null);
  if (item.spark && item.spark.length > 1) node.append(spark(item.spark));
  if (item.hint) node.title = item.hint;
  return node;
}

function spark(values) {
  const top = Math.max(...values) || 1;
  const step = 100 / (values.length - 1);
  const points = values.map((value, index) => `${(index * step).toFixed(2)},${(21 - (value / top) * 19).toFixed(2)}`);
  return svg("svg", { viewBox: "0 0 100 22", preserveAspectRatio: "none", class: "spark" },
    svg("polyline", { points: `0,22 ${points.join(" ")} 100,22`, class: "area" }),
    svg("polyline", { points: points.join(" "), class: "stroke" }));
}

export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".root");
  const kids = [];
  const goLink = (kid, go, cls) => {
    if (!go) return el("span", cls, kid);
    const link = ownLink(el("a", cls, kid), go);
    link.addEventListener("click", (event) => {
      if (!plainClick(event)) return;
      event.preventDefault();
      setTriggerValue("go", go);
    });
    return link;
  };
  if (data.title !== undefined && data.title !== null) {
    const line = el("div", "line");
    const titled = el(data.small ? "h2" : "h1", "", data.title);
    titled.dir = "auto";
    titled.title = data.title;
    if (data.kicker) line.append(goLink(data.kicker, data.kicker_go, "kicker"));
    line.append(titled);
    if (data.copy && data.copy !== data.title) line.append(el("span", "mono soft id", data.copy));
    if (data.copy) line.append(copyButton(() => data.copy));
    kids.push(line);
  }
  if (data.note) kids.push(el("div", "sub", data.note));
  if (data.chips && data.chips.length) {
    const line = el("div", "chips");
    for (const item of data.chips) {
      const node = chip(item);
      line.append(goLink(node, item.go, ""));
    }
    kids.push(line);
  }
  if (data.trouble) kids.push(el("div", "trouble", data.trouble));
  if (data.tiles && data.tiles.length) {
    const grid = el("div", "tiles");
    for (const item of data.tiles) grid.append(tile(item, data.tiles.some((each) => each.note)));
    kids.push(grid);
  }
  if (data.commands) {
    const block = el("div", "commands");
    for (const command of data.commands) block.append(el("div", "mono", command));
    block.append(copyButton(() => data.commands.join("\n")));
    kids.push(block);
  }
  root.replaceChildren(...kids);
}
