// SPDX-License-Identifier: ISC
// The table of the rooms: sorted and filtered.  Without this the page says the same.

function sortable(table) {
	const heads = [...table.tHead.rows[0].cells], body = table.tBodies[0];
	const key = (row, column) => {
		const cell = row.cells[column];
		return cell.dataset.value === undefined ? cell.textContent : Number(cell.dataset.value);
	};
	heads.forEach((head, column) => {
		if (head.dataset.sort === undefined) {
			return;
		}
		const button = make("button", head.textContent, {type: "button"});
		head.replaceChildren(button);
		button.addEventListener("click", () => {
			const before = head.getAttribute("aria-sort");
			const down = before ? before === "ascending" : head.dataset.sort === "down";
			heads.forEach(other => other.removeAttribute("aria-sort"));
			head.setAttribute("aria-sort", down ? "descending" : "ascending");
			const rows = [...body.rows].map(row => [key(row, column), row]);
			rows.sort(([a], [b]) => (typeof a === "number" ? a - b : a.localeCompare(b, undefined, {numeric: true})) * (down ? -1 : 1));
			body.append(...rows.map(([, row]) => row));
		});
	});
}

// The same where there is no room for headings.
function sortChoice(table) {
	const choice = make("select", "", {id: "rooms-sort", class: "by-touch"});
	choice.append(make("option", "as they are", {value: ""}));
	[...table.tHead.rows[0].cells].forEach((head, column) => {
		if (head.dataset.sort !== undefined) {
			choice.append(make("option", head.textContent.toLowerCase(), {value: column}));
		}
	});
	choice.addEventListener("change", () => choice.value !== "" && table.tHead.rows[0].cells[choice.value].querySelector("button").click());
	return [make("label", "Sort by", {for: "rooms-sort", class: "by-touch"}), choice];
}

// A field for a part of a name, and a choice of what stands out.
function filterable(table) {
	const rows = [...table.tBodies[0].rows];
	const tools = make("div", "", {class: "tools"});
	const find = make("input", "", {type: "search", id: "rooms-find", placeholder: "room or site", autocomplete: "off", spellcheck: "false"});
	const which = make("select", "", {id: "rooms-which"}), told = make("span", "", {role: "status", class: "soft"});
	which.append(make("option", "all", {value: ""}));
	for (const finding of new Set([...document.querySelectorAll("#findings dt[data-finding]")].map(term => term.dataset.finding))) {
		which.append(make("option", document.querySelector(`#findings dt[data-finding="${finding}"]`).textContent.toLowerCase(), {value: finding}));
	}
	const apply = () => {
		const text = find.value.trim().toLowerCase();
		let count = 0;
		for (const row of rows) {
			row.hidden = !row.cells[0].textContent.toLowerCase().includes(text) || (which.value !== "" && row.dataset.finding !== which.value);
			count += row.hidden ? 0 : 1;
		}
		told.textContent = count < rows.length ? `${count} of ${rows.length} rooms` : "";
	};
	find.addEventListener("input", apply);
	which.addEventListener("change", apply);
	tools.append(make("label", "Find", {for: "rooms-find"}), find);
	if (which.options.length > 1) {
		tools.append(make("label", "What stands out", {for: "rooms-which"}), which);
	}
	tools.append(...sortChoice(table), told);
	table.parentNode.before(tools);
}

for (const table of document.querySelectorAll("table.rooms")) {
	sortable(table);
	filterable(table);
}
