"use strict";
// Without this the page says the same; the table of rooms cannot be sorted.
for (const table of document.querySelectorAll("table.rooms")) {
	const heads = [...table.tHead.rows[0].cells], body = table.tBodies[0];
	const key = (row, column) => {
		const cell = row.cells[column];
		return cell.dataset.value === undefined ? cell.textContent : Number(cell.dataset.value);
	};
	heads.forEach((head, column) => {
		if (head.dataset.sort === undefined) {
			return;
		}
		const button = document.createElement("button");
		button.type = "button";
		button.textContent = head.textContent;
		head.replaceChildren(button);
		button.addEventListener("click", () => {
			const down = head.getAttribute("aria-sort") ? head.getAttribute("aria-sort") === "ascending" : head.dataset.sort === "down";
			heads.forEach(other => other.removeAttribute("aria-sort"));
			head.setAttribute("aria-sort", down ? "descending" : "ascending");
			const rows = [...body.rows].map(row => [key(row, column), row]);
			rows.sort(([a], [b]) => (typeof a === "number" ? a - b : a.localeCompare(b, undefined, {numeric: true})) * (down ? -1 : 1));
			body.append(...rows.map(([, row]) => row));
		});
	});
}
