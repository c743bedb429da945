// Tables are complete without this: it sorts them by a click on a heading.
for (const table of document.querySelectorAll("table[data-sort]")) {
  const body = table.tBodies[0];
  const key = (row, column) => {
    const cell = row.cells[column];
    // What has failed or is gone has cells that span columns, and stays at the end.
    if (row.querySelector("[colspan]") && column > 0) return null;
    const text = cell ? cell.textContent.trim() : "";
    const number = parseFloat(text.replaceAll(",", "").replace("−", "-"));
    return cell && cell.classList.contains("number") ? (Number.isNaN(number) ? 0 : number) : text;
  };
  [...table.tHead.rows[0].cells].forEach((heading, column) => {
    const button = document.createElement("button");
    button.append(...heading.childNodes);
    heading.append(button);
    button.addEventListener("click", () => {
      const down = heading.getAttribute("aria-sort") === "ascending";
      for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
      heading.setAttribute("aria-sort", down ? "descending" : "ascending");
      const compare = (a, b) => (typeof a === "number" ? a - b : a.localeCompare(b));
      const order = (a, b) => {
        const [first, second] = [key(a, column), key(b, column)];
        if (first === null || second === null) return (first === null) - (second === null);
        return (down ? -1 : 1) * compare(first, second);
      };
      body.append(...[...body.rows].sort(order));
    });
  });
}
