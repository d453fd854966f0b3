(() => {
  const drawing = JSON.parse(document.getElementById("data").textContent);
  const root = document.documentElement;
  const all = (selector, from = document) => Array.from(from.querySelectorAll(selector));
  const css = (name) => getComputedStyle(root).getPropertyValue(name).trim();
  const wantsDark = matchMedia("(prefers-color-scheme: dark)");
  const isDark = () => root.dataset.theme === "dark" || (root.dataset.theme === "auto" && wantsDark.matches);
  const isNarrow = () => innerWidth < 640;
  const hidden = { detector: new Set(), target: new Set(), input: new Set() };
  const colourOf = (index) => drawing.palette[isDark() ? "dark" : "light"][index];

  // Colours are indices of the palette, so that one figure serves both themes.
  function traceOf(trace) {
    const colour = colourOf(trace.meta.colour);
    const drawn = { ...trace, marker: { ...trace.marker, color: colour } };
    if (trace.mode === "markers") drawn.marker.line = { width: 2, color: colour };
    if (trace.line) drawn.line = { ...trace.line, color: colour };
    for (const bar of ["error_x", "error_y"]) if (trace[bar]) drawn[bar] = { ...trace[bar], color: colour, thickness: 1.5 };
    if (trace.meta.detector !== undefined) drawn.visible = isAbout(trace.meta);
    return drawn;
  }

  const isAbout = (about) => Object.keys(hidden).every((key) => !hidden[key].has(about[key]));
  const ROW = 34; // pixels of one named row; the same as LINE_HEIGHT_PX of the plots

  // Drop the rows of a plot that the filters hide, and their height.
  function narrowed(figure) {
    const { named, about } = figure.layout.meta || {};
    if (!about || about.every(isAbout)) return figure;
    const kept = named.filter((_, index) => isAbout(about[index]));
    const only = (trace) => {
      const pick = (values) => (Array.isArray(values) ? values.filter((_, index) => kept.includes(trace.y[index])) : values);
      const drawn = { ...trace };
      for (const key of ["x", "y", "text", "customdata"]) if (trace[key]) drawn[key] = pick(trace[key]);
      if (trace.error_x) drawn.error_x = { ...trace.error_x, array: pick(trace.error_x.array), arrayminus: pick(trace.error_x.arrayminus) };
      return drawn;
    };
    return {
      traces: figure.traces.map(only),
      layout: {
        ...figure.layout, meta: { named: kept },
        yaxis: { ...figure.layout.yaxis, range: [kept.length - 0.5, -0.5], categoryarray: kept },
      },
      height: figure.height - ROW * (named.length - kept.length),
    };
  }

  function isEmpty(figure) {
    const { about } = figure.layout.meta || {};
    return Boolean(about) && !about.some(isAbout);
  }

  // Count the lines of the legend below a plot: on a phone a long name has a line of its own.
  function legendLines(figure) {
    const names = figure.traces.map((trace) => trace.name);
    const perLine = isNarrow() ? (names.some((name) => name.length > 18) ? 1 : 2) : 4;
    return figure.layout.showlegend ? Math.ceil(names.length / perLine) : 0;
  }

  const ONE_LINE = 62; // characters that fit on one line of a phone
  const isTall = (named) => named.some((text) => text.length > ONE_LINE);
  const onPhone = (text, tall) => (tall ? text : text.replace("<br>", ", "));

  function layoutOf(layout, lines, narrow = isNarrow()) {
    const axis = { gridcolor: css("--grid"), linecolor: css("--line"), zerolinecolor: css("--line"), fixedrange: narrow };
    const drawn = {
      ...layout,
      paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)",
      font: { color: css("--text"), size: 12, family: getComputedStyle(document.body).fontFamily },
      margin: { l: 54, r: 12, t: 10, b: 46 + 20 * lines },
      hoverlabel: { bgcolor: css("--raised"), bordercolor: css("--line"), font: { color: css("--text") }, align: "left", namelength: -1 },
      xaxis: { ...axis, ...layout.xaxis },
      yaxis: { ...axis, ...layout.yaxis },
      legend: { orientation: "h", x: 0, xref: "container", xanchor: "left", y: 0, yanchor: "bottom", yref: "container", ...(layout.legend || {}) },
      dragmode: narrow ? false : "zoom",
    };
    // On a phone names are above the bars: beside them they would leave no room for the bars.
    if (narrow && layout.meta && layout.meta.named) {
      drawn.yaxis = { ...drawn.yaxis, showticklabels: false, automargin: false };
      const tall = isTall(layout.meta.named);
      drawn.margin = { ...drawn.margin, l: 8, t: tall ? 36 : 22 };
      drawn.bargap = 0.6;
      drawn.annotations = layout.meta.named.map((text, index) => ({
        text: onPhone(text, tall), x: 0, xref: "paper", xanchor: "left", y: index, yref: "y", yshift: tall ? 29 : 17, showarrow: false,
        align: "left", font: { size: 10.5, color: css("--soft") },
      }));
    }
    return drawn;
  }

  // Pixels: a name and its bar on a phone, the second line of a long name, the axis, a line of the legend.
  const NAMED_LINE = 52, NAMED_MORE = 18, NAMED_FRAME = 120, LEGEND_LINE = 20;

  function draw(node) {
    if (node.parentElement.hidden) return;
    const figure = narrowed(drawing.figures[Number(node.dataset.figure)]);
    const named = isNarrow() && figure.layout.meta && figure.layout.meta.named;
    const lines = legendLines(figure);
    const rows = named ? named.length * (NAMED_LINE + (isTall(named) ? NAMED_MORE : 0)) : 0;
    const height = (named ? NAMED_FRAME + rows : figure.height - LEGEND_LINE) + LEGEND_LINE * Math.max(1, lines);
    node.style.height = height + "px";
    const options = { displayModeBar: false, responsive: true, displaylogo: false };
    const layout = { ...layoutOf(figure.layout, lines), height };
    return Plotly.react(node, figure.traces.map(traceOf), layout, options).then(() => {
      if (node.dataset.drawn) return;
      node.dataset.drawn = "yes";
      node.on("plotly_click", (event) => choose(event.points[0].customdata));
    });
  }

  // Pixels of a saved plot: its width, the line of its title, a line of its legend, a letter and the mark of a name.
  const SAVED_WIDTH = 900, TITLE_LINE = 40, SAVED_LEGEND_LINE = 21, LETTER = 6.6, LEGEND_MARK = 60;

  // A saved plot stands alone: light, as wide as on a desk, with its title and the names of its lines.
  function savedFigure(figure, title) {
    const theme = root.dataset.theme;
    root.dataset.theme = "light";
    const data = figure.traces.map(traceOf);
    const names = data.filter((trace) => trace.visible !== false).map((trace) => trace.name);
    const perLine = Math.max(1, Math.floor(SAVED_WIDTH / (LEGEND_MARK + LETTER * Math.max(...names.map((name) => name.length)))));
    const lines = Math.ceil(names.length / perLine), height = figure.height + TITLE_LINE + SAVED_LEGEND_LINE * lines;
    const drawn = layoutOf(figure.layout, lines, false);
    root.dataset.theme = theme;
    const layout = {
      ...drawn, width: SAVED_WIDTH, height, showlegend: true, paper_bgcolor: "#ffffff", plot_bgcolor: "#ffffff",
      margin: { ...drawn.margin, r: 24, t: TITLE_LINE + 10, b: 52 + SAVED_LEGEND_LINE * lines },
      title: { text: title.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;"), x: 0.01, xanchor: "left", y: 1, yanchor: "top", yref: "container", pad: { t: 12 }, font: { size: 14 } },
    };
    return { data, layout };
  }

  async function savePlot(node, form) {
    const caption = node.parentElement.querySelector("figcaption");
    const title = caption ? caption.textContent.trim() : "";
    const figure = savedFigure(narrowed(drawing.figures[Number(node.dataset.figure)]), title);
    const size = { width: SAVED_WIDTH, height: figure.layout.height };
    const name = saving.fileName(drawing.name, node.closest("section").id, title);
    if (form === "svg") {
      saving.save(`${name}.svg`, await Plotly.toImage(figure, { ...size, format: "svg", imageDataOnly: true }), "image/svg+xml");
    } else {
      saving.save(`${name}.png`, saving.bytesOf(await Plotly.toImage(figure, { ...size, format: "png", scale: 2 })), "image/png");
    }
  }

  function choose(anchor) {
    const line = anchor && document.getElementById(anchor);
    if (!line) return;
    all("tr.chosen").forEach((other) => other.classList.remove("chosen"));
    line.hidden = false;
    line.classList.add("chosen");
    history.replaceState(null, "", "#" + anchor);
    line.scrollIntoView({ block: "center" });
  }

  // A plot is drawn when it comes near the window, so that a page of fifty plots opens as fast as one of five.
  const watcher = new IntersectionObserver((entries) => entries.forEach((entry) => {
    if (entry.isIntersecting && !entry.target.dataset.drawn) draw(entry.target);
  }), { rootMargin: "400px" });
  const redraw = () => all(".plot[data-drawn]").forEach(draw);

  function paint() {
    all(".swatch").forEach((swatch) => {
      const index = Array.from(swatch.classList).find((name) => /^c\d+$/.test(name));
      swatch.style.background = colourOf(Number(index.slice(1)));
    });
  }

  function isShown(line, terms) {
    if (!isAbout(line.dataset)) return false;
    const text = line.textContent.toLowerCase();
    return terms.every((term) => text.includes(term));
  }

  function filter(table) {
    const terms = table.querySelector(".find").value.toLowerCase().split(/\s+/).filter(Boolean);
    const lines = all("tbody tr", table);
    let shown = 0;
    for (const line of lines) {
      line.hidden = !isShown(line, terms);
      if (!line.hidden) shown += 1;
    }
    const total = `${lines.length} ${lines.length === 1 ? "line" : "lines"}`;
    table.querySelector(".count").textContent = shown === lines.length ? total : `${shown} of ${total}`;
  }

  function sort(table, index, heading) {
    const down = heading.getAttribute("aria-sort") === "ascending";
    all("th", table).forEach((other) => other.removeAttribute("aria-sort"));
    heading.setAttribute("aria-sort", down ? "descending" : "ascending");
    const body = table.querySelector("tbody");
    const keyed = all("tr", body).map((line, place) => {
      const cell = line.cells[index];
      const text = cell.textContent.trim();
      return { line, place, text, value: cell.dataset.v === undefined ? NaN : Number(cell.dataset.v) };
    });
    const isNumeric = keyed.some((row) => !Number.isNaN(row.value));
    keyed.sort((a, b) => {
      // Absent values come last in both directions: nobody sorts to see what is missing.
      const missing = isNumeric ? [Number.isNaN(a.value), Number.isNaN(b.value)] : [a.text === "-", b.text === "-"];
      if (missing[0] !== missing[1]) return missing[0] ? 1 : -1;
      const order = isNumeric ? a.value - b.value : a.text.localeCompare(b.text, undefined, { numeric: true });
      return (down ? -order : order) || a.place - b.place;
    });
    body.append(...keyed.map((row) => row.line));
  }

  const tables = all(".table");
  for (const table of tables) {
    table.querySelector(".find").addEventListener("input", () => filter(table));
    all("th", table).forEach((heading, index) => heading.querySelector("button").addEventListener("click", () => sort(table, index, heading)));
    saving.addToTable(table, drawing.name);
    filter(table);
  }
  for (const node of all(".plot")) {
    const buttons = ["SVG", "PNG"].map((text) => saving.button(text, `Save this plot as ${text}`, () => savePlot(node, text.toLowerCase())));
    node.before(saving.group(...buttons));
  }

  for (const chip of all(".chip")) {
    chip.addEventListener("click", () => {
      const on = chip.getAttribute("aria-pressed") !== "true";
      const { group, value } = chip.dataset;
      hidden[group][on ? "delete" : "add"](value);
      // The same button is at the head of the page and beside the plots.
      all(".chip").filter((other) => other.dataset.group === group && other.dataset.value === value)
        .forEach((other) => other.setAttribute("aria-pressed", String(on)));
      all("figure").forEach((figure) => {
        const plot = figure.querySelector(".plot");
        figure.hidden = hidden.input.has(figure.dataset.input) || isEmpty(drawing.figures[Number(plot.dataset.figure)]);
        if (!figure.hidden && !plot.dataset.drawn) watcher.observe(plot);
      });
      tables.forEach(filter);
      redraw();
    });
  }

  function repaint() { paint(); redraw(); }
  document.getElementById("theme").addEventListener("click", () => { root.dataset.theme = isDark() ? "light" : "dark"; repaint(); });
  wantsDark.addEventListener("change", repaint);
  let width = innerWidth;
  addEventListener("resize", () => { if ((width < 640) !== isNarrow()) redraw(); width = innerWidth; });
  // Paper shows every plot, also those that nobody has scrolled to, in light colours; then the screen is as before.
  let themeOnScreen;
  addEventListener("beforeprint", () => {
    themeOnScreen = root.dataset.theme;
    root.dataset.theme = "light";
    paint();
    all(".plot").forEach(draw);
  });
  addEventListener("afterprint", () => { root.dataset.theme = themeOnScreen; repaint(); });
  paint();
  all(".plot").forEach((node) => watcher.observe(node));
  if (/^#u\d+$/.test(location.hash)) choose(location.hash.slice(1));
})();
