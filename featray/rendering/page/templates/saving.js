"use strict";
// What can be saved from a page: tables as CSV, Markdown and LaTeX, and any text or picture as a file. No network.
const saving = (() => {
  const ABSENT = "-";
  const plain = (node) => node.textContent.replace(/\s+/g, " ").trim();

  // A table as the page shows it now: the lines that the filters leave, in their order.
  function read(table) {
    const headings = Array.from(table.querySelectorAll("thead th"));
    const lines = Array.from(table.querySelectorAll("tbody tr:not([hidden])"));
    return {
      headings: headings.map(plain),
      isNumber: headings.map((heading) => heading.classList.contains("n")),
      lines: lines.map((line) => Array.from(line.cells).map(plain)),
    };
  }

  // A spreadsheet would run a text that begins so as a formula; a number may begin with a sign.
  const guarded = (text) => (/^[=+\-@]/.test(text) && Number.isNaN(Number(text)) ? `'${text}` : text);
  const quoted = (text) => (/[",\n\r]/.test(text) ? `"${text.replace(/"/g, '""')}"` : text);

  function toCsv({ headings, lines }) {
    const all = [headings, ...lines.map((line) => line.map((text) => (text === ABSENT ? "" : guarded(text))))];
    return all.map((line) => line.map(quoted).join(",") + "\n").join("");
  }

  const escaped = (text) => text.replace(/[\\|`*_<>[\]]/g, "\\$&");

  function toMarkdown({ headings, isNumber, lines }) {
    const written = (line) => `| ${line.map(escaped).join(" | ")} |\n`;
    const rule = `|${isNumber.map((right) => (right ? "---:" : "---")).join("|")}|\n`;
    return written(headings) + rule + lines.map(written).join("");
  }

  const LATEX = {
    "\\": "\\textbackslash{}", "~": "\\textasciitilde{}", "^": "\\textasciicircum{}", "<": "\\textless{}", ">": "\\textgreater{}",
    "|": "\\textbar{}", "[": "{[}", "*": "{*}", "†": "\\dag{}", "±": "$\\pm$", "×": "$\\times$", "·": "$\\cdot$", "→": "$\\rightarrow$", "←": "$\\leftarrow$",
    "≤": "$\\leq$", "≥": "$\\geq$", "−": "$-$", "–": "--", "—": "---", "…": "\\dots{}", "µ": "$\\mu$", "μ": "$\\mu$", "°": "$^\\circ$",
  };
  const set = (text) => text.replace(/./gu, (mark) => LATEX[mark] || ("&%$#_{}".includes(mark) ? `\\${mark}` : mark));

  function toLatex({ headings, isNumber, lines }) {
    const written = (line) => `${line.map(set).join(" & ")} \\\\\n`;
    const columns = isNumber.map((right) => (right ? "r" : "l")).join("");
    return [
      "% \\usepackage{booktabs}\n", `\\begin{tabular}{${columns}}\n`, "\\toprule\n", written(headings), "\\midrule\n",
      ...lines.map(written), "\\bottomrule\n", "\\end{tabular}\n",
    ].join("");
  }

  const FORMS = {
    CSV: { end: "csv", kind: "text/csv", write: toCsv },
    Markdown: { end: "md", kind: "text/markdown", write: toMarkdown },
    LaTeX: { end: "tex", kind: "application/x-tex", write: toLatex },
  };

  const fileName = (...parts) => parts.filter(Boolean).join("-").replace(/[^\p{L}\p{N}.+-]+/gu, "-").replace(/^[-.]+|-+$/g, "").slice(0, 120) || "featray";

  function save(name, content, kind) {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([content], { type: kind }));
    link.download = name;
    document.body.append(link);
    link.click();
    link.remove();
    setTimeout(() => URL.revokeObjectURL(link.href), 60000); // the browser reads it after the click
  }

  // The bytes of a `data:` address; the page's policy lets no script ask for one.
  function bytesOf(address) {
    const text = atob(address.slice(address.indexOf(",") + 1));
    return Uint8Array.from(text, (letter) => letter.charCodeAt(0));
  }

  function button(text, title, onClick) {
    const made = document.createElement("button");
    Object.assign(made, { type: "button", className: "save", textContent: text, title });
    made.setAttribute("aria-label", title);
    made.addEventListener("click", onClick);
    return made;
  }

  function group(...buttons) {
    const made = document.createElement("span");
    made.className = "saves";
    made.append(...buttons);
    return made;
  }

  // Put the buttons of a table beside its filter.
  function addToTable(table, page) {
    const title = table.querySelector(".scroll").getAttribute("aria-label");
    const buttons = Object.entries(FORMS).map(([text, form]) => button(text, `Save the lines shown as ${text}`, () => {
      save(`${fileName(page, title)}.${form.end}`, form.write(read(table)), form.kind);
    }));
    table.querySelector(".tools").append(group(...buttons));
  }

  return { addToTable, button, bytesOf, fileName, group, save };
})();
